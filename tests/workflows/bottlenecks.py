"""A graph made from a description, in which something may be planted that limits the run.

Whatever takes time sleeps, so that it takes as long on a busy machine; only what is to cost in packing costs the CPU.
"""

import json
import tempfile
import time

from d4p import ConsumerPE, GenericPE, IterativePE, ProducerPE, WorkflowGraph

#: Items of one key, of a hundred, where they are skewed.
COMMON = 85
#: Different items whose packing takes long: in no batch is one of them twice.
DIFFERENT = 256


def heavy(seed: int, size: int) -> list:
    """What takes long to pack for its size."""
    return [{"at": (seed, number), "is": str(seed + number)} for number in range(size)]


class Planted(GenericPE):
    """What all of them have: seconds an item takes, and bytes that they hold."""

    seconds, holds = 0.0, 0

    def _preprocess(self):
        self.held = bytearray(b"\1") * self.holds

    def work(self):
        if self.seconds:
            time.sleep(self.seconds)


class Source(Planted, ProducerPE):
    items, skewed, size = 100, False, 0

    def _process(self, data):
        different = [heavy(seed, self.size) for seed in range(DIFFERENT)] if self.size else [None]
        for number in range(self.items):
            self.work()
            key = 0 if self.skewed and 37 * number % 100 < COMMON else number % 997
            self.write("output", (key, number, different[number % len(different)]))


class Step(Planted, IterativePE):
    def _process(self, item):
        self.work()
        return item


class Keyed(Planted, IterativePE):
    def __init__(self):
        IterativePE.__init__(self)
        self.inputconnections["input"]["grouping"] = [0]
        self.counts = {}

    def _process(self, item):
        self.work()
        self.counts[item[0]] = self.counts.get(item[0], 0) + 1
        return item


class Fold(Planted, IterativePE):
    def __init__(self):
        IterativePE.__init__(self)
        self.last = None

    def _process(self, item):
        self.work()
        self.last = item[1]
        return item


class Told(Fold):
    """Says at its end how long its items took, whatever else the machine had to do."""

    took = 0.0

    def _process(self, item):
        began = time.perf_counter()
        self.work()
        self.took += time.perf_counter() - began
        return item

    def _postprocess(self):
        self.log(f"took {self.took}")


class Sink(Planted, ConsumerPE):
    """Writes to a disk that is slow."""

    def __init__(self):
        ConsumerPE.__init__(self)
        self.written = 0

    def _preprocess(self):
        Planted._preprocess(self)
        self.file = tempfile.TemporaryFile()

    def _process(self, item):
        self.written += self.file.write(b"%d\n" % item[1])
        self.file.flush()
        self.work()


KINDS = {kind.__name__: kind for kind in (Source, Step, Keyed, Fold, Told, Sink)}


def make(spec: str) -> WorkflowGraph:
    """The graph of a JSON description: `nodes`, each its kind and attributes, and `edges`, each two places of nodes."""
    found, graph, pes = json.loads(spec), WorkflowGraph(), []
    for kind, attributes in found["nodes"]:
        pe = KINDS[kind]()
        vars(pe).update(attributes)
        graph.add(pe)
        pes.append(pe)
    for source, dest in found["edges"]:
        graph.connect(pes[source], "output", pes[dest], "input")
    return graph
