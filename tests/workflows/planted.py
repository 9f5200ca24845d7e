"""A chain of three PEs, one of which, or none, takes most of the time: where that is planted, a report is to find it."""

import time

from d4p import IterativePE, ProducerPE, WorkflowGraph


def work(seconds: float) -> None:
    """What takes a PE so long; it sleeps, so that it takes as long on a busy machine."""
    time.sleep(seconds)


class First(ProducerPE):
    def __init__(self, items: int, seconds: float) -> None:
        ProducerPE.__init__(self)
        self.items, self.seconds = items, seconds

    def _process(self, data):
        for number in range(self.items):
            work(self.seconds)
            self.write("output", number)


class Middle(IterativePE):
    def __init__(self, seconds: float) -> None:
        IterativePE.__init__(self)
        self.seconds, self.last = seconds, None

    def _process(self, number):
        work(self.seconds)
        self.last = number
        return "common" if number % 5 else "rare", number


class Last(IterativePE):
    def __init__(self, seconds: float, common: float) -> None:
        IterativePE.__init__(self)
        self.inputconnections["input"]["grouping"] = [0]
        self.numprocesses = 3
        self.seconds, self.common, self.counts = seconds, common, {}

    def _process(self, item):
        work(self.common if item[0] == "common" else self.seconds)
        self.counts[item[0]] = self.counts.get(item[0], 0) + 1

    def _postprocess(self):
        for item in sorted(self.counts.items()):
            self.write("output", item)


def make(first: float = 0.0, middle: float = 0.0, last: float = 0.0, common: float = 0.0,
         items: int = 300) -> WorkflowGraph:
    graph = WorkflowGraph()
    pes = First(items, first), Middle(middle), Last(last, common or last)
    graph.connect(pes[0], "output", pes[1], "input")
    graph.connect(pes[1], "output", pes[2], "input")
    return graph


class Step(IterativePE):
    def _process(self, number):
        work(0.0 if number else 1.5)
        return number


class Total(IterativePE):
    def __init__(self) -> None:
        IterativePE.__init__(self)
        self.total = 0

    def _process(self, number):
        work(0.012)
        self.total += number

    def _postprocess(self):
        self.write("output", self.total)


def late() -> WorkflowGraph:
    graph, first, step, total = WorkflowGraph(), First(100, 0.0), Step(), Total()
    graph.connect(first, "output", step, "input")
    graph.connect(step, "output", total, "input")
    return graph
