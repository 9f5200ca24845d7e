"""Work whose answer depends on the order of items, and the same where a PE says that it doesn't (`any_order`)."""

import resource
import time

from cores import Numbers, work

from d4p import ConsumerPE, GenericPE, IterativePE, WorkflowGraph

_WORDS = ["word%d" % (n * n % 5003) for n in range(1000)]


class Steps(IterativePE):
    """Hashes a number so many times; `uneven`, one of 600 multiples of that."""

    def __init__(self, rounds, uneven=False):
        IterativePE.__init__(self)
        self.rounds, self.uneven = rounds, uneven

    def _process(self, number):
        return work(number, self.rounds * times(number) if self.uneven else self.rounds)


class Add(IterativePE):
    def _process(self, number):
        return number + 1


class Keyed(IterativePE):
    def _process(self, number):
        return number % 1000, number


class Lines(GenericPE):
    """Lines of ten words."""

    def __init__(self):
        GenericPE.__init__(self)
        self.name = "source"
        self._add_input("count")
        self._add_output("output")

    def process(self, inputs):
        for number in range(inputs["count"]):
            at = number * 10 % 1000
            self.write("output", _WORDS[at : at + 10])


class Split(IterativePE):
    def _process(self, line):
        for number, word in enumerate(line):
            self.write("output", (word, number))


class Running(IterativePE):
    """By key, a number that all before it have a part in, with each item."""

    def __init__(self, any_order, each=True):
        IterativePE.__init__(self)
        self.inputconnections["input"]["grouping"] = [0]
        self.any_order, self.each, self.before = any_order, each, {}

    def _process(self, item):
        key, number = item
        self.before[key] = found = (self.before.get(key, 0) * 31 + number) % 1000003
        return found if self.each else None

    def _postprocess(self):
        if not self.each:
            self.write("output", sum(self.before.values()))


class Lame(IterativePE):
    """64 KiB for a number, in 0.1 ms; the instance that gets the first one takes 10 ms."""

    stateful = False

    def __init__(self):
        IterativePE.__init__(self)
        self.seconds = 1e-4

    def _process(self, number):
        if number == 0:
            self.seconds = 1e-2
        time.sleep(self.seconds)
        return number.to_bytes(8, "little") * (8 << 10)


class Most(ConsumerPE):
    """Checks the order; how many KiB its process took at most."""

    def __init__(self, any_order=False):
        ConsumerPE.__init__(self)
        self.any_order, self.next = any_order, 0

    def _process(self, item):
        if not self.any_order and int.from_bytes(item[:8], "little") != self.next:
            raise ValueError("out of order")
        self.next += 1

    def postprocess(self):
        print("answer", self.next, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, flush=True)


class Fold(ConsumerPE):
    """How many there were, their sum, and what depends on their order as well."""

    def __init__(self, any_order=False):
        ConsumerPE.__init__(self)
        self.any_order, self.count, self.sum, self.fold = any_order, 0, 0, 0

    def _process(self, number):
        self.count += 1
        self.sum += number
        self.fold = (self.fold * 31 + number) % 1000003

    def postprocess(self):
        print("answer", self.count, self.sum, self.fold, flush=True)


def times(number):
    return 1 + number * 7919 % 600


def chain(*pes):
    graph = WorkflowGraph()
    for source, dest in zip(pes, pes[1:]):
        graph.connect(source, "output", dest, "input")
    return graph


def sweep(rounds, uneven=False, any_order=False, instances=2):
    steps = Steps(rounds, uneven)
    steps.numprocesses = instances
    return chain(Numbers(), steps, Fold(any_order))


def integers(any_order=False):
    return chain(Numbers(), wide(Add()), Fold(any_order))


def put_back(any_order=False):
    return chain(Numbers(), wide(Keyed()), wide(Running(any_order)), Fold(any_order))


def lame(any_order=False):
    return chain(Numbers(), wide(Lame()), Most(any_order))


def words(any_order=False):
    return chain(Lines(), wide(Split()), wide(Running(any_order, each=False)), Fold(any_order=True))


def wide(pe):
    pe.numprocesses = 2
    return pe
