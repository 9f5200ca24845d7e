"""Flattening keeps every edge and numbers the PEs."""

from __future__ import annotations

import pytest

import d4p_compile
from d4p import CompositePE, GenericPE, IterativePE, WorkflowGraph, create_iterative_chain
from d4p.errors import Refused
from d4p.graph.flatten import flatten, topological
from d4p.graph.labels import labels
from tests.calls import calls


class PE(GenericPE):
    """A PE with two inputs and two outputs."""

    def __init__(self, name):
        GenericPE.__init__(self)
        self.name = name
        for port in ("a", "b"):
            self._add_input(port)
        for port in ("x", "y"):
            self._add_output(port)


def composite(inner, ins=(), outs=()):
    """A composite of one PE or composite; ports keep their names."""
    made = CompositePE()
    made.add(inner)
    for port in ins:
        made._map_input(port, inner, port)
    for port in outs:
        made._map_output(port, inner, port)
    return made


def edges(flat):
    return [(e.source.name, e.output, e.dest.name, e.input) for e in flat.edges]


def names(pes):
    return [pe.name for pe in pes]


def test_order_ids_and_composites():
    s, p, q, t = map(PE, "spqt")
    inner = composite(q, "a", "x")
    outer = CompositePE()
    outer.connect(p, "x", inner, "a")
    outer.map_input("a", p, "a")
    outer.map_output("x", inner, "x")
    outer.name = "outer"
    graph = WorkflowGraph()
    graph.connect(s, "x", outer, "a")
    graph.connect(outer, "x", t, "a")
    flat = flatten(graph)
    assert [pe.id for pe in flat.pes] == ["s0", "p1", "q2", "t3"]
    assert edges(flat) == [("s", "x", "p", "a"), ("q", "x", "t", "a"), ("p", "x", "q", "a")]
    assert [(label, names(pes)) for label, pes in flat.composites] == [("outer0", ["p", "q"]), ("composite1", ["q"])]
    assert flat.partitions == () == flat.warnings
    assert all(e.where.startswith(__file__) for e in flat.edges)


def test_composite_to_composite():
    p, q = PE("p"), PE("q")
    graph = WorkflowGraph()
    graph.connect(composite(p, outs="x"), "x", composite(q, ins="a"), "a")
    assert edges(flatten(graph)) == [("p", "x", "q", "a")]


def test_two_sources_and_two_consumers_of_composite_ports():
    s, t, p, u, v = map(PE, "stpuv")
    c = composite(p, "a", "x")
    graph = WorkflowGraph()
    graph.connect(s, "x", c, "a")
    graph.connect(t, "x", c, "a")
    graph.connect(c, "x", u, "a")
    graph.connect(c, "x", v, "b")
    assert edges(flatten(graph)) == [("s", "x", "p", "a"), ("t", "x", "p", "a"), ("p", "x", "u", "a"),
                                     ("p", "x", "v", "b")]


def test_two_port_pairs_between_a_pe_and_a_composite_and_both_directions():
    s, p = PE("s"), PE("p")
    c = composite(p, "ab", "xy")
    graph = WorkflowGraph()
    for source, output, dest, input in ((s, "x", c, "a"), (s, "y", c, "b"), (c, "x", s, "a"), (c, "y", s, "b")):
        graph.connect(source, output, dest, input)
    expected = [("s", "x", "p", "a"), ("s", "y", "p", "b"), ("p", "x", "s", "a"), ("p", "y", "s", "b")]
    assert edges(flatten(graph)) == expected
    graph.flatten()
    assert edges(flatten(graph)) == expected


def test_the_same_composite_twice_is_one_copy_also_in_two_places():
    s, t, p = map(PE, "stp")
    shared = composite(p, "a", "x")
    other = composite(shared, "a")
    graph = WorkflowGraph()
    graph.connect(s, "x", shared, "a")
    graph.connect(t, "x", shared, "a")
    graph.connect(t, "y", other, "a")
    flat = flatten(graph)
    assert names(flat.pes) == ["s", "p", "t"]
    assert [names(inner) for _, inner in flat.composites] == [["p"], ["p"]]
    assert ("t", "y", "p", "a") in edges(flat)


def test_the_same_four_twice_are_one_edge_with_a_warning():
    s, p = PE("s"), PE("p")
    c = CompositePE()
    c.add(p)
    c.map_input("one", p, "a")
    c.map_input("two", p, "a")
    graph = WorkflowGraph()
    graph.connect(s, "x", c, "one")
    graph.connect(s, "x", c, "two")
    flat = flatten(graph)
    assert edges(flat) == [("s", "x", "p", "a")]
    (warning,) = flat.warnings
    assert "s0.x is connected to p1.a more than once" in warning and warning.count(__file__) == 2
    graph.flatten()
    assert flatten(graph).warnings == flat.warnings  # still said after flattening in place


def test_mapped_but_never_added():
    s, p = PE("s"), PE("p")
    c = CompositePE()
    c.map_input("in", p, "a")
    graph = WorkflowGraph()
    graph.connect(s, "x", c, "in")
    assert edges(flatten(graph)) == [("s", "x", "p", "a")]


def test_unmapped_port_lists_the_ports():
    graph = WorkflowGraph()
    graph.connect(PE("s"), "x", composite(PE("p"), "ab"), "c")
    with pytest.raises(Refused, match=r"test_flatten.py:\d+: the composite has no input 'c'; .*: 'a', 'b'"):
        flatten(graph)
    plain = WorkflowGraph()  # neither mappings were set
    plain.add(PE("p"))
    graph = WorkflowGraph()
    graph.connect(plain, "x", PE("t"), "a")
    with pytest.raises(Refused, match="no output 'x'; its outputs are: none"):
        flatten(graph)


def test_a_mapping_must_be_a_pair():
    c = CompositePE()
    c.inputmappings["in"] = PE("p")
    graph = WorkflowGraph()
    graph.add(c)
    with pytest.raises(Refused, match="must map 'in' to a pair"):
        flatten(graph)


def test_a_composite_that_contains_itself():
    a, b = CompositePE(), CompositePE()
    a.add(b)
    b.add(a)
    graph = WorkflowGraph()
    graph.add(a)
    with pytest.raises(Refused, match="contains itself"):
        flatten(graph)
    a.name = "loop"
    with pytest.raises(Refused, match="the composite loop contains itself"):
        a.flatten()


def test_groupings_pass_to_the_inner_port_the_outermost_wins():
    p = PE("p")
    p.inputconnections["b"]["grouping"] = "all"
    inner = composite(p, "ab")
    outer = composite(inner, "ab")
    inner._add_input("a", grouping=[1])
    inner.inputconnections["b"]["grouping"] = [2]
    outer.inputconnections["a"]["grouping"] = "global"
    graph = WorkflowGraph()
    graph.connect(PE("s"), "x", outer, "a")
    for _ in range(2):
        flatten(graph)
        assert p.inputconnections["a"]["grouping"] == "global" and p.inputconnections["b"]["grouping"] == [2]


def test_grouping_on_a_plain_workflow_graph_and_on_a_port_that_is_not_mapped():
    p = PE("p")
    sub = WorkflowGraph()
    sub.add(p)
    sub.inputconnections["in"]["grouping"] = [0]
    sub.inputmappings = {"in": (p, "a")}
    graph = WorkflowGraph()
    graph.add(sub)
    flatten(graph)
    assert p.inputconnections["a"]["grouping"] == [0]
    sub.inputconnections["im"]["grouping"] = [0]
    with pytest.raises(Refused, match="no input 'im'"):
        flatten(graph)


def test_fuse_of_a_pe_a_composite_and_a_graph():
    s, p, q, t = map(PE, "spqt")
    q.fuse = True
    inner = composite(p, "a", "x")
    graph = WorkflowGraph()
    for source, dest in ((s, inner), (inner, q), (q, t)):
        graph.connect(source, "x", dest, "a")
    assert names(flatten(graph).fused) == ["q"]
    inner.fuse = True
    assert names(flatten(graph).fused) == ["p", "q"]
    p.fuse = lambda: None  # an attribute of the user's own
    graph.fuse = "no"
    assert names(flatten(graph).fused) == ["p", "q"]
    graph.fuse = True
    assert names(flatten(graph).fused) == ["s", "p", "q", "t"]
    graph.fuse = inner.fuse = False
    flatten(graph)
    assert names(flatten(graph).fused) == ["q"]
    inner.fuse = True
    graph.flatten()  # in place: the composite is gone, what it asked for stays
    assert names(flatten(graph).fused) == ["p", "q"]


def test_numprocesses_of_a_composite():
    s, root, asked, plain, single, deep = map(PE, ["s", "root", "asked", "plain", "single", "deep"])
    asked.numprocesses = 1
    single.single = True
    own = composite(deep, "a")
    own.numprocesses = 2
    c = CompositePE()
    for pe in (asked, plain, single):
        c.connect(root, "x", pe, "a")
    c.connect(root, "x", own, "a")
    c.numprocesses = 4
    graph = WorkflowGraph()
    graph.add(s)
    graph.add(c)

    def counts():
        return {pe.name: pe.numprocesses for pe in flatten(graph).pes}

    expected = {"s": 1, "root": 1, "asked": 1, "plain": 4, "single": 1, "deep": 2}
    assert counts() == counts() == expected
    c.numprocesses = 3  # what was passed down is not what the PE asked for
    assert counts() == expected | {"plain": 3}
    graph.flatten()
    assert counts() == expected | {"plain": 3} and plain._d4p_asked and not root._d4p_asked


def test_partitions_and_their_counts():
    s, p, q, t = map(PE, "spqt")
    c = CompositePE()
    c.connect(p, "x", q, "a")
    c.map_input("a", p, "a")
    c.map_output("x", q, "x")
    graph = WorkflowGraph()
    graph.connect(s, "x", c, "a")
    graph.connect(c, "x", t, "a")
    graph.partitions = [[s], [c, t]]
    graph.numprocesses = [1, 3]
    q.numprocesses = 2
    for _ in range(2):
        flat = flatten(graph)
        assert [names(part) for part in flat.partitions] == [["s"], ["p", "q", "t"]]
        assert [pe.numprocesses for pe in flat.pes] == [1, 3, 2, 3]
        assert not flat.warnings
        graph.flatten()
    graph.numprocesses = [1, 3, 5]
    assert "3 counts for 2 partitions" in flatten(graph).warnings[0]
    graph.partitions = [[s, p], [p]]
    with pytest.raises(Refused, match="p1 is in partition 0 and in partition 1"):
        flatten(graph)
    graph.partitions = [[PE("stranger")]]
    with pytest.raises(Refused, match="'stranger', which is not in the graph"):
        flatten(graph)


def test_a_list_of_counts_without_partitions_is_said():
    graph = WorkflowGraph()
    graph.connect(PE("s"), "x", PE("t"), "a")
    graph.numprocesses = [1, 2]
    assert "2 counts for 0 partitions" in flatten(graph).warnings[0]


def test_flatten_leaves_the_graph_and_is_idempotent():
    graph = WorkflowGraph()
    c = composite(PE("p"), "a", "x")
    graph.connect(PE("s"), "x", c, "a")
    before = [graph.graph.nodes(), list(graph.graph.links), dict(c.inputmappings)]
    assert flatten(graph) == flatten(graph)
    assert before == [graph.graph.nodes(), list(graph.graph.links), dict(c.inputmappings)]


def test_flatten_in_place():
    s, p = PE("s"), PE("p")
    inner = composite(p, "a", "x")
    graph = WorkflowGraph()
    graph.connect(s, "x", inner, "a")
    graph.outputmappings = {"x": (inner, "x")}
    node = graph.objToNode[s]
    once = flatten(graph)
    graph.flatten()
    assert graph.getContainedObjects() == [p, s] and graph.objToNode[s] is node
    assert graph.outputmappings == {"x": (p, "x")}
    again = flatten(graph)
    assert (again.pes, again.edges, again.composites) == (once.pes, once.edges, ())
    assert graph.add(PE("t")).getContainedObject().id == "t2"


def test_ids_are_unique():
    graph = WorkflowGraph()
    for name in ["a1", *"bcdefghijk", "a"]:  # a1 + 0 and a + 11 would not collide; a1 + 1 and a + 11 do
        graph.add(PE(name))
    graph.add(PE("z"))
    clash = WorkflowGraph()
    clash.add(PE("x"))
    clash.add(PE("a1"))
    for _ in range(9):
        clash.add(PE("y"))
    clash.add(PE("a"))
    for g in (graph, clash):
        ids = [pe.id for pe in flatten(g).pes]
        assert len(set(ids)) == len(ids)
    assert clash.objToNode and ids[1] == "a11" and ids[11] == "a_11"


def test_deep_nesting_and_long_chains():
    nested = create_iterative_chain([abs])
    for _ in range(3000):
        outer = CompositePE()
        outer.map_input("input", nested, "input")
        outer.map_output("output", nested, "output")
        nested = outer
    graph = WorkflowGraph()
    graph.connect(IterativePE(), "output", nested, "input")
    graph.connect(nested, "output", IterativePE(), "input")
    flat = flatten(graph)
    assert [pe.id for pe in flat.pes] == ["IterativePE0", "PE_abs1", "IterativePE2"]
    (_, short), (pes, long) = map(chain, (1500, 3000))
    assert calls(flatten, long) < 2.1 * calls(flatten, short)
    flat = flatten(long)
    assert topological(reversed(flat.pes), flat.edges) == pes


def chain(size: int) -> tuple[list[IterativePE], WorkflowGraph]:
    made, pes = WorkflowGraph(), [IterativePE() for _ in range(size)]
    for a, b in zip(pes, pes[1:], strict=False):
        made.connect(a, "output", b, "input")
    return pes, made


def test_topological_takes_no_notice_of_what_leads_back():
    a, b, c, d = map(PE, "abcd")
    graph = WorkflowGraph()
    graph.connect(a, "x", b, "a")
    graph.connect(b, "x", a, "a")
    graph.connect(c, "x", d, "a")
    assert names(topological(*(lambda f: (f.pes, f.edges))(flatten(graph)))) == ["a", "b", "c", "d"]


def test_stages_have_their_pes_in_the_order_in_which_postprocess_runs():
    """What several write there is put together by the places in it."""
    for edges in ("a c, b d, c e, d e", "a d, b c, c e, d e", "a e, b e, a c, b d, c f, e f"):
        graph = WorkflowGraph()
        pes = {name: PE(name) for name in "abcdef"}
        for source, dest in map(str.split, edges.split(", ")):
            graph.connect(pes[source], "x", pes[dest], "a")
        flat = flatten(graph)
        found = labels(flat)
        order = [found[pe.id] for pe in topological(flat.pes, flat.edges)]
        (stage,) = d4p_compile.plan(graph, "sequential", 1).stages
        assert list(stage.pes) == order
