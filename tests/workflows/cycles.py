"""Small workflows with cycles, each for one sentence of what a cycle means. Nothing here knows of d4p."""

from dispel4py.base import CompositePE, IterativePE, ProducerPE
from dispel4py.core import GenericPE
from dispel4py.workflow_graph import WorkflowGraph


class Numbers(ProducerPE):
    """Writes first .. last in one call."""

    def __init__(self, first=1, last=10):
        ProducerPE.__init__(self)
        self.first, self.last = first, last

    def _process(self, inputs):
        for i in range(self.first, self.last + 1):
            self.write("output", i)


class Listing(GenericPE):
    """Says at its end which instance it was and what it got, in order."""

    def __init__(self, grouping="global", count=1):
        GenericPE.__init__(self)
        self._add_input("input", grouping=grouping)
        self._add_output("output")
        self.numprocesses = count
        self.got = []

    def _process(self, inputs):
        self.got.append(inputs["input"])

    def _postprocess(self):
        self.write("output", [self.rank, self.got])


class Sieve(GenericPE):
    """Of the numbers of a round keeps the first, a prime, and sends on what it doesn't divide: for the next round.

    A round ends with a None, which goes round as well.
    """

    def __init__(self):
        GenericPE.__init__(self)
        self._add_input("last")
        self._add_input("again")
        self._add_output("prime")
        self._add_output("left")
        self.prime = None

    def _process(self, inputs):
        ((port, n),) = inputs.items()
        if port == "last":
            for i in range(2, n + 1):
                self.write("left", i)
            self.write("left", None)
        elif n is None:
            if self.prime is not None:
                self.prime = None
                return {"left": None}
        elif self.prime is None:
            self.prime = n
            return {"prime": n}
        elif n % self.prime:
            return {"left": n}


def sieve(last=100):
    """A self loop that keeps the order: what is left goes round until nothing is."""
    graph, numbers, primes = WorkflowGraph(), Numbers(last, last), Sieve()
    graph.connect(numbers, "output", primes, "last")
    graph.connect(primes, "left", primes, "again")
    return graph


class Collatz(IterativePE):
    """(start, n, steps) -> the next of them."""

    def _process(self, item):
        start, n, steps = item
        return (start, n // 2 if n % 2 == 0 else 3 * n + 1, steps + 1)


class Start(IterativePE):
    def _process(self, n):
        return (n, n, 0)


class Test(GenericPE):
    """Lets out what has reached 1."""

    def __init__(self, inputs=("input",)):
        GenericPE.__init__(self)
        for port in inputs:
            self._add_input(port)
        self._add_output("again")
        self._add_output("done")

    def _process(self, inputs):
        ((_, item),) = inputs.items()
        start, n, steps = item
        return {"done": (start, steps)} if n == 1 else {"again": item}


def collatz(last=30, count=1):
    """An iteration until convergence: test > step > test."""
    graph, numbers, start, test, step = WorkflowGraph(), Numbers(1, last), Start(), Test(("new", "stepped")), Collatz()
    if count > 1:
        test.numprocesses = 2
        step.numprocesses = count
    graph.connect(step, "output", test, "stepped")  # the first to be connected, and the one that leads back
    graph.connect(numbers, "output", start, "input")
    graph.connect(start, "output", test, "new")
    graph.connect(test, "again", step, "input")
    return graph


class Newton(IterativePE):
    """Square roots: (x, guess) -> (x, better guess)."""

    def _process(self, item):
        x, guess = item
        return (x, (guess + x / guess) / 2)


class Guess(IterativePE):
    def _process(self, x):
        return (x, float(x))


class Converged(GenericPE):
    def __init__(self):
        GenericPE.__init__(self)
        self._add_input("input")
        self._add_output("root")
        self._add_output("again")

    def _process(self, inputs):
        x, guess = inputs["input"]
        near = abs(guess * guess - x) <= 1e-9 * x
        return {"root": (x, round(guess, 6))} if near else {"again": (x, guess)}


def newton(last=20):
    graph, numbers, guess, better, test = WorkflowGraph(), Numbers(1, last), Guess(), Newton(), Converged()
    graph.connect(numbers, "output", guess, "input")
    graph.connect(guess, "output", better, "input")
    graph.connect(better, "output", test, "input")
    graph.connect(test, "again", better, "input")
    return graph


class Countdown(IterativePE):
    """n -> n - 1, while there is some."""

    def _process(self, n):
        if n:
            self.write("output", n - 1)


def self_loop():
    """a.out -> a.in; the sink sees all that goes round as well."""
    graph, numbers, down, sink = WorkflowGraph(), Numbers(1, 5), Countdown(), Listing()
    graph.connect(numbers, "output", down, "input")
    graph.connect(down, "output", down, "input")
    graph.connect(down, "output", sink, "input")
    return graph


class Merge(GenericPE):
    """Union by the smallest label: (node, label); keeps each node's least, and tells its neighbours when that changes.

    Nodes are 0 .. 59 and i is joined to i + 6, so there are six components; each ends with its least node as label.
    """

    def __init__(self, count=3):
        GenericPE.__init__(self)
        self._add_input("input", grouping=[0])
        self._add_output("neighbours")
        self._add_output("labels")
        self.numprocesses = count
        self.label = {}

    def _process(self, inputs):
        node, label = inputs["input"]
        if label < self.label.get(node, 1 << 30):
            self.label[node] = label
            for other in (node - 6, node + 6):
                if 0 <= other < 60:
                    self.write("neighbours", (other, label))

    def _postprocess(self):
        for node, label in sorted(self.label.items()):
            self.write("labels", (node, label))


class Own(IterativePE):
    def _process(self, n):
        return (59 - n, 59 - n)


def components(count=3):
    """A cycle through a group-by: labels spread until none changes."""
    graph, numbers, own, merge = WorkflowGraph(), Numbers(0, 59), Own(), Merge(count)
    graph.connect(numbers, "output", own, "input")
    graph.connect(own, "output", merge, "input")
    graph.connect(merge, "neighbours", merge, "input")
    return graph


class Gossip(GenericPE):
    """Hears (sender, hops); whoever is meant passes it on to all, while it has hops left."""

    def __init__(self, count=3):
        GenericPE.__init__(self)
        self._add_input("input", grouping="all")
        self._add_output("output")
        self._add_output("heard")
        self.numprocesses = count
        self.heard = 0

    def _process(self, inputs):
        to, hops = inputs["input"]
        self.heard += 1
        if hops and to % self.numprocesses == self.rank:
            return {"output": (to + 1, hops - 1)}

    def _postprocess(self):
        self.write("heard", (self.rank, self.heard))


class Rumour(IterativePE):
    def _process(self, n):
        return (n, n)


def gossip(count=3):
    """A cycle with "all": each instance hears each rumour, once for each hop."""
    graph, numbers, rumour, all_hear = WorkflowGraph(), Numbers(1, 6), Rumour(), Gossip(count)
    graph.connect(numbers, "output", rumour, "input")
    graph.connect(rumour, "output", all_hear, "input")
    graph.connect(all_hear, "output", all_hear, "input")
    return graph


def private_megabytes():
    """What memory of its own this process has; None where the system doesn't say."""
    try:
        with open("/proc/self/status") as status:
            return next(int(line.split()[1]) >> 10 for line in status if line.startswith("RssAnon"))
    except OSError:
        return None


class Burst(GenericPE):
    """An item from outside becomes `many` that go round once, each of some bytes."""

    def __init__(self, many, size):
        GenericPE.__init__(self)
        for port in ("new", "round"):
            self._add_input(port)
        for port in ("on", "sum", "grown"):
            self._add_output(port)
        self.many, self.size = many, size
        self.sum, self.last, self.in_order = 0, (0, 0), True

    def _preprocess(self):
        self.begin = self.most = private_megabytes()

    def _process(self, inputs):
        ((port, item),) = inputs.items()
        if port == "new":
            for i in range(self.many):
                self.write("on", (item, i, "x" * self.size))
            return
        self.in_order &= item[:2] > self.last
        self.last = item[:2]
        self.sum += item[1]
        if item[1] % 1000 == 0 and self.most is not None:
            self.most = max(self.most, private_megabytes())

    def _postprocess(self):
        self.write("sum", (self.sum, self.in_order))
        if self.most is not None:
            self.write("grown", self.most - self.begin)


class Pass(IterativePE):
    """Hands on, and says how much memory that took."""

    def __init__(self):
        IterativePE.__init__(self)
        self._add_output("grown")
        self.seen = 0

    def _preprocess(self):
        self.begin = self.most = private_megabytes()

    def _process(self, item):
        self.seen += 1
        if self.seen % 1000 == 0 and self.most is not None:
            self.most = max(self.most, private_megabytes())
        return item

    def _postprocess(self):
        if self.most is not None:
            self.write("grown", self.most - self.begin)


def flood(items=2, many=50000, size=2000):
    """What goes round is 10^5 items, while the way forward is full of them."""
    graph, numbers, burst, on = WorkflowGraph(), Numbers(1, items), Burst(many, size), Pass()
    graph.connect(numbers, "output", burst, "new")
    graph.connect(burst, "on", on, "input")
    graph.connect(on, "output", burst, "round")
    graph.partitions = [[numbers], [burst], [on]]
    return graph


class Last(GenericPE):
    """Writes in postprocess, and lists all that comes to it, before and after."""

    def __init__(self, name, hops, grouping=None, count=1):
        GenericPE.__init__(self)
        self.name = name
        self._add_input("input", grouping=grouping)
        self._add_output("output")
        self._add_output("events")
        self.hops, self.numprocesses = hops, count

    def _process(self, inputs):
        key, said, hops = inputs["input"]
        self.write("events", (self.name, self.rank, key, said, hops))
        if hops:
            return {"output": (key, said, hops - 1)}

    def _postprocess(self):
        self.write("events", (self.name, self.rank, None, "post", 0))
        self.write("output", (self.rank, f"post of {self.name} {self.rank}", self.hops))


class Seed(IterativePE):
    def _process(self, n):
        return (n, "item", 3)


def postprocess_goes_round(count=1):
    """What is written in postprocess goes round the cycle, and is processed before the next postprocess."""
    graph, numbers, seed = WorkflowGraph(), Numbers(1, 3), Seed()
    third, first, second = Last("third", 2), Last("first", 5, [0], count), Last("second", 4)
    log = Listing()
    for pe in (numbers, seed, first, second, third, log):
        graph.add(pe)
    graph.connect(numbers, "output", seed, "input")
    graph.connect(seed, "output", first, "input")
    graph.connect(first, "output", second, "input")
    graph.connect(second, "output", third, "input")
    graph.connect(third, "output", first, "input")
    for pe in (first, second, third):
        graph.connect(pe, "events", log, "input")
    return graph


class Two(GenericPE):
    """Two ways round: by tens while there are some, then by ones."""

    def __init__(self):
        GenericPE.__init__(self)
        self._add_input("input")
        self._add_input("tens")
        self._add_input("ones")
        for port in ("by_ten", "by_one", "zero"):
            self._add_output(port)

    def _process(self, inputs):
        ((_, (n, steps)),) = inputs.items()
        if n == 0:
            return {"zero": steps}
        return {"by_ten" if n >= 10 else "by_one": (n, steps)}


class Less(IterativePE):
    def __init__(self, n, count=1):
        IterativePE.__init__(self)
        self.n, self.numprocesses = n, count

    def _process(self, item):
        n, steps = item
        return (n - self.n, steps + 1)


class Fresh(IterativePE):
    def _process(self, n):
        return (n, 0)


def two_cycles(count=1):
    """Two cycles that share a PE."""
    graph, numbers, fresh, two = WorkflowGraph(), Numbers(0, 40), Fresh(), Two()
    tens, ones = Less(10, count), Less(1)
    graph.connect(numbers, "output", fresh, "input")
    graph.connect(fresh, "output", two, "input")
    graph.connect(two, "by_ten", tens, "input")
    graph.connect(tens, "output", two, "tens")
    graph.connect(two, "by_one", ones, "input")
    graph.connect(ones, "output", two, "ones")
    return graph


class Loop(CompositePE):
    """A composite that is a cycle inside: Collatz's steps until 1."""

    def __init__(self):
        CompositePE.__init__(self)
        test, step = Test(), Collatz()
        self.connect(test, "again", step, "input")
        self.connect(step, "output", test, "input")
        self._map_input("input", test, "input")
        self._map_output("output", test, "done")


def composite_inside():
    graph, numbers, start, loop = WorkflowGraph(), Numbers(1, 12), Start(), Loop()
    graph.connect(numbers, "output", start, "input")
    graph.connect(start, "output", loop, "input")
    return graph


class Chain(CompositePE):
    """A composite without a cycle, two steps of Countdown."""

    def __init__(self):
        CompositePE.__init__(self)
        one, two = Countdown(), Countdown()
        self.connect(one, "output", two, "input")
        self._map_input("input", one, "input")
        self._map_output("output", two, "output")


def composite_outside():
    """A composite connected to itself."""
    graph, numbers, chain, sink = WorkflowGraph(), Numbers(1, 7), Chain(), Listing()
    graph.connect(numbers, "output", chain, "input")
    graph.connect(chain, "output", chain, "input")
    graph.connect(chain, "output", sink, "input")
    return graph


class Swap(IterativePE):
    """Changes the list it gets, as it may; both its consumers have one of their own."""

    def _process(self, item):
        item.append(len(item))
        if len(item) < 5:
            self.write("output", item)


class Lists(IterativePE):
    def _process(self, n):
        return [n]


def own_items():
    """What goes round is a copy of its own."""
    graph, numbers, lists, swap, sink = WorkflowGraph(), Numbers(1, 3), Lists(), Swap(), Listing()
    graph.connect(numbers, "output", lists, "input")
    graph.connect(lists, "output", swap, "input")
    graph.connect(swap, "output", sink, "input")
    graph.connect(swap, "output", swap, "input")
    return graph


class Ping(GenericPE):
    """Nothing feeds it: it starts in preprocess or postprocess."""

    def __init__(self, hops):
        GenericPE.__init__(self)
        self._add_input("input")
        self._add_output("output")
        self._add_output("seen")
        self.hops = hops

    def _preprocess(self):
        self.write("output", ("pre", self.hops))

    def _process(self, inputs):
        said, hops = inputs["input"]
        self.write("seen", (said, hops))
        if hops:
            self.write("output", (said, hops - 1))

    def _postprocess(self):
        self.write("output", ("post", self.hops))


def unfed():
    """A cycle of two that nothing feeds."""
    graph, one, two = WorkflowGraph(), Ping(3), Ping(2)
    graph.connect(one, "output", two, "input")
    graph.connect(two, "output", one, "input")
    return graph


class Failing(IterativePE):
    def _process(self, n):
        return 12 // (n - 3) + n


def failing():
    """Fails at the third time round."""
    graph, numbers, down, bad = WorkflowGraph(), Numbers(6, 6), Countdown(), Failing()
    graph.connect(numbers, "output", down, "input")
    graph.connect(down, "output", down, "input")
    graph.connect(down, "output", bad, "input")
    return graph


class Power(IterativePE):
    """One multiplication of a power iteration, on an array of its own: (k, vector) -> (k + 1, next vector)."""

    def _process(self, item):
        import numpy as np

        k, v = item
        n = len(v)
        w = 2 * v + np.roll(v, 1) * (np.arange(n) % 3 == 0)
        return (k + 1, w / np.sqrt(w @ w))


class Settled(GenericPE):
    def __init__(self, rounds):
        GenericPE.__init__(self)
        self._add_input("input")
        self._add_output("again")
        self._add_output("norm")
        self.rounds = rounds

    def _process(self, inputs):
        k, v = inputs["input"]
        if k < self.rounds:
            return {"again": (k, v)}
        return {"norm": (k, round(float(v.sum()), 6))}


class Vector(IterativePE):
    def __init__(self, size):
        IterativePE.__init__(self)
        self.size = size

    def _process(self, n):
        import numpy as np

        return (0, np.arange(self.size, dtype=float) % (n + 1) + 1)


def power(size=30000, rounds=20, vectors=4):
    """Large arrays go round."""
    graph, numbers, vector, times, test = WorkflowGraph(), Numbers(1, vectors), Vector(size), Power(), Settled(rounds)
    times.numprocesses = 2
    graph.connect(numbers, "output", vector, "input")
    graph.connect(vector, "output", times, "input")
    graph.connect(times, "output", test, "input")
    graph.connect(test, "again", times, "input")
    return graph


class Given(ProducerPE):
    def _process(self, inputs):
        return inputs["n"]


class Told(IterativePE):
    """A countdown that tells each number."""

    def __init__(self):
        IterativePE.__init__(self)
        self._add_output("seen")

    def _process(self, n):
        self.write("seen", n)
        if n:
            return n - 1


def rooted():
    graph, given, told = WorkflowGraph(), Given(), Told()
    graph.connect(given, "output", told, "input")
    graph.connect(told, "output", told, "input")
    return graph


class Changing(IterativePE):
    """Sends a list round and changes it afterwards, as it must not."""

    def __init__(self):
        IterativePE.__init__(self)
        self.sent = [0]

    def _process(self, n):
        if n == [0] or n == 1:
            self.sent.append(1)
            self.write("output", self.sent)
        elif len(self.sent) < 4:
            self.sent.append(2)
            self.write("output", [0])


def changing():
    graph, numbers, pe = WorkflowGraph(), Numbers(1, 1), Changing()
    graph.connect(numbers, "output", pe, "input")
    graph.connect(pe, "output", pe, "input")
    return graph


class Ring(GenericPE):
    """Adds 1; the first of the ring lets out what has come to 1000 and more."""

    def __init__(self, first):
        GenericPE.__init__(self)
        self._add_input("input")
        self._add_input("round")
        self._add_output("output")
        if first:
            self._add_output("done")
        self.first = first

    def _process(self, inputs):
        ((_, n),) = inputs.items()
        return {"done": n} if self.first and n >= 1000 else {"output": n + 1}


def ring(stages=100):
    """A hundred PEs in a ring, ten times round."""
    graph, numbers = WorkflowGraph(), Numbers(1, 5)
    pes = [Ring(i == 0) for i in range(stages)]
    graph.connect(numbers, "output", pes[0], "input")
    for a, b in zip(pes, pes[1:]):
        graph.connect(a, "output", b, "input")
    graph.connect(pes[-1], "output", pes[0], "round")
    return graph


def beside():
    """Beside a cycle a PE that has nothing to do with it: its part --resume may find complete."""
    graph, given, told, alone = WorkflowGraph(), Numbers(1, 5), Told(), Numbers(1, 40)
    graph.connect(given, "output", told, "input")
    graph.connect(told, "output", told, "input")
    graph.add(alone)
    return graph


class Climb(GenericPE):
    """A step of Collatz's at a time, for pairs of a start and where it has come to; fails at some numbers."""

    on_error = "skip"

    def __init__(self, bad=(10, 7)):
        GenericPE.__init__(self)
        self._add_input("input")
        self._add_input("again")
        self._add_output("next")
        self._add_output("output")
        self.bad = bad

    def _process(self, inputs):
        start, n = inputs["again"] if "again" in inputs else (inputs["input"], inputs["input"])
        self.write("output" if n == 1 else "next", (start, n // 2 if n % 2 == 0 else 3 * n + 1))
        if n in self.bad:
            raise ValueError(n)


def climb():
    graph, numbers, pe = WorkflowGraph(), Numbers(1, 20), Climb()
    graph.connect(numbers, "output", pe, "input")
    graph.connect(pe, "next", pe, "again")
    return graph
