"""What comes back from the process of an isolated PE."""

from __future__ import annotations

import itertools
import pickle
from pathlib import Path
from types import SimpleNamespace
from unittest import mock

import pytest

from d4p.errors import RunFailed
from d4p.graph.policies import Isolation
from d4p.items.packing import pack
from d4p.stage import isolated
from d4p.stage.child import WRITE
from tests.targets import answers, definition

WORKFLOWS = Path(__file__).parents[1] / "workflows" / "policies.py"


def test_an_exception_that_no_pickle_brings_back_is_of_its_kind():
    found = answers(f"{WORKFLOWS}:raises_odd", "sequential", own_process=False, parameters={"no_exception": False})
    odd = found.failures["RaisesOdd"]
    assert (odd["failed"], odd["retried"], sorted(odd["first"])) == (2, 4, ["Here", "Odd"])
    assert odd["first"]["Odd"].splitlines()[0] == "RaisesOdd (RaisesOdd), instance 0, item 4: Odd: number 3"


def test_what_is_no_exception_ends_the_run_from_there_too():
    with pytest.raises(RunFailed, match=r"^RaisesOdd \(RaisesOdd\), instance 0, item 4: NoException: "):
        definition(f"{WORKFLOWS}:raises_odd", parameters={"no_exception": True})


def test_a_limit_is_for_a_pe_that_never_stops_writing_too():
    written = itertools.repeat(pickle.dumps((WRITE, ("output", pack([1])))), 1_000)
    pe = SimpleNamespace(_d4p_ports={"output": lambda item: None})
    child = isolated.Isolated(pe, None, "pe", 0, 1, Isolation(5.0))
    child._child = mock.Mock()
    child._asks, child._answers = mock.Mock(), mock.Mock(poll=lambda seconds: True, recv_bytes=lambda: next(written))
    child._kill = lambda grace: 0
    with mock.patch.object(isolated.time, "monotonic", itertools.count().__next__), \
            pytest.raises(isolated.TimeLimitExceeded, match="longer than its time_limit of 5 s"):
        child.process({})
