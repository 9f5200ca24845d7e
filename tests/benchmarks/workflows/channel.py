"""A producer and a consumer in processes of their own; the consumer says how long its items took."""

import time

from d4p import GenericPE, ProducerPE, WorkflowGraph


#: The bytes of an item that is an array.
BYTES = {"arrays": 64 << 10, "large arrays": 1 << 20}


class Producer(ProducerPE):
    """Writes the same kind of item again and again."""

    def __init__(self, kind, count):
        ProducerPE.__init__(self)
        self.kind, self.count = kind, count

    def _process(self, inputs):
        for item in items(self.kind, self.count):
            self.write("output", item)


class Consumer(GenericPE):
    """Takes the time from the first item to the last, so that neither start nor end of a process is in it."""

    def __init__(self, pause):
        GenericPE.__init__(self)
        self._add_input("input")
        self._add_output("seconds")
        self.pause = pause
        self.count = self.start = self.last = 0

    def process(self, inputs):
        if not self.count:
            self.start = time.perf_counter()
        self.count += 1
        self.last = inputs["input"]
        if self.pause:
            time.sleep(self.pause)

    def postprocess(self):
        self.write("seconds", (self.count, time.perf_counter() - self.start))


def items(kind, count):
    """`count` small integers, pairs of a word and a number, or arrays of 64 KiB or 1 MiB."""
    if kind == "integers":
        return range(count)
    if kind == "pairs":
        words = [f"word{i}" for i in range(1000)]
        return ((words[i % 1000], i) for i in range(count))
    import numpy as np

    block = np.arange(BYTES[kind] // 4, dtype=np.float32)
    return (block for _ in range(count))


def pair(kind="integers", count=1000, pause=0.0):
    """Producer | consumer, who pauses for some seconds an item."""
    graph = WorkflowGraph()
    producer, consumer = Producer(kind, count), Consumer(pause)
    graph.connect(producer, "output", consumer, "input")
    graph.partitions = [[producer], [consumer]]
    return graph
