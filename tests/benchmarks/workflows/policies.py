"""A PE that takes some microseconds an item, with a policy or without, behind a source that is kept apart."""

import hashlib

from d4p import ConsumerPE, IterativePE, ProducerPE, WorkflowGraph


class Source(ProducerPE):
    def _process(self, inputs):
        return 0


class Returning(IterativePE):
    hashes = 0

    def _process(self, item):
        for _ in range(self.hashes):
            hashlib.sha1(b"x" * 200).digest()
        return item


class Writing(Returning):
    def _process(self, item):
        for _ in range(self.hashes):
            hashlib.sha1(b"x" * 200).digest()
        self.write("output", item)


class Last(ConsumerPE):
    def _process(self, item):
        self.last = item


def hashing(hashes, writes, on_error, isolate=False):
    """Source | hashing > last."""
    graph = WorkflowGraph()
    source, pe, last = Source(), Writing() if writes else Returning(), Last()
    pe.hashes, pe.on_error, pe.isolate = hashes, on_error, isolate
    graph.connect(source, "output", pe, "input")
    graph.connect(pe, "output", last, "input")
    graph.partitions = [[source], [pe, last]]
    return graph
