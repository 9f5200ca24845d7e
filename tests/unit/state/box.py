"""A PE whose `_process` is one of many functions, for tests of what they change."""

import itertools
import json
import linecache
import types

from d4p import IterativePE
from d4p_compile.analysis import state_of

_NUMBERS = itertools.count()


class Box(IterativePE):
    """A `_process` is put in for each test."""

    def __init__(self):
        IterativePE.__init__(self)
        self.path, self.table, self.count, self.seconds = "a.json", None, 0, 0.0
        self.found, self.seen, self.first = {}, {}, None

    def read(self):
        with open(self.path) as file:
            return json.load(file)

    def look_up(self, key):
        return key * 2

    def twice(self, key):
        return self.look_up(key)

    def first_one(self):
        return self.first

    def said(self, key):
        self.write("output", "new")
        return key


def state_with(function):
    """What is found of a PE that has a function for its `_process`."""
    process = types.FunctionType(function.__code__, function.__globals__, "_process")
    return state_of(type("Made", (Box,), {"_process": process})())


def named(prefix, names):
    """A module's functions whose names begin so."""
    return [function for name, function in list(names.items()) if name.startswith(prefix)]


def process_of(expression, **names):
    """A `_process` that gives an expression of self, x and such names."""
    return process_that(f"return {expression}", **names)


def process_that(*statements, **names):
    """A `_process` of some statements; its source is known, as in a notebook."""
    file = f"/nowhere/process{next(_NUMBERS)}.py"
    lines = ["def process(self, x):\n", *(f"    {statement}\n" for statement in statements)]
    linecache.cache[file] = len("".join(lines)), None, lines, file
    exec(compile("".join(lines), file, "exec"), names)
    return names["process"]


def each(text, names):
    """A text for each of some names, which stands where it has NAME."""
    return [text.replace("NAME", name) for name in names.split()]
