"""A class that can't be analysed is taken for one that keeps state: no test is to pass for that reason."""

import pytest

from d4p_compile.analysis import calls, state


@pytest.fixture(autouse=True)
def analysed(monkeypatch):
    """What the analysis failed with, which is to be nothing; a test that means it to fail clears the list."""
    failed = []

    def watched(function):
        def watching(*arguments, **more):
            try:
                return function(*arguments, **more)
            except Exception as error:
                failed.append(error)
                raise

        return watching

    for module, name in ((state, "_reason"), (calls, "_class_writes"), (calls, "_object_writes")):
        monkeypatch.setattr(module, name, watched(getattr(module, name)))
    yield failed
    assert failed == []
