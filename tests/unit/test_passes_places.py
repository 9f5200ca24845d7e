"""On which channels items bring their places."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from d4p_compile.ir.capabilities import Capabilities
from d4p_compile.ir.graph import Aggregate, Graph, Grouping, State
from d4p_compile.ir.plan import Plan
from d4p_compile.ir.sketch import ALL, BY, GLOBAL, sketch
from d4p_compile.ir.walk import upstream
from d4p_compile.passes import Options, run_passes
from d4p_compile.passes.verify import stages_before

WIDE = Options("processes", can=Capabilities(wide=True))
PAIRS, UNORDERED = Grouping("pairs", ("id",)), Grouping("pairs")


def places(made: Graph, options: Options = WIDE) -> dict[str, str]:
    return {f"{c.edge.source} {c.edge.dest}": c.places for c in run_passes(made, options).channels}


def with_pairs(made: Graph, grouping: Grouping, names: str = "p") -> Graph:
    """Some PEs make pairs, of items with that grouping."""
    return made.with_pes(replace(pe, kind="pairs", state=State(True, any_order=True), inputs=(
        replace(pe.inputs[0], grouping=grouping),)) if pe.name in names else pe for pe in made.pes)


def with_aggregate(made: Graph, any_order: bool) -> Graph:
    """PE w is an aggregate."""
    return made.with_pes(replace(pe, aggregate=Aggregate("count"), state=State(True, any_order=any_order))
                         if pe.name == "w" else pe for pe in made.pes)


def test_who_deals_by_a_counter_gets_its_items_in_order_though_no_state_tells_it():
    assert places(sketch("r v", "v w", "w c", v=2, w=3, c=("any", 2))) == {"r v": "numbered", "v w": "runs", "w c": ""}
    assert set(places(sketch("r v", "v w", "w c", v=2, w=3, c=("any", BY, 2))).values()) == {""}
    assert set(places(sketch("r v", "v w", "w c", v=2, w=3, c=2)).values()) == {""}


def test_items_of_pairs_bring_their_places_where_nothing_else_orders_them():
    """Who sends them has its own in order, which is all that `noted` tells."""
    made = sketch("r v", "v p", v=3)
    assert places(with_pairs(made, PAIRS)) == {"r v": "", "v p": ""}
    assert places(with_pairs(made, UNORDERED)) == {"r v": "", "v p": "noted"}
    assert places(with_pairs(sketch("r p"), UNORDERED)) == {"r p": ""}


def test_behind_pairs_there_is_no_order():
    made = with_pairs(sketch("r v", "v p", "p s", v=3, p=3, s="state"), UNORDERED)
    assert places(made) == {"r v": "runs", "v p": "noted", "p s": ""}


def test_pairs_of_what_several_make_of_pairs_bring_what_is_known():
    made = with_pairs(sketch("a p", "p w", "w q", p=2), UNORDERED, "pq")
    assert places(made) == {"a p": "", "p w": "", "w q": "noted"}


def test_what_comes_to_a_stage_beside_that_whose_order_it_tells_may_have_none():
    """Nobody behind d tells its order, and what x sends has none: it is read, and comes from q."""
    made = sketch("r x", "q x", "x d", "u t", "d c", "t c", r=("reader", 3), q=("reader", 3), u=("reader", 3), x=3,
                  t="state", d=1, c=1)
    assert [str(stage) for stage in run_passes(made, WIDE).stages] == ["q", "r > x", "u", "d > t > c"]
    assert places(made) == {"q x": "runs", "x d": "", "u t": "runs"}


def test_an_aggregate_in_any_order_asks_for_none_though_its_result_is_put_in_order():
    made = sketch("r v", "v w", "w s", v=3, w=(BY, 2), s="state")
    assert places(with_aggregate(made, True)) == {"r v": "", "v w": "", "w s": "runs"}
    assert places(with_aggregate(made, False)) == {"r v": "runs", "v w": "numbered", "w s": "runs"}


def test_what_goes_to_all_is_numbered_where_it_is_put_together_again():
    assert places(sketch("r v", "v a", "a s", v=3, a=(ALL, 3), s="state")) == {
        "r v": "runs", "v a": "numbered", "a s": "runs"}


@pytest.mark.parametrize("options", [WIDE, replace(WIDE, width=4), replace(WIDE, fuse=True)])
@pytest.mark.parametrize("count", [None, 3])
def test_the_splits_of_two_readers_that_feed_one_keep_their_order(options, count):
    """Their instances would tell the places of one, so they have stages of their own."""
    asked = () if count is None else (count,)
    made = sketch("r w", "q w", "w s", r=("reader", *asked), q=("reader", *asked), w=asked, s="state")
    assert places(made, options) == {"r w": "runs", "q w": "runs", "w s": "runs"}
    nobody = made.with_pes(replace(pe, state=State()) for pe in made.pes)  # asks for an order
    assert any({"r", "w"} <= set(stage.pes) for stage in run_passes(nobody, options).stages)


def test_a_reader_is_fused_with_what_it_feeds_where_what_comes_beside_it_stays_there():
    made = sketch("r w", "q w", r=("reader", 3), q=("reader", 3), w=("state", 3))
    assert [str(stage) for stage in run_passes(made, WIDE).stages] == ["q", "r > w"]
    alone = sketch("r w", "w x", "x s", r="reader", s="state")
    assert [str(stage) for stage in run_passes(alone, WIDE).stages] == ["r > w > x", "s"]


# on graphs of any shape


def any_graph(dice: random.Random) -> Graph:
    """Some roots, more often readers than not, what they feed, and at the end one that keeps state."""
    roots = dice.randint(1, 3)
    size = roots + dice.randint(2, 5)
    marks: dict[str, object] = {f"p{size - 1}": "state"}
    edges = []
    for i in range(size):
        edges += [f"p{j} p{i}" for j in range(i) if i >= roots and dice.random() < (0.6 if j < roots else 0.3)]
        asked = [mark for mark in (1, 2, 3, "fuse", "apart") if dice.random() < 0.1][:1]
        kind = dice.choice([(), ("reader",), ("reader",)]) if i < roots else dice.choice(
            [(), (), (), (), (BY,), (ALL,), (GLOBAL,), ("state",), ("any",), ("state", BY), ("partial", BY)])
        marks.setdefault(f"p{i}", (*asked, *kind))
    return sketch(*edges, f"p{size - 2} p{size - 1}", **marks)


def unordered(plan: Plan) -> list[str]:
    """Channels from several instances to where the order is told by somebody, with no places."""
    tell = {stage.pes for stage in plan.stages if any(plan.graph.by_name[pe].state.tells_order for pe in stage.pes)}
    tell |= upstream(stages_before(plan), tell)
    return [str(channel) for channel in plan.channels
            if plan.stage_of[channel.edge.dest].pes in tell and plan.stage_of[channel.edge.source].instances != 1
            and not channel.places]


@pytest.mark.parametrize("seed", range(150))
def test_whatever_comes_from_several_to_where_order_is_told_has_places(seed):
    graph = any_graph(random.Random(seed))
    for options in (WIDE, replace(WIDE, width=3), replace(WIDE, fuse=True), replace(WIDE, fuse=False)):
        plan = run_passes(graph, options)
        assert unordered(plan) == []
        several = [stage for stage in plan.stages if stage.instances != 1 and len(plan.roots(stage)) > 1]
        after = {channel.edge.source for channel in plan.channels if channel.places}
        assert not [pe for stage in several for pe in stage.pes if pe in after], "whose places would these be?"
