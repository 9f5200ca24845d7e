"""What the verifier says of a plan that no pass should make, and of graphs that users shouldn't."""

from __future__ import annotations

from dataclasses import replace

import pytest

from d4p.errors import Refused
from d4p_compile.ir.capabilities import Capabilities
from d4p_compile.ir.exchange import Exchange, Kind
from d4p_compile.ir.graph import MOST, Edge, Graph, Pe, Port
from d4p_compile.ir.plan import Channel, Column, Native, Plan
from d4p_compile.ir.sketch import BY, GLOBAL, sketch
from d4p_compile.passes import Options, run_passes
from d4p_compile.passes.order import order
from d4p_compile.passes.place import place
from d4p_compile.passes.verify import cycle_of, producers, verify

WIDE = Options("processes", can=Capabilities(wide=True))


def planned(*edges: str, options: Options = WIDE, **marks: object) -> Plan:
    return run_passes(sketch(*edges, **marks), options)


def stage_as(plan: Plan, number: int, **fields: object) -> Plan:
    return replace(plan, stages=tuple(replace(s, **fields) if s.number == number else s for s in plan.stages))


# what a user wrote


def test_an_empty_graph():
    with pytest.raises(Refused, match="the graph g has no PE"):
        verify(Graph("g", ()), WIDE)


@pytest.mark.parametrize("name", ["a\nb", "\t", "a\u2028b", 1.5, None])
@pytest.mark.parametrize("side", ["input", "output"])
def test_names_of_ports_that_cannot_be_shown(side, name):
    ports = {"inputs": (Port(name),)} if side == "input" else {"outputs": (name,)}
    with pytest.raises(Refused, match=f"has an {side} port .*: the name of a port must be text"):
        verify(Graph("g", (Pe("a", "a", "m.A", **ports),)), WIDE)
    verify(Graph("g", (Pe("a", "a", "m.A", inputs=(Port("é"), Port(0)), outputs=("a b", 1)),)), WIDE)


def test_an_unknown_output():
    made = sketch("a b")
    edge = replace(made.edges[0], output="outt", where="flow.py:7")
    with pytest.raises(Refused, match=r"^a \(sketch.Pe\) has no output port 'outt': connecting a\.outt -> b\.in "
                                      r"\(flow.py:7\)\. Its output ports: 'out'; did you mean 'out'\?$"):
        verify(replace(made, edges=(edge,)), WIDE)
    bare = made.with_pes(replace(pe, outputs=()) for pe in made.pes)
    with pytest.raises(Refused, match=r"connecting a\.out -> b\.in\. Its output ports: none$"):
        verify(bare, WIDE)


def test_counts_that_can_be_asked_for():
    assert place(sketch("a b"), Options(width=MOST)).pes[1].instances == MOST
    with pytest.raises(Refused, match="-n must be 1,000,000 at most, since .*; it is 1,000,001$"):
        place(sketch("a b"), Options(width=MOST + 1))
    assert place(sketch("a b"), Options(width=1)).pes[1].instances == 1


# notes on order


def test_only_too_many_are_warned_of():
    for made in (sketch("a b", a=2), sketch("a b", b=(GLOBAL, 2))):
        assert len(place(made, WIDE).warnings) == 1
    for made in (sketch("a b", a=1), sketch("a b", b=(GLOBAL, 1)), sketch("a b", a="single", b=(GLOBAL,))):
        assert place(made, WIDE).warnings == ()


def test_an_order_is_kept_by_all_that_feed_state_and_by_who_deals_in_turn():
    plan = planned("a b", "b c", "a d", b=(BY, 2), c=("state", BY, 3), d=(BY, 2))
    assert {str(s): s.ordered for s in plan.stages} == {"a": True, "b": True, "c": True, "d": False}
    assert order(plan, WIDE) == plan


# what a pass should not have made


def test_no_instances():
    made = sketch("a b")
    for count in (0, -1):
        with pytest.raises(AssertionError, match=f"b was placed on {count} instances"):
            verify(made.with_pes(replace(pe, instances=count if pe.name == "b" else None) for pe in made.pes), WIDE)


def test_a_cycle_that_is_left():
    made = sketch("a b", "b a", "c c")
    marked = replace(made, edges=tuple(replace(edge, back=edge.source == "c") for edge in made.edges))
    with pytest.raises(AssertionError, match="a cycle is left: "):
        verify(marked, WIDE)
    assert producers(marked) == {"a": ["b"], "b": ["a"], "c": []}


def test_what_the_target_cannot_carry():
    plan = planned("a b", b=(BY, 2))
    with pytest.raises(AssertionError, match=r"the target processes cannot carry a\.out -> b\.in \(hash \[0\]\)"):
        verify(plan, replace(WIDE, can=Capabilities(exchanges=frozenset({Kind.FORWARD}))))
    bare = tuple(replace(c, edge=replace(c.edge, exchange=None)) for c in plan.channels)
    with pytest.raises(AssertionError, match="cannot carry"):
        verify(replace(plan, channels=bare), WIDE)


def test_a_channel_within_a_stage():
    plan = planned("a b", b="state")
    (edge,) = plan.graph.edges
    with pytest.raises(AssertionError, match=r"a\.out -> b\.in is inside stage a > b and cannot be a channel"):
        verify(replace(plan, channels=(Channel(edge, 1),)), WIDE)


def test_a_hop_that_needs_an_exchange():
    plan = planned("a b", b="state")
    for exchange in (Exchange(Kind.HASH, (0,)), Exchange(Kind.GATHER), None):
        graph = replace(plan.graph, edges=(replace(plan.graph.edges[0], exchange=exchange),))
        with pytest.raises(AssertionError, match="cannot be inside stage a > b"):
            verify(replace(plan, graph=graph), WIDE)


def test_what_leads_back_must_be_a_channel():
    plan = planned("a b", "b b", b="state")
    assert [str(c) for c in plan.channels] == ["b.out -> b.in"]
    with pytest.raises(AssertionError, match="what leads back must be a channel"):
        verify(replace(plan, channels=()), WIDE)


def test_stages_that_wait_for_each_other():
    plan = planned("a b", "b c", b=(BY, 2))
    crossed = Edge("c", "out", "b", "in", exchange=Exchange(Kind.GATHER))
    with pytest.raises(AssertionError, match="the stages wait for each other"):
        verify(replace(plan, channels=(*plan.channels, Channel(crossed, 9))), WIDE)


def test_an_engine_computes_what_all_its_channels_lead_to():
    columns = (Column("n_2", "int64", 1, "n"),)
    plan = planned("a b", "x b", b=(BY, 2))
    typed = replace(plan, channels=tuple(replace(c, columns=columns) for c in plan.channels))
    number = plan.stage_of["b"].number
    verify(stage_as(typed, number, native=Native("b", "sum", columns)), WIDE)
    for other, pe in ((typed, "a"), (plan, "b")):  # another PE; channels without columns
        with pytest.raises(AssertionError, match=f"the engine can't compute {pe} for stage b, from a.out -> b.in"):
            verify(stage_as(other, number, native=Native(pe, "sum", columns)), WIDE)
    mixed = replace(typed, channels=(typed.channels[0], replace(typed.channels[1], columns=(replace(
        columns[0], type="float64"),))))
    with pytest.raises(AssertionError, match="can't compute"):
        verify(stage_as(mixed, number, native=Native("b", "sum", columns)), WIDE)
    root = plan.stage_of["a"].number
    with pytest.raises(AssertionError, match="can't compute a for stage a"):
        verify(stage_as(typed, root, native=Native("a", "sum", columns)), WIDE)


@pytest.mark.parametrize(("size", "said"), [
    (1, "p0 -> p0"), (9, " -> ".join(f"p{k}" for k in (*range(9), 0))),
    (10, "p0 -> p1 -> p2 -> p3 -> p4 -> ... 3 more PEs ... -> p8 -> p9 -> p0"),
])  # fmt: skip
def test_a_long_cycle_is_cut_in_its_middle(size, said):
    made = sketch(*(f"p{k} p{(k + 1) % size}" for k in range(size)))
    marked = replace(made, edges=tuple(replace(edge, back=edge.dest == "p0") for edge in made.edges))
    assert cycle_of(marked, next(edge for edge in marked.edges if edge.back)) == said
