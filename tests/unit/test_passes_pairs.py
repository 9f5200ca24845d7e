"""What the passes make of pairs, of PEs that take tiles, and of what is the same in every run."""

from __future__ import annotations

from dataclasses import replace

import pytest

from d4p_compile.ir.capabilities import Capabilities
from d4p_compile.ir.exchange import Exchange, Kind
from d4p_compile.ir.graph import TILES, WIDTH, Edge, Graph, Grouping, Port, State
from d4p_compile.ir.plan import Plan
from d4p_compile.ir.sketch import ALL, BY, GLOBAL, sketch
from d4p_compile.passes import Options, run_passes
from d4p_compile.passes.place import place
from d4p_compile.passes.repeat import same
from d4p_compile.passes.route import exchange

WIDE = Options("processes", can=Capabilities(wide=True))
BROADCASTS = Options("spark-rdd", can=Capabilities(wide=True, broadcasts_pairs=True))
PAIRS, UNORDERED = Grouping("pairs", ("id",)), Grouping("pairs")


def paired(*edges: str, tiles: str = "", **marks: object) -> Graph:
    """A sketch whose PE p makes pairs, of ordered items where its marks say nothing of that; `tiles` take whole
    ones."""
    marks["p"] = marks.get("p", PAIRS)
    made = sketch(*edges, **marks)
    return made.with_pes(
        replace(pe, kind="pairs", state=State(True, any_order=True)) if pe.name == "p" else
        replace(pe, call=replace(pe.call, batches=pe.name in tiles)) for pe in made.pes
    )


def counts(made: Graph, options: Options = WIDE) -> dict[str, object]:
    return {pe.name: pe.instances for pe in place(made, options).pes}


def stages(made: Graph, options: Options = WIDE) -> list[str]:
    return [str(stage) for stage in run_passes(made, options).stages]


def test_pairs_are_as_many_as_their_tiles_and_what_follows_is_as_many():
    made = paired("a p", "p b", "b c")
    assert counts(made) == {"a": 1, "p": TILES, "b": TILES, "c": TILES}
    assert stages(made) == ["a", "p > b > c"]
    assert counts(made, Options()) == {"a": 1, "p": 1, "b": 1, "c": 1}
    assert place(made, WIDE).pes[2].because == "keeps no state, and its producers are as wide"
    assert counts(paired("a p", "p b", b=BY)) == {"a": 1, "p": TILES, "b": WIDTH}


def test_pairs_are_dealt_to_state_by_one_where_a_counter_says_which_gets_them():
    assert counts(paired("a p", "p c", c=("any", 3)))["p"] == 1
    assert counts(paired("a p", "p c", c=("any", BY, 3)))["p"] == counts(paired("a p", "p c", c=3))["p"] == TILES


def test_pairs_that_state_follows_are_one():
    assert counts(paired("a p", "p b", b="state")) == {"a": 1, "p": 1, "b": 1}
    assert counts(paired("a p", "p b", b="any")) == {"a": 1, "p": TILES, "b": 1}
    assert counts(paired("a p", "p b", b=("state", 3))) == {"a": 1, "p": 1, "b": 3}
    assert counts(paired("a p", "p b", b=("any", 3))) == {"a": 1, "p": 1, "b": 3}  # dealt to it in turn


def test_what_takes_tiles_is_as_many_as_give_them():
    made = paired("a p", "p b", p=(PAIRS, 6), tiles="b")
    assert counts(made) == {"a": 1, "p": 6, "b": 6} and stages(made) == ["a", "p > b"]
    found = {pe.name: pe.because for pe in place(made, WIDE).pes}
    assert found["b"] == "takes tiles, of as many instances"
    assert counts(paired("a p", "p b", p=(PAIRS, 6))) == {"a": 1, "p": 6, "b": WIDTH}
    assert counts(paired("a p", "p b", p=(PAIRS, 6), b=BY, tiles="b")) == {"a": 1, "p": 6, "b": WIDTH}
    assert counts(paired("a p", "p b", "a b", p=(PAIRS, 6), tiles="b")) == {"a": 1, "p": 6, "b": WIDTH}
    assert counts(paired("a b", tiles="b")) == {"a": 1, "b": WIDTH}
    assert counts(paired("a p", "p b", p=(PAIRS, 6), b=2, tiles="b")) == {"a": 1, "p": 6, "b": 2}


def test_a_pe_of_tiles_that_gets_pairs_one_by_one_is_named():
    plan = run_passes(paired("a p", "p b", p=(PAIRS, 6), b=2, tiles="b"), WIDE)
    assert plan.notes == ("b could take tiles, and gets pairs one by one: counts apart: p x6, b x2",)
    for made in (paired("a p", "p b", p=(PAIRS, 6), b=2), paired("a p", "p b", p=(PAIRS, 6), tiles="b"),
                 paired("a b", b=2, tiles="b")):  # fmt: skip
        assert run_passes(made, WIDE).notes == ()


def test_how_pairs_are_brought_is_said_where_there_is_a_choice():
    (note,) = run_passes(paired("a p", "p b"), BROADCASTS).notes
    assert note.startswith("p gets its items by a broadcast") and "each about sqrt(2 x T) times" in note
    beside = paired("a p", "p b", "a b", p=(PAIRS, 6), b=6)  # whose stage p > b gets other items as well
    assert run_passes(beside, BROADCASTS).notes == (
        "p gets its items by tiles as keys, each about sqrt(2 x 6) times: its stage takes a.out -> b.in, too",)
    two = paired("a p", "x p", p=(PAIRS, 6))
    assert len(run_passes(two, BROADCASTS).notes) == 1 and run_passes(two, WIDE).notes == ()
    assert run_passes(sketch("a b", b=3), BROADCASTS).notes == ()


@pytest.mark.parametrize("kind", ["pairs", "pairs left", "pairs right"])
def test_the_exchange_of_pairs_is_their_own_at_any_count(kind):
    for instances in (1, 4, TILES):
        assert exchange(Grouping(kind, ("id",)), 1, instances) == Exchange(Kind(kind), ("id",))
        assert exchange(Grouping(kind), instances, instances) == Exchange(Kind(kind))


def test_why_pairs_are_apart():
    plan = run_passes(paired("a p", p=(PAIRS, 4)), WIDE)
    assert dict(plan.apart) == {"a | p": "pairs need all items first; 4 instances share them by tiles"}


# order


def ordered(plan: Plan) -> dict[str, bool]:
    return {str(stage): stage.ordered for stage in plan.stages}


def test_pairs_put_their_items_in_order_themselves():
    """So nothing has to bring them in order, if all that comes is for pairs."""
    assert ordered(run_passes(paired("a p", "p b", b="state"), WIDE)) == {"a": True, "p > b": False}
    two = paired("a p", "p b", "x b", b="state", x=("reader", 3))
    assert ordered(run_passes(two, WIDE)) == {"a": True, "x": True, "p > b": True}


# repeat


def repeatable(made: Graph, options: Options = WIDE) -> list[str]:
    return [str(stage) for stage in run_passes(made, options).stages if stage.repeatable]


def test_only_pairs_of_ordered_items_take_the_same_in_every_run():
    assert repeatable(paired("a p")) == ["p"] and repeatable(paired("a p", p=UNORDERED)) == []
    assert repeatable(sketch("a b", b=(BY, 3))) == repeatable(sketch("a b", b=(GLOBAL, 1), a="reader")) == []
    both = paired("a p", "b p")
    assert repeatable(both) == ["p"]
    pe = replace(both.by_name["p"], inputs=(Port("in", PAIRS), Port("more", UNORDERED)))
    both = both.with_pes(pe if pe.name == made.name else made for made in both.pes)
    assert repeatable(replace(both, edges=(both.edges[0], Edge("b", "out", "p", "more")))) == []
    beside = paired("a p", "p b", "x b", b="state", x=("reader", 3))
    assert stages(beside) == ["a", "x", "p > b"] and repeatable(beside) == []  # what x gives has no order of its own


@pytest.mark.parametrize(("edges", "marks", "is_same"), [
    ("a b", {}, True),
    ("a b", {"b": "state"}, True),  # one root, one instance: one order
    ("a x,x b", {"b": "state", "x": 3}, False),  # what three give meets in any order
    ("a x,x b", {"b": "any", "x": 3}, True),
    ("a x,x b", {"x": 3}, True),
    ("a b,c b", {"b": "state"}, False),  # two inputs, whose items meet as they come
    ("a b,c b", {"b": "any"}, True),
    ("a b", {"b": ("state", 3)}, False),
    ("a b", {"a": "reader", "b": "state"}, False),
    ("a x,x b,a b", {"b": "state"}, False),
    ("a x,c x,x b", {"x": "state"}, False),  # what comes of it isn't the same either
    ("a x,c x,x y,y b", {"x": "state", "b": "any"}, False),
    ("a x,c x,x b", {"x": "any"}, True),
    ("a b,b c,c b", {}, False),  # what is fed back comes when it comes
])  # fmt: skip
def test_who_writes_the_same_in_every_run(edges, marks, is_same):
    graph = run_passes(sketch(*edges.split(","), **marks), WIDE).graph
    assert same(graph, "b") is is_same


def test_a_chain_of_diamonds_is_no_more_work_than_its_edges():
    edges = [f"{a}{k} {b}{k + 1}" for k in range(60) for a in "xy" for b in "xy"]
    graph = run_passes(sketch(*edges, "x60 b", b=ALL), Options()).graph
    assert same(graph, "b")
