"""PEs that raise all that can be raised, each in a place of its own. Nothing here knows of d4p."""

import asyncio
import math

from dispel4py.base import ConsumerPE, IterativePE, ProducerPE, SimpleFunctionPE
from dispel4py.core import GenericPE
from dispel4py.workflow_graph import WorkflowGraph

MANY = 50_000_000


class NoStr(Exception):
    def __str__(self):
        raise KeyboardInterrupt("no text")


class NoText(ValueError):
    def __str__(self):
        return 7


class NoRepr:
    def __repr__(self):
        raise SystemExit("no repr")


def deeper(n):
    return deepest(n - 1) + deepest(n - 1)


def deepest(n):
    return deeper(n)


def from_a_cause(item):
    try:
        math.sqrt(-item)
    except ValueError as error:
        raise LookupError("no root") from error


def in_a_handler(item):
    try:
        math.sqrt(-item)
    except ValueError:
        return {}["root"]


def with_notes(item):
    error = ValueError("noted")
    error.__notes__ = ["station %d" % item, "of network 7"]
    raise error


def of_a_group(item):
    group = BaseExceptionGroup if item is None else ExceptionGroup  # noqa: F821  of Python 3.11
    try:
        math.sqrt(-item)
    except ValueError as error:
        raise group("two of three", [error, KeyError("second")])  # noqa: B904


def many_causes(item):
    error = None
    for i in range(500):
        try:
            raise ValueError("cause %d" % i) from error
        except ValueError as raised:
            error = raised
    raise error


def preprocess(item):
    """A function of the name of a phase."""
    raise ValueError("raw %d" % item)


def into_db(item):
    """A function of the name of a loop of the program."""
    raise ValueError("no table %d" % item)


def just(error):
    def function(item):
        raise error

    return function


#: name -> what is called with an item
FUNCTIONS = {
    "no str": just(NoStr("x")),
    "no text": just(NoText("x")),
    "interrupt": just(KeyboardInterrupt("mine")),
    "generator": just(GeneratorExit("mine")),
    "cancelled": just(asyncio.CancelledError("mine")),
    "stop": just(StopIteration("mine")),
    "base": just(BaseException("mine")),
    "exit": just(SystemExit(3)),
    "huge": lambda item: just(ValueError("m" * MANY))(item),
    "huge lines": lambda item: just(ValueError("line\n" * 100_000))(item),
    "surrogate": just(ValueError("\udc80 \x00")),
    "recursion": deeper,
    "cause": from_a_cause,
    "context": in_a_handler,
    "notes": with_notes,
    "group": of_a_group,
    "causes": many_causes,
    "phase's name": preprocess,
    "loop's name": into_db,
}


class Numbers(ProducerPE):
    def _process(self, inputs):
        for i in range(10):
            self.write("output", i)


class Calls(IterativePE):
    """Calls a function of the table, at the item 3."""

    def __init__(self, what):
        IterativePE.__init__(self)
        self.what = what

    def _process(self, data):
        if data == 3:
            FUNCTIONS[self.what](data)
        return data


class CallsInPhase(Calls):
    """A static method has no `self` to be known by."""

    @staticmethod
    def preprocess():
        FUNCTIONS["cause"](3)


class CallsPorts(GenericPE):
    def __init__(self, what):
        GenericPE.__init__(self)
        self._add_input("numbers")
        self._add_output("out")
        self.what = what

    def process(this, inputs):  # noqa: N805
        if inputs["numbers"] == 3:
            FUNCTIONS[this.what](inputs["numbers"])
        return {"out": inputs["numbers"]}


class Swallows(IterativePE):
    """Catches whatever comes out of its write."""

    def _process(self, data):
        try:
            self.write("output", data)
        except BaseException:
            pass


class Makes(IterativePE):
    def __init__(self, what):
        IterativePE.__init__(self)
        self.what = what

    def _process(self, data):
        return ["b" * MANY] * 3 if self.what == "large" else NoRepr()


class Refuses(ConsumerPE):
    def _process(self, data):
        raise ValueError("no such item")


class Takes(ConsumerPE):
    def _process(self, data):
        pass


def root(item):
    return None if item < 3 else 1 // (item - 3)


def _pipe(*pes):
    graph = WorkflowGraph()
    for a, b in zip(pes, pes[1:]):
        graph.connect(a, next(iter(a.outputconnections)), b, next(iter(b.inputconnections)))
    return graph


def raises(what):
    return _pipe(Numbers(), Calls(what), Takes())


def raises_behind(what):
    """In a loop with a PE that is written out, behind one that swallows what comes out of its write."""
    pes = [Numbers(), Swallows(), CallsPorts(what), Takes()]
    for pe in pes:
        pe.single = True
    return _pipe(*pes)


def in_phase():
    return _pipe(Numbers(), CallsInPhase("cause"), Takes())


def of_a_function():
    return _pipe(Numbers(), SimpleFunctionPE(root), Takes())


def of_an_item(item):
    return _pipe(Numbers(), Makes(item), Refuses())
