"""Three dispel4py workflows as dispel4py 1.2.1 runs them; nothing here knows of d4p. Their last PEs print a count."""

from dispel4py.base import ConsumerPE, IterativePE, ProducerPE
from dispel4py.core import GenericPE
from dispel4py.workflow_graph import WorkflowGraph


class Numbers(ProducerPE):
    """1, 2, 3, ...: one a call."""

    def __init__(self):
        ProducerPE.__init__(self)
        self.n = 0

    def _process(self, inputs):
        self.n += 1
        return self.n


class Arrays(ProducerPE):
    """An array of 64 KiB a call."""

    def preprocess(self):
        import numpy

        self.block = numpy.zeros(16 << 10, dtype=numpy.float32)

    def _process(self, inputs):
        return self.block.copy()


class AddOne(IterativePE):
    def _process(self, data):
        data += 1
        return data


class Sink(ConsumerPE):
    def __init__(self):
        ConsumerPE.__init__(self)
        self.count = 0

    def _process(self, data):
        self.count += 1

    def postprocess(self):
        print("counted %s" % self.count, flush=True)


class Read(GenericPE):
    """The lines of a file."""

    def __init__(self):
        GenericPE.__init__(self)
        self._add_input("input")
        self._add_output("line")

    def process(self, inputs):
        with open(inputs["input"]) as lines:
            for line in lines:
                self.write("line", line)


class Split(GenericPE):
    def __init__(self):
        GenericPE.__init__(self)
        self._add_input("line")
        self._add_output("word")

    def process(self, inputs):
        for word in inputs["line"].split():
            self.write("word", (word, 1))


class Count(GenericPE):
    def __init__(self):
        GenericPE.__init__(self)
        self._add_input("word", grouping=[0])
        self._add_output("count")
        self.counts = {}

    def process(self, inputs):
        word, n = inputs["word"]
        self.counts[word] = self.counts.get(word, 0) + n

    def postprocess(self):
        for pair in self.counts.items():
            self.write("count", pair)


class Total(ConsumerPE):
    """How many words there were."""

    def __init__(self):
        ConsumerPE.__init__(self)
        self.count = 0

    def _process(self, pair):
        self.count += pair[1]

    def postprocess(self):
        print("counted %s" % self.count, flush=True)


def chain(first):
    graph = WorkflowGraph()
    pes = [first, AddOne(), AddOne(), Sink()]
    for source, dest in zip(pes, pes[1:]):
        graph.connect(source, "output", dest, "input")
    return graph


def word_count():
    graph = WorkflowGraph()
    read, split, count, total = Read(), Split(), Count(), Total()
    read.name = "read"
    graph.connect(read, "line", split, "line")
    graph.connect(split, "word", count, "word")
    graph.connect(count, "count", total, "input")
    return graph


numbers = chain(Numbers())
arrays = chain(Arrays())
words = word_count()
