"""The passes, each on small graphs made by hand."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from d4p.errors import Refused
from d4p_compile.ir.capabilities import Capabilities
from d4p_compile.ir.exchange import Exchange, Kind
from d4p_compile.ir.graph import WIDTH, Edge, Graph, Grouping, Port
from d4p_compile.ir.plan import RUNS, Plan, Stage
from d4p_compile.ir.sketch import ALL, BY, GLOBAL, NONE, sketch
from d4p_compile.passes import Options, run_passes
from d4p_compile.passes.break_cycles import break_cycles
from d4p_compile.passes.fuse import fuse, why_separate
from d4p_compile.passes.lower import lower
from d4p_compile.passes.place import place
from d4p_compile.passes.places import places
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
    assert not place(sketch("a b", a=("single", 4)), WIDE).warnings  # by the user's own word


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


def test_state_by_key_is_wide():
    for made in (sketch("a b", b=("state", BY)), sketch("a b", b=("any", BY))):
        assert counts(made) == {"a": 1, "b": WIDTH}
        assert place(made, WIDE).pes[1].because == "keeps state by the key of its group-by"


@pytest.mark.parametrize(("other", "expected"), [(ALL, WIDTH), (BY, WIDTH), (NONE, 1), (GLOBAL, 1)])
def test_state_by_key_beside_another_input(other, expected):
    """Every instance may have what it needs for its keys; nothing says which gets an item that has none."""
    made = sketch("a c", "b c", c=("state", BY))
    pes = [replace(pe, inputs=(Port("in", BY), Port("more", other))) if pe.name == "c" else pe for pe in made.pes]
    edges = (made.edges[0], replace(made.edges[1], input="more"))
    assert counts(replace(made, pes=tuple(pes), edges=edges))["c"] == expected
    assert counts(replace(made, pes=tuple(pes), edges=edges[:1]))["c"] == WIDTH  # what isn't connected says nothing


def test_other_state_is_one_instance_and_what_would_widen_it_is_said():
    said = {pe.name: (pe.instances, pe.because, pe.remedy) for pe in place(
        sketch("a b", "b c", "c d", b="state", c="any", d=ALL), WIDE).pes}
    assert said == {
        "a": (1, "root", "a library reader"),
        "b": (1, "keeps state, no grouping: sees every item, in order", "a group-by, or stateful = False"),
        "c": (1, "keeps state, no grouping: sees every item", "a group-by, or stateful = False"),
        "d": (1, 'gets every item ("all"), and each instance would write for it', "numprocesses"),
    }


def test_a_part_of_an_aggregate_is_wide():
    assert counts(sketch("a b", "b c", b="partial", c=GLOBAL)) == {"a": 1, "b": WIDTH, "c": 1}
    assert counts(sketch("a b", b=("partial", ALL))) == {"a": 1, "b": 1}


@pytest.mark.parametrize("n", [1, 2, 3, 8])
def test_n_is_the_width_on_every_target(n):
    made = sketch("a b", "b c", "c d", "r e", "e f", "c g", c=("state", BY), d="state", r="reader", e="partial",
                  f=GLOBAL, g=5)
    expected = {"a": 1, "b": n, "c": n, "d": 1, "r": n, "e": n, "f": 1, "g": 5}
    for options in (WIDE, Options(), Options("spark-rdd", can=Capabilities(wide=True, cycles=False))):
        assert counts(made, replace(options, width=n)) == expected
        assert run_passes(made, replace(options, width=n)).width == n
    reasons = [(pe.because, pe.remedy) for pe in place(made, WIDE).pes]
    assert [(pe.because, pe.remedy) for pe in place(made, replace(WIDE, width=n)).pes] == reasons


def test_a_reader_and_what_follows_it_are_wide():
    assert counts(sketch("a b", "b c", a="reader", c=("state", BY, 4))) == {"a": WIDTH, "b": WIDTH, "c": 4}
    assert counts(sketch("a b", "b c", a="reader", c=3)) == {"a": WIDTH, "b": WIDTH, "c": 3}
    assert counts(sketch("a b", a=("reader", "state"))) == {"a": 1, "b": WIDTH}


def test_a_reader_says_why_it_is_wide():
    assert {pe.name: pe.because for pe in place(sketch("a b", a="reader"), WIDE).pes} == {
        "a": "reads splits", "b": "keeps no state"}


def test_what_deals_to_state_by_a_counter_is_one_instance():
    """And what feeds that is wide, since its items are put in order where they are dealt."""
    made = sketch("a b", "b c", "c d", a="reader", d=("state", 3))
    assert counts(made) == {"a": WIDTH, "b": WIDTH, "c": 1, "d": 3}
    assert place(made, WIDE).pes[2].because == "deals its items to d in turn, which keeps state"
    assert {str(c): c.places for c in run_passes(made, WIDE).channels} == {"b.out -> c.in": "runs", "c.out -> d.in": ""}
    assert counts(sketch("a b", "b c", a="reader", c=("any", 3))) == {"a": WIDTH, "b": 1, "c": 3}
    assert counts(sketch("a b", "b c", a="reader", c=("partial", 3))) == {"a": WIDTH, "b": WIDTH, "c": 3}
    through = sketch("a b", "b c", "c d", a="reader", c=3, d=("state", 3))  # instance i of c feeds instance i of d
    assert counts(through) == {"a": WIDTH, "b": 1, "c": 3, "d": 3}


def test_runs_are_not_dealt_to_instances_that_hand_on_to_state():
    """Which item comes to which instance of d is for a counter to say, also where c and d are apart."""
    for parts in ((), ("c", "d")):
        made = run_passes(sketch("a b", "b c", "c d", b="state", c=3, d=("state", 3), partitions=parts), WIDE)
        assert [(str(c), made.deals(c)) for c in made.channels][:1] == [("b.out -> c.in", False)]
        assert made.channels[0].places != RUNS and len(made.channels) == 1 + bool(parts)


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


def test_items_are_numbered_into_state_by_key_where_they_are_put_together_again():
    made = run_passes(sketch("a b", "b c", "c d", c=("state", BY), d="state"), WIDE)
    assert {str(c): c.places for c in made.channels} == {
        "a.out -> b.in": "runs", "b.out -> c.in": "numbered", "c.out -> d.in": "runs"}


def test_a_pe_that_gets_every_item_is_not_multiplied():
    assert counts(sketch("a b", b=ALL)) == {"a": 1, "b": 1}


@pytest.mark.parametrize("options", [WIDE, replace(WIDE, width=5), Options()])
def test_a_count_that_is_asked_for_is_kept_one_too(options):
    made = sketch("a b", "b c", a=1, b=1, c=4)
    assert counts(made, options) == {"a": 1, "b": 1, "c": 4}
    assert [pe.because for pe in place(made, options).pes] == ["root", "asked for", "asked for"]
    assert [pe.because for pe in place(sketch("a b", a="single", b=("single", 3)), options).pes] == ["single"] * 2
    assert place(made, options).warnings == place(sketch("a b", b=(GLOBAL, 1)), options).warnings == ()


@pytest.mark.parametrize(("marks", "expected"), [
    ({}, {"a": 1, "b": 1, "c": 1, "d": WIDTH}),
    ({"a": "reader"}, {"a": WIDTH, "b": WIDTH, "c": WIDTH, "d": WIDTH}),
    ({"a": "reader", "c": 4}, {"a": 4, "b": 4, "c": 4, "d": WIDTH}),
    ({"a": "reader", "b": "state"}, {"a": 1, "b": 1, "c": 1, "d": WIDTH}),
    ({"a": ("reader", 6), "c": 4}, {"a": 6, "b": 4, "c": 4, "d": WIDTH}),
    ({"a": "reader", "c": ("state", BY)}, {"a": WIDTH, "b": WIDTH, "c": WIDTH, "d": WIDTH}),
])
def test_in_a_partition_pes_that_ask_for_nothing_are_as_many_as_the_narrowest(marks, expected):
    made = sketch("a b", "b c", "c d", partitions=("a b c", "d"), **marks)
    assert counts(made) == expected
    narrow = {name: 2 if count == WIDTH else count for name, count in expected.items()}
    assert counts(made, replace(WIDE, width=2)) == narrow  # whatever the width is: 2 is no narrower than 4


def test_a_partition_says_whose_count_it_has():
    found = place(sketch("a b", "b c", partitions=("a b",)), WIDE).by_name
    assert found["b"].because == "as many as a, in the same partition"


# fuse = True


def test_fuse_keeps_all_behind_a_source_with_it():
    made = sketch("a b", "b c", "c d", c=("state", BY))
    options = replace(WIDE, fuse=True)
    assert stages(made) == ["a", "b", "c > d"] and stages(made, options) == ["a > b > c > d"]
    assert stages(made, replace(options, width=4)) == ["a > b > c > d"]
    assert place(made, options).by_name["c"].because == "stays with what feeds it (fuse)"
    assert stages(sketch("a c", "b c"), options) == ["a > b > c"]  # sources side by side are for those who want width


def test_fuse_changes_nothing_where_something_else_forbids():
    options = replace(WIDE, fuse=True)
    assert counts(sketch("a b", "b c", b=3), options) == {"a": 1, "b": 3, "c": WIDTH}
    assert counts(sketch("r b", "b c", r="reader"), options) == {"r": WIDTH, "b": WIDTH, "c": WIDTH}
    assert counts(sketch("r c", "a c", r="reader"), options) == {"r": WIDTH, "a": 1, "c": WIDTH}
    assert stages(sketch("a b", b=1, partitions=("a", "b")), options) == ["a", "b"]


def test_a_pe_that_says_fuse_stays_with_what_feeds_it_and_others_are_wide():
    made = sketch("a b", "b c", b="fuse")
    assert counts(made) == {"a": 1, "b": 1, "c": WIDTH} and stages(made) == ["a > b", "c"]
    assert counts(sketch("a b", "b c", c="fuse")) == {"a": 1, "b": WIDTH, "c": WIDTH}
    assert stages(sketch("a c", "b c", c=("state", "fuse"))) == ["a > b > c"]


def test_a_pe_that_says_fuse_is_false_has_instances_of_its_own_and_they_get_what_is_dealt():
    made = sketch("a b", "b c", "c d", b=("state", BY), c="apart")
    assert stages(made) == ["a", "b", "c > d"] and stages(sketch("a b", "b c", b=("state", BY))) == ["a", "b > c"]
    assert counts(made) == {"a": 1, "b": WIDTH, "c": WIDTH, "d": WIDTH}
    assert [str(edge.exchange) for edge in route(place(made, WIDE), WIDE).edges][1:] == ["round robin", "forward"]
    keeps = sketch("a b", "b c", b=3, c=("state", "apart", 3))  # what keeps state has the items of its own producer
    assert [str(edge.exchange) for edge in route(place(keeps, WIDE), WIDE).edges][1:] == ["forward"]
    assert stages(made, replace(WIDE, fuse=True)) == ["a > b", "c > d"]
    assert stages(made, replace(WIDE, width=1)) == ["a > b", "c > d"]
    assert why_separate(route(place(made, WIDE), WIDE), made.edges[1]) == "c says fuse = False"


def test_what_holds_something_that_cannot_be_copied_is_one_unless_more_are_asked_for():
    for asked, expected in ((None, 1), (1, 1), (3, 3)):
        made = sketch("a b", b=() if asked is None else asked)
        holds = replace(made.pes[1], state=replace(made.pes[1].state, holds=("lock",)))
        found = place(replace(made, pes=(made.pes[0], holds)), WIDE).pes[1]
        assert found.instances == expected
        assert found.because == ("asked for" if expected == 3 else "holds .lock, which can't be copied")
        assert found.remedy == ("" if expected == 3 else "making it in preprocess")


def test_any_width_from_one_is_taken():
    with pytest.raises(Refused, match="-n must be 1 or more, not 0"):
        place(sketch("a b"), Options(width=0))
    assert counts(sketch("a b", b=4), replace(WIDE, width=3)) == {"a": 1, "b": 4}
    assert len(run_passes(sketch("a b", partitions=("a", "b")), replace(WIDE, width=1)).stages) == 2
    assert len(run_passes(sketch("a b", "b c", "c d"), replace(WIDE, width=1)).stages) == 1


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


def test_what_may_go_to_anybody_is_dealt_but_among_one_there_is_no_choice():
    dealt = {count: str(exchange(NONE, count, count, dealt=True)) for count in (1, 2, 3, WIDTH)}
    assert dealt == {1: "forward", 2: "round robin", 3: "round robin", WIDTH: "round robin"}


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
    plan = run_passes(sketch("a b", b=1), replace(WIDE, fuse=False))
    assert dict(plan.apart) == {"a | b": "each PE is a stage of its own (fusion is off)"}


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
    assert stages(two, replace(WIDE, width=1)) == ["a > b > c"]


def test_sources_run_side_by_side_where_more_than_one_thing_is_done_at_once():
    two = sketch("a c", "b c", c="state")
    assert stages(two, replace(WIDE, width=2)) == ["b", "a > c"]
    assert stages(two, replace(WIDE, width=1)) == ["a > b > c"]


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
    with pytest.raises(Refused, match=r"The targets that run cycles: none\. Take one"):
        run_passes(sketch("a b", "b c", "c b"), replace(options, cyclic=()))
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


@pytest.mark.parametrize("options", [WIDE, Options(), replace(WIDE, width=30), replace(WIDE, fuse=False)])
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


def test_in_a_graph_with_a_cycle_state_is_one_instance_and_so_is_what_feeds_it():
    made = broken("a b", "b c", "c b", "c d", "r d", c=("state", BY), d="state", r="reader")
    assert counts(made) == {"a": 1, "b": 1, "c": 1, "d": 1, "r": 1}
    said = {pe.name: pe.because for pe in place(made, WIDE).pes}
    assert said["b"] == "feeds c, which keeps state, and no order is kept in a graph with a cycle"
    assert said["r"] == "feeds d, which keeps state, and no order is kept in a graph with a cycle"
    assert said["c"] == "keeps state, in a graph with a cycle"
    assert counts(broken("a b", "b c", "c b", "c d", c=BY, d="any")) == {"a": 1, "b": WIDTH, "c": WIDTH, "d": 1}


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
        Exchange(Kind.HASH)
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
    for options in (WIDE, Options(), replace(WIDE, width=30)):
        plan = run_passes(graph, options)
        roots = {stage.number for stage in plan.stages if any(plan.graph.is_root(name) for name in stage.pes)}
        apart = dict(plan.apart)
        wide = options.can.wide
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
            elif reason.startswith("splits "):
                assert wide and {source, dest} & roots and plan.stages[source - 1].instances != 1
            else:
                assert reason in ("another edge between their stages needs an exchange",
                                  "when they met, a stage stood between them")


def test_what_tells_no_order_gets_no_places():
    """`any_order` is a PE's word that nobody can tell, unless one behind it can."""
    for last, expected in (("any", ["", "", ""]), ("state", ["runs", "numbered", "runs"])):
        graph = sketch("read work", "work count", "count last", work=3, count=("any", BY, 2), last=last)
        plan = run_passes(graph, WIDE)
        assert [channel.places for channel in plan.channels] == expected
        for can in (replace(WIDE.can, wide=False), replace(WIDE.can, in_order=False)):
            assert not any(channel.places for channel in places(replace(plan, can=can, channels=tuple(
                replace(channel, places="") for channel in plan.channels)), WIDE).channels)


def test_a_pe_that_counts_apart_is_fed_in_order_though_nobody_asks_for_the_order():
    """In a graph with a cycle nobody keeps one."""
    made = sketch("a b", "b c", "c d", "d c", c=("any", 3))
    assert counts(break_cycles(made, WIDE))["b"] == 1
