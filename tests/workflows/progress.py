"""What a run says of how far it is: a reader of several splits, a root that writes much for the one item that it is given,
copies of items, pairs."""

from pathlib import Path

from d4p import AllPairs, IterativePE, ProducerPE, ReadLines, WorkflowGraph

#: Lines that are read, items that the other root writes.
LINES, ITEMS = 12, 9


class Numbers(ProducerPE):
    def _process(self, inputs):
        for number in range(ITEMS):
            self.write("output", (number,))


class Keyed(IterativePE):
    def _process(self, line):
        return (line,)


class Everyone(IterativePE):
    """Each of three instances gets all numbers."""

    any_order = True

    def __init__(self):
        IterativePE.__init__(self)
        self.inputconnections["input"]["grouping"] = "all"
        self.numprocesses = 3
        self.seen = 0

    def _process(self, item):
        self.seen += 1

    def _postprocess(self):
        self.write("output", self.seen)


class Pair(IterativePE):
    def _process(self, pair):
        return pair


def make(folder):
    for part in range(3):
        Path(folder, f"{part}.txt").write_text("".join(f"{part} {line}\n" for line in range(LINES // 3)))
    read, keyed, pairs, pair = ReadLines(folder), Keyed(), AllPairs(order_by=0), Pair()
    numbers, everyone = Numbers(), Everyone()
    pairs.numprocesses = 6
    graph = WorkflowGraph()
    graph.connect(read, "output", keyed, "input")
    graph.connect(keyed, "output", pairs, "input")
    graph.connect(pairs, "output", pair, "input")
    graph.connect(numbers, "output", everyone, "input")
    return graph
