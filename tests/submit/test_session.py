"""A session that Spark fails to make: tried again where that helps, else a sentence."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from py4j.protocol import Py4JError

from d4p.engines.spark import session
from d4p.errors import RunFailed


def failing(monkeypatch, *said):
    """Sessions that fail with these words, one after the other, and then are made."""
    left = list(said)

    def make():
        if left:
            raise Py4JError(left.pop(0))
        return "a session"

    monkeypatch.setattr(session, "_builder", lambda name: SimpleNamespace(getOrCreate=make))


RACE = "An error occurred: java.util.ConcurrentModificationException\n\tat x"


def test_a_race_of_sparks_own_is_run_again(monkeypatch):
    failing(monkeypatch, RACE, RACE)
    assert session._new("x") == "a session"
    failing(monkeypatch, RACE, RACE, RACE)
    with pytest.raises(RunFailed, match="Spark: An error occurred: java.util.Conc[a-zA-Z]+$"):
        session._new("x")


def test_what_is_known_is_a_sentence(monkeypatch):
    failing(monkeypatch, "Application application_1 submitted by user me to unknown queue: science\n\tat x")
    with pytest.raises(RunFailed, match="^YARN has no queue science: name another with --queue$"):
        session._new("x")
