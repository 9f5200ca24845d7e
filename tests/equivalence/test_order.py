"""What keeps state gets the items that came the same way in the order of the sequential run, however wide the way."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

import pytest

import d4p_compile

from ..targets import answers, canonical, definition, listed, on_spark
from ..workflows import order

WORKFLOW = f"{Path(order.__file__)}:make"


@cache
def sequential(seed: int, count: int = 150) -> dict:
    return lists("sequential", seed, wide=False, count=count)


def lists(target: str, seed: int, **parameters) -> dict:
    return listed(WORKFLOW, target, parameters={"seed": seed, **parameters})


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("target", ["sequential", "processes", "mpi"])
def test_random_graphs_give_the_lists_of_the_sequential_run(target, seed):
    assert lists(target, seed) == sequential(seed)


@pytest.mark.parametrize("width", [None, 1, 2, 3, 8])
@pytest.mark.parametrize("target", ["sequential", "processes", "mpi"])
def test_the_width_of_a_run_changes_no_list(target, width):
    for seed in range(10, 13):
        assert listed(WORKFLOW, target, width, parameters={"seed": seed, "wide": None}) == sequential(seed), seed


@pytest.mark.spark
@pytest.mark.parametrize("target", ["spark-rdd", "spark-df"])
def test_the_width_of_a_run_changes_no_list_on_spark(target, spark_session):
    expected = definition(WORKFLOW, parameters={"seed": 11, "count": 60, "wide": False})
    for width in (None, 1, 3):
        found = answers(WORKFLOW, target, width=width, session=spark_session,
                        parameters={"seed": 11, "count": 60, "wide": None})
        assert found == expected, width


@pytest.mark.spark
@pytest.mark.parametrize("target", ["spark-rdd", "spark-df"])
def test_random_graphs_on_spark(target, spark_session):
    for seed in range(3):
        found = answers(WORKFLOW, target, session=spark_session, parameters={"seed": seed, "count": 60})
        assert found == definition(WORKFLOW, parameters={"seed": seed, "count": 60, "wide": False}), seed


#: What the last PE of each workflow in here is.
LISTING = """
from d4p import IterativePE


class Listing(IterativePE):
    def __init__(self):
        IterativePE.__init__(self)
        self.got = []

    def _process(self, item):
        self.got.append(item)

    def _postprocess(self):
        self.write("output", self.got)
"""


READS = LISTING + """
from d4p import IterativePE, ReadLines, WorkflowGraph


class Upper(IterativePE):
    def _process(self, line):
        return None if line.endswith("5") else line.upper()


def make(n, path="lines"):
    graph = WorkflowGraph()
    reader, upper, listing = ReadLines(f"{path}/*.txt", split_bytes=500), Upper(), Listing()
    reader.numprocesses = upper.numprocesses = n
    graph.connect(reader, "output", upper, "input")
    graph.connect(upper, "output", listing, "input")
    return graph
"""


@pytest.fixture
def reads(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "reads.py").write_text(READS)
    (tmp_path / "lines").mkdir()
    expected = []
    for name in "abc":
        lines = [f"{name} line {n}" for n in range(200)]
        (tmp_path / "lines" / f"{name}.txt").write_text("".join(f"{line}\n" for line in lines))
        expected += [line.upper() for line in lines if not line.endswith("5")]
    return expected


@pytest.mark.parametrize("target", ["sequential", "processes", "mpi"])
def test_splits_of_a_reader_come_in_their_order(target, reads):
    for n in (1, 3, 8):
        ((got,),) = listed("reads.py:make", target, parameters={"n": n}).values()
        assert got == reads


@pytest.mark.spark
@pytest.mark.parametrize("target", ["spark-rdd", "spark-df"])
def test_splits_of_a_reader_come_in_their_order_on_spark(target, reads, spark_session):
    parameters = {"n": 3, "path": os.path.abspath("lines")}  # Spark's workers are elsewhere
    (found,) = answers("reads.py:make", target, session=spark_session, parameters=parameters).values()
    assert found == {canonical(reads): 1}


PARTS = LISTING + """
from d4p import ReadLines, WorkflowGraph


def make(path="lines"):
    graph = WorkflowGraph()
    for readers, parts in ((3, 3), (2, 3)):  # instance i to instance i, and in turn
        reader, part, listing = ReadLines(f"{path}/*.txt", split_bytes=500), Listing(), Listing()
        reader.numprocesses, part.numprocesses = readers, parts
        graph.connect(reader, "output", part, "input")
        graph.connect(part, "output", listing, "input")
    return graph
"""


@pytest.mark.parametrize("target", ["processes", "mpi", *(pytest.param(t, marks=pytest.mark.spark)
                                                          for t in ("spark-rdd", "spark-df"))])
def test_what_keeps_state_by_instance_gets_the_same_splits_on_every_target(target, reads, request):
    """Also where what it writes is put in order, for which splits are read in turn where nobody can tell by whom."""
    Path("parts.py").write_text(PARTS)
    parameters = {"path": os.path.abspath("lines")}
    session = request.getfixturevalue("spark_session") if on_spark(target) else None
    found = answers("parts.py:make", target, session=session, parameters=parameters)
    assert found == definition("parts.py:make", parameters=parameters)
    assert len(found) == 2


DEEP = LISTING + """
from d4p import IterativePE, ProducerPE, WorkflowGraph


class Source(ProducerPE):
    def _process(self, _):
        for n in range(400):
            self.write("output", (n % 7, n))


class Keyed(IterativePE):
    def __init__(self, m):
        IterativePE.__init__(self)
        self.inputconnections["input"]["grouping"] = [0]
        self.m, self.last = m, {}

    def _process(self, item):
        key, n = item
        self.last[key] = before = (self.last.get(key, 0) * 31 + hash(n)) % 1000003
        for i in range((before + n) % 3):
            self.write("output", ((n + i) % self.m, n * 2 + i))


def make():
    graph = WorkflowGraph()
    before = Source()
    for m in (5, 6, 7, 8, 9):
        pe = Keyed(m)
        graph.connect(before, "output", pe, "input")
        before = pe
    graph.connect(before, "output", Listing(), "input")
    return graph
"""


@pytest.mark.spark
@pytest.mark.parametrize("target", ["processes", "mpi", "spark-rdd"])
def test_runs_that_are_cut_apart_five_times_are_put_together(target, tmp_path, monkeypatch, request):
    """By group-bys that write none, one or two items each: no number of cuts is too many."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "deep.py").write_text(DEEP)
    session = request.getfixturevalue("spark_session") if target == "spark-rdd" else None
    expected = definition("deep.py:make")
    assert answers("deep.py:make", target, width=3, session=session) == expected


WAITS = LISTING + """
import os
import time

from d4p import IterativePE, ProducerPE, WorkflowGraph


class Source(ProducerPE):
    def _process(self, _):
        for n in range(%d):
            self.write("output", n)


class Waits(IterativePE):
    # The first item is done when the last is, which another instance has, therefore.

    def _process(self, n):
        if n == %d:
            open("last", "w").close()
        until = time.monotonic() + 60
        while n == 0 and not os.path.exists("last"):
            if time.monotonic() > until:
                raise RuntimeError("the last item has come to nobody")
            time.sleep(0.001)
        return n


def make(n, any_order=False):
    graph = WorkflowGraph()
    waits, listing = Waits(), Listing()
    waits.numprocesses, listing.any_order = n, any_order
    graph.connect(Source(), "output", waits, "input")
    graph.connect(waits, "output", listing, "input")
    return graph
"""


@pytest.mark.parametrize("any_order", [False, True])
@pytest.mark.parametrize("n", [2, 3])
@pytest.mark.parametrize("target", ["processes", "mpi"])
def test_runs_go_to_whoever_is_free_and_not_to_one_that_is_stuck(target, n, any_order, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "waits.py").write_text(WAITS % (3_000, 2_999))
    ((got,),) = d4p_compile.run("waits.py:make", target, parameters={"n": n, "any_order": any_order}).values()
    assert (sorted(got) if any_order else got) == list(range(3_000))


PAUSES = LISTING + """
import os
import time

from d4p import IterativePE, ProducerPE, WorkflowGraph
from d4p.engines.processes.board import Row
from d4p.places import held

held.MEMORY, held.MUCH = 2_000, 10_000
awaited = Row.awaited


def noted(row):
    if (found := awaited(row)) is not None:
        open("paused", "w").close()
    return found


Row.awaited = noted


class Source(ProducerPE):
    def _process(self, _):
        for n in range(60_000):
            self.write("output", (n, bytes(1000)))
        open("all dealt", "w").close()


class Waits(IterativePE):
    # The first item is done when the source waits for it.

    def _process(self, item):
        until = time.monotonic() + 60
        while item[0] == 0 and not os.path.exists("paused"):
            if time.monotonic() > until:
                raise RuntimeError("the source does not wait")
            time.sleep(0.001)
        return item[0], os.path.exists("all dealt")


def make():
    graph = WorkflowGraph()
    waits = Waits()
    waits.numprocesses = 2
    graph.connect(Source(), "output", waits, "input")
    graph.connect(waits, "output", Listing(), "input")
    return graph
"""


def test_a_dealer_pauses_where_much_waits_for_what_it_dealt_before(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pauses.py").write_text(PAUSES)
    ((got,),) = d4p_compile.run("pauses.py:make", "processes").values()
    assert [n for n, _ in got] == list(range(60_000))
    assert got[0] == (0, False), "all was dealt while the first item was awaited"
