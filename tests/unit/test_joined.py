"""A PE's `write` and what takes its items in the program, as one function."""

from __future__ import annotations

import subprocess
import sys

import pytest

import d4p_compile
from d4p.graph.base import IterativePE
from d4p.stage.joined import joined

from ..benchmarks.compiled import program
from ..benchmarks.hop import generated


class Stop(Exception):
    pass


class Same(IterativePE):
    def _process(self, item):
        return None if item < 0 else 10 // item


def taker(last: bool = False, strange: bool = False):
    """A function as programs have it for the items of a PE, what it gives, and how many it took."""
    same, given, n_same = Same(), [], 0
    then = given.append

    def into_same(item):
        nonlocal n_same
        n_same += 1
        same._process(item)

    def into_next(item):
        nonlocal n_same
        n_same += 1
        item = same._process(item)
        if item is not None:
            then(item)

    def into_both(item):
        nonlocal n_same
        n_same += 2
        item = same._process(item)
        if item is not None:
            then(item)

    return into_both if strange else into_same if last else into_next, given, lambda: n_same


def written(take):
    others: list = []

    def failed(error):
        return Stop(f"{type(error).__name__}")

    return joined(take, "output", lambda *given: others.append(given), failed, Exception), others


@pytest.mark.parametrize("last", [False, True])
def test_it_does_what_both_do(last):
    take, given, count = taker(last)
    write, others = written(take)
    assert write.__name__ == take.__name__ and write.__code__.co_filename == take.__code__.co_filename
    write("output", 2)
    write("output", -1)
    write("".join(["out", "put"]), 5)
    take(1)  # still there, and counts in the same place
    assert (given, others, count()) == ([] if last else [5, 2, 10], [], 4)
    write("no", 3)
    assert others == [("no", 3)] and count() == 4
    with pytest.raises(Stop, match="ZeroDivisionError") as caught:
        write("output", 0)
    assert caught.value.__cause__ is None and caught.value.__suppress_context__ and count() == 5


def test_another_is_called_as_it_is():
    def later(item):
        pe._process(item)
        return n

    assert written(later)[0] is None  # nothing is in its variables yet
    pe, n = Same(), 0
    assert written(later)[0] is None and written(taker(strange=True)[0])[0] is None
    assert written(print)[0] is None and written([].append)[0] is None and written(lambda item: None)[0] is None


def test_programs_have_functions_of_this_form():
    with program("hop.py:chain", "processes", 2, kind="writing") as names:
        stage, feed = generated(names)
        assert ["d4p_port" in pe.write.__code__.co_freevars for pe in stage.pes[:3]] == [True] * 3
        feed(range(5))
        assert stage.counts() == dict.fromkeys("abcd", 5) and stage.pes[-1].last == 7


FAILING = """
from d4p import ConsumerPE, IterativePE, ProducerPE, WorkflowGraph
class Numbers(ProducerPE):
    def _process(self, inputs):
        for number in (3, 2, 1, 0):
            self.write("output", number)
class Writes(IterativePE):
    def _process(self, item):
        try:
            self.write("outptu" if PORT else "output", item)
        except Exception:
            pass
class Divides(IterativePE):
    def _process(self, item):
        self.write("output", 6 / item)
class Last(ConsumerPE):
    def _process(self, item):
        pass
PORT = False
def make(port=False):
    global PORT
    PORT = port
    graph = WorkflowGraph()
    pes = Numbers(), Writes(), Divides(), Last()
    for before, after in zip(pes, pes[1:]):
        after.numprocesses = 1
        graph.connect(before, "output", after, "input")
    return graph
"""


@pytest.mark.parametrize(
    "port, says, frames",
    [
        (False, "Divides (Divides), instance 0, item 4: ZeroDivisionError", ["_process"]),
        (True, "Writes (Writes), instance 0, item 1: ValueError: Writes1 writes to 'outptu'", None),
    ],
    ids=["the PE behind", "the PE itself"],
)
@pytest.mark.parametrize("target", ["sequential", "processes"])
def test_a_failure_is_put_down_to_whose_it_is(target, port, says, frames, tmp_path):
    workflow = tmp_path / "failing.py"
    workflow.write_text(FAILING if not port else FAILING.replace("        except Exception:\n            pass\n",
                                                                 "        finally:\n            pass\n"))  # fmt: skip
    bundle = d4p_compile.compile(workflow, target, attribute="make", output=tmp_path / "bundle",
                                 parameters={"port": port})
    done = subprocess.run([sys.executable, str(bundle.script)], capture_output=True, text=True, timeout=60)
    assert done.returncode == 1 and f"failed: {says}" in done.stderr, done.stderr
    found = [line.rpartition(" in ")[2] for line in done.stderr.splitlines() if line.startswith("  File ")]
    assert frames is None or found == frames
