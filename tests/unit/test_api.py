"""The PE classes and the workflow graph."""

from __future__ import annotations

import copy
import functools
import pickle
from dataclasses import dataclass
from pathlib import Path

import pytest

from d4p import (
    BasePE,
    CompositePE,
    ConsumerPE,
    GenericPE,
    IterativePE,
    ProducerPE,
    SimpleFunctionPE,
    WorkflowGraph,
    create_iterative_chain,
)
from d4p.errors import Refused
from d4p.graph.workflow_graph import WorkflowNode


class Double(IterativePE):
    def _process(self, data):
        return None if data is None else data * 2


def wired(pe):
    """Collects what a PE writes, as an engine would: port -> items."""
    got = {port: [] for port in pe.outputconnections}
    pe._d4p_ports = {port: items.append for port, items in got.items()}
    return got


def test_ports_and_defaults():
    pe = Double()
    assert pe.inputconnections == {"input": {"name": "input"}}
    assert pe.outputconnections == {"output": {"name": "output"}}
    assert (pe.name, pe.numprocesses, pe._d4p_asked, pe.single, pe.stateful) == ("Double", 1, False, False, None)
    pe._add_input("other", grouping=("a", 0), tuple_type=["x"])
    assert pe.inputconnections["other"] == {"name": "other", "grouping": ("a", 0), "type": ["x"]}
    assert pe.input_connections is pe.inputconnections and pe.output_connections is pe.outputconnections


@pytest.mark.parametrize(("count", "asked"), [(1, False), (2, True)])
def test_numprocesses_in_the_constructor(count, asked):
    pe = GenericPE(numprocesses=count)
    assert (pe.numprocesses, pe._d4p_asked) == (count, asked)


def test_numprocesses_assigned_is_asked_also_one():
    pe = Double()
    pe.numprocesses = 1
    assert pe._d4p_asked
    other = Double()
    other.num_processes = 4
    assert other.numprocesses == other.num_processes == 4
    assert copy.deepcopy(other)._d4p_asked and pickle.loads(pickle.dumps(other)).numprocesses == 4


def test_numprocesses_set_before_init_or_in_the_class_body():
    class Early(IterativePE):
        def __init__(self):
            self.numprocesses = 3
            IterativePE.__init__(self)

    class Body(IterativePE):
        numprocesses = 5

    for pe, count in ((Early(), 3), (Body(), 5)):
        assert (pe.numprocesses, pe._d4p_asked) == (count, True)
    changed = Body()
    changed.numprocesses = 2
    assert changed.numprocesses == 2


def test_either_spelling_overrides_both():
    class Snake(IterativePE):
        def set_input_types(self, types):
            self.seen = types

    class Camel(Snake):
        def setInputTypes(self, types):
            super().setInputTypes(types)
            self.twice = True

    class Mixin:
        def get_output_types(self):
            return {"output": "mixed"}

    class Mixed(Mixin, IterativePE):
        pass

    pe = Camel()
    pe.set_input_types({"input": 1})
    assert pe.seen == {"input": 1} and pe.twice
    snake = Snake()
    snake.setInputTypes({"input": 2})
    assert snake.seen == {"input": 2}
    assert Mixed().getOutputTypes() == {"output": "mixed"}


def test_output_types_must_be_given():
    with pytest.raises(ValueError, match="'output' has no type"):
        Double().getOutputTypes()


def test_write_goes_to_the_engine_then_to_a_writer():
    pe = Double()
    with pytest.raises(ValueError, match="while no engine runs it"):
        pe.write("output", 1)
    with pytest.raises(ValueError, match=r"Double writes to 'nope', .* its outputs \(it has: 'output'\)"):
        pe.write("nope", 1)

    class Writer:
        def write(self, data):
            self.data = data

    writer = pe.outputconnections["output"]["writer"] = Writer()
    pe.write("output", 2, metadata={"ignored": True})
    assert writer.data == 2
    got = wired(pe)
    pe.write("output", 3)
    assert got == {"output": [3]} and writer.data == 2
    with pytest.raises(ValueError, match="'nope'"):
        pe.write("nope", 1)


def test_write_can_be_overridden():
    class Shouting(Double):
        def _write(self, name, data, **kwargs):
            super()._write(name, f"{data}!", **kwargs)

    pe = Shouting()
    got = wired(pe)
    pe.write("output", 1)
    assert got == {"output": ["1!"]}


def test_log(capsys):
    pe = Double()
    WorkflowGraph().add(pe)
    pe.log("hello")
    assert capsys.readouterr().out == "Double0 (instance 0): hello\n"
    said = []
    pe._d4p_log = said.append
    pe.log("again")
    assert said == ["again"]


def test_iterative_returns_or_not():
    assert Double().process({"input": 3}) == {"output": 6}
    assert Double().process({"input": None}) is None

    class Renamed(Double):
        OUTPUT_NAME = "result"

        def __init__(self):
            Double.__init__(self)
            self._add_output("result")

    assert Renamed().process({"input": 1}) == {"result": 2}


def test_producer_with_and_without_argument():
    class With(ProducerPE):
        def _process(this, inputs):
            return inputs

    class Without(ProducerPE):
        def _process(this):
            raise TypeError("from inside")

    class Star(ProducerPE):
        def _process(self, *args):
            return len(args)

    assert With().process({"a": 1}) == {"output": {"a": 1}}
    with pytest.raises(TypeError, match="from inside"):
        Without().process({})
    assert Star().process({}) == {"output": 1}
    patched = With()
    patched._process = lambda: 7
    assert patched.process({}) == {"output": 7}


def test_consumer_ignores_what_process_returns():
    class Sink(ConsumerPE):
        def _process(self, data):
            return data

    assert Sink().process({"input": 1}) is None and not Sink().outputconnections


def test_base_pe_names():
    pe = BasePE(inputs=["a"], outputs=["x", "y"], num_inputs=2, numOutputs=1)
    assert list(pe.inputconnections) == ["input0", "input1", "a"]
    assert list(pe.outputconnections) == ["output0", "x", "y"]


def add(data, n=1):
    return data + n


def test_function_pe():
    pe = SimpleFunctionPE(add, {"n": 5})
    assert pe.name == "PE_add" and pe.process({"input": 1}) == {"output": 6}
    assert SimpleFunctionPE(functools.partial(add, n=2)).name == "PE_add"
    assert pickle.loads(pickle.dumps(pe)).process({"input": 1}) == {"output": 6}
    assert SimpleFunctionPE(add).params is not SimpleFunctionPE(add).params


def test_chain_of_functions():
    class Mine(SimpleFunctionPE):
        pass

    chain = create_iterative_chain([add, (add, {"n": 2}), [add, {"n": 3}]], Mine, "X_", "_y")
    pes = chain.getContainedObjects()
    assert [pe.name for pe in pes] == ["X_add_y"] * 3 and {type(pe) for pe in pes} == {Mine}
    assert [pe.params for pe in pes] == [{}, {"n": 2}, {"n": 3}]
    assert chain.inputmappings == {"input": (pes[0], "input")}
    assert chain.outputmappings == {"output": (pes[2], "output")}


def test_chain_of_a_class_that_wants_its_function():
    class Wants(SimpleFunctionPE):
        def __init__(self, compute_fn, params={}):  # noqa: B006  as old classes have it
            SimpleFunctionPE.__init__(self, compute_fn, params)
            self.given = compute_fn, params

    chain = create_iterative_chain([add, (add, {"n": 2})], Wants).getContainedObjects()
    for pe, params in zip(chain, [{}, {"n": 2}], strict=True):
        assert pe.given == (add, params) == (pe.compute_fn, pe.params) and pe.name == "PE_add"


@pytest.mark.parametrize("bad", [[], [3], ["add"], [(add,)], [(add, 3)]])
def test_chain_refuses(bad):
    with pytest.raises(Refused, match="create_iterative_chain"):
        create_iterative_chain(bad)


def test_ids_count_from_zero_in_every_graph():
    for _ in range(2):
        graph = WorkflowGraph()
        a, b = Double(), Double()
        graph.connect(a, "output", b, "input")
        node = graph.add(a)
        assert graph.add(a) is node and len(graph.graph) == 2
        assert (a.id, b.id) == ("Double0", "Double1")


def test_a_composite_does_not_count_and_unknown_nodes_are_added_source_first():
    graph, composite = WorkflowGraph(), CompositePE()
    a, b = Double(), Double()
    graph.connect(composite, "out", a, "input")
    graph.connect(b, "output", a, "input")
    assert [n.getContainedObject() for n in graph.graph.nodes()] == [composite, a, b]
    assert (a.id, b.id) == ("Double0", "Double1")
    assert graph.objToNode[composite].nodeType == WorkflowNode.WORKFLOW_NODE_CP


def test_equal_pes_are_two_pes():
    @dataclass(unsafe_hash=True)
    class Value(IterativePE):
        n: int

        def __post_init__(self):
            IterativePE.__init__(self)

    graph = WorkflowGraph()
    graph.connect(Value(1), "output", Value(1), "input")
    assert len(graph.graph) == 2


@pytest.mark.parametrize(("thing", "says"), [(3, "int"), (None, "NoneType"), (Double, "the class Double itself"),
                                             ("a", "str")])
def test_graph_refuses_what_is_no_pe(thing, says):
    with pytest.raises(Refused, match=says):
        WorkflowGraph().connect(Double(), "output", thing, "input")


def test_graph_refuses_a_pe_that_was_not_initialised():
    class Forgot(GenericPE):
        def __init__(self):
            pass

    with pytest.raises(Refused, match="Forgot was not initialised"):
        WorkflowGraph().add(Forgot())


def test_edges_know_the_line():
    graph = WorkflowGraph()
    graph.connect(Double(), "output", Double(), "input")  # here
    chain = create_iterative_chain([add, add])  # here
    lines = Path(__file__).read_text().split("\n")
    for made in (graph, chain):
        file, _, line = made.graph.links[0].where.rpartition(":")
        assert file == __file__ and lines[int(line) - 1].endswith("# here")


def test_the_graph_reads_like_networkx():
    graph = WorkflowGraph()
    a, b, c = Double(), Double(), Double()
    graph.connect(a, "output", b, "input")
    graph.connect(a, "output", b, "other")
    graph.connect(b, "output", a, "input")
    graph.connect(b, "output", c, "input")
    na, nb, nc = graph.graph.nodes()
    nx = graph.graph
    assert len(nx) == nx.number_of_nodes() == 3 and na in nx
    assert nx.has_edge(na, nb) and nx.has_edge(nb, na) and not nx.has_edge(na, nc)
    assert nx[na][nb]["ALL_CONNECTIONS"] == [("output", "input"), ("output", "other")]
    assert nx[na][nb]["DIRECTION"] == (a, b) and nx[na][nb]["FROM_CONNECTION"] == "output"
    assert nx.edges() == [(na, nb), (nb, na), (nb, nc)]
    assert [(s, d, x["DIRECTION"]) for s, d, x in nx.edges(nb, data=True)] == [
        (nb, na, (a, b)), (nb, na, (b, a)), (nb, nc, (b, c))]
    assert set(nx[nb]) == {na, nc} and list(nx.neighbors(nc)) == [nb]


def test_a_self_loop_is_one_edge():
    graph, a = WorkflowGraph(), Double()
    graph.connect(a, "output", a, "input")
    assert len(graph.graph.edges()) == len(graph.graph.edges(graph.objToNode[a])) == 1


def test_attributes_that_exist_once_set():
    graph = WorkflowGraph()
    for name in ("inputmappings", "outputmappings", "partitions", "numprocesses", "input_mappings", "nonsense"):
        assert not hasattr(graph, name)
    graph.input_mappings = {"i": (Double(), "input")}
    assert graph.inputmappings is graph.input_mappings
    assert CompositePE().inputmappings == {} == CompositePE().output_mappings


def test_composite_is_filled_by_a_function_with_parameters():
    def fill(composite, n):
        pe = SimpleFunctionPE(add, {"n": n})
        composite.add(pe)
        composite._map_input("in", pe, "input")
        composite.map_output("out", pe, "output")

    composite = CompositePE(fill, {"n": 4})
    assert composite.inputmappings["in"][0].params == {"n": 4}
    assert list(composite.inputconnections) == ["in"] and list(composite.outputconnections) == ["out"]


def test_propagate_types():
    seen = {}

    class Typed(IterativePE):
        def __init__(self, label):
            IterativePE.__init__(self)
            self.label = label

        def set_input_types(self, types):
            seen[self.label] = types

        def get_output_types(self):
            return {"output": [*seen[self.label].get("input", []), self.label]}

    a, b, c = Typed("a"), Typed("b"), Typed("c")
    graph = WorkflowGraph()
    graph.connect(b, "output", c, "input")
    graph.connect(a, "output", b, "input")
    graph.propagate_types()
    assert seen == {"a": {}, "b": {"input": ["a"]}, "c": {"input": ["a", "b"]}}
    graph.connect(c, "output", b, "input")
    graph.propagate_types()
    assert seen == {"a": {}, "b": {"input": ["a"]}, "c": {"input": ["a", "b"]}}


def test_graphs_copy_and_pickle():
    graph = WorkflowGraph()
    graph.connect(SimpleFunctionPE(add), "output", create_iterative_chain([add, add]), "input")
    for twin in (copy.deepcopy(graph), pickle.loads(pickle.dumps(graph))):
        twin.flatten()
        assert [pe.id for pe in twin.getContainedObjects()] == ["PE_add0", "PE_add1", "PE_add2"]
        assert all(link.source in twin.objToNode for link in twin.graph.links)
    assert pickle.loads(pickle.dumps(WorkflowGraph())).objToNode.get(1) is None
