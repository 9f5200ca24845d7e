"""PEs that fail for some items, and what is to become of those."""

from __future__ import annotations

import json
import os
import signal
import threading

from d4p import AllPairs, ConsumerPE, GenericPE, IterativePE, ProducerPE, ReadLines, Retry, Skip, WorkflowGraph
from d4p.library import Reader

MANY = 200


class Numbers(ProducerPE):
    def _process(self, inputs):
        for number in range(MANY):
            self.write("output", number)


class Picky(IterativePE):
    """Writes of each number twice and returns it once more, and fails for each 50th after it has written."""

    def _process(self, number):
        self.write("output", (number % 5, number))
        if number % 50 == 7:
            raise ValueError(f"bad {number}")
        self.write("output", (number % 5, 1000 + number))
        return (number % 5, 2000 + number)


class Total(GenericPE):
    """Sums by key; fails for one item."""

    def __init__(self):
        GenericPE.__init__(self)
        self._add_input("input", grouping=[0])
        self._add_output("output")
        self.numprocesses = 2
        self.totals = {}

    def process(self, inputs):
        key, number = inputs["input"]
        if number == 2011:
            raise KeyError(number)
        self.totals[key] = self.totals.get(key, 0) + number

    def postprocess(self):
        for item in self.totals.items():
            self.write("output", item)


class Plain(IterativePE):
    """Nothing but an expression, which fails for one number."""

    def _process(self, item):
        return 10 // (item - 3)


class Boxes(ProducerPE):
    def _process(self, inputs):
        for number in range(20):
            self.write("output", [number])


class Emptying(IterativePE):
    """Empties the box that it gets before it fails, three times for the box of 4, and always for that of 9."""

    stateful = False

    def __init__(self):
        IterativePE.__init__(self)
        self.failed = 0

    def _process(self, box):
        number = box.pop()
        if number == 9:
            raise OSError(f"never {number}")
        if number == 4 and self.failed < 3:
            self.failed += 1
            raise OSError(f"not yet {number}")
        return number


class Tally(IterativePE):
    """Counts in several ways, and fails for some after it has."""

    def __init__(self, kind=""):
        IterativePE.__init__(self)
        self.counts, self.seen, self.tries = {}, [], 0
        if kind == "lock":
            self.lock = threading.Lock()

    def _process(self, number):
        self.counts[number % 3] = self.counts.get(number % 3, 0) + 1
        self.seen.append(number)
        self.last, self.tries = number, self.tries + 1
        self.kept_with = self.seen
        if number % 50 == 7 or number == 0:
            if number == 0:
                self.only_then = True
            raise ValueError(number)

    def _postprocess(self):
        assert self.kept_with is self.seen
        self.write("output", (sorted(self.counts.items()), len(self.seen), self.last, self.tries, hasattr(self, "only_then")))


TOTAL = []


class Elsewhere(IterativePE):
    def _process(self, number):
        TOTAL.append(number)


def tally(policy, kind=""):
    graph = WorkflowGraph()
    pe = Elsewhere() if kind == "global" else Tally(kind)
    pe.on_error, pe.isolate = policy, kind == "isolated"
    graph.connect(Numbers(), "output", pe, "input")
    return graph


class Hanging(IterativePE):
    """Each instance fails at some items, and then hangs."""

    stateful = False
    on_error = Skip(most=30)

    def _preprocess(self):
        self.left = 20

    def _process(self, number):
        self.left -= 1
        if self.left < 0:
            threading.Event().wait()
        raise ValueError(number)


def hanging():
    graph = WorkflowGraph()
    graph.connect(Numbers(), "output", Hanging(), "input")
    return graph


class Never(ConsumerPE):
    """Fails for every item."""

    def _process(self, item):
        raise RuntimeError("no")


def picky(**policies):
    """Numbers > Picky > Total, with policies as text by name."""
    graph = WorkflowGraph()
    numbers, pe, total = Numbers(), Picky(), Total()
    for each in (numbers, pe, total):
        each.on_error = policies.get(type(each).__name__)
    graph.connect(numbers, "output", pe, "input")
    graph.connect(pe, "output", total, "input")
    return graph


def skipping():
    graph = picky()
    graph.on_error = Skip(most=5)
    return graph


def plain():
    """What is nothing but an expression, with a policy and without."""
    graph = WorkflowGraph()
    numbers, guarded = Numbers(), Plain()
    guarded.on_error = Skip()
    graph.connect(numbers, "output", guarded, "input")
    return graph


def unguarded():
    graph = WorkflowGraph()
    graph.connect(Numbers(), "output", Plain(), "input")
    return graph


def retrying(then=None):
    graph = WorkflowGraph()
    boxes, emptying = Boxes(), Emptying()
    emptying.on_error = Retry(3, on=(OSError,), then=then)
    graph.connect(boxes, "output", emptying, "input")
    return graph


def never():
    graph = WorkflowGraph()
    never = Never()
    never.on_error = Skip(rate=0.5)
    graph.connect(Numbers(), "output", never, "input")
    return graph


def inner():
    """A composite that says more than the graph around it."""
    graph, composite = picky(), WorkflowGraph()
    pe = Picky()
    composite.add(pe)
    composite.inputmappings, composite.outputmappings = {"input": (pe, "input")}, {"output": (pe, "output")}
    composite.on_error = Skip(most=1)
    graph.connect(Numbers(), "output", composite, "input")
    return graph


def reading():
    graph = WorkflowGraph()
    graph.connect(ReadLines("book.txt"), "output", Never(), "input")
    return graph


class Shortened(IterativePE):
    """Fails for some lines."""

    def _process(self, line):
        if line == "line 77":
            raise KeyError(line)
        return line[:6]


def files(path, errors="replace"):
    graph = WorkflowGraph()
    graph.connect(ReadLines(path, errors=errors), "output", Shortened(), "input")
    return graph


class ReadNumbers(Reader):
    """A number a line."""

    def plan_splits(self):
        return self.files()

    def read(self, split):
        with self.open(split) as lines:
            yield from self.parsed(lines)

    def parse(self, record):
        return json.loads(record) if self.mended is False else 0

    mended = False


class TriedNumbers(ReadNumbers):
    """Fails for a record some times before it is 13."""

    fails = 0

    def parse(self, record):
        if record != b"x\n":
            return json.loads(record)
        if self.fails:
            self.fails -= 1
            raise ValueError("not yet")
        return 13


def tried_records(path, fails, then):
    graph = WorkflowGraph()
    reader, plain = TriedNumbers(path), Plain()
    reader.fails, reader.on_error, plain.on_error = fails, Retry(2, then=then), Skip()
    graph.connect(reader, "output", plain, "input")
    return graph


def records(path, mended=False):
    graph = WorkflowGraph()
    reader = ReadNumbers(path)
    reader.mended = mended
    graph.connect(reader, "output", Plain(), "input")
    return graph


class WholeFiles(Reader):
    """A reader whose `read` is no generator."""

    on_error = Skip()
    how = list

    def plan_splits(self):
        return self.files()

    def read(self, split):
        with self.open(split) as file:
            lines = file.read().decode().splitlines()
        if "bad" in lines:
            raise ValueError("bad")
        return self.how(lines)


def whole_files(path, how):
    graph = WorkflowGraph()
    reader = WholeFiles(path)
    reader.how = how
    graph.connect(reader, "output", Shortened(), "input")
    return graph


class Told(GenericPE):
    """Two instances, which both get all items."""

    bad = True

    def __init__(self):
        GenericPE.__init__(self)
        self._add_input("input", grouping="all")
        self._add_output("output")
        self.numprocesses = 2

    def process(self, inputs):
        if self.bad and inputs["input"]["number"] % 50 == 7:
            raise ValueError(inputs["input"])
        return {"output": inputs["input"]["number"]}


def to_all(bad):
    graph = WorkflowGraph()
    pe = Told()
    pe.bad = bad
    graph.connect(Samples(), "output", pe, "input")
    return graph


class Hundred(ProducerPE):
    def _process(self, inputs):
        for number in range(100):
            self.write("output", number)


class Rated(IterativePE):
    """Fails for the first numbers."""

    bad = 0

    def _process(self, number):
        if number < self.bad:
            raise ValueError(number)
        return number


def rated(bad, rate):
    graph = WorkflowGraph()
    pe = Rated()
    pe.bad, pe.on_error = bad, Skip(rate=rate)
    graph.connect(Hundred(), "output", pe, "input")
    return graph


class Kinds(IterativePE):
    def _process(self, number):
        if number % 4 == 3:
            raise KeyError(number)
        if number % 4 == 1:
            raise ValueError(number)
        return number


def kinds():
    graph = WorkflowGraph()
    kinds = Kinds()
    kinds.on_error = Skip()
    graph.connect(Numbers(), "output", kinds, "input")
    return graph


class Much(ProducerPE):
    """Writes some MiB for each of its items, and fails for the second."""

    on_error = Skip()

    def __init__(self):
        ProducerPE.__init__(self)
        self.asked = 2

    def _process(self, inputs):
        self.asked += 1
        for part in range(self.asked):
            self.write("output", (self.asked, part, bytes(1 << 20)))
        if self.asked == 4:
            raise ValueError("after all of it")


class Flood(ProducerPE):
    """Writes so many MiB for its only item."""

    on_error = Skip()

    def __init__(self, count):
        ProducerPE.__init__(self)
        self.count = count

    def _process(self, inputs):
        for part in range(self.count):
            self.write("output", (1, part, b"x" * (1 << 20)))


class Length(IterativePE):
    """The bytes of each item, which come in the order in which they were written."""

    def __init__(self):
        IterativePE.__init__(self)
        self.found = {}

    def _process(self, item):
        number, part, content = item
        before = self.found.setdefault(number, [0, 0])
        assert before[0] == part
        self.found[number] = [part + 1, before[1] + len(content)]

    def _postprocess(self):
        for number, (_, size) in self.found.items():
            self.write("output", (number, size))


def much():
    graph = WorkflowGraph()
    graph.connect(Much(), "output", Length(), "input")
    return graph


def flood(count):
    graph = WorkflowGraph()
    graph.connect(Flood(count), "output", Length(), "input")
    return graph


class Ten(ProducerPE):
    def _process(self, inputs):
        for number in range(10):
            self.write("output", number)


class Batches(IterativePE):
    """Takes tiles of pairs; fails for those whose sum is 14."""

    on_error = Skip()

    def _process(self, pair):
        return sum(pair)

    def process_batch(self, inputs):
        (batch,) = inputs.values()
        sums = [sum(pair) for pair in batch]
        if 14 in sums:
            raise ValueError("14")
        return {"output": sums}


def batches():
    graph, pairs = WorkflowGraph(), AllPairs()
    graph.connect(Ten(), "output", pairs, "input")
    graph.connect(pairs, "output", Batches(), "input")
    return graph


class Endless(ProducerPE):
    on_error = Skip()

    def _process(self, inputs):
        number = 0
        while True:
            self.write("output", number)
            number += 1


def endless():
    graph = WorkflowGraph()
    graph.add(Endless())
    return graph


def behind():
    """A PE with a policy writes to one without, which fails."""
    graph = WorkflowGraph()
    much = Ten()
    much.on_error = Skip()
    graph.connect(much, "output", Never(), "input")
    return graph


def other():
    """A policy for another exception than is raised."""
    graph = WorkflowGraph()
    pe = Picky()
    pe.on_error = Retry(3, on=OSError, then="fail")
    graph.connect(Numbers(), "output", pe, "input")
    return graph


class Once(IterativePE):
    """Fails at its first try."""

    on_error = Retry(1)
    stateful = False
    tried = False

    def _process(self, number):
        if not self.tried:
            self.tried = True
            raise OSError("not yet")
        return number


def helped():
    graph = WorkflowGraph()
    graph.connect(Numbers(), "output", Once(), "input")
    return graph


class Samples(ProducerPE):
    """Dicts, which the PE behind changes before it fails."""

    def _process(self, inputs):
        for number in range(MANY):
            self.write("output", {"number": number, "left": [number]})


class Square(IterativePE):
    def __init__(self, bad):
        IterativePE.__init__(self)
        self.bad = bad

    def _process(self, sample):
        number = sample["left"].pop()
        if self.bad and number % self.bad == 0:
            raise ArithmeticError(number)
        return number * number


def square(bad):
    graph = WorkflowGraph()
    graph.connect(Samples(), "output", Square(bad), "input")
    return graph


class Given(ProducerPE):
    """A root that fails for some of what it is given."""

    def _process(self, inputs):
        return 10 // inputs["by"]


def given(name="given"):
    graph, pe = WorkflowGraph(), Given()
    pe.name = name
    graph.add(pe)
    return graph


class Risky(IterativePE):
    """Writes what it gets, and then crashes, hangs, leaves or raises for some."""

    on_error = Skip()
    stateful = False
    time_limit = 5

    def _preprocess(self):
        self.began = os.getpid()

    def _process(self, number):
        self.write("output", number)
        if number == 20:
            os.kill(os.getpid(), signal.SIGSEGV)
        if number == 40:
            threading.Event().wait()
        if number == 60:
            os._exit(3)
        if number == 80:
            raise ValueError(number)
        assert self.began == os.getpid()
        return -number

    def _postprocess(self):
        self.write("output", "end" if self.began == os.getpid() else "elsewhere")


def risky():
    graph = WorkflowGraph()
    graph.connect(Numbers(), "output", Risky(), "input")
    return graph


class Many(ProducerPE):
    def _process(self, inputs):
        for number in range(1, 10_001):
            self.write("output", number)


class Troubled(IterativePE):
    """Writes of each number something before it comes to grief at some, in every way that there is."""

    memory_limit = 1 << 30
    time_limit = 2
    bad = True

    def _process(self, number):
        self.write("output", (number % 7, number))
        if self.bad and number % 1000 == 0:
            raise ArithmeticError(number)
        if self.bad and number % 5000 == 2500:
            threading.Event().wait()
        if self.bad and number == 3333:
            os.kill(os.getpid(), signal.SIGKILL)
        if self.bad and number == 7777:
            [bytes(64 << 20) for _ in range(100)]
        return (number % 7, number * number)


class Sums(GenericPE):
    """Sums by key."""

    def __init__(self):
        GenericPE.__init__(self)
        self._add_input("input", grouping=[0])
        self._add_output("output")
        self.sums = {}

    def process(self, inputs):
        key, number = inputs["input"]
        self.sums[key] = self.sums.get(key, 0) + number

    def postprocess(self):
        for item in self.sums.items():
            self.write("output", item)


def troubled(bad):
    """A run of many items, of which some raise, some hang, one kills its process and one takes all memory."""
    graph = WorkflowGraph()
    troubled, sums = Troubled(), Sums()
    troubled.bad = bad
    graph.connect(Many(), "output", troubled, "input")
    graph.connect(troubled, "output", sums, "input")
    return graph


class Puts(GenericPE):
    """Isolated, with two ports and its own write."""

    isolate = True

    def __init__(self):
        GenericPE.__init__(self)
        self._add_input("number")
        self._add_output("even")
        self._add_output("odd")

    def write(self, name, data):
        GenericPE.write(self, name, [data])

    def process(self, inputs):
        number = inputs["number"]
        self.log(f"has {number}") if number == 3 else None
        if number % 2:
            return {"odd": number}
        self.write("even", number)


def puts():
    graph = WorkflowGraph()
    graph.connect(Ten(), "output", Puts(), "number")
    return graph


class Odd(OSError):
    """Comes back from no pickle."""

    def __init__(self, number, lock):
        super().__init__(f"number {number}")
        self.number, self.lock = number, lock


class NoException(BaseException):
    def __init__(self, number):
        super().__init__(number, threading.Lock())


class RaisesOdd(IterativePE):
    isolate, on_error, no_exception = True, Retry(2, on=OSError, then=Skip()), False

    def _process(self, number):
        class Here(Odd):
            """Of nobody else."""

        if number % 5 == 3:
            raise NoException(number) if self.no_exception else (Odd if number == 3 else Here)(number, threading.Lock())
        return number


def raises_odd(no_exception):
    graph = WorkflowGraph()
    pe = RaisesOdd()
    pe.no_exception = no_exception
    graph.connect(Ten(), "output", pe, "input")
    return graph


def isolated(kind):
    """A PE that can't have a process of its own, or no such limit."""
    graph = WorkflowGraph()
    pe = {"limit": Never, "memory": Never, "flag": Never, "reader": lambda: ReadLines("book.txt"), "preprocess": BadStart}[kind]()
    if kind == "limit":
        pe.time_limit = 0
    elif kind == "memory":
        pe.memory_limit = 0.5
    else:
        pe.isolate = "yes" if kind == "flag" else True
    graph.connect(pe, "output", Never(), "input") if kind == "reader" else graph.connect(Ten(), "output", pe, "input")
    return graph


class BadStart(IterativePE):
    def _preprocess(self):
        os._exit(4)


class Listing(GenericPE):
    """One instance: all that it has got, in order."""

    def __init__(self):
        GenericPE.__init__(self)
        self._add_input("input", grouping="global")
        self._add_output("output")
        self.got = []

    def process(self, inputs):
        self.got.append(inputs["input"])

    def postprocess(self):
        self.write("output", self.got)


def in_order():
    """A PE that fails for some, and writes twice for others, before one that keeps their order."""
    graph = WorkflowGraph()
    picky = Picky()
    picky.on_error = Skip()
    graph.connect(Numbers(), "output", picky, "input")
    graph.connect(picky, "output", Listing(), "input")
    return graph


class Around(IterativePE):
    """Writes before and after its items too, by its `write` and by one that it took at the start."""

    def _preprocess(self):
        self.kept = self.write
        self.kept("output", "before")
        self.write("output", "before")

    def _process(self, number):
        self.kept("output", number)
        if self.bad and number % 50 == 7:
            raise ValueError(number)

    def _postprocess(self):
        self.kept("output", "after")
        self.write("output", "after")


def around(bad):
    graph, pe = WorkflowGraph(), Around()
    pe.bad = bad
    graph.connect(Numbers(), "output", pe, "input")
    graph.connect(pe, "output", Listing(), "input")
    return graph


class Methods(IterativePE):
    """Has methods that are called as our attributes are."""

    def on_error(self):
        return "mine"

    def isolate(self):
        return True

    def time_limit(self):
        return -1

    def memory_limit(self):
        return -1


def of_methods():
    graph = WorkflowGraph()
    graph.connect(Numbers(), "output", Methods(), "input")
    return graph
