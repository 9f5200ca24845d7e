"""Which PEs keep state, which may write, and how each is called: both directions, by small examples."""

import bisect
import collections
import copy
import csv
import dataclasses
import datetime as dt
import functools
import heapq
import itertools
import json
import logging
import operator
import os
import random
import re
import sqlite3
import struct
import threading
import time
import types
import uuid
import zlib
from collections import Counter, defaultdict, deque

import numpy as np
import pandas as pd
import pytest

from d4p import BasePE, ConsumerPE, GenericPE, IterativePE, ProducerPE, SimpleFunctionPE
from d4p.aggregate import CountPE, SumPE
from d4p.workflow import Workflow
from d4p_compile.analysis import State, call_style, may_write, overrides_write, state_of, writes_keywords

COUNTS = Counter()
TABLE = {"a": 1}
CACHE = []
TOTAL = 0
WORD = re.compile(r"\w+")
logger = logging.getLogger(__name__)
TICKS = itertools.count()


class Tally:
    """A user's helper that keeps state."""

    def __init__(self):
        self.n = 0
        self.table = {}

    def add(self, x):
        self.n += x

    def look(self, x):
        return self.table.get(x)

    def deep(self, x):
        self._inner(x)

    def _inner(self, x):
        self.table[x] = 1

    def __call__(self, x):
        self.n += 1
        return x


class Scale:
    """A user's helper that keeps none."""

    def __init__(self, by):
        self.by = by

    def apply(self, x):
        return x * self.by

    def __call__(self, x):
        return self.apply(x)


def put(cache, x):
    cache[x] = True


def find(table, x):
    return table.get(x)


def bump():
    COUNTS["x"] += 1


def poke(pe):
    pe.seen = True


def peek(pe, x):
    return x + pe.by


def counted(method):
    calls = [0]

    def inner(self, data):
        calls[0] += 1
        return method(self, data)

    return inner


def traced(method):
    @functools.wraps(method)
    def inner(*args, **kwargs):
        logger.debug("call")
        return method(*args, **kwargs)

    return inner


class Box(IterativePE):
    """A PE with one of everything; the cases override `_process`."""

    kinds = ["a", "b"]
    made = 0

    def __init__(self):
        IterativePE.__init__(self)
        self.n = 0
        self.by = 2
        self.text = "x"
        self.divisor = None
        self.counts = {}
        self.default = defaultdict(int)
        self.items = []
        self.seen = set()
        self.buckets = [[], []]
        self.groups = {"a": [1]}
        self.heap = []
        self.queue = deque()
        self.array = np.zeros(3)
        self.grid = np.zeros((3, 3))
        self.pattern = re.compile("a")
        self.pair = (1, 2)
        self.frame = pd.DataFrame({"a": [1]})
        self.frozen = frozenset("ab")
        self.rng = random.Random(1)
        self.np_rng = np.random.default_rng(1)
        self.ids = itertools.count()
        self.lines = (str(i) for i in range(3))
        self.tally = Tally()
        self.scale = Scale(2)
        self.function = np.sqrt
        self.lookup = find
        self.logger = logger
        self.params = {"a": 1}
        self.args = [1]
        self.client = json.JSONDecoder()
        self.made_of = Tally


# Each function is tried as the `_process` of a Box. -------------------------------------------------------------------
def k_assign(self, x):
    self.n = x


def k_augment(self, x):
    self.n += 1


def k_annotated(self, x):
    self.n: int = x


def k_tuple_target(self, x):
    y, self.n = x, 1
    return y


def k_for_target(self, x):
    for self.n in x:
        pass


def k_with_target(self, x):
    with open(x) as self.file:
        pass


def k_item(self, x):
    self.counts[x] = 1


def k_nested_attribute(self, x):
    self.tally.n = x


def k_nested_item(self, x):
    self.groups[x]["k"] = 1


def k_delete(self, x):
    del self.counts[x]


def k_divisor(self, x):
    if not self.divisor:
        self.divisor = x
        return x


def k_append(self, x):
    self.items.append(x)


def k_bucket_append(self, x):
    self.buckets[x].append(x)


def k_setdefault(self, x):
    self.groups.setdefault(x, []).append(x)


def k_get_append(self, x):
    self.groups.get(x).append(x)


def k_queue(self, x):
    self.queue.popleft()


def k_default_read(self, x):
    return self.default[x]


def k_setattr(self, x):
    setattr(self, "n", x)  # noqa: B010


def k_dict(self, x):
    self.__dict__["n"] = x


def k_vars(self, x):
    vars(self)["n"] = x


def k_object_setattr(self, x):
    object.__setattr__(self, "n", x)


def k_next(self, x):
    return next(self.ids)


def k_heap(self, x):
    heapq.heappush(self.heap, x)


def k_insort(self, x):
    bisect.insort(self.items, x)


def k_shuffle(self, x):
    random.shuffle(self.items)


def k_alias(self, x):
    c = self.counts
    c[x] = c.get(x, 0) + 1


def k_alias_walrus(self, x):
    if (c := self.items) is not None:
        c.append(x)


def k_alias_for(self, x):
    for b in self.buckets:
        b.append(x)


def k_alias_values(self, x):
    for key, group in self.groups.items():
        group.append(key)


def k_alias_enumerate(self, x):
    for i, b in enumerate(self.buckets):
        b.append(i)


def k_alias_display(self, x):
    for c in (self.items, self.heap):
        c.append(x)


def k_alias_unpacked(self, x):
    a, b = self.items, x
    a.append(b)


def k_alias_method(self, x):
    add = self.seen.add
    add(x)


def k_alias_self(self, x):
    me = self
    me.n = x


def k_alias_branch(self, x):
    c = []
    if x:
        c = self.items
    c.append(x)


def k_alias_or(self, x):
    c = x or self.items
    c += [1]


def k_map_method(self, x):
    list(map(self.seen.add, x))


def k_comprehension(self, x):
    return [self.items.append(y) for y in x]


def k_lambda(self, x):
    return sorted(x, key=lambda y: self.items.append(y))


def k_nested(self, x):
    def note(y):
        self.n = y

    note(x)


def k_nested_alias(self, x):
    items = self.items

    def note(y):
        items.append(y)

    note(x)


def k_array_item(self, x):
    self.array[0] = x


def k_array_inplace(self, x):
    a = self.array
    a += x


def k_array_row(self, x):
    for row in self.grid:
        row += x


def k_array_slice(self, x):
    part = self.array[1:]
    part[0] = x


def k_array_out(self, x):
    np.add(x, 1, out=self.array)


def k_array_fill(self, x):
    self.array.fill(x)


def k_array_part(self, x):
    self.grid.T.sort()


def k_frame(self, x):
    self.frame.loc[x] = 1


def k_frame_insert(self, x):
    self.frame.insert(0, x, 1)


def k_deque_nested_loop(self, x):
    for group in self.groups.values():
        for y in x:
            if y:
                group.append(y)


def k_late_alias(self, x):
    last = None
    for y in x:
        if last is not None:
            last.append(y)
        last = self.items


def k_exec(self, x):
    exec(x)


def k_thread(self, x):
    self.client.owner = x


def k_fstring(self, x):
    return f"{next(self.ids)}"


def k_yield(self, x):
    yield self.items.pop()


async def k_async(self, x):
    async for y in x:
        self.items.append(y)


def k_random(self, x):
    return self.rng.random() < 0.5


def k_numpy_random(self, x):
    return self.np_rng.normal()


def k_generator(self, x):
    for line in self.lines:
        return line


def k_generator_zip(self, x):
    return list(zip(x, self.lines, strict=False))


def k_generator_islice(self, x):
    return list(itertools.islice(self.lines, 2))


def k_tally(self, x):
    self.tally.add(x)


def k_tally_deep(self, x):
    self.tally.deep(x)


def k_tally_call(self, x):
    return self.tally(x)


def k_helper(self, x):
    put(self.counts, x)


def k_helper_unknown(self, x):
    x.helper(self.counts)


def k_helper_param(self, x):
    x(self.counts)


def k_self_helper(self, x):
    poke(self)


def k_self_unknown(self, x):
    x(self)


def k_self_in_list(self, x):
    x.callbacks([self])


def k_global(self, x):
    global TOTAL
    TOTAL += x


def k_global_item(self, x):
    COUNTS[x] += 1


def k_global_append(self, x):
    CACHE.append(x)


def k_global_alias(self, x):
    c = CACHE
    c.append(x)


def k_global_in_helper(self, x):
    bump()


def k_global_next(self, x):
    return next(TICKS)


def k_class_name(self, x):
    Box.made += 1


def k_class_type(self, x):
    type(self).made += 1


def k_class_dunder(self, x):
    self.__class__.made += 1


def k_class_list(self, x):
    self.kinds.append(x)


def k_default_argument(self, x, seen=[]):  # noqa: B006
    seen.append(x)


def k_getattr_dynamic(self, x):
    getattr(self, x).append(1)


def k_getattr_constant(self, x):
    getattr(self, "items").append(x)  # noqa: B009


def k_match(self, x):
    match self.items:
        case [*some]:
            self.n = some


def k_try(self, x):
    try:
        x()
    except ValueError as error:
        self.items.append(error)


def k_missing(self, x):
    self.nothing.frobnicate(x)


def k_preprocess_again(self, x):
    self.__init__()


KEEPS = [f for name, f in list(globals().items()) if name.startswith("k_")]


def n_local(self, x):
    out = []
    total = 0
    for y in x:
        out.append(y)
        total += y
    return out, total


def n_local_dict(self, x):
    counts = defaultdict(int)
    for y in x:
        counts[y] += 1
    return counts


def n_write(self, x):
    for word in x.split():
        self.write("output", (word, 1))


def n_log(self, x):
    self.log(f"{self.name}: {x} {self.counts}")


def n_read(self, x):
    return self.counts.get(x), x in self.seen, self.items[0], len(self.items), self.n + 1


def n_lookup(self, x):
    row = self.groups[x]
    return [y for y in row if y in self.counts]


def n_readers(self, x):
    return sum(self.items), sorted(self.seen), max(self.heap), dict(self.counts), list(enumerate(self.items))


def n_iterate(self, x):
    for key, value in self.groups.items():
        if key == x:
            return value
    return None


def n_copy(self, x):
    row = dict(self.counts)
    row["x"] = x
    other = self.counts.copy()
    other["y"] = 1
    third = copy.deepcopy(self.items)
    third.append(x)
    fourth = self.items[:]
    fourth.append(x)
    return row, other, third, fourth, self.items + [x]


def n_array(self, x):
    y = self.array * x
    y[0] = 1
    return np.dot(self.array, x) + self.array[1:].mean() + np.interp(x, self.array, self.array)


def n_array_copy(self, x):
    a = self.array.copy()
    a += x
    return a


def n_array_scalar(self, x):
    total = self.array[0]
    for value in self.array:
        total += value
    return total


def n_array_parts(self, x):
    return self.grid.T.dot(x), self.grid.real.mean(), self.grid.shape[0]


def n_frame(self, x):
    row = self.frame.loc[x]
    return self.frame.index.get_loc(x), row, self.frame.query("a > 1"), len(self.frame), self.frame[x].mean()


def n_regex(self, x):
    return self.pattern.sub("", x), WORD.findall(x)


def n_number(self, x):
    total = self.n
    total += x
    return total


def n_text(self, x):
    return self.text.join(x), self.text.format(x), ", ".join(self.items), x.translate(self.counts)


def n_stopwords(self, x):
    return set(x).difference(self.seen), x.count(self.text)


def n_unpacked(self, x):
    return peek(*[self], x) if False else dict(**self.params), print(*self.args), f"{self.items}"


def n_client(self, x):
    stream = self.client.decode(x)
    stream.stats = self.params
    return stream


def n_scale(self, x):
    return self.scale.apply(x) + self.scale(x)


def n_tally_look(self, x):
    return self.tally.look(x)


def n_function(self, x):
    return self.function(x), self.lookup(x, x)


def n_helper(self, x):
    return find(self.counts, x)


def n_self_helper(self, x):
    return peek(self, x)


def n_library(self, x):
    return json.dumps(self.counts), time.time(), copy.copy(self.items)


def n_logger(self, x):
    self.logger.info("%s", x)
    logger.info("%s", self.counts)


def n_global_read(self, x):
    return TABLE[x], TABLE.get(x), [y for y in CACHE]


def n_nonlocal(self, x):
    n = 0

    def inc():
        nonlocal n
        n += 1

    inc()
    return n


def n_lambda(self, x):
    return sorted(x, key=lambda y: (y[0], self.by)), list(map(self.scale, x)), list(map(str, self.items))


def n_item_change(self, x):
    x["seen"] = True
    x.stats.network = self.text
    return x


def n_rebound(self, x):
    rows = self.items
    rows = [r for r in rows if r]
    rows.append(x)
    return rows


def n_super(self, x):
    return super(Box, self)._process(x)


def n_isinstance(self, x):
    return isinstance(x, self.made_of), type(self).__name__, repr(self)


def n_constructor(self, x):
    tally = Tally()
    tally.add(x)
    return Counter(self.items), deque(self.items, 3)


def n_shadow(self, x):
    COUNTS = {}
    COUNTS[x] = 1
    return COUNTS


def n_walrus(self, x):
    while (y := x.get("next")) is not None:
        x = y
    return x


def n_file(self, x):
    with open(x) as lines:
        for line in lines:
            self.write("output", line.strip())


def n_class_attribute(self, x):
    return x in self.kinds, Box.made, sorted(Box.kinds)


NONE = [f for name, f in list(globals().items()) if name.startswith("n_")]


def box(process):
    return type("Case", (Box,), {"_process": process})()


@pytest.mark.parametrize("process", KEEPS, ids=lambda f: f.__name__)
def test_keeps_state(process):
    state = state_of(box(process))
    assert state.keeps, process.__name__
    assert "can't be analysed" not in state.why


@pytest.mark.parametrize("process", NONE, ids=lambda f: f.__name__)
def test_keeps_none(process):
    assert state_of(box(process)) == State(False, "no state found")


# Whole classes --------------------------------------------------------------------------------------------------------
class Setup(IterativePE):
    """All it assigns is assigned before the first item."""

    def __init__(self, path="x"):
        IterativePE.__init__(self)
        self.path = path
        self.table = None
        self._load()

    def preprocess(self):
        self.pattern = re.compile("a")
        self.table = {}
        self.decoder = json.JSONDecoder()
        self.size = self.measure()
        self._load()

    def _load(self):
        self.loaded = [self.path]
        self._more()

    def _more(self):
        self.more = 1

    def measure(self):
        return 1

    def _process(self, x):
        return self.table.get(x), self.pattern.match(x), self.decoder.decode(x), self.loaded[0], self.measure()


class Reloads(Setup):
    def _process(self, x):
        self._load()


class OpensInPreprocess(IterativePE):
    def __init__(self):
        IterativePE.__init__(self)
        self.file = None

    def preprocess(self):
        self.file = open("/dev/null", "w")

    def _process(self, x):
        self.file.write(x)


class SetInPreprocess(IterativePE):
    def preprocess(self):
        self.seen = set()

    def _process(self, x):
        self.seen.add(x)


class LibraryFromPreprocess(IterativePE):
    def preprocess(self):
        from obspy.clients.filesystem.sds import Client

        self.client = Client("/tmp")
        self.data = json.loads("{}")
        self.window = np.hanning(5)

    def _process(self, x):
        stream = self.client.get_waveforms(x)
        stream.filter("bandpass", **self.data)
        return stream, self.data["x"], self.data.get(x), np.convolve(x, self.window)


class ReaderFromPreprocess(IterativePE):
    def preprocess(self):
        self.rows = csv.reader(["a,b"])

    def _process(self, x):
        return next(self.rows)


class IteratesLibraryResult(IterativePE):
    def preprocess(self):
        self.files = os.walk("/tmp")

    def _process(self, x):
        for name in self.files:
            return name


@dataclasses.dataclass(eq=False)
class DataClass(IterativePE):
    a: int = 1

    def __post_init__(self):
        IterativePE.__init__(self)

    def _process(self, x):
        return x + self.a


class UnknownFromPreprocess(IterativePE):
    def preprocess(self):
        self.model = find({}, 1)

    def _process(self, x):
        return self.model.predict(x)


class Hidden(Box):
    def _process(self, x):
        self.n = x


class Replaced(Hidden):
    """The stateful `_process` of its base class is never called."""

    def _process(self, x):
        return x


class CallsSuper(Hidden):
    def _process(self, x):
        return super()._process(x)


class CallsBase(Hidden):
    def _process(self, x):
        return Hidden._process(self, x)


class ByHelper(Box):
    def _process(self, x):
        return self._bucket(x).append(x)

    def _bucket(self, x):
        return self.buckets[x]


class ReadsByHelper(Box):
    def _process(self, x):
        return self._find(self.counts, x)

    def _find(self, table, x):
        return table.get(x)

    @staticmethod
    def double(x):
        return 2 * x

    @property
    def half(self):
        return self.by / 2


class PropertyCounts(Box):
    @property
    def value(self):
        self.n += 1
        return self.n

    def _process(self, x):
        return self.value


class Private(Box):
    def __init__(self):
        Box.__init__(self)
        self.__memo = {}

    def _process(self, x):
        return self.__find(x)

    def __find(self, x):
        self.__memo[x] = 1


class PrivateRead(Private):
    def __init__(self):
        Private.__init__(self)
        self.__table = {}

    def _process(self, x):
        return self.__table.get(x)

    _Private__find = None


class Cached(Box):
    @functools.lru_cache(maxsize=9)  # noqa: B019
    def slow(self, x):
        return x

    def _process(self, x):
        return self.slow(x)


class Counted(Box):
    @counted
    def _process(self, x):
        return x


class Traced(Box):
    @traced
    def _process(self, x):
        return x


class TracedState(Box):
    @traced
    def _process(self, x):
        self.n = x


class Ends(Box):
    def _postprocess(self):
        self.write("output", 1)


class ClassMethod(Box):
    @classmethod
    def note(cls):
        cls.made += 1

    def _process(self, x):
        self.note()


class DeclaredNone(Hidden):
    stateful = False


class DeclaredState(Box):
    stateful = True


class Partial(Box):
    _process = functools.partial(find, {})


class CallableObject(Box):
    _process = Tally()


class LambdaProcess(Box):
    _process = lambda self, x: self.items.append(x)  # noqa: E731


class LambdaNone(Box):
    _process = lambda self, x: x + self.by  # noqa: E731


exec(  # a class whose source can't be read
    "class FromExec(IterativePE):\n    def _process(self, x):\n        return x\n", globals()
)


@pytest.mark.parametrize(
    ("cls", "keeps", "why"),
    [
        (Setup, False, "no state"),
        (Reloads, True, "self.loaded in _load, line"),
        (OpensInPreprocess, True, "self.file.write"),
        (SetInPreprocess, True, "self.seen.add"),
        (LibraryFromPreprocess, False, ""),
        (ReaderFromPreprocess, True, "next item of self.rows"),
        (IteratesLibraryResult, True, "may be an iterator"),
        (DataClass, False, ""),
        (UnknownFromPreprocess, True, "isn't known before the run"),
        (Hidden, True, "assigns self.n in _process, line"),
        (Replaced, False, ""),
        (CallsSuper, True, "self.n"),
        (CallsBase, True, "self.n"),
        (ByHelper, True, "append"),
        (ReadsByHelper, False, ""),
        (PropertyCounts, True, "self.n in value"),
        (Private, True, "memo"),
        (Cached, False, ""),
        (Counted, True, "calls[0]"),
        (Traced, False, ""),
        (TracedState, True, "self.n"),
        (Ends, True, "overrides _postprocess"),
        (ClassMethod, True, "cls.made"),
        (DeclaredNone, False, "declared stateful = False"),
        (DeclaredState, True, "declared stateful = True"),
        (Partial, False, ""),
        (CallableObject, True, "self.n"),
        (LambdaProcess, True, "self.items.append"),
        (LambdaNone, False, ""),
        (globals()["FromExec"], True, "can't be read"),
        (CountPE, True, ""),
        (SumPE, True, ""),
        (IterativePE, False, ""),
        (ConsumerPE, False, ""),
        (ProducerPE, False, ""),
        (GenericPE, False, ""),
        (BasePE, False, ""),
    ],
)
def test_classes(cls, keeps, why):
    state = state_of(cls())
    assert state.keeps == keeps, state
    assert why in state.why


# dispel4py's examples, rewritten --------------------------------------------------------------------------------------
class TwoInOneOut(GenericPE):
    def __init__(self):
        GenericPE.__init__(self)
        self._add_input("input0")
        self._add_input("input1")
        self._add_output("output")

    def setInputTypes(self, types):
        self.outputconnections["output"]["type"] = types["input0"]

    def process(self, inputs):
        result = ""
        for inp in self.inputconnections:
            if inp in inputs:
                result += "%s" % (inputs[inp])  # noqa: UP031
        if result:
            return {"output": result}


class WordCounter(GenericPE):
    def __init__(self):
        GenericPE.__init__(self)
        self.mywords = defaultdict(int)

    def _process(self, inputs):
        word = inputs["input"][0]
        self.mywords[word] += 1
        return {"output": [word, self.mywords[word]]}


class Producer(GenericPE):
    def __init__(self, outputs=2):
        GenericPE.__init__(self)
        self.counter = 0
        self.outputnames = ["output%s" % i for i in range(outputs)]  # noqa: UP031

    def _process(self, inputs):
        self.counter += 1
        result = {}
        for output in self.outputnames:
            result[output] = self.counter
        return result


class IntegerProducer(ProducerPE):
    def __init__(self, start=0, limit=9):
        ProducerPE.__init__(self)
        self.start, self.limit = start, limit

    def _process(self, inputs):
        for i in range(self.start, self.limit):
            self.write("output", i)


class NoArgument(ProducerPE):
    def _process(self):
        return 1


class Delay(GenericPE):
    def __init__(self, delay=1):
        GenericPE.__init__(self)
        self.delay = delay

    def process(self, inputs):
        time.sleep(self.delay)
        return {"output": inputs["input"]}


class RandomFilter(GenericPE):
    def process(self, inputs):
        if random.choice([True, False]):
            return {"output": inputs["input"]}
        return None


class RandomWords(GenericPE):
    words = ["a", "b"]

    def process(self, inputs=None):
        return {"output": [random.choice(RandomWords.words)]}


class Print(ConsumerPE):
    def _process(self, data):
        self.log("%s: %s" % data)  # noqa: UP031


class Sieve(GenericPE):
    def __init__(self):
        GenericPE.__init__(self)
        self.divisor = None

    def _process(self, inputs):
        if not self.divisor:
            self.divisor = inputs["input"]


@pytest.mark.parametrize(
    ("cls", "keeps", "writes", "style"),
    [
        (TwoInOneOut, False, False, "process"),
        (WordCounter, True, False, "inputs"),
        (Producer, True, False, "inputs"),
        (IntegerProducer, False, True, "producer"),
        (NoArgument, False, False, "process"),
        (Delay, False, False, "process"),
        (RandomFilter, True, False, "process"),
        (RandomWords, True, False, "process"),
        (Print, False, False, "consumer"),
        (Sieve, True, False, "inputs"),
        (Setup, False, False, "iterative"),
        (CountPE, True, True, "inputs"),
        (SimpleFunctionPE, False, False, "iterative"),
    ],
)
def test_examples(cls, keeps, writes, style):
    pe = cls()
    assert (state_of(pe).keeps, may_write(pe), call_style(pe), overrides_write(pe)) == (keeps, writes, style, False)


# Function PEs ---------------------------------------------------------------------------------------------------------
def f_plain(data, by=2):
    words = []
    words.append(data)
    return data * by


def f_global(data):
    global TOTAL
    TOTAL += 1


def f_counts(data):
    COUNTS[data] += 1


def f_default(data, seen=set()):  # noqa: B006
    seen.add(data)
    return data


def f_default_read(data, stop=frozenset("a"), table={}):  # noqa: B006
    return data in stop or table.get(data)


def f_attribute(data):
    f_attribute.n = data


def f_param(data, seen=None):
    seen.add(data)


def make_closure():
    n = 0
    seen = []

    def counts(data):
        nonlocal n
        n += 1
        return n

    def remembers(data):
        seen.append(data)

    def reads(data):
        return data in seen

    return counts, remembers, reads


c_counts, c_remembers, c_reads = make_closure()
two = (lambda x: x + 1, lambda x: COUNTS.update(x))


@pytest.mark.parametrize(
    ("fn", "params", "keeps"),
    [
        (f_plain, {}, False),
        (f_plain, {"by": 3}, False),
        (f_global, {}, True),
        (f_counts, {}, True),
        (f_default, {}, True),
        (f_default_read, {}, False),
        (f_attribute, {}, True),
        (f_param, {"seen": set()}, True),
        (c_counts, {}, True),
        (c_remembers, {}, True),
        (c_reads, {}, False),
        (functools.partial(f_plain, by=3), {}, False),
        (functools.partial(f_param, seen=set()), {}, True),
        (functools.partial(put, {}), {}, True),
        (functools.partial(find, {}), {}, False),
        (lambda x: x + 1, {}, False),
        (lambda x: CACHE.append(x), {}, True),
        (two[0], {}, False),
        (two[1], {}, True),
        (len, {}, False),
        (str.upper, {}, False),
        (np.sqrt, {}, False),
        (json.dumps, {"indent": 1}, False),
        ([].append, {}, True),
        (Scale(2), {}, False),
        (Tally(), {}, True),
        (Tally().add, {}, True),
        (Tally().look, {}, False),
        (functools.lru_cache(f_plain), {}, False),
        (eval("lambda x: x"), {}, True),
        (None, {}, False),
    ],
)
def test_functions(fn, params, keeps):
    pe = SimpleFunctionPE()
    pe.compute_fn, pe.params = fn, params
    assert state_of(pe).keeps == keeps, state_of(pe)


# Objects with something of their own ----------------------------------------------------------------------------------
def test_override_on_the_object():
    stateful, harmless, plain = box(n_local), box(k_assign), Box()
    stateful._process = types.MethodType(k_assign, stateful)
    harmless._process = types.MethodType(n_local, harmless)
    plain._process = f_default
    assert state_of(stateful).keeps
    assert not state_of(harmless).keeps
    assert state_of(plain).keeps


def test_declared_on_the_object():
    pe = box(k_assign)
    pe.stateful = False
    assert state_of(pe) == State(False, "declared stateful = False")


def test_value_decides():
    class Uses(IterativePE):
        def __init__(self, thing):
            IterativePE.__init__(self)
            self.thing = thing

        def _process(self, x):
            return self.thing[x]

    assert not state_of(Uses({})).keeps
    assert state_of(Uses(defaultdict(list))).keeps
    assert not state_of(Uses({})).keeps


def test_never_raises():
    class Odd(IterativePE):
        def __getattribute__(self, name):
            if name == "__dict__":
                raise RuntimeError("no")
            return super().__getattribute__(name)

    assert "can't be analysed" in state_of(Odd()).why
    assert may_write(Odd())


def test_thousand_objects_are_quick():
    pes = [box(n_read)] + [Setup() for _ in range(1000)]
    cases = [box(n_readers)]
    cases += [type(cases[0])() for _ in range(999)]
    for many in (pes, cases):
        state_of(many[-1])
        times = []
        for _ in range(3):  # the best of three: the machine may be busy
            start = time.perf_counter()
            assert not any(state_of(pe).keeps for pe in many)
            times.append(time.perf_counter() - start)
        assert min(times) < 0.2


# Setup, library objects, generators -----------------------------------------------------------------------------------
class Table(Box):
    """A table of methods: they are called per item."""

    def __init__(self):
        Box.__init__(self)
        self.table = {0: self.even, 1: self.odd}

    def even(self, x):
        self.n += 1

    def odd(self, x):
        return x

    def _process(self, x):
        return self.table[x](x)


class TableInPreprocess(Table):
    def __init__(self):
        Box.__init__(self)

    def preprocess(self):
        self.table = {0: self.even}


class TableOfSuper(Table):
    def __init__(self):
        Box.__init__(self)
        self.go = super().even

    def even(self, x):
        return x

    def _process(self, x):
        return self.go(x)


class TableByLambda(Table):
    def __init__(self):
        Box.__init__(self)
        self.go = lambda x: self.even(x)

    def _process(self, x):
        return self.go(x)


class TableByName(Table):
    def __init__(self, kind="even"):
        Box.__init__(self)
        self.go = getattr(self, kind)
        self.even(0)

    def _process(self, x):
        return self.go(x)


class TableThatReads(Table):
    def even(self, x):
        return self.n


def p_tally(self):
    self.t = Tally()


def p_scale(self):
    self.t = Scale(2)


def p_unknown(self):
    self.t = find({}, 1)


def p_partial(self):
    self.ids = itertools.count()
    self.t = functools.partial(next, self.ids)


def p_lambda(self):
    self.t = lambda x: self.items.append(x)


def p_sqlite(self):
    self.t = sqlite3.connect(":memory:")


def p_cursor(self):
    self.t = sqlite3.connect(":memory:").cursor()


def p_decompress(self):
    self.t = zlib.decompressobj()


def p_semaphore(self):
    self.t = threading.Semaphore(2)


def p_lock(self):
    self.t = threading.Lock()


def p_pattern(self):
    self.t = re.compile("a")


def p_struct(self):
    self.t = struct.Struct("i")


def p_getter(self):
    self.t = operator.itemgetter(0)


def p_objects(self):
    self.t = {"a": Tally()}


def p_texts(self):
    self.t = {"a": "b"}


def p_filled(self):
    self.t = {}


def t_call(self, x):
    return self.t(x)


def t_execute(self, x):
    return self.t.execute(x)


def t_decompress(self, x):
    return self.t.decompress(x)


def t_acquire(self, x):
    self.t.acquire()


def t_with(self, x):
    with self.t:
        return x


def t_match(self, x):
    return self.t.match(x), self.t.sub("", x)


def t_unpack(self, x):
    return self.t.unpack(x)


def t_inside(self, x):
    return self.t[x].add(1)


def t_inside_call(self, x):
    return self.t[x](1)


def t_inside_read(self, x):
    return self.t[x].strip(), self.t.get(x).upper()


@pytest.mark.parametrize(
    ("preprocess", "process", "keeps"),
    [
        (p_tally, t_call, True),
        (p_scale, t_call, False),
        (p_unknown, t_call, True),
        (p_partial, t_call, True),
        (p_lambda, t_call, True),
        (p_getter, t_call, False),
        (p_sqlite, t_execute, True),
        (p_cursor, t_execute, True),
        (p_sqlite, t_with, True),
        (p_decompress, t_decompress, True),
        (p_semaphore, t_acquire, True),
        (p_lock, t_with, False),
        (p_pattern, t_match, False),
        (p_struct, t_unpack, False),
        (p_objects, t_inside, True),
        (p_objects, t_inside_call, True),
        (p_filled, t_inside_call, True),
        (p_texts, t_inside_read, False),
    ],
)
def test_made_before_the_first_item(preprocess, process, keeps):
    late = type("Late", (Box,), {"_process": process, "preprocess": preprocess})()
    early = type("Early", (Box,), {"_process": process})()
    preprocess(early)
    assert state_of(late).keeps == keeps, state_of(late)
    if preprocess is not p_unknown:  # None, which can't be called
        assert state_of(early).keeps == keeps, state_of(early)


@pytest.mark.parametrize(
    ("cls", "keeps"),
    [
        (Table, True),
        (TableInPreprocess, True),
        (TableOfSuper, True),
        (TableByLambda, True),
        (TableByName, True),
        (TableThatReads, False),
    ],
)
def test_methods_taken_in_setup(cls, keeps):
    assert state_of(cls()).keeps == keeps, state_of(cls())


def g_random(self, x):
    return random.random()


def g_choice(self, x):
    return random.choice(x)


def g_numpy(self, x):
    return np.random.rand(), np.random.normal()


def g_seed(self, x):
    np.random.seed(1)


def g_key(self, x):
    return sorted(x, key=lambda y: random.random())


def g_map(self, x):
    return list(map(random.randrange, x))


def g_pack_into(self, x):
    struct.pack_into("i", self.items, 0, x)


def g_readinto(self, x):
    with open(x, "rb") as file:
        file.readinto(self.array)


def g_shuffle(self, x):
    np.random.shuffle(self.items)


def g_ufunc_out(self, x):
    np.add(x, 1, self.array)


def g_out_by_position(self, x):
    np.clip(x, 0, 1, self.array)


def g_descriptor(self, x):
    list.append(self.items, x)


def g_inplace(self, x):
    self.frame.drop(x, inplace=True)


def g_stdout_method(self, x):
    add = CACHE.append
    add(x)


def g_bound_global(self, x):
    ADD(x)


def g_rank(self, x):
    return self.rank, x


def g_rank_by_helper(self, x):
    return ranked(self)


ADD = CACHE.append


def ranked(pe):
    return f"{pe.rank}"


def h_own_generator(self, x):
    rng = random.Random(x)
    other = np.random.default_rng(x)
    return rng.random(), rng.choice([1]), other.normal()


def h_struct(self, x):
    buffer = bytearray(4)
    struct.pack_into("i", buffer, 0, x)
    return struct.pack("i", self.n), struct.unpack_from("i", buffer)


def h_ufunc(self, x):
    return np.add(self.array, 1), np.clip(self.array, 0, 1), np.sum(self.array, 0)


def h_descriptor(self, x):
    return dict.get(self.counts, x), str.upper(self.text)


def h_frame(self, x):
    return self.frame.drop(x, inplace=False), self.frame.groupby("a").sum(), self.frame.rename(columns={})


def h_classes(self, x):
    return dt.datetime.now(), dt.date.fromisoformat(x), collections.OrderedDict.fromkeys(x)


def h_system_random(self, x):
    return uuid.uuid4(), os.urandom(3)


@pytest.mark.parametrize("process", [f for n, f in list(globals().items()) if n.startswith("g_")])
def test_changes_something(process):
    assert state_of(box(process)).keeps


@pytest.mark.parametrize("process", [f for n, f in list(globals().items()) if n.startswith("h_")])
def test_changes_nothing(process):
    assert state_of(box(process)) == State(False, "no state found")


def test_says_which_generator():
    assert "draws from the global generator random" in state_of(box(g_choice)).why
    assert "draws from the global generator numpy.random" in state_of(box(g_numpy)).why
    pe = SimpleFunctionPE()
    pe.compute_fn = random.choice
    assert "draws from the global generator random" in state_of(pe).why


class RankInPreprocess(Box):
    def preprocess(self):
        self._more()

    def _more(self):
        self.seed = self.rank


class RankInInit(Box):
    def __init__(self):
        Box.__init__(self)
        self.first = self.rank


class WritesInPreprocess(Box):
    def _preprocess(self):
        self.write("output", 1)


class WritesByHelper(Box):
    def preprocess(self):
        self.head()

    def head(self):
        self._write("output", 1)


class WritesLater(Box):
    def preprocess(self):
        self.path = "x"
        with open("/dev/null", "w") as out:
            out.write(self.path)

    def _process(self, x):
        self.write("output", x)


@pytest.mark.parametrize(
    ("cls", "keeps", "why"),
    [
        (RankInPreprocess, True, "reads self.rank"),
        (RankInInit, False, ""),
        (WritesInPreprocess, True, "writes in preprocess"),
        (WritesByHelper, True, "writes in preprocess"),
        (WritesLater, False, ""),
    ],
)
def test_preprocess(cls, keeps, why):
    state = state_of(cls())
    assert state.keeps == keeps, state
    assert why in state.why


def test_rank_and_write_put_on_the_object():
    assert state_of(box(g_rank)).why.startswith("reads self.rank")
    pe = Box()
    pe.preprocess = lambda: pe.write("output", 1)
    assert state_of(pe).why == "writes in preprocess"
    pe = Box()
    pe._process = lambda x: pe.rank
    assert state_of(pe).why == "reads self.rank"


# What instances share -------------------------------------------------------------------------------------------------
class Shares(IterativePE):
    array_of_class = np.zeros(1)
    tally_of_class = Tally()
    ids_of_class = itertools.count()
    list_of_class = []
    nested = ([],)
    word = WORD
    number = 3
    names = ("a", frozenset("b"))
    log_of_class = logger
    made_of_class = Tally
    module = json
    lock = threading.Lock()
    missing = object()
    later = None

    @property
    def value(self):
        return 1


class SharesMore(Shares):
    list_of_class = None


def copies(pe, count=2):
    workflow = Workflow("module:graph", "")
    vars(workflow)["pes"] = {"pe": pe}
    return [workflow.copy("pe", i) for i in range(count)]


def test_instances_share_nothing_that_changes():
    first, second = copies(Shares())
    for name in ("array_of_class", "tally_of_class", "ids_of_class", "list_of_class", "nested"):
        assert getattr(first, name) is not getattr(second, name), name
        assert getattr(first, name) is not getattr(Shares, name), name
    assert next(first.ids_of_class) == next(second.ids_of_class) == 0
    for name in ("word", "number", "names", "log_of_class", "made_of_class", "module", "lock", "missing", "value"):
        assert name not in vars(first), name
    assert "_process" not in vars(first) and "single" not in vars(first)
    assert "list_of_class" not in vars(copies(SharesMore())[0])
    Shares.later = []
    try:
        assert copies(Shares())[0].later is not Shares.later
    finally:
        Shares.later = None


def test_what_the_object_has_itself_is_kept():
    pe = Shares()
    pe.list_of_class = [1]
    pe.alias = Shares.tally_of_class
    first, _ = copies(pe)
    assert first.list_of_class == [1]
    assert first.alias is first.tally_of_class


def test_thousand_copies_are_quick():
    pe = IterativePE()
    copies(pe)
    began = time.perf_counter()
    for _ in range(1000):
        copy.deepcopy(pe)
    plain = time.perf_counter() - began
    began = time.perf_counter()
    copies(pe, 1000)
    assert time.perf_counter() - began < 2 * plain + 0.2


# Writing --------------------------------------------------------------------------------------------------------------
class KeepsWrite(Box):
    def __init__(self):
        Box.__init__(self)
        self.emit = self.write

    def _process(self, x):
        self.emit("output", x)


class OverridesWrite(Box):
    def write(self, name, data, **kwargs):
        super().write(name, data)


def w_yes(this, x):
    this._write("output", x)


def w_lambda(self, x):
    return list(map(lambda y: self.write("output", y), x))


def w_getattr(self, x):
    return getattr(self, x)(1)


def w_getattr_write(self, x):
    return getattr(self, "write")("output", x)  # noqa: B009


def w_passes(self, x):
    return peek(self, x)


def w_stores(self, x):
    x.owner = self


def w_base(self, x):
    return GenericPE.write(self, "output", x)


def wn_file(self, x):
    with open("/dev/null", "w") as out:
        out.write(x)


def wn_base(self, x):
    return IterativePE._process(self, x), super(Box, self)._process(x), isinstance(self, Box), getattr(self, "n")  # noqa: B009


WRITES = [n_write, w_yes, w_lambda, w_getattr, w_getattr_write, w_passes, w_stores, w_base]


@pytest.mark.parametrize("process", WRITES, ids=lambda f: f.__name__)
def test_may_write(process):
    assert may_write(box(process))


@pytest.mark.parametrize("process", [n_local, n_read, n_log, wn_file, wn_base], ids=lambda f: f.__name__)
def test_does_not_write(process):
    assert not may_write(box(process))


def test_writes_by_other_ways():
    assert may_write(KeepsWrite())
    assert may_write(OverridesWrite()) and overrides_write(OverridesWrite())
    assert may_write(globals()["FromExec"]())
    pe = Box()
    pe.write = print
    assert overrides_write(pe)
    pe = Box()
    pe._process = types.MethodType(n_write, pe)
    assert may_write(pe)
    pe = SimpleFunctionPE()
    pe.compute_fn = lambda x: pe.write("output", x)
    assert may_write(pe)
    pe.compute_fn = f_plain
    assert not may_write(pe)


def test_process_on_the_object():
    pe = Box()
    pe.process = lambda inputs: inputs
    assert call_style(pe) == "process"
    assert collections.Counter(map(call_style, [Box(), Print()])) == {"iterative": 1, "consumer": 1}


class WritesPlainly(GenericPE):
    def process(self, inputs):
        for word in inputs["input"].split():
            self.write("output", word)
        self.write(name="output", data=[self.write("output", word) for word in ()])


class WritesTheOldWay(WritesPlainly):
    def process(self, inputs):
        super().process(inputs)
        self.write("output", 1)
        super().write("output", 2)


class WritesKeywords(WritesPlainly):
    def _postprocess(self):
        self.write("output", 1, metadata={"unit": "m"})


class WritesManyKeywords(WritesPlainly):
    def _postprocess(self):
        self.write("output", 1, **self.more)


class WritesByStar(WritesPlainly):
    def _postprocess(self):
        self.write(*self.last)


class WritesByAnotherName(WritesPlainly):
    def _postprocess(self):
        write = self.write
        write("output", 1)


class WritesElsewhere(WritesPlainly):
    def _postprocess(self):
        emit_to(self)


class HiddenKeywords(WritesKeywords):
    def _postprocess(self):
        super()._postprocess()


def emit_to(pe):
    pe.write("output", 1, metadata=None)


@pytest.mark.parametrize("cls", [WritesPlainly, WritesTheOldWay])
def test_writes_no_keywords(cls):
    assert may_write(cls()) and not writes_keywords(cls())


@pytest.mark.parametrize("cls", [WritesKeywords, WritesManyKeywords, WritesByStar, WritesByAnotherName, WritesElsewhere,
                                 HiddenKeywords])  # fmt: skip
def test_may_write_keywords(cls):
    assert writes_keywords(cls())


def test_an_object_may_write_keywords():
    pe = WritesPlainly()
    pe.emit = pe.write
    assert writes_keywords(pe)
    pe.emit = lambda item: pe.write("output", item, metadata=None)
    assert writes_keywords(pe)
