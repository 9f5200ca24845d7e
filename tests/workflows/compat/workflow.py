"""Small workflows in the styles of those that people publish. Nothing here knows of d4p."""

import argparse
import collections
import functools
import json
import logging
import os
import random
import sys
import threading
from dataclasses import dataclass, field

import numpy as np
from helpers import THRESHOLD, Base, Joined, Reading, double, scaled
from stations import Calibrate, Locate

from dispel4py.base import *
from dispel4py.base import CompositePE, ProducerPE, SimpleFunctionPE
from dispel4py.core import GROUPING, NAME, TYPE, GenericPE
from dispel4py.new.aggregate import (AverageParallelPE, AverageReducePE, ContinuousReducePE, CountPE, MaxPE, MinPE,
                                     StdDevPE, SumPE, parallelAvg, parallelCount, parallelMax, parallelMin,
                                     parallelStdDev, parallelSum)
from dispel4py.new.monitoring import ProcessTimingPE
from dispel4py.workflow_graph import WorkflowGraph

HERE = os.path.dirname(os.path.abspath(__file__))
with open(os.path.join(HERE, "numbers.json")) as f:
    NUMBERS = json.load(f)
logger = logging.getLogger(__name__)


class Numbers(ProducerPE):
    def __init__(self, limit=12):
        ProducerPE.__init__(self)
        self.limit = limit

    def _process(self):
        for i in range(self.limit):
            self.write("output", i)


class Items(GenericPE):
    """Writes what it was given, one after the other."""

    def __init__(self, *items):
        GenericPE.__init__(self)
        self._add_output("output")
        self.items = items

    def process(self, inputs):
        for item in self.items:
            self.write("output", item)


class Collect(GenericPE):
    def __init__(self, *ports, grouping=None):
        GenericPE.__init__(self)
        for port in ports or ("input",):
            self._add_input(port, grouping)
        self._add_output("output")
        self.got = []

    def process(self, inputs):
        self.got += [[port, value] for port, value in inputs.items()]

    def postprocess(self):
        self.write("output", sorted(self.got, key=repr))


def same(data):
    return data


class Describe(IterativePE):
    def _process(self, data):
        return describe(data)


def describe(item):
    """A text for any item, the same wherever it has been."""
    if isinstance(item, np.ndarray):
        return f"{item.dtype}{item.shape} {item.tolist()} {item.flags.writeable} {type(item).__name__}"
    if isinstance(item, BaseException):
        return f"{type(item).__name__}{item.args}"
    if callable(item):
        return item.__qualname__
    if isinstance(item, Reading):
        return f"{item!r} {item.origin is item.values}"
    if isinstance(item, (list, tuple)):
        return f"{type(item).__name__}({', '.join(map(describe, item))})"
    if isinstance(item, dict):
        return f"{type(item).__name__}({', '.join(f'{k!r}: {describe(v)}' for k, v in item.items())})"
    return f"{type(item).__name__} {item!r:.60} {len(item) if isinstance(item, (str, bytes)) else ''}"


def chain(*pes):
    graph = WorkflowGraph()
    for first, second in zip(pes, pes[1:]):
        graph.connect(first, "output", second, "input")
    return graph


# -- several ports, read from inputs -------------------------------------------------------------------------------
class Stats(GenericPE):
    """Ports made by hand, as the oldest files do."""

    def __init__(self):
        GenericPE.__init__(self)
        self.inputconnections = {"left": {NAME: "left"}, "right": {NAME: "right", TYPE: ["number"]}}
        self.outputconnections["out"] = dict(name="out", type=["port", "number"])
        self.outputconnections["last"] = {NAME: "last"}
        self.sums = {"left": 0, "right": 0}

    def process(self, inputs):
        if "left" in inputs:
            self.sums["left"] += inputs["left"]
        else:
            self.sums["right"] += inputs["right"]
        for port in inputs:
            yield_to = {"out": (port, inputs[port])}
        return yield_to

    def postprocess(self):
        for port, total in self.sums.items():
            self.write("last", (port, total))


def two_ports():
    graph = WorkflowGraph()
    numbers, stats = Numbers(), Stats()
    graph.connect(numbers, "output", stats, "left")
    graph.connect(numbers, "output", stats, "right")
    return graph


def numbered_ports():
    graph = WorkflowGraph()
    joined = Joined()
    graph.connect(Numbers(4), "output", joined, "input0")
    graph.connect(Numbers(3), "output", joined, BasePE.INPUT_NAME + "1")
    return graph


# -- groupings -----------------------------------------------------------------------------------------------------
class PerKey(GenericPE):
    def __init__(self, key=lambda item: item[0]):
        GenericPE.__init__(self)
        self._add_input("input")
        self._add_output("output", tuple_type=["keys", "count"])
        self.key = key
        self.count = collections.defaultdict(int)

    def _process(self, inputs):
        self.count[self.key(inputs["input"])] += 1

    def _postprocess(self):
        for key, count in self.count.items():
            self.write("output", (key, count))


class Letters(ProducerPE):
    def _process(self, inputs):
        for i in range(30):
            self.write("output", ("abcde"[i % 5], i % 3, i))


class Fields(IterativePE):
    def _process(self, data):
        return {"letter": data[0], "three": data[1], "i": data[2]}


def grouped_afterwards():
    count = PerKey()
    count.inputconnections["input"]["grouping"] = [0]
    count.numprocesses = 3
    return chain(Letters(), count)


def grouped_by_tuple():
    count = PerKey(lambda item: item[:2])
    count.inputconnections["input"][GROUPING] = (0, 1)
    count.numprocesses = 4
    return chain(Letters(), count)


def grouped_by_name():
    count = PerKey(lambda item: item["letter"])
    count._add_input("input", grouping=["letter"])
    count.numprocesses = 3
    return chain(Letters(), Fields(), count)


def make_counter(composite, instances, key=0):
    first, second = PerKey(lambda item: item[key]), PerKey()
    first.numprocesses = instances
    second._add_input("input", grouping="global")
    composite.connect(first, "output", second, "input")
    composite._map_input("words", first, "input")
    composite._map_output("counts", second, "output")


class Counter(CompositePE):
    def __init__(self, **params):
        CompositePE.__init__(self, make_counter, params)


def grouped_composite():
    graph = WorkflowGraph()
    counter = Counter(instances=3, key=1)
    counter.inputconnections["words"]["grouping"] = [1]
    graph.connect(Letters(), "output", counter, "words")
    return graph


# -- composites ----------------------------------------------------------------------------------------------------
def inner(composite, n):
    head, tail = Base(n), SimpleFunctionPE(scaled, {"by": 2})
    composite.connect(head, "output", tail, "input")
    composite._map_input("input", head, "input")
    composite._map_output("output", tail, "output")


def outer(composite, n):
    a, b = CompositePE(inner, {"n": n}), CompositePE(inner, {"n": n + 1})
    composite.connect(a, "output", b, "input")
    composite._map_input("in", a, "input")
    composite._map_output("half", a, "output")
    composite._map_output("whole", b, "output")


def nested_composites():
    graph = WorkflowGraph()
    box = CompositePE(outer, {"n": 5})
    show = Collect("half", "whole")
    graph.connect(Numbers(4), "output", box, "in")
    graph.connect(box, "half", show, "half")
    graph.connect(box, "whole", show, "whole")
    return graph


class Logged(SimpleFunctionPE):
    """A function PE of the user's own: calls the function with the item's second field."""

    def __init__(self, compute_fn=None, params={}):
        SimpleFunctionPE.__init__(self, compute_fn, params)

    def _process(self, data):
        self.log("%s gets %s" % (self.name, data))
        return [data[0], self.compute_fn(data[1], **self.params)]


def own_chain():
    steps = [double, (scaled, {"by": 3}), [scaled, {"plus": 1}], (double, None)]
    middle = create_iterative_chain(steps, Logged, name_prefix="step_", name_suffix="_x")
    graph = WorkflowGraph()
    graph.connect(SimpleFunctionPE(lambda data: [0, data]), "output", middle, "input")
    last = Collect()
    graph.connect(middle, "output", last, "input")
    first = [pe for pe in graph.getContainedObjects() if isinstance(pe, SimpleFunctionPE)][0]
    graph.connect(Numbers(3), "output", first, "input")
    return graph


def flattened_already():
    graph = nested_composites()
    graph.flatten()
    names = [node.getContainedObject().name for node in graph.graph.nodes()]
    assert len(names) == 6 == len(graph.getContainedObjects()), names
    for node in graph.graph.nodes():
        for edge in graph.graph[node].values():
            assert edge["DIRECTION"][0] in graph.objToNode
    return graph


# -- counts --------------------------------------------------------------------------------------------------------
class Ranked(IterativePE):
    stateful = False

    def _process(self, data):
        return data + 0


def partitioned():
    graph = WorkflowGraph()
    numbers, plus, minus, last = Numbers(), Base(1), Base(-1), Collect()
    graph.connect(numbers, "output", plus, "input")
    graph.connect(plus, "output", minus, "input")
    graph.connect(minus, "output", last, "input")
    graph.partitions = [[numbers], [plus, minus], [last]]
    graph.numprocesses = [1, 3, 1]
    return graph


def counts_in_places():
    class Wide(Base):
        numprocesses = 2

        def _process(self, data):
            return data + 1

    one, two, three = Wide(), Base(1), Base(1)
    two.numprocesses = 3
    three.single = True
    last = Collect()
    last.num_processes = 1
    return chain(Numbers(), one, two, three, last)


# -- aggregates ----------------------------------------------------------------------------------------------------
class Rows(ProducerPE):
    def _process(self, inputs):
        for i in range(1, 101):
            self.write("output", [i, -i, i * 0.5])


class Running(ContinuousReducePE):
    def _process(self, data):
        for i in self.indexes:
            self.value[i] += data[i]


def aggregates():
    graph = WorkflowGraph()
    rows = Rows()
    for pe in (CountPE(), SumPE([0, 1]), MinPE([0, 1]), MaxPE([1]), AverageParallelPE(), StdDevPE()):
        graph.connect(rows, "output", pe, "input")
    average = AverageReducePE()
    graph.connect([p for p in graph.getContainedObjects() if isinstance(p, AverageParallelPE)][0], "output",
                  average, "input")
    return graph


def parallel_aggregates():
    graph = WorkflowGraph()
    rows = Rows()
    for composite in (parallelCount(), parallelSum([0, 1]), parallelMin(), parallelMax([0]), parallelAvg(0),
                      parallelStdDev(0)):
        composite.numprocesses = 3
        graph.connect(rows, "output", composite, "input")
    return graph


def running():
    return chain(Items([1], [2], [3]), Running(), Collect())


def empty_grouping():
    return chain(Numbers(3), Collect(grouping=[]), Collect(grouping=""))


# -- things that can't be copied, made in __init__ -----------------------------------------------------------------
class Opened(ProducerPE):
    """Reads a file that it opened when it was made, and draws from a generator."""

    def __init__(self, name):
        ProducerPE.__init__(self)
        self.file = open(name)
        self.numbers = (n * n for n in range(100))

    def _process(self, inputs):
        for line in self.file:
            self.write("output", (line.strip(), next(self.numbers)))


class Locked(IterativePE):
    def __init__(self):
        IterativePE.__init__(self)
        self.lock = threading.Lock()
        self.count = 0
        self.add = self.add_one

    def add_one(self):
        self.count += 1

    def _process(self, data):
        with self.lock:
            self.add()
        return data, self.count


class Unlocked(Locked):
    """Keeps nothing, so that it could run as several instances."""

    def _process(self, data):
        with self.lock:
            return data


def held():
    return chain(Opened(os.path.join(HERE, "later.json")), Unlocked(), Locked(), Collect(grouping="global"))


def held_by_two():
    locked = Locked()
    locked.numprocesses = 2
    return chain(Numbers(2), locked)


# -- state in odd places -------------------------------------------------------------------------------------------
class ClassState(IterativePE):
    """State in attributes of the class, which each instance must have for itself."""

    seen = []
    tally = {"items": 0}
    count = 0

    def _process(self, data):
        self.seen.append(data)
        self.tally["items"] += 1
        self.count += 1

    def _postprocess(self):
        self.write("output", (sorted(self.seen), self.tally["items"], self.count))


def class_state():
    state = ClassState()
    state.numprocesses = 2
    return chain(Numbers(6), state)


class Defaults(IterativePE):
    def __init__(self, table={}, words=[]):
        IterativePE.__init__(self)
        self.table = table
        self.words = words

    def _process(self, data):
        self.table[data] = self.table.get(data, 0) + 1
        self.words.append(data)
        return (data, self.table[data], len(self.words))


def mutable_defaults():
    graph = WorkflowGraph()
    items, one, other = Items("a", "b", "a"), Defaults(), Defaults()
    other.name = "Other"
    for pe in (one, other):
        graph.connect(items, "output", pe, "input")
    return graph


def functions():
    graph = WorkflowGraph()
    numbers = Numbers(4)

    def closed(data):
        return data + extra

    extra = 7
    for i, function in enumerate([lambda d: d + 1, functools.partial(scaled, by=4), closed, abs, str]):
        pe = SimpleFunctionPE(function)
        pe.name = "f" + "abcde"[i]
        graph.connect(numbers, "output", pe, "input")
    named = SimpleFunctionPE(functools.partial(scaled, plus=1), {"by": 2})
    graph.connect(numbers, "output", named, "input")
    return graph


@dataclass(eq=False)
class Scale(IterativePE):
    by: int = 2
    table: list = field(default_factory=list)

    def __post_init__(self):
        IterativePE.__init__(self)

    def _process(self, data):
        return data * self.by


@dataclass
class ComparedScale(Scale):
    """A dataclass compares by its fields, and so has no hash: two that are equal are still two PEs."""

    def __post_init__(self):
        IterativePE.__init__(self)


class WithProperty(IterativePE):
    __slots__ = ("hidden",)

    def __init__(self, n):
        IterativePE.__init__(self)
        self.hidden = n
        self._n = n

    @property
    def n(self):
        return self._n * 100

    @n.setter
    def n(self, value):
        self._n = value

    def _process(self, data):
        return data + self.n + self.hidden


def kinds_of_pes():
    with_property = WithProperty(1)
    with_property.n = 2
    return chain(Numbers(4), Scale(3), ComparedScale(2), ComparedScale(2), with_property)


def equal_pes():
    graph = WorkflowGraph()
    numbers, one, other = Numbers(3), ComparedScale(2), ComparedScale(2)
    one.name, other.name = "One", "Other"
    graph.connect(numbers, "output", one, "input")
    graph.connect(one, "output", other, "input")
    last = ComparedScale(2)
    last.name = "Last"
    graph.connect(one, "output", last, "input")
    return graph


class Inherited(Base):
    factor = 3

    def __init__(self, *args, **kwargs):
        super(Inherited, self).__init__(*args, **kwargs)
        self.name = "an inherited one"

    def change(self, data):
        return super().change(data) + 1


def helpers_beside():
    graph = chain(Items(("ABC", 1), ("DEFG", 2)), Calibrate(), Locate(), Collect())
    other = chain(Numbers(THRESHOLD), Inherited(5), Base())
    for edge in other.graph.links:
        graph.connect(edge.source, edge.output, edge.dest, edge.input)
    return graph


# -- items ---------------------------------------------------------------------------------------------------------
class Nested:
    class Deep:
        def __init__(self, n):
            self.n = n

        def __repr__(self):
            return "Deep(%d)" % self.n


Point = collections.namedtuple("Point", "x y")


class OwnError(Exception):
    def __init__(self, code, text="bad"):
        Exception.__init__(self, code, text)
        self.code = code


def items_of_all_kinds():
    reading = Reading("ABC", [1, 2])
    reading.origin = reading.values
    return chain(
        Items(np.arange(6.0).reshape(2, 3), np.ma.array([1, 2], mask=[0, 1]), np.float32(2), {"a": None, "b": [None]},
              float("nan"), float("inf"), ValueError("v", 1), OwnError(3), Nested.Deep(4), reading, "x" * 1_000_000,
              b"y" * 10, 1 + 2j, {1, 2}, frozenset("a"), (1, (2, [3])), collections.OrderedDict(a=1), "", 0, False,
              sys.maxsize + 1, Point(1, 2), double, range(3), Ellipsis, collections.Counter("aab"), bytearray(b"z")),
        SimpleFunctionPE(same), Describe(),
    )


class Drop(GenericPE):
    """None as an item: returned by an iterative PE it is nothing, inside a dict of outputs it is an item."""

    def __init__(self):
        GenericPE.__init__(self)
        self._add_input("input")
        self._add_output("output")
        self._add_output("other")

    def process(self, inputs):
        if inputs["input"] % 2:
            return {"output": None, "other": 0}
        return {}


def none_items():
    graph = WorkflowGraph()
    drop = Drop()
    graph.connect(Numbers(4), "output", drop, "input")
    graph.connect(drop, "output", Collect(), "input")
    return graph


def streams():
    obspy = __import__("obspy")
    trace = obspy.Trace(np.arange(8.0), {"station": "ABC", "starttime": obspy.UTCDateTime(10)})
    return chain(Items(obspy.Stream([trace]), obspy.Stream([trace, trace])), SimpleFunctionPE(detrended),
                 SimpleFunctionPE(ids))


def detrended(stream):
    return stream.detrend("demean")


def ids(stream):
    return [(t.id, str(t.stats.starttime), [round(x, 6) for x in t.data.tolist()]) for t in stream]


# -- shapes of graphs ----------------------------------------------------------------------------------------------
def fan_in():
    graph = WorkflowGraph()
    a, b, last = Numbers(3), Numbers(2), Collect("x", "y")
    graph.connect(a, "output", last, "x")
    graph.connect(a, "output", last, "y")
    graph.connect(b, "output", last, "x")
    graph.add(Numbers(1))  # stands alone
    return graph


def an_unconnected_input():
    graph = WorkflowGraph()
    last = Collect("used", "unused")
    graph.connect(Numbers(3), "output", last, "used")
    lonely = Collect("nothing")
    graph.add(lonely)
    return graph


class Walk(ProducerPE):
    def __init__(self, seed):
        ProducerPE.__init__(self)
        self.rng = random.Random(seed)
        self.generator = np.random.default_rng(seed)

    def _process(self, inputs):
        random.seed(1)
        for _ in range(5):
            self.write("output", (self.rng.random(), float(self.generator.random()), random.random()))


def seeded():
    return chain(Walk(3), Collect())


# -- phases --------------------------------------------------------------------------------------------------------
class WritesEarly(GenericPE):
    def __init__(self):
        GenericPE.__init__(self)
        self._add_input("input")
        self._add_output("output")

    def _preprocess(self):
        self.open = True
        self.write("output", "head")

    def process(self, inputs):
        assert self.open
        self.write("output", inputs["input"])
        return {"output": -inputs["input"]}


def writes_in_preprocess():
    return chain(Numbers(3), WritesEarly(), Collect())


class Windows(GenericPE):
    """Reads its items through a generator that lives as long as the instance."""

    def __init__(self, size):
        GenericPE.__init__(self)
        self._add_input("input")
        self._add_output("output")
        self.size = size

    def preprocess(self):
        self.windows = self.make_windows()
        next(self.windows)

    def make_windows(self):
        window = []
        while True:
            item = yield
            window.append(item)
            if len(window) == self.size:
                self.write("output", list(window))
                window.clear()

    def process(self, inputs):
        self.windows.send(inputs["input"])


def generators():
    return chain(Numbers(7), Windows(3), Collect())


class Speaks(IterativePE):
    def _process(self, data):
        self.log("got %s" % data)
        logger.warning("logged %s", data)
        print("printed", data, file=sys.stderr if data % 2 else sys.stdout)
        return (self.id, self.name, data)


def speaks():
    speaker = Speaks()
    speaker.name = "speaker"
    return chain(Numbers(2), speaker)


class OwnLog(Speaks):
    def log(self, message):
        print("mine:", message)

    def write(self, name, data, **kwargs):
        super().write(name, [data, sorted(kwargs)], **kwargs)

    def _process(self, data):
        self.log(data)
        self.write("output", data, metadata={"a": 1}, location="here")


def own_log_and_write():
    return chain(Numbers(2), OwnLog(), Collect())


class Files(ConsumerPE):
    """Writes a file for each item, and reads it back."""

    def __init__(self, folder):
        ConsumerPE.__init__(self)
        self.folder = folder
        self._add_output("names")

    def _preprocess(self):
        os.makedirs(self.folder, exist_ok=True)

    def _process(self, data):
        name = os.path.join(self.folder, "%s.txt" % data)
        with open(name, "w") as out:
            out.write(str(data))
        self.write("names", os.path.basename(name))


def files(folder="/tmp/d4p-compat-files"):
    return chain(Numbers(3), Files(folder))


def file_beside():
    return chain(Items(*NUMBERS), Collect())


class Lazy(IterativePE):
    """Imports and opens what lies beside the file only when it runs."""

    def _process(self, data):
        import later

        with open(os.path.join(HERE, "later.json")) as file:
            return (json.load(file), later.word())


def files_at_run_time():
    return chain(Numbers(2), Lazy())


def squared(data, prov_cluster):
    return {"_d4p_prov": {"metadata": {"value": data}}, "_d4p_data": data * data}


def with_provenance():
    from dispel4py.provenance import InitiateNewRun, ProvenancePE, ProvenanceRecorderToFile

    class Declares(Collect):
        def process(self, inputs):
            self.addToProvState("here", inputs, metadata={"a": 1})
            super().process(inputs)

    graph = chain(Numbers(3), SimpleFunctionPE(squared, {"prov_cluster": "mine"}), Declares())
    InitiateNewRun(graph, ProvenanceRecorderToFile, provImpClass=ProvenancePE, username="me")
    return graph


def timed():
    """A PE in a wrapper, as delayed_pipeline of dispel4py's own examples has it."""
    wrapped = ProcessTimingPE(Base(10))
    graph = chain(Numbers(3), wrapped, Collect())
    assert isinstance(wrapped, Base) and wrapped.name == "Base"
    return graph


# -- several at once, since each run takes its time ----------------------------------------------------------------
def together(*makers):
    """Several graphs in one; the names of their PEs follow the names of the graphs."""
    union = WorkflowGraph()
    for make in makers:
        graph = make()
        for node in graph.graph.nodes():
            pe = node.getContainedObject()
            if isinstance(pe, GenericPE):
                pe.name = make.__name__ + "." + pe.name
            union.add(pe)
        for _, _, edge in graph.graph.edges(data=True):
            for output, input in edge["ALL_CONNECTIONS"]:
                union.connect(edge["DIRECTION"][0], output, edge["DIRECTION"][1], input)
    return union


def of_ports():
    return together(two_ports, numbered_ports, grouped_afterwards, grouped_by_tuple, grouped_by_name,
                    grouped_composite, fan_in, an_unconnected_input, counts_in_places, empty_grouping)


def of_composites():
    return together(nested_composites, flattened_already, own_chain, aggregates, parallel_aggregates, running)


def of_pes():
    return together(class_state, mutable_defaults, functions, kinds_of_pes, equal_pes, helpers_beside,
                    file_beside, files_at_run_time, seeded, timed, with_provenance)


def of_spawned():
    return together(class_state, helpers_beside, items_of_all_kinds)


def of_items():
    return together(items_of_all_kinds, none_items, streams, writes_in_preprocess, generators, speaks,
                    own_log_and_write)


# -- what files do at their end ------------------------------------------------------------------------------------
def parse_args():
    parser = argparse.ArgumentParser()
    parser.add_argument("--n", type=int, required=True)
    return parser.parse_args()


if __name__ == "__main__":
    from dispel4py.new.simple_process import process as simple_process

    args = parse_args()
    simple_process(two_ports(), {"Numbers": args.n})
