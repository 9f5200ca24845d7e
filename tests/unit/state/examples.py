"""What the tests of the analysis share: a PE with one of everything, users' helpers, and globals."""

import argparse
import functools
import heapq
import itertools
import json
import logging
import random
import re
import types
from collections import Counter, defaultdict, deque

import numpy as np
import pandas as pd

from d4p import ConsumerPE, IterativePE

COUNTS = Counter()
TABLE = {"a": 1}
CACHE = []
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


class Numbers:
    """A user's iterator, whose next item is another each time."""

    def __init__(self):
        self.n = 0

    def __iter__(self):
        return self

    def __next__(self):
        self.n += 1
        return self.n


class Rows:
    """A user's container, which is read from the start each time."""

    def __init__(self):
        self.rows = [1, 2]

    def __iter__(self):
        return iter(self.rows)


class Counted:
    """A user's decorator that keeps state, around a function that keeps none."""

    def __init__(self, function):
        functools.update_wrapper(self, function)
        self.n = 0

    def __call__(self, *arguments):
        self.n += 1
        return self.__wrapped__(*arguments)


class Named(dict):
    """A user's class that has its methods of a built-in one."""


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


def double(_, x):
    return 2 * x


def filled(x, into=None):
    into = into or {}
    into[x] = 1
    return into


def appends(item):
    item.append(1)
    return item


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
        self.numbers = Numbers()
        self.rows = Rows()
        self.remembers = functools.partial(put, {})
        self.finds = functools.partial(find, {})
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
        self.named = Named(a=1)
        self.nested = {"a": [1, [Tally()]]}
        self.matches = re.match
        self.appends = appends
        self.pushes = functools.partial(heapq.heappush, [])
        self.identifies = functools.partial(id, Tally())
        self.sorts = functools.partial(sorted, key=Scale(2).apply)
        self.counted = Counted(find)
        self.no_default = defaultdict(None, a=1)
        self.parser = argparse.ArgumentParser()
        self.doubled = types.MethodType(double, argparse.Namespace())


def box(process):
    return type("Case", (Box,), {"_process": process})()


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


exec(  # a class whose source can't be read
    "class FromExec(IterativePE):\n    def _process(self, x):\n        return x\n", globals()
)
FROM_EXEC = globals()["FromExec"]


class Print(ConsumerPE):
    def _process(self, data):
        self.log("%s: %s" % data)  # noqa: UP031


def f_plain(data, by=2):
    words = []
    words.append(data)
    return data * by


def f_default(data, seen=set()):  # noqa: B006
    seen.add(data)
    return data


def g_rank(self, x):
    return self.rank, x
