"""A module that nothing imports before the workflow runs."""


def word():
    return "late"
