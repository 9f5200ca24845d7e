"""Random graphs of all kinds of PEs: their programs make all the names they use, and use all they make."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import d4p_compile
from d4p import AllPairs, ConsumerPE, GenericPE, IterativePE, ProducerPE, ReadLines, WorkflowGraph
from d4p.errors import Refused
from d4p.library.aggregate import CountPE
from d4p_compile.targets import TARGETS
from d4p_compile.targets import target as find_target
from tests.lint import faults


class Writes(ProducerPE):
    def _process(self, inputs):
        for number in range(3):
            self.write("output", (number, number))


class Makes(ProducerPE):
    def _process(self):
        return (1, 2)


class Square(IterativePE):
    def _process(self, item):
        return (item[0] * item[0], item[1])


class Returns(IterativePE):
    def _process(self, item):
        if item[0]:
            return item
        return None


class Splits(IterativePE):
    def _process(self, item):
        self.write("output", item)
        self.write("output", item)


class Dedupe(IterativePE):
    def __init__(self):
        IterativePE.__init__(self)
        self.seen = set()

    def _process(self, item):
        if item in self.seen:
            return None
        self.seen.add(item)
        return item


class Batches(IterativePE):
    def _process(self, item):
        return item

    def process_batch(self, inputs):
        return {"output": inputs["input"]}


class Ports(GenericPE):
    def __init__(self):
        GenericPE.__init__(self)
        for port in ("input", "other"):
            self._add_input(port)
        for port in ("output", "more"):
            self._add_output(port)

    def process(self, inputs):
        return {"output": inputs.popitem()[1]}


class Overrides(IterativePE):
    def write(self, name, data, **more):
        IterativePE.write(self, name, data)

    def _process(self, item):
        self.write("output", item, metadata=1)


class Ends(ConsumerPE):
    def _process(self, item):
        pass


ROOTS = (Writes, Makes, lambda: ReadLines("a.txt"))
PES = (Square, Square, Returns, Splits, Dedupe, Batches, Ports, Overrides, Ends, CountPE, AllPairs)


@st.composite
def graphs(draw) -> WorkflowGraph:
    """A tree of up to 8 PEs with a few more edges; any may be grouped, and of one instance or two."""
    graph, pes = WorkflowGraph(), [draw(st.sampled_from(ROOTS))()]
    graph.add(pes[0])
    for _ in range(draw(st.integers(1, 7))):
        pe = draw(st.sampled_from(PES))()
        if not isinstance(pe, AllPairs):
            pe.inputconnections["input"]["grouping"] = draw(st.sampled_from([None, [0], [0], [1], "all", "global"]))
            if asked := draw(st.sampled_from([None, 1, 1, 2])):
                pe.numprocesses = asked
        feeders = [other for other in pes if other.outputconnections]
        for feeder in draw(st.lists(st.sampled_from(feeders), min_size=1, max_size=2, unique_by=id)):
            graph.connect(feeder, draw(st.sampled_from(list(feeder.outputconnections))), pe, "input")
        if "other" in pe.inputconnections and draw(st.booleans()):
            graph.connect(draw(st.sampled_from(feeders)), "output", pe, "other")
        pes.append(pe)
    return graph


@pytest.mark.parametrize("target", TARGETS)
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(graphs(), st.sampled_from([None, 1, 3]), st.sampled_from([None, True, False]))
def test_a_random_program_has_no_name_too_few_and_none_too_many(target, graph, width, fuse):
    try:
        plan = d4p_compile.plan(graph, target, width, fuse=fuse)
    except Refused:
        return
    program = find_target(target).program(plan)
    assert faults(program) == [], program


def test_faults_are_seen():
    program = "def stage_1(stage):\n    a, b = stage.take()\n    def into_a(item):\n        into_b(item, a)\n"
    assert faults(program) == ["stage_1 uses into_b, which nobody makes", "stage_1 makes b, which nobody uses",
                               "stage_1 makes into_a, which nobody uses"]  # fmt: skip
