"""Random graphs of PEs that drop, multiply, dawdle and keep what depends on the order of what came one way."""

import random
import time

from d4p import IterativePE, ProducerPE, WorkflowGraph
from d4p.library.reader import Reader


class Source(ProducerPE):
    """Items are (way, key, numbers): the PEs that they have come through, what they are grouped by, and what tells them
    apart."""

    def __init__(self, name, count):
        ProducerPE.__init__(self)
        self.name, self.count = name, count

    def _process(self, inputs):
        for i in range(self.count):
            self.write("output", ((self.name,), i % 7, (i,)))


class Splits(Reader):
    """The same, read in splits of a dozen."""

    def __init__(self, name, count):
        Reader.__init__(self, __file__)
        self.name, self.count = name, count

    def plan_splits(self):
        return [(start, min(start + 12, self.count)) for start in range(0, self.count, 12)]

    def read(self, split):
        for i in range(*split):
            yield (self.name,), i % 7, (i,)


class Step(IterativePE):
    """Writes none, one or two items for each, and takes its time for some; keeps nothing."""

    def __init__(self, name, salt):
        IterativePE.__init__(self)
        self.name, self.salt = name, salt

    def _process(self, item):
        way, key, numbers = item
        chance = (hash(numbers) * 31 + self.salt) % 101
        if chance % 17 == 0:
            time.sleep(0.003)
        for n in range((0, 1, 1, 2)[chance % 4]):
            self.write("output", ((*way, self.name), key, (*numbers, n)))


class Running(IterativePE):
    """Of each key and way, a hash of all that came before, with each item; keeps it by key."""

    def __init__(self, name, grouped):
        IterativePE.__init__(self)
        self.name, self.before = name, {}
        if grouped:
            self.inputconnections["input"]["grouping"] = [1]

    def _process(self, item):
        way, key, numbers = item
        known = (self.before.get((way, key), 7) * 1000003 + hash(numbers)) % (1 << 40)
        self.before[way, key] = known
        return (*way, self.name), key, (*numbers, known)


class Lists(IterativePE):
    """By way, all that came, in order."""

    def __init__(self, name):
        IterativePE.__init__(self)
        self.name, self.got = name, {}

    def _process(self, item):
        way, key, numbers = item
        self.got.setdefault(way, []).append(numbers)

    def _postprocess(self):
        self.write("output", sorted(self.got.items()))


def make(seed, wide=True, count=150):
    """A graph of up to a dozen PEs in layers behind one to three roots, each with one to five instances where it may
    have several; one each where it isn't to be `wide`; where that is None nothing is asked for."""
    choose = random.Random(seed)
    graph = WorkflowGraph()
    before = [choose.choice((Source, Splits))(f"root{n}", count) for n in range(choose.choice((1, 1, 2, 3)))]
    for root in before:
        instances = choose.choice((1, 3, 4))
        if isinstance(root, Splits) and wide is not None:
            root.numprocesses = instances if wide else 1
    for layer in range(choose.randint(1, 4)):
        pes, taken = [], set()
        for n in range(choose.randint(1, 2)):
            name = f"{'step' if choose.random() < 0.7 else 'running'}{layer}{n}"
            grouped = choose.random() < 0.8
            pe = Step(name, choose.randrange(1000)) if name.startswith("step") else Running(name, grouped)
            instances = choose.randint(1, 5)
            if wide is not None:
                pe.numprocesses = instances if wide and (grouped or name.startswith("step")) else 1
            for source in choose.sample(before, choose.randint(1, len(before))):
                graph.connect(source, "output", pe, "input")
                taken.add(source)
            pes.append(pe)
        before = pes + [pe for pe in before if pe not in taken]
    for n, pe in enumerate(before):
        graph.connect(pe, "output", Lists(f"lists{n}"), "input")
    return graph

