"""Workflows that go wrong, each in its own way. Nothing here knows of d4p."""

import os
import sys
import threading
import time

from dispel4py.base import ConsumerPE, IterativePE, ProducerPE
from dispel4py.core import GenericPE
from dispel4py.workflow_graph import WorkflowGraph

from d4p.aggregate import CountPE


class Numbers(ProducerPE):
    def __init__(self, limit=10):
        ProducerPE.__init__(self)
        self.limit = limit

    def _process(self, inputs):
        for i in range(self.limit):
            self.write("output", i)


class Forever(ProducerPE):
    def _process(self, inputs):
        for i in range(10**9):
            self.write("output", i)
            time.sleep(0.01)


class Raises(IterativePE):
    def __init__(self, at):
        IterativePE.__init__(self)
        self.at = at

    def _process(self, data):
        if data == self.at:
            raise ValueError("no such number: %s" % data)
        return data


class DropsMultiples(IterativePE):
    def __init__(self, of):
        IterativePE.__init__(self)
        self.of = of

    def _process(self, data):
        return data if data % self.of else None


class Receives(ConsumerPE):
    def _process(self, data):
        pass


def chain_that_drops(at):
    """Of 0 to 9 the chain's PEs receive all, the odd ones, and 1, 5 and 7."""
    graph = WorkflowGraph()
    pes = [Numbers(), DropsMultiples(2), DropsMultiples(3), Raises(at), Receives()]
    for source, dest in zip(pes, pes[1:]):
        dest.single = True
        graph.connect(source, "output", dest, "input")
    return graph


def raises_after_drops():
    return chain_that_drops(7)


class TwelveOver(IterativePE):
    """One expression."""

    def __init__(self, less):
        IterativePE.__init__(self)
        self.less = less

    def _process(self, data):
        return data + 12 // (data - self.less)


def raises_in_an_expression():
    """The numbers 1, 5 and 7 come to two PEs of one class; the second can't have what the first makes of 7."""
    graph = WorkflowGraph()
    pes = [Numbers(), DropsMultiples(2), DropsMultiples(3), TwelveOver(3), TwelveOver(10), Receives()]
    for source, dest in zip(pes, pes[1:]):
        dest.single = True
        graph.connect(source, "output", dest, "input")
    return graph


class TimesTwo(IterativePE):
    def _process(self, data):
        return data * 2


class Swaps(IterativePE):
    """Puts another function in the place of a class's, before the first item."""

    def preprocess(self):
        TimesTwo._process = lambda self, data: data * 100

    def _process(self, data):
        return data


def swapped():
    return _pipe(Numbers(), Swaps(), TimesTwo())


def into_times_two(item):
    """The name of a loop, too."""
    item = item["a"]
    return item


class CallsOne(IterativePE):
    def _process(self, data):
        y = into_times_two(data)
        return y


def raises_in_a_function_with_the_name_of_a_loop():
    return _pipe(Numbers(), TimesTwo(), CallsOne())


def drops():
    return chain_that_drops(None)


class Exits(IterativePE):
    def _process(self, data):
        if data == 3:
            sys.exit(0)
        return data


def exits():
    graph = WorkflowGraph()
    graph.connect(Numbers(), "output", Exits(), "input")
    return graph


class OddError(Exception):
    """Can be pickled and not made again: its __init__ takes more than it hands on."""

    def __init__(self, code, text):
        Exception.__init__(self, text)
        self.code = code


class WritesErrors(IterativePE):
    def _process(self, data):
        return OddError(data, "odd")


def cannot_be_made_again():
    graph = WorkflowGraph()
    errors, takes = WritesErrors(), Raises(-1)
    takes._add_input("input", grouping="global")
    errors.numprocesses = 2
    graph.connect(Numbers(), "output", errors, "input")
    graph.connect(errors, "output", takes, "input")
    return graph


class RaisesInPhase(IterativePE):
    def __init__(self, phase):
        IterativePE.__init__(self)
        self.phase = phase

    def _preprocess(self):
        if self.phase == "preprocess":
            raise OSError("no disk")

    def _process(self, data):
        return data

    def _postprocess(self):
        if self.phase == "postprocess":
            raise OSError("no disk")


class Swallows(IterativePE):
    """Catches whatever comes out of its write, as old workflows do."""

    def _process(self, data):
        try:
            self.write("output", data)
        except:  # noqa: E722
            self.log("something went wrong, never mind")


class Lock(IterativePE):
    def _process(self, data):
        return {"number": data, "inside": [Holder()]}


class Holder:
    def __init__(self):
        self.lock = threading.Lock()


class Takes(ConsumerPE):
    def _process(self, data):
        pass


class Tuples(IterativePE):
    def _process(self, data):
        return (data, data)


class Keeps(GenericPE):
    def __init__(self, grouping, count):
        GenericPE.__init__(self)
        self._add_input("input", grouping=grouping)
        self._add_output("output")
        self.numprocesses = count
        self.n = 0

    def process(self, inputs):
        self.n += 1


class Spread(IterativePE):
    def __init__(self, count):
        IterativePE.__init__(self)
        self.numprocesses = count

    def _process(self, data):
        return data["number"]


class Strange(IterativePE):
    def _process(self, data):
        return (Odd(data), data)


class Odd:
    def __init__(self, x):
        self.x = x

    def __eq__(self, other):
        return self.x % 2 == other.x % 2

    def __hash__(self):
        return self.x % 2


class WrongPort(GenericPE):
    def __init__(self, how):
        GenericPE.__init__(self)
        self._add_input("input")
        self._add_output("good")
        self.how = how

    def process(self, inputs):
        if self.how == "write":
            self.write("bad", 1)
        return {"bad": 1} if self.how == "return" else [1]


class Changes(ProducerPE):
    """Changes what it wrote."""

    def _process(self, inputs):
        item = [0]
        for i in range(5):
            self.write("output", item)
            item.append(i)


class Dies(IterativePE):
    def _process(self, data):
        if data == 5:
            os._exit(7)
        return data


def _pipe(*pes):
    """One behind the other, each with one instance unless it asks for more, so that it's known which one fails."""
    graph = WorkflowGraph()
    for pe in pes:
        pe.numprocesses = pe.numprocesses
    for a, b in zip(pes, pes[1:]):
        graph.connect(a, next(iter(a.outputconnections)), b, next(iter(b.inputconnections)))
    return graph


def raises():
    return _pipe(Numbers(), Tally(), Raises(7), Tally())


class Tally(IterativePE):
    def __init__(self):
        IterativePE.__init__(self)
        self.n = 0

    def _process(self, data):
        self.n += 1
        return data


def raises_in_preprocess():
    return _pipe(Numbers(), RaisesInPhase("preprocess"), Tally())


def raises_on_what_another_writes_at_the_end():
    """Counts | Raises: what a library PE writes at the end, and one that can't use it, which may be in one stage."""
    return _pipe(Numbers(), CountPE(), Raises([10]))


def raises_in_postprocess():
    return _pipe(Numbers(), RaisesInPhase("postprocess"), Takes())


def swallowed():
    return _pipe(Numbers(), Swallows(), Raises(3), Tally())


def unpicklable():
    return _pipe(Numbers(), Lock(), Spread(2))


def missing_field():
    return _pipe(Numbers(), Tuples(), Keeps([2], 3))


def missing_field_of_one():
    return _pipe(Numbers(), Tuples(), Keeps(["station"], 1))


def unknown_key():
    return _pipe(Numbers(), Strange(), Keeps([0], 2))


def unknown_port_written():
    return _pipe(Numbers(), WrongPort("write"))


def unknown_port_returned():
    return _pipe(Numbers(), WrongPort("return"))


def no_dict_returned():
    return _pipe(Numbers(), WrongPort("list"))


def changes():
    return _pipe(Changes(), Tally(), Takes())


def dies():
    return _pipe(Numbers(), Keeper(), Dies(), Keeps("all", 2))


class Keeper(Tally):
    pass


def forever():
    return _pipe(Forever(), Tuples(), Keeps([0], 3))


class Leaves(IterativePE):
    def __init__(self, how):
        IterativePE.__init__(self)
        self.how = how
        self.seen = 0

    def _process(self, data):
        self.seen += 1
        if data == 2:
            self.how(0)
        return data


def leaves():
    import sys

    return _pipe(Numbers(), Leaves(sys.exit))


def vanishes():
    return _pipe(Numbers(), Leaves(os._exit))


class DiesWithAChild(IterativePE):
    def __init__(self):
        IterativePE.__init__(self)
        self.child = None

    def _process(self, data):
        import signal

        self.child = os.fork()
        if self.child == 0:
            time.sleep(30)
            os._exit(0)
        os.kill(os.getpid(), signal.SIGKILL)


def dies_with_a_child():
    return _pipe(Numbers(), DiesWithAChild(), Takes())
