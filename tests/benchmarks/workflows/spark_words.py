"""Word count with the counts of a key kept in Python: nothing is added up before the shuffle."""

from d4p import GenericPE, ReadLines, WorkflowGraph


class Split(GenericPE):
    def __init__(self):
        GenericPE.__init__(self)
        self._add_input("line")
        self._add_output("word")

    def process(self, inputs):
        for word in inputs["line"].split():
            self.write("word", (word, 1))


class Count(GenericPE):
    def __init__(self, counters):
        GenericPE.__init__(self)
        self._add_input("word", grouping=[0])
        self._add_output("count")
        self.numprocesses = counters
        self.counts = {}

    def process(self, inputs):
        word, n = inputs["word"]
        self.counts[word] = self.counts.get(word, 0) + n

    def postprocess(self):
        for pair in self.counts.items():
            self.write("count", pair)


def word_count(path="", counters=2, any_order=False):
    """Read > split | count."""
    graph = WorkflowGraph()
    read, split, count = ReadLines(path), Split(), Count(counters)
    count.any_order = any_order
    graph.connect(read, "output", split, "line")
    graph.connect(split, "word", count, "word")
    return graph
