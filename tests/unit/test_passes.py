"""The passes, each on small graphs made by hand."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from d4p.errors import Refused
from d4p_compile.ir.capabilities import Capabilities
from d4p_compile.ir.graph import WIDTH, Edge, Exchange, Graph, Grouping, Port
from d4p_compile.ir.plan import Plan, Stage
from d4p_compile.ir.sketch import ALL, BY, GLOBAL, NONE, sketch
from d4p_compile.passes import Options, run_passes
from d4p_compile.passes.break_cycles import break_cycles
from d4p_compile.passes.fuse import fuse, why_separate
from d4p_compile.passes.lower import lower
from d4p_compile.passes.place import place
from d4p_compile.passes.route import exchange, route
from d4p_compile.passes.verify import verify
from tests.calls import calls

WIDE = Options("processes", can=Capabilities(wide=True))


def counts(made: Graph, options: Options = WIDE) -> dict[str, object]:
    return {pe.name: pe.instances for pe in place(made, options).pes}


# place


def test_roots_singles_and_gathered_pes_are_one_instance_whatever_they_ask_for():
    made = sketch("a b", "b c", "b d", a=4, c=("single", 3), d=(GLOBAL, 5), b=2)
    assert counts(made) == {"a": 1, "b": 2, "c": 1, "d": 1}
    warnings = place(made, WIDE).warnings
    assert len(warnings) == 2 and warnings[0].startswith("a asks for 4") and warnings[1].startswith("d asks for 5")


def test_a_pe_with_one_global_and_another_input_keeps_what_it_asked_for():
    made = sketch("a c", "b c", c=3)
    pes = [replace(pe, inputs=(Port("in", GLOBAL), Port("more"))) if pe.name == "c" else pe for pe in made.pes]
    edges = (made.edges[0], replace(made.edges[1], input="more"))
    assert counts(replace(made, pes=tuple(pes), edges=edges))["c"] == 3


def test_without_state_behind_them_pes_get_the_width():
    assert counts(sketch("a b", "b c")) == {"a": 1, "b": WIDTH, "c": WIDTH}
    assert counts(sketch("a b", "b c"), Options()) == {"a": 1, "b": 1, "c": 1}


def test_what_keeps_no_state_is_wide_and_its_items_are_put_in_order_again():
    assert counts(sketch("a b", "b c", c="state")) == {"a": 1, "b": WIDTH, "c": 1}
    assert counts(sketch("a b", "b c", c=("state", BY, 4))) == {"a": 1, "b": WIDTH, "c": 4}
    assert counts(sketch("a b", "b c", c=("any", BY, 4))) == {"a": 1, "b": WIDTH, "c": 4}


def test_a_reader_and_what_follows_it_are_wide_unless_state_is_routed_by_a_counter():
    assert counts(sketch("a b", "b c", a="reader", c=("state", BY, 4))) == {"a": WIDTH, "b": WIDTH, "c": 4}
    assert counts(sketch("a b", "b c", a="reader", c=("state", 3))) == {"a": 1, "b": 1, "c": 3}
    assert counts(sketch("a b", "b c", a="reader", c=3)) == {"a": WIDTH, "b": WIDTH, "c": 3}


def test_state_behind_wide_producers_and_a_group_by():
    """It gets its items in order, over the group-by and behind it."""
    for by in (BY, ("state", BY)):
        assert counts(sketch("a b", "b c", "c d", c=(*(by if isinstance(by, tuple) else (by,)), 4), d="state")) == {
            "a": 1, "b": WIDTH, "c": 4, "d": 1}
    assert counts(sketch("a b", "b c", "c d", c=(BY, 4), d="any")) == {"a": 1, "b": WIDTH, "c": 4, "d": 1}
    assert counts(sketch("a b", "b c", "c d", c=(BY, 4))) == {"a": 1, "b": WIDTH, "c": 4, "d": WIDTH}
    assert counts(sketch("a b", "b c", b=4, c=("state", BY, 2))) == {"a": 1, "b": 4, "c": 2}
    behind = sketch("a b", "b c", "c d", b=4, d=("state", BY, 4))
    assert counts(behind) == {"a": 1, "b": 4, "c": WIDTH, "d": 4}
    assert apart(behind)["c | d"] == "group-by [0] over 4 instances"


def test_a_pe_that_gets_every_item_is_not_multiplied():
    assert counts(sketch("a b", b=ALL)) == {"a": 1, "b": 1}


def test_one_asked_for_is_kept_without_n():
    assert counts(sketch("a b", b=1)) == {"a": 1, "b": 1}


@pytest.mark.parametrize("n, expected", [
    (3, {"a": 1, "b": 1, "c": 1}), (4, {"a": 1, "b": 1, "c": 1}), (5, {"a": 1, "b": 2, "c": 2}),
    (9, {"a": 1, "b": 4, "c": 4}), (2, {"a": 1, "b": 1, "c": 1}),
])
def test_n_is_shared_over_chains(n, expected):
    assert counts(sketch("a b", "b c", c="state"), Options(instances=n)) == expected


def test_n_leaves_what_was_asked_for_and_shares_the_rest_evenly():
    made = sketch("a b", "a c", "a d", b=3, d=BY)
    assert counts(made, Options(instances=10)) == {"a": 1, "b": 3, "c": 3, "d": 3}


def test_a_short_chain_grows_on_where_a_long_one_no_longer_can():
    made = sketch("a b", "a c", "c d", "d e")
    for n, short, long in ((8, 4, 1), (9, 2, 2), (10, 3, 2), (12, 5, 2)):
        assert counts(made, Options(instances=n)) == {"a": 1, "b": short, "c": long, "d": long, "e": long}, n


def test_one_is_asked_for_without_n_and_shared_out_with_it():
    made = sketch("a b", a=1, b=1)
    assert [pe.because for pe in place(made, WIDE).pes] == ["root", "asked for"]
    assert [pe.because for pe in place(sketch("a b", a="single", b=("single", 3)), WIDE).pes] == ["single", "single"]
    assert counts(made, Options(instances=5)) == {"a": 1, "b": 4}
    assert place(made, WIDE).warnings == place(sketch("a b", b=(GLOBAL, 1)), WIDE).warnings == ()


def test_what_holds_something_that_cannot_be_copied_is_one_unless_more_are_asked_for():
    for asked, expected in ((None, 1), (1, 1), (3, 3)):
        made = sketch("a b", b=() if asked is None else asked)
        holds = replace(made.pes[1], state=replace(made.pes[1].state, holds=("lock",)))
        found = place(replace(made, pes=(made.pes[0], holds)), WIDE).pes[1]
        assert found.instances == expected
        assert found.because == ("asked for" if expected == 3 else "holds .lock, which can't be copied")


def test_n_must_be_positive_and_large_enough():
    with pytest.raises(Refused, match="-n must be 1 or more, not 0"):
        place(sketch("a b"), Options(instances=0))
    with pytest.raises(Refused, match="-n 3 is too small: the least is 5"):
        run_passes(sketch("a b", b=4), Options(instances=3))
    with pytest.raises(Refused, match="-n 1 is too small: the least is 2"):
        run_passes(sketch("a b", partitions=("a", "b")), Options(instances=1))
    assert len(run_passes(sketch("a b", "b c", "c d"), Options("processes", 1, can=WIDE.can)).stages) == 1


# route


@pytest.mark.parametrize("grouping, producers, consumers, expected", [
    (NONE, 1, 1, "forward"), (NONE, 3, 3, "forward"), (NONE, WIDTH, WIDTH, "forward"), (NONE, 2, 3, "round robin"),
    (NONE, 1, WIDTH, "round robin"), (NONE, 3, 1, "gather"), (BY, 1, 4, "hash [0]"), (BY, 4, 4, "hash [0]"),
    (BY, 4, 1, "gather"), (BY, 1, 1, "forward"),
    (ALL, 1, 4, "broadcast"), (ALL, 4, 4, "broadcast"), (ALL, 1, 1, "forward"),
    (GLOBAL, 4, 1, "gather"), (GLOBAL, 1, 1, "forward"), (GLOBAL, 3, 3, "gather"),
])
def test_the_cheapest_exchange_that_meets_the_grouping(grouping, producers, consumers, expected):
    found = exchange(grouping, producers, consumers)
    assert str(found) == expected
    assert found.require == ((0,) if grouping is BY and consumers == 1 else ())


# fuse


def stages(made: Graph, options: Options = WIDE) -> list[str]:
    return [str(stage) for stage in run_passes(made, options).stages]


def apart(made: Graph, options: Options = WIDE) -> dict[str, str]:
    return dict(run_passes(made, options).apart)


def test_a_chain_of_equal_counts_is_one_stage():
    assert stages(sketch("a b", "b c", b=1, c="state")) == ["a > b > c"]
    assert stages(sketch("a b", "b c"), replace(WIDE, fuse=False)) == ["a", "b", "c"]


def test_the_reasons_why_neighbours_are_apart():
    assert apart(sketch("a b", "b c", b="state", c=(BY, 4))) == {"b | c": "group-by [0] over 4 instances"}
    assert apart(sketch("a b", b=(ALL, 3))) == {"a | b": '"all" to 3 instances'}
    assert apart(sketch("a b", b=3)) == {"a | b": "counts apart: a x1, b x3"}
    assert apart(sketch("a b"))["a | b"].endswith("glued to one instance, b would run serially")
    assert apart(sketch("a b", b="state", partitions=("a", "b"))) == {"a | b": "different partitions"}


def test_a_gather_at_equal_counts_is_the_reason_itself():
    made = sketch("a c", "b c", a=3, b=3, c=("state", 3), partitions=("a b c",))
    pes = [replace(pe, inputs=(Port("in"), Port("more", GLOBAL))) if pe.name == "c" else
           replace(pe, kind="reader") if pe.name in "ab" else pe for pe in made.pes]
    made = replace(made, pes=tuple(pes), edges=(made.edges[0], replace(made.edges[1], input="more")))
    plan = run_passes(made, WIDE)
    assert [str(edge.exchange) for edge in plan.graph.edges] == ["forward", "gather"]
    assert dict(plan.apart) == {"b | c": "gather over 3 instances"}


def test_a_diamond_is_one_stage_and_a_detour_keeps_its_ends_apart():
    assert stages(sketch("a b", "a c", "b d", "c d", b=1, c=1, d="state")) == ["a > b > c > d"]
    detour = sketch("a b", "b c", "a c", b=(BY, 3), c="state")
    assert stages(detour) == ["a", "b", "c"]
    assert apart(detour)["a | c"] == "b stands between them"


def test_no_edge_that_needs_an_exchange_gets_into_a_stage_by_another_way():
    ports = (Port("in", BY), Port("other"))
    made = sketch("a b", "b c", a=("reader", 3), b=3, c=3)
    pes = tuple(replace(pe, inputs=ports) if pe.name == "c" else pe for pe in made.pes)
    made = replace(made, pes=pes, edges=(made.edges[0], Edge("a", "out", "c", "in"), Edge("b", "out", "c", "other")))
    assert stages(made) == ["a > b", "c"]
    assert apart(made) == {"a | c": "group-by [0] over 3 instances",
                           "b | c": "another edge between their stages needs an exchange"}
    more = (Edge("c", "out", "d", "in"), Edge("b", "out", "d", "in"))
    joined = replace(made, edges=(*made.edges, *more), pes=(*pes, replace(pes[1], id="d", name="d")))
    assert stages(joined) == ["a > b", "c > d"]


def test_sources_run_side_by_side_where_a_target_can():
    two = sketch("a c", "b c", c="state")
    assert stages(two) == ["b", "a > c"] and apart(two) == {"b | c": "their sources run side by side"}
    assert stages(two, Options()) == ["a > b > c"]
    assert stages(two, Options("processes", 1, can=WIDE.can)) == ["a > b > c"]


def test_sources_run_side_by_side_where_n_has_an_instance_for_each():
    two = sketch("a c", "b c", c="state")
    assert stages(two, replace(WIDE, instances=3)) == ["b", "a > c"]
    assert stages(two, replace(WIDE, instances=2)) == ["a > b > c"]
    wide = sketch("a c", "b c", c=(BY, 2))
    assert stages(wide, replace(WIDE, instances=4)) == stages(wide, replace(WIDE, instances=5)) == ["a", "b", "c"]


def test_what_a_stage_waits_for_later_on_all_behind_it_wait_for():
    """r feeds P > m, that feeds A > n, that feeds o: all but the first edge were found after o was placed."""
    made = sketch(*"A o,P n,A n,r m,P m,o z,r z".split(","), A=("reader", 2), n=2, P=("reader", 3), m=3, o="state")
    assert stages(made, Options()) == ["r", "P > m", "A > n", "o > z"]
    assert apart(made, Options())["r | z"] == "A stands between them"


def test_an_exchange_from_a_stage_is_one_from_what_it_becomes():
    """p > x joins q; so q can't be with g, which p feeds by an exchange, by way of y."""
    made = sketch("p g", "p x", "q x", "g y", "q y", p=("reader", 3), q=("reader", 3), g=(BY, 3), x=3, y=3)
    assert stages(made, Options()) == ["p > q > x", "g > y"]
    assert apart(made, Options())["q | y"] == "another edge between their stages needs an exchange"


def test_no_stage_waits_for_itself_in_a_tangle():
    edges = [f"p{i} p{j}" for i in range(12) for j in range(i + 1, 12) if (i * j + i) % 3]
    settings = {f"p{i}": (BY, 3) for i in (4, 7)} | {"p9": "state", "p11": 2}
    made = run_passes(sketch(*edges, **settings), WIDE)
    assert sorted(name for stage in made.stages for name in stage.pes) == sorted(pe.name for pe in made.graph.pes)


# number and verify


def test_stages_and_channels_are_numbered_from_1_in_topological_order():
    made = run_passes(sketch("a c", "a b", "b d", "c d", b=(BY, 2), c=(BY, 3), d=(BY, 4)), WIDE)
    assert [(s.number, str(s)) for s in made.stages] == [(1, "a"), (2, "c"), (3, "b"), (4, "d")]
    assert [c.number for c in made.channels] == [1, 2, 3, 4]


def test_a_stage_that_keeps_state_or_routes_in_turn_takes_items_in_order_and_so_does_what_feeds_it():
    made = run_passes(sketch("a b", "b c", "b d", c=(BY, 3), d=("state", BY, 2), b=(BY, 2)), WIDE)
    assert {str(s): s.ordered for s in made.stages} == {"a": True, "b": True, "c": False, "d": True}
    made = run_passes(sketch("a b", "b c", b=(BY, 2), c=3), WIDE)
    assert {str(s): s.ordered for s in made.stages} == {"a": True, "b": True, "c": False}


# cycles


def test_a_target_without_cycles_refuses_them_by_name_and_says_who_runs_them():
    can = Capabilities(wide=True, cycles=False)
    options = replace(WIDE, target="spark-rdd", can=can, cyclic=("sequential", "processes"))
    wanted = (r"cycle: b -> c -> b, closed by c\.out -> b\.in\. The target spark-rdd runs graphs without cycles only\. "
              r"The targets that run cycles: sequential, processes\.")
    with pytest.raises(Refused, match=wanted):
        run_passes(sketch("a b", "b c", "c b"), options)
    long = r"cycle: p0 -> p1 -> p2 -> p3 -> p4 -> \.\.\. 43 more PEs \.\.\. -> p48 -> p49 -> p0"
    with pytest.raises(Refused, match=long):
        run_passes(sketch("r p0", *(f"p{i} p{(i + 1) % 50}" for i in range(50))), options)


def test_what_leads_back_is_a_channel_and_the_rest_is_fused_as_without_it():
    made = run_passes(sketch("a b", "b c", "c b", "c d", d="state"), WIDE)
    assert [str(stage) for stage in made.stages] == ["a > b > c > d"]
    assert [(str(c), c.edge.back, c.number) for c in made.channels] == [("c.out -> b.in", True, 1)]
    assert dict(made.apart) == {"c | b": "closes the cycle b -> c -> b"}
    made = run_passes(sketch("a b", "b b", b="state"), WIDE)
    assert [str(stage) for stage in made.stages] == ["a > b"] and str(made.channels[0]) == "b.out -> b.in"
    assert not made.hops(made.stages[0])[1:] and made.channels_into(made.stages[0]) == made.channels


def test_stages_of_a_cycle_are_numbered_from_the_root_whatever_was_connected_first():
    made = run_passes(sketch("c b", "b c", "a b", "c d", c=(BY, 3), d=(GLOBAL,), b="state"), WIDE)
    assert [(s.number, str(s)) for s in made.stages] == [(1, "a > b"), (2, "c"), (3, "d")]
    assert [str(c) for c in made.channels if c.edge.back] == ["c.out -> b.in"]
    assert {str(c): str(c.edge.exchange) for c in made.channels} == {
        "b.out -> c.in": "hash [0]", "c.out -> b.in": "gather", "c.out -> d.in": "gather"}


@pytest.mark.parametrize("options", [WIDE, Options(), replace(WIDE, instances=30), replace(WIDE, fuse=False)])
def test_passes_end_on_a_tangle_of_cycles(options):
    edges = [f"p{i} p{j}" for i in range(14) for j in range(14) if (i * 5 + j * 3) % 7 == 1]
    settings = {f"p{i}": (BY, 3) for i in (4, 7)} | {"p9": "state", "p11": 2, "p12": ALL}
    made = run_passes(sketch("r p0", *edges, **settings), options)
    assert sorted(name for stage in made.stages for name in stage.pes) == sorted(pe.name for pe in made.graph.pes)
    assert any(c.edge.back for c in made.channels)
    assert all(e.back or made.stage_of[e.source].number <= made.stage_of[e.dest].number for e in made.graph.edges)


def test_a_cycle_that_nothing_feeds_gets_a_warning():
    made = run_passes(sketch("a b", "p q", "q p", "q s", "s s", "t t"), WIDE)
    assert [note.partition(":")[0] for note in made.graph.warnings] == [
        "nothing feeds the cycle of p, q", "nothing feeds the cycle of t"]
    assert not run_passes(sketch("a b", "b c", "c b"), WIDE).graph.warnings


def broken(*edges: str, **settings) -> Graph:
    return break_cycles(sketch(*edges, **settings), WIDE)


def test_what_is_fed_back_to_state_is_not_widened():
    assert counts(broken("a b", "b c", "c b", b="state")) == {"a": 1, "b": 1, "c": 1}
    assert counts(broken("a b", "b c", "c b")) == {"a": 1, "b": WIDTH, "c": WIDTH}


def test_n_is_not_shared_over_a_chain_of_what_leads_back():
    made = broken("a b", "b c", "c b", c=BY)
    assert counts(made, Options(instances=6)) == {"a": 1, "b": 3, "c": 2}


def ring(size: int) -> Graph:
    edges = ["r p0", *(f"p{i} p{(i + 1) % size}" for i in range(size)), *(f"p{i} p{i - 5}" for i in range(5, size, 9))]
    return sketch(*edges, **{f"p{i}": (BY, 3) for i in range(0, size, 11)})


def test_a_thousand_pes_in_a_ring():
    assert sum(channel.edge.back for channel in run_passes(ring(1000), WIDE).channels) == 112
    assert calls(run_passes, ring(400), WIDE) < 3 * calls(run_passes, ring(200), WIDE)


def test_an_unknown_port_is_refused_with_those_that_exist():
    made = sketch("a b")
    wanted = r"b \(sketch.Pe\) has no input port 'inn'.*Its input ports: 'in'; did you mean 'in'"
    with pytest.raises(Refused, match=wanted):
        verify(replace(made, edges=(replace(made.edges[0], input="inn"),)), WIDE)


def test_nonsense_cannot_be_constructed():
    with pytest.raises(ValueError):
        Grouping("by")
    with pytest.raises(ValueError):
        Exchange("hash")
    with pytest.raises(ValueError):
        Stage((), 1)
    made = route(place(sketch("a b"), WIDE), WIDE)
    with pytest.raises(ValueError, match="exactly one stage"):
        Plan(made, "processes", (Stage(("a",), 1),), ())


def chain(size: int) -> Graph:
    edges = [f"p{i} p{i + 1}" for i in range(size - 1)] + [f"p{i} p{i + 7}" for i in range(0, size - 10, 3)]
    return sketch(*edges, **{f"p{i}": ("state", BY, 3) for i in range(0, size, 11)})


def test_twice_as_many_pes_are_twice_the_work():
    assert len(run_passes(chain(1000), WIDE).stages) > 100
    assert calls(run_passes, chain(400), WIDE) < 2.3 * calls(run_passes, chain(200), WIDE)


def test_passes_do_not_change_their_input():
    made = sketch("a b", "b c", c=(BY, 2))
    before = repr(made)
    lowered = lower(route(place(made, WIDE), WIDE), WIDE)
    after = repr(lowered)
    fuse(lowered, WIDE)
    assert repr(made) == before and repr(lowered) == after


# fuse, on graphs of any shape


def any_graph(dice: random.Random) -> Graph:
    size = dice.randint(3, 9)
    edges = [f"p{i} p{j}" for j in range(1, size) for i in range(j) if dice.random() < 0.4]
    marks = {f"p{i}": dice.choice([(), (), "state", (BY, 3), ("state", BY, 2), 3, (ALL, 2), GLOBAL, "reader"])
             for i in range(size)}
    return sketch(*edges, *[f"p{i} p{i + 1}" for i in range(size - 1) if dice.random() < 0.5], **marks)


def reached(plan: Plan, start: int, without: int | None = None) -> set[int]:
    """The stages that come behind one, by number; not by the edges to one of them."""
    follow: dict[int, set[int]] = {stage.number: set() for stage in plan.stages}
    for edge in plan.graph.edges:
        follow[plan.stage_of[edge.source].number].add(plan.stage_of[edge.dest].number)
    found, waiting = set(), [number for number in follow[start] if number not in (start, without)]
    while waiting:
        number = waiting.pop()
        if number not in found:
            found.add(number)
            waiting += follow[number] - {number}
    return found


@pytest.mark.parametrize("seed", range(60))
def test_what_is_fused_could_be_and_what_is_not_could_not(seed):
    graph = any_graph(random.Random(seed))
    for options in (WIDE, Options(), replace(WIDE, instances=30)):
        plan = run_passes(graph, options)
        roots = {stage.number for stage in plan.stages if any(plan.graph.is_root(name) for name in stage.pes)}
        apart = dict(plan.apart)
        wide = options.can.wide and (options.instances or 30) >= len(plan.graph.pes)
        assert len(apart) == len({(c.edge.source, c.edge.dest) for c in plan.channels})
        for stage in plan.stages:
            assert stage.number not in reached(plan, stage.number), "a path leaves it and comes back"
            assert options is not WIDE or sum(map(plan.graph.is_root, stage.pes)) <= 1
        for edge in plan.graph.edges:
            source, dest = plan.stage_of[edge.source].number, plan.stage_of[edge.dest].number
            if source == dest:
                assert why_separate(plan.graph, edge) is None
                continue
            reason = apart[f"{edge.source} | {edge.dest}"]
            if why_separate(plan.graph, edge):
                assert reason == why_separate(plan.graph, edge)
            elif reason == "their sources run side by side":
                assert wide and {source, dest} <= roots
            elif reason.endswith(" stands between them"):
                assert dest in reached(plan, source, without=dest)
            else:
                assert reason in ("another edge between their stages needs an exchange",
                                  "when they met, a stage stood between them")
