"""All pairs of items, taken one by one and by tiles."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import NamedTuple

import numpy as np

from d4p import (
    AllPairs,
    Batch,
    ConsumerPE,
    GenericPE,
    IterativePE,
    PairsBetween,
    ProducerPE,
    WorkflowGraph,
    WriteText,
)


class Item(NamedTuple):
    """What is paired: `id` says the order, `group` who belongs together."""

    id: str
    group: int
    values: np.ndarray


class Items(ProducerPE):
    """`count` items whose ids are in no order."""

    def __init__(self, count, prefix="s", size=2000):
        ProducerPE.__init__(self)
        self.count, self.prefix, self.size = count, prefix, size

    def _process(self, inputs):
        for number in np.random.default_rng(3).permutation(self.count).tolist():
            values = np.full(self.size, float(number), dtype=np.float32)
            self.write("output", Item(f"{self.prefix}{number:03d}", number % 3, values))


class Same(IterativePE):
    """As many instances as are asked for."""

    def _process(self, item):
        return item


class Singly(IterativePE):
    """`first second sum` of a pair, whose arrays it changes."""

    def _process(self, pair):
        a, b = pair
        told = f"{a.id} {b.id} {a.values[0] + b.values[-1]:g}"
        a.values[:] = b.values[:] = -1
        return told


class InTiles(Singly):
    """The same for a tile."""

    def _process(self, pair):
        return Singly._process(self, pair)

    def process_batch(self, inputs):
        tile = inputs["input"]
        left, right = tile.left.columns, tile.right.columns
        for values in left.values, right.values:
            assert values.ndim == 2 and not values.flags.writeable
        for i, others in tile.rows():
            sums = left.values[i, 0] + right.values[others, -1]
            ids = right.id[others]
            yield {"output": Batch([f"{left.id[i]} {b} {s:g}" for b, s in zip(ids, sums, strict=True)])}


class Stale(InTiles):
    """Has another `_process` than the `process_batch` that it inherits was written for."""

    def _process(self, pair):
        return f"other {Singly._process(self, pair)}"


class Joined(IterativePE):
    """Takes texts in batches or one by one; says which."""

    def _process(self, text):
        return f"{text}!"

    def process_batch(self, inputs):
        return {"output": Batch([f"{text}!" for text in inputs["input"]])}


class Ids(IterativePE):
    """The ids of a pair."""

    def _process(self, pair):
        return f"{pair[0].id} {pair[1].id}"


class Fails(Singly):
    """Can't use one of the items."""

    def _process(self, pair):
        return Singly._process(self, pair)

    def process_batch(self, inputs):
        for i, _ in inputs["input"].rows():
            if inputs["input"].left.columns.id[i] == "s003":
                raise ValueError("not this one")
        return None


class Deadly(Singly):
    """Notes what it is given; dies where a file is missing, once it has made some pairs."""

    stateful = False  # what it notes is for the test alone, in whichever order

    def __init__(self, folder, after):
        Singly.__init__(self)
        self.folder, self.after = Path(folder), after

    def _process(self, pair):
        told = Singly._process(self, pair)
        with open(self.folder / "trace", "a") as file:
            file.write(f"{told}\n")
        if not (self.folder / "alive").exists():
            with open(self.folder / "trace") as file:
                if len(file.readlines()) >= self.after:
                    os.kill(os.getpid(), signal.SIGKILL)
        return told


def _chain(*pes):
    graph = WorkflowGraph()
    for a, b in zip(pes, pes[1:], strict=False):
        graph.connect(a, "output", b, "input")
    return graph


def singly(count=20, **how):
    return _chain(Items(count), AllPairs(order_by="id", **how), Singly())


def in_tiles(count=20, **how):
    return _chain(Items(count), AllPairs(order_by="id", **how), InTiles())


def stale():
    return _chain(Items(6), AllPairs(order_by="id"), Stale())


def batches():
    """A batch goes on as a batch, to one that takes batches and to one that doesn't."""
    made = InTiles()
    graph = _chain(Items(12), AllPairs(order_by="id"), made, Joined())
    graph.connect(made, "output", Same(), "input")
    return graph


def both():
    """Tiles for one, pairs for another, and a channel of the same pairs."""
    pairs, apart = AllPairs(order_by="id"), Ids()
    apart.numprocesses = 2
    graph = _chain(Items(12), pairs, InTiles())
    graph.connect(pairs, "output", Ids(), "input")
    graph.connect(pairs, "output", apart, "input")
    return graph


def met():
    """Two that take tiles give to one, which takes their batches."""
    pairs, a, b, end = AllPairs(order_by="id"), InTiles(), InTiles(), Joined()
    graph = _chain(Items(9), pairs, a, end)
    graph.connect(pairs, "output", b, "input")
    graph.connect(b, "output", end, "input")
    return graph


def several(asked=3):
    """Items come from several instances of several PEs; so many instances are asked for."""
    same, pairs = Same(), AllPairs(order_by="id")
    same.numprocesses, pairs.numprocesses = 4, asked
    graph = _chain(Items(11), same, pairs, InTiles())
    graph.connect(Items(9, "t"), "output", pairs, "input")
    return graph


def as_they_come():
    """Without order_by: the first of a pair came before the second."""
    return _chain(Items(15), AllPairs(), Ids())


def ties():
    """Many items of equal order, of which the first came before the second."""
    return _chain(Items(15), AllPairs(order_by="group"), Ids())


def two_streams(left=7, right=5, within=None):
    pairs = PairsBetween(within=within)
    graph = _chain(pairs, InTiles())
    graph.connect(Items(left, "l"), "output", pairs, "left")
    graph.connect(Items(right, "r"), "output", pairs, "right")
    return graph


class Beside(GenericPE):
    """Takes pairs, and items that have nothing to do with them."""

    stateful = False

    def __init__(self):
        GenericPE.__init__(self)
        self._add_input("pair")
        self._add_input("item", grouping="all")
        self._add_output("output")

    def process(self, inputs):
        for port, found in inputs.items():
            self.write("output", f"{found[0].id} {found[1].id}" if port == "pair" else found.id)


def with_others():
    """What makes pairs takes something else besides, and the items go to somebody else, too."""
    items, pairs, beside = Items(12), AllPairs(order_by="id"), Beside()
    pairs.numprocesses = beside.numprocesses = 6
    graph = _chain(items, pairs)
    graph.connect(pairs, "output", beside, "pair")
    graph.connect(Items(2, "t"), "output", beside, "item")
    apart = Same()
    apart.numprocesses = 2
    graph.connect(items, "output", apart, "input")
    return graph


def and_singly():
    """The items go to somebody else, too."""
    items, apart = Items(12), Same()
    apart.numprocesses = 2
    graph = _chain(items, AllPairs(order_by="id"), Ids())
    graph.connect(items, "output", apart, "input")
    return graph


class Traced(Items):
    """Items of 200 kB; a file has a line for each time that they are made."""

    def __init__(self, count, trace):
        Items.__init__(self, count, size=50_000)
        self.trace = trace

    def _process(self, inputs):
        with open(self.trace, "a") as file:
            file.write("made\n")
        Items._process(self, inputs)


def large(trace, count=20):
    return _chain(Traced(count, trace), AllPairs(order_by="id"), Ids())


def failing():
    return _chain(Items(9), AllPairs(order_by="id"), Fails())


class Odd(ProducerPE):
    """Items that can't be put in order."""

    def __init__(self, items):
        ProducerPE.__init__(self)
        self.items = items

    def _process(self, inputs):
        for item in self.items:
            self.write("output", item)


class Nothing(ConsumerPE):
    def _process(self, item):
        pass


def odd(kind):
    items = {"missing": [{"id": 1}, {"name": 2}], "sets": [{"id": frozenset([n])} for n in range(9)], "mixed": [{"id": 1}, {"id": "a"}],
             "nan": [{"id": 1.0}, {"id": float("nan")}]}[kind]
    return _chain(Odd(items), AllPairs(order_by="id"), Nothing())


class OnlyBatches(GenericPE):
    def __init__(self):
        GenericPE.__init__(self)
        self._add_input("input")

    def process_batch(self, inputs):
        pass


def only_batches():
    return _chain(Items(3), AllPairs(), OnlyBatches())


class Gives(InTiles):
    """Gives what it is told to."""

    def __init__(self, what):
        InTiles.__init__(self)
        self.what = what

    def _process(self, pair):
        return "one"

    def process_batch(self, inputs):
        return {"a batch alone": Batch(["a"]), "a text": {"output": "ab"}, "a number": 7,
                "an unknown port": {"other": Batch(["a"])}}[self.what]


def gives(what):
    return _chain(Items(4), AllPairs(order_by="id"), Gives(what))


def grouped():
    pairs = AllPairs()
    pairs.inputconnections["input"]["grouping"] = "global"
    return _chain(Items(4), pairs, Ids())


class Uneven(ProducerPE):
    """Arrays of different lengths."""

    def _process(self, inputs):
        for number in range(1, 6):
            self.write("output", (number, np.ones(number)))


class Adds(IterativePE):
    def _process(self, pair):
        return "one by one"

    def process_batch(self, inputs):
        for a, _ in inputs["input"]:
            a[1][:] += 1


def uneven():
    return _chain(Uneven(), AllPairs(order_by=0), Adds())


class Apart(InTiles):
    numprocesses = 3

    def _process(self, pair):
        return Singly._process(self, pair)

    def process_batch(self, inputs):
        return InTiles.process_batch(self, inputs)


def apart():
    """Another count than the tiles': pairs go one by one."""
    return _chain(Items(9), AllPairs(order_by="id"), Apart())


class Numbered(IterativePE):
    """Gives each item the number that it came as: other items, if they come in another order."""

    def __init__(self):
        IterativePE.__init__(self)
        self.count = 0

    def _process(self, item):
        self.count += 1
        return item._replace(id=f"s{self.count:03d}")


def unsteady(folder, after=40):
    numbered, pairs = Numbered(), AllPairs(order_by="id")
    graph = _chain(Items(12), numbered, pairs, Deadly(folder, after), WriteText(f"{folder}/out"))
    graph.connect(Items(12, "t"), "output", numbered, "input")
    return graph


class DiesLate(WriteText):
    """Dies when some instances have completed their parts, where a file is missing."""

    def __init__(self, folder):
        WriteText.__init__(self, f"{folder}/out")
        self.alive = Path(folder) / "alive"

    def postprocess(self):
        WriteText.postprocess(self)
        if self.rank == 3 and not self.alive.exists():
            os.kill(os.getpid(), signal.SIGKILL)


def dying_late(folder):
    return _chain(Items(24), AllPairs(order_by="id"), Singly(), DiesLate(folder))


def dying(folder, after=40):
    return _chain(Items(24), AllPairs(order_by="id"), Deadly(folder, after), WriteText(f"{folder}/out"))
