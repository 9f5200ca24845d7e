"""What a record is to tell: numbers are split up, counted by key, and one PE may fail."""

import time

from d4p import IterativePE, ProducerPE, WorkflowGraph


class Numbers(ProducerPE):
    def __init__(self, count: int) -> None:
        ProducerPE.__init__(self)
        self.count = count

    def _process(self, data):
        for number in range(self.count):
            self.write("output", number)


class Spread(IterativePE):
    def _process(self, number):
        self.log(f"got {number}") if number == 7 else None
        self.write("output", (number % 5, number))
        self.write("output", (number % 3, number))


class Elsewhere(IterativePE):
    """Works in a process of its own where it is isolated, or may be started again: one item takes seconds of the CPU."""

    def __init__(self, isolate: bool) -> None:
        IterativePE.__init__(self)
        self.isolate = isolate

    def _process(self, number):
        until = time.process_time() + 0.5 * (number == 30)
        while time.process_time() < until:
            pass
        self.write("output", (number % 5, number))


class Count(IterativePE):
    def __init__(self, fails_at: int, seconds: float, slow: float) -> None:
        IterativePE.__init__(self)
        self.inputconnections["input"]["grouping"] = [0]
        self.numprocesses = 2
        self.fails_at, self.seconds, self.slow = fails_at, seconds, slow
        self.counts = {}

    def _process(self, item):
        if item[1] == self.fails_at:
            raise ValueError(f"{item[1]} is too many")
        time.sleep(self.slow if item == (2, 257) else self.seconds)
        self.counts[item[0]] = self.counts.get(item[0], 0) + 1

    def _postprocess(self):
        for item in sorted(self.counts.items()):
            self.write("output", item)


def make(count: int = 300, fails_at: int = -1, seconds: float = 0.0, slow: float = 0.0,
         api_key: str = "") -> WorkflowGraph:
    graph = WorkflowGraph()
    numbers, spread, counted = Numbers(count), Spread(), Count(fails_at, seconds, slow)
    graph.connect(numbers, "output", spread, "input")
    graph.connect(spread, "output", counted, "input")
    return graph


def elsewhere(isolate: bool) -> WorkflowGraph:
    graph = WorkflowGraph()
    numbers, working, counted = Numbers(40), Elsewhere(isolate), Count(-1, 0.0, 0.0)
    graph.connect(numbers, "output", working, "input")
    graph.connect(working, "output", counted, "input")
    return graph
