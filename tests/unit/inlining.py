"""PEs that are one expression, and others that are nearly so."""

import sys
from functools import wraps

from d4p import ConsumerPE, GenericPE, IterativePE, SimpleFunctionPE

ONE = 1


def squared(x):
    """x times x."""
    return x * x


def larger(x, than=1):
    return x > than


def part(x):
    return x["a"]


def merged(x):
    return x | {"a": 1}


def closure(n):
    return lambda x: x + n


half, double = lambda x: x / 2, lambda x: x * 2


class NoParams(SimpleFunctionPE):
    def __init__(self):
        IterativePE.__init__(self)
        self.compute_fn = squared


class Function(SimpleFunctionPE):
    """The same as the class that it is of."""


class Plus(IterativePE):
    """One expression, with a docstring, other names for its arguments and an attribute."""

    unit = 1

    def __init__(self, n=2):
        IterativePE.__init__(self)
        self.n = n

    def _process(me, number):
        """The number and n."""
        return number + me.n * me.unit


class Called:
    """What can be called and is no function, so nothing of Python's makes a method of it."""

    def __call__(self, *arguments):
        return 1


class HasCalled(IterativePE):
    called = Called()

    def _process(self, x):
        return x + 1


class Unit:
    """No PE: what its classes have that Python gives them is nothing of theirs."""

    unit = 10


class PlusOfTwo(Unit, Plus):
    pass


class Slots(Plus):
    __slots__ = ()


class Rebinds(IterativePE):
    def _process(self, item):
        item = 1
        return item


class PlusByHeritage(Plus):
    unit = 10


class Pair(IterativePE):
    def _process(self, item):
        return (item["word"], 1 if item["n"] > 0 else -1.0, [item["n"]])


class Same(IterativePE):
    def _process(self, data):
        return data


class PlusGlobal(IterativePE):
    def _process(self, item):
        return item + ONE


class AttributeOfAGlobal(IterativePE):
    def _process(self, item):
        return item + sys.maxsize


class Dunder(IterativePE):
    def _process(self, item):
        return item.__doc__


class Upper(IterativePE):
    def _process(self, item):
        return item.upper()


class Itself(IterativePE):
    def _process(self, item):
        return (item, self)


class Counts(IterativePE):
    def _process(self, item):
        self.last = item
        return item + 1


class Private(IterativePE):
    def __init__(self):
        IterativePE.__init__(self)
        self.__n = 1

    def _process(self, item):
        return item + self.__n


class Alters(IterativePE):
    def preprocess(self):
        self._process = lambda item: item - 1

    def _process(self, item):
        return item + 1


class OwnProcess(IterativePE):
    def process(self, inputs):
        return {"output": self._process(inputs["input"]) * 2}

    def _process(self, item):
        return item + 1


class Doubled(IterativePE):
    def doubling(function):
        @wraps(function)
        def twice(self, item):
            return function(self, item) * 2

        return twice

    @doubling
    def _process(self, item):
        return item + 1


class Remembers(IterativePE):
    @property
    def n(self):
        self.asked = True
        return 1

    def _process(self, item):
        return item + self.n


class Default(IterativePE):
    def _process(self, item, n=1):
        return item + n


class Binds(IterativePE):
    def _process(self, item):
        return (n := item) + n


class Is(IterativePE):
    def _process(self, item):
        return item is None


class Huge(IterativePE):
    def _process(self, item):
        return item % 0xFFFFFFFFFFFFFFFFFFFF


class Decorated(IterativePE):
    @(lambda function: function)
    def _process(self, item):
        return item + 1


class Lines(IterativePE):
    def _process(self, item):
        return (
            item + 1
        )


class Long(IterativePE):
    def _process(self, item):
        return item + 10000000001 + 10000000002 + 10000000003 + 10000000004 + 10000000005


class Consumes(ConsumerPE):
    def _process(self, item):
        return item + 1


class General(GenericPE):
    def __init__(self):
        GenericPE.__init__(self)
        self._add_input("input")
        self._add_output("output")

    def _process(self, inputs):
        return inputs
