"""Three kinds of work whose record is to cost nothing: words, integers through four PEs, arrays."""

import numpy as np

from d4p import ConsumerPE, IterativePE, ProducerPE, WorkflowGraph


class Lines(ProducerPE):
    def __init__(self, times, path):
        ProducerPE.__init__(self)
        self.times, self.path = times, path

    def _process(self, inputs):
        with open(self.path) as file:
            lines = file.read().splitlines()
        for _ in range(self.times):
            for line in lines:
                self.write("output", line)


class Split(IterativePE):
    def _process(self, line):
        for word in line.split():
            self.write("output", word)


class Count(IterativePE):
    def __init__(self):
        IterativePE.__init__(self)
        self.inputconnections["input"]["grouping"] = [0]
        self.counts = {}

    def _process(self, word):
        self.counts[word] = self.counts.get(word, 0) + 1

    def _postprocess(self):
        self.write("output", len(self.counts))


class Numbers(ProducerPE):
    def __init__(self, count):
        ProducerPE.__init__(self)
        self.count = count

    def _process(self, inputs):
        for number in range(self.count):
            self.write("output", number)


class Add(IterativePE):
    def _process(self, number):
        number += 1
        return number


class Last(ConsumerPE):
    def _process(self, item):
        self.last = item


class Arrays(ProducerPE):
    def __init__(self, count):
        ProducerPE.__init__(self)
        self.count = count

    def _process(self, inputs):
        one = np.ones(4096, np.float32)
        for _ in range(self.count):
            self.write("output", one)


class Spectrum(IterativePE):
    def _process(self, array):
        return np.abs(np.fft.rfft(array))


def _chain(*pes):
    graph = WorkflowGraph()
    for source, dest in zip(pes, pes[1:], strict=False):
        graph.connect(source, "output", dest, "input")
    return graph


def words(items, path):
    """Lines of a book, again and again | their words | counts of those."""
    return _chain(Lines(items, path), Split(), Count())


def integers(items):
    """Numbers | three additions | the last."""
    return _chain(Numbers(items), Add(), Add(), Add(), Last())


def arrays(items):
    """Arrays | their spectra | the last."""
    return _chain(Arrays(items), Spectrum(), Last())
