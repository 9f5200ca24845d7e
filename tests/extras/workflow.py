"""Words counted by their length: a group-by, a result with declared types."""

from d4p import GenericPE, ProducerPE, WorkflowGraph


class Words(ProducerPE):
    def __init__(self):
        ProducerPE.__init__(self)
        self._add_output("output", tuple_type=[("length", int), ("word", str)])

    def _process(self, inputs):
        for number in range(200):
            word = "d4p" * (number % 5)
            self.write("output", (len(word), word))


class Count(GenericPE):
    def __init__(self):
        GenericPE.__init__(self)
        self._add_input("words", grouping=[0])
        self._add_output("counts", tuple_type=[("length", int), ("count", int)])
        self.numprocesses = 2
        self.counts = {}

    def process(self, inputs):
        length, _ = inputs["words"]
        self.counts[length] = self.counts.get(length, 0) + 1

    def postprocess(self):
        for item in sorted(self.counts.items()):
            self.write("counts", item)


graph = WorkflowGraph()
words, count = Words(), Count()
graph.connect(words, "output", count, "words")
