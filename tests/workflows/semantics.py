"""Small dispel4py workflows, each for one sentence of what a workflow means. Nothing here knows of d4p."""

from dispel4py.base import BasePE, CompositePE, ConsumerPE, IterativePE, ProducerPE, create_iterative_chain
from dispel4py.core import GenericPE
from dispel4py.workflow_graph import WorkflowGraph


class Numbers(ProducerPE):
    """Writes 0 .. limit-1 in one call."""

    def __init__(self, limit=10):
        ProducerPE.__init__(self)
        self.limit = limit

    def _process(self, inputs):
        for i in range(self.limit):
            self.write("output", i)


class Pairs(ProducerPE):
    """Writes (key, number) with keys a, b, c."""

    def _process(self, inputs):
        for i in range(30):
            self.write("output", ("abc"[i % 3], i))


class Listing(GenericPE):
    """Says at its end which instance it was and what it got, in order."""

    def __init__(self, grouping=None, count=1, ports=("input",)):
        GenericPE.__init__(self)
        for port in ports:
            self._add_input(port, grouping=grouping)
        self._add_output("output")
        self.numprocesses = count
        self.got = []

    def _process(self, inputs):
        assert len(inputs) == 1, "one port's item a call"
        ((port, item),) = inputs.items()
        self.got.append(item if len(self.inputconnections) == 1 else [port, item])

    def _postprocess(self):
        self.write("output", [self.rank, self.got])


class Plus(IterativePE):
    def __init__(self, n=1):
        IterativePE.__init__(self)
        self.n = n

    def _process(self, data):
        return data + self.n


class Phases(GenericPE):
    """Counts how often each phase ran."""

    def __init__(self, count=1):
        GenericPE.__init__(self)
        self._add_input("input", grouping=[0])
        self._add_output("output")
        self.numprocesses = count
        self.calls = []

    def preprocess(self):
        self.calls.append("pre")

    def process(self, inputs):
        self.calls.append("item")

    def postprocess(self):
        self.calls.append("post")
        self.write("output", [self.rank, self.calls])


class Changer(IterativePE):
    """Changes what it receives, as it may."""

    def __init__(self, mark):
        IterativePE.__init__(self)
        self.mark = mark

    def _process(self, data):
        data.append(self.mark)
        return data


class Lists(ProducerPE):
    def _process(self, inputs):
        for i in range(5):
            self.write("output", [i])


class WritesAndReturns(ProducerPE):
    def _process(self, inputs):
        self.write("output", "written first")
        self.write("output", "written second")
        return "returned"


class Anything(GenericPE):
    """A root that returns what it was given."""

    def __init__(self):
        GenericPE.__init__(self)
        self._add_output("output")

    def process(self, inputs):
        return {"output": sorted(inputs.items())}


class TwoOutputs(GenericPE):
    def __init__(self):
        GenericPE.__init__(self)
        self._add_input("input")
        self._add_output("even")
        self._add_output("odd")

    def _process(self, inputs):
        number = inputs["input"]
        return {"odd" if number % 2 else "even": number}


def _pipe(*pes):
    graph = WorkflowGraph()
    for a, b in zip(pes, pes[1:]):
        graph.connect(a, next(iter(a.outputconnections)), b, next(iter(b.inputconnections)))
    return graph


def fan_out():
    source, left, right = Lists(), Changer("left"), Changer("right")
    graph = _pipe(source, left)
    graph.connect(source, "output", right, "input")
    return graph


def fan_out_in_a_stage():
    """Two that change what they get beside their producer, and one that gets it over a channel."""
    source, left, right = Lists(), Changer("left"), Changer("right")
    left.numprocesses = right.numprocesses = 1
    graph = _pipe(source, left)
    graph.connect(source, "output", Listing("all", 2), "input")
    graph.connect(source, "output", right, "input")
    return graph


def fan_in():
    graph = WorkflowGraph()
    sink = Listing()
    sink.got = []
    graph.connect(Numbers(3), "output", sink, "input")
    graph.connect(Numbers(4), "output", sink, "input")
    return graph


def two_edges():
    split, join = TwoOutputs(), Listing(ports=("a", "b"))
    graph = _pipe(Numbers(6), split)
    graph.connect(split, "even", join, "a")
    graph.connect(split, "odd", join, "b")
    return graph


def connected_twice():
    source, plus = Numbers(4), Plus()
    graph = WorkflowGraph()
    graph.connect(source, "output", plus, "input")
    graph.connect(source, "output", plus, "input")
    return graph


def phases():
    """Four instances and three keys: at least one instance gets nothing."""
    return _pipe(Pairs(), Phases(4))


def writes_then_returns():
    return _pipe(WritesAndReturns(), Listing())


def one_to_one():
    """Three producers to three consumers: instance i feeds instance i."""
    return _pipe(Numbers(9), Listing(count=3), Unpack(3), Listing(count=3))


class Unpack(IterativePE):
    def __init__(self, count):
        IterativePE.__init__(self)
        self.numprocesses = count

    def _process(self, data):
        rank, got = data
        for item in got:
            self.write("output", [rank, self.rank, item])


def round_robin():
    return _pipe(Numbers(10), Listing(count=4))


def group_by():
    return _pipe(Pairs(), Listing([0], 4))


def group_by_tuple():
    return _pipe(Pairs(), Listing((0,), 4))


class Records(ProducerPE):
    def _process(self, inputs):
        for i in range(20):
            self.write("output", {"station": "ST%d" % (i % 5), "value": i})


def group_by_name():
    return _pipe(Records(), Listing(["station"], 3))


class MixedKeys(ProducerPE):
    def _process(self, inputs):
        from decimal import Decimal

        import numpy

        for key in (1, 1.0, True, Decimal(1), numpy.int64(1), numpy.float32(1), "1", b"1", float("nan"), numpy.nan,
                    (1, 2), (1.0, True + 1), [1], {"a": 1}, {1, 2}, frozenset([2, 1])):
            self.write("output", [key, repr(type(key).__name__)])


class Names(Listing):
    def _process(self, inputs):
        self.got.append(inputs["input"][1])

    def _postprocess(self):
        self.write("output", sorted(self.got))


def mixed_keys():
    return _pipe(MixedKeys(), Names([0], 7))


def everyone():
    return _pipe(Numbers(5), Listing("all", 3))


def gathered():
    return _pipe(Numbers(5), Listing("all", 3), Listing("global", 5))


def same_object_twice():
    return _pipe(Twice(), Listing([0], 2))


class Twice(ProducerPE):
    """Writes one object twice; the consumer must get two."""

    def _process(self, inputs):
        item = ["k", []]
        self.write("output", item)
        self.write("output", item)


def identity_in_items():
    return _pipe(Shared(), IsShared(2))


class Shared(ProducerPE):
    def _process(self, inputs):
        part = []
        self.write("output", [part, part])


class IsShared(IterativePE):
    def __init__(self, count):
        IterativePE.__init__(self)
        self.numprocesses = count

    def _process(self, data):
        return data[0] is data[1]


def postprocess_flows():
    """What postprocess writes goes through everything behind it."""
    return _pipe(Pairs(), Listing([0], 3), Length(), Listing("global"))


class Length(IterativePE):
    def _process(self, data):
        return len(data[1])


def in_order():
    """Items of one edge between one producer instance and one consumer instance stay in order."""
    return _pipe(Numbers(5000), Listing([0] and None, 1))


def ordered_through_instances():
    return _pipe(Numbers(3000), Doubler(), Listing("global"))


class Doubler(IterativePE):
    """Keeps state, so it is one instance and order holds through it."""

    def __init__(self):
        IterativePE.__init__(self)
        self.seen = 0

    def _process(self, data):
        self.seen += 1
        return [self.seen, data]


def roots():
    graph = WorkflowGraph()
    a, b, c = Anything(), Anything(), Anything()
    a.name = "first"
    for pe in (a, b, c):
        graph.connect(pe, "output", Plain(), "input")
    return graph


class Plain(IterativePE):
    def _process(self, data):
        return data


def unconnected():
    """Two outputs that nothing is connected to, and a second pipeline."""
    split = TwoOutputs()
    graph = _pipe(Numbers(7), split)
    graph.connect(Numbers(3), "output", Plus(10), "input")
    return graph


def double(x):
    return 2 * x


def minus(x, n):
    return x - n


class Scale(CompositePE):
    """Two ports in, two out; the inner PEs stay hidden."""

    def __init__(self):
        CompositePE.__init__(self)
        self.a, self.b = Plus(100), Plus(1000)
        self.add(self.a)
        self.add(self.b)
        self._map_input("low", self.a, "input")
        self._map_input("high", self.b, "input")
        self._map_output("low", self.a, "output")
        self._map_output("high", self.b, "output")


def composites():
    """Composite to composite, a chain, two sources into one composite input, an unmapped result."""
    graph = WorkflowGraph()
    split, scale, again = TwoOutputs(), Scale(), Scale()
    chain = create_iterative_chain([double, (minus, {"n": 3})])
    graph.connect(Numbers(6), "output", split, "input")
    graph.connect(split, "even", scale, "low")
    graph.connect(split, "odd", scale, "high")
    graph.connect(scale, "low", again, "high")
    graph.connect(scale, "high", again, "low")
    graph.connect(again, "low", chain, "input")
    graph.connect(again, "high", chain, "input")
    return graph


def grouped_composite():
    """A grouping and a count set on a composite pass to the inner PE."""
    graph = WorkflowGraph()
    composite = CompositePE()
    inner = Inner()
    composite.add(inner)
    composite._map_input("in", inner, "input")
    composite._map_output("out", inner, "output")
    composite.inputconnections["in"]["grouping"] = [0]
    composite.numprocesses = 4
    graph.connect(Pairs(), "output", composite, "in")
    return graph


class Inner(Listing):
    def __init__(self):
        GenericPE.__init__(self)
        self._add_input("input")
        self._add_output("output")
        self.got = []


def partitions():
    """A group-by inside a partition with several instances splits it."""
    source, plus, listing = Pairs(), First(), Listing([0], 3)
    graph = _pipe(source, plus, listing)
    graph.partitions = [[source], [plus, listing]]
    return graph


class First(IterativePE):
    def _process(self, data):
        return (data[0] * 2, data[1])


def diamond():
    source, left, right, join = Numbers(8), Plus(100), Plus(200), Listing(ports=("l", "r"))
    graph = _pipe(source, left)
    graph.connect(source, "output", right, "input")
    graph.connect(left, "output", join, "l")
    graph.connect(right, "output", join, "r")
    return graph


def chain():
    """A thousand PEs in a row."""
    return _pipe(Numbers(3), *[Plus() for _ in range(999)])


class Passing(IterativePE):
    def _process(self, data):
        self.write("output", data + 1)


def writing_chain():
    """A thousand PEs in a row that write instead of returning."""
    return _pipe(Numbers(3), *[Passing() for _ in range(999)])


class Print(ConsumerPE):
    def _process(self, data):
        print("got", data)


def only_prints():
    return _pipe(Numbers(3), Print())


class Ports(BasePE):
    def __init__(self):
        BasePE.__init__(self, inputs=["a b", "c-d"], outputs=["x y"])

    def _process(self, inputs):
        ((port, item),) = inputs.items()
        return {"x y": [port, item]}


def odd_names():
    """Ports and PEs whose names are no Python names."""
    graph = WorkflowGraph()
    ports, ports2, a, b = Ports(), Ports(), Numbers(2), Numbers(3)
    ports.name, ports2.name, a.name = "class", "2nd PE!", "item"
    graph.connect(a, "output", ports, "a b")
    graph.connect(b, "output", ports, "c-d")
    graph.connect(ports, "x y", ports2, "a b")
    return graph


def names_of_channels():
    """PEs called as a program calls its channels, and one with a port that looks so."""
    graph = WorkflowGraph()
    numbers, plus, listing = Numbers(6), Plus(), Listing("global", 1, ("1",))
    numbers.name, plus.name, listing.name = "channel 1", "channel_2", "channel"
    plus.numprocesses = 2
    graph.connect(numbers, "output", plus, "input")
    graph.connect(plus, "output", listing, "1")
    return graph


class Changes(IterativePE):
    """Changes what it receives and says what came of it."""

    def __init__(self, count):
        IterativePE.__init__(self)
        self.numprocesses = count

    def _process(self, data):
        data["n"] += 1
        return data["n"]


class OneDict(ProducerPE):
    """Writes the same dict again and again."""

    def _process(self, inputs):
        meta = {"n": 1}
        for _ in range(4):
            self.write("output", meta)


def changed_behind_a_channel():
    return _pipe(OneDict(), Changes(2))


class Lister(GenericPE):
    """Adds to the list it was given."""

    def __init__(self):
        GenericPE.__init__(self)
        self._add_output("output")

    def process(self, inputs):
        inputs["files"].append("seen")
        return {"output": inputs["files"]}


def two_roots():
    graph = WorkflowGraph()
    graph.add(Lister())
    graph.add(Lister())
    return graph


def roots_of_names(names=("one", "two")):
    """Roots with an input, and one without."""
    graph = WorkflowGraph()
    for name in names:
        lister = Lister()
        lister._add_input("files")
        lister.name = name
        graph.add(lister)
    graph.add(Numbers(2))
    return graph


def quoted_names():
    """Names that are hard to write down."""
    source, plus, last = Numbers(3), Plus(), Plus(10)
    source.name, plus.name, last.name = 'say "hi"', 'a"""b\\N{x}', "two\nlines\\"
    graph = _pipe(source, plus, last)
    graph.partitions = [[source], [plus], [last]]
    return graph


class ManyPorts(GenericPE):
    def __init__(self):
        GenericPE.__init__(self)
        for port in ("BHZ.raw", "BHZ_raw", "BHZ/raw"):
            self._add_output(port)

    def process(self, inputs):
        return {port: port for port in self.outputconnections}


def many_ports():
    graph = WorkflowGraph()
    graph.add(ManyPorts())
    return graph


class OwnWrite(IterativePE):
    """Its write marks items; what it returns goes the same way."""

    def write(self, name, data, **kwargs):
        IterativePE.write(self, name, ["written", data])

    def _process(self, data):
        return data


def own_write():
    return _pipe(Numbers(2), OwnWrite())


class SameKey(ProducerPE):
    def _process(self, inputs):
        for i in range(100):
            self.write("output", ("same", i))


def skewed():
    return _pipe(SameKey(), Listing([0], 4))
