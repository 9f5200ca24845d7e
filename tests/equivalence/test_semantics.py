"""Every sentence of what a workflow means, on every target."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

import d4p_compile
from tests.targets import TARGETS, answers, canonical, definition, on_spark

WORKFLOWS = Path(__file__).parents[1] / "workflows" / "semantics.py"


@pytest.fixture(params=[pytest.param(t, marks=pytest.mark.spark if on_spark(t) else ()) for t in TARGETS])
def run(request):
    """Run a graph of semantics.py on a target and give `{port of the result: list of items, sorted}`."""
    session = request.getfixturevalue("spark_session") if on_spark(request.param) else None

    def call(attribute: str, **more):
        found = answers(f"{WORKFLOWS}:{attribute}", request.param, session=session, own_process=False, **more)
        return {f"{pe}.{port}": items for (pe, port), items in found.items()}

    return call


def bag(*items):
    return Counter(canonical(item) for item in items)


def only(found):
    ((_, items),) = found.items()
    return items


def lists(items: Counter) -> list:
    import json

    return sorted(json.loads(text) for text in items.elements())


def test_an_output_that_feeds_several_gives_each_an_item_of_its_own(run):
    found = run("fan_out")
    assert found["Changer1.output"] == bag(*[[i, "left"] for i in range(5)])
    assert found["Changer2.output"] == bag(*[[i, "right"] for i in range(5)])


def test_what_one_changes_beside_its_producer_no_other_sees(run):
    found = run("fan_out_in_a_stage")
    assert found["Changer1.output"] == bag(*[[i, "left"] for i in range(5)])
    assert found["Changer3.output"] == bag(*[[i, "right"] for i in range(5)])
    assert lists(found["Listing2.output"]) == [[rank, [[i] for i in range(5)]] for rank in range(2)]


def test_an_input_fed_by_several_sees_all_their_items(run):
    ((_, got),) = lists(only(run("fan_in")))
    assert sorted(got) == [0, 0, 1, 1, 2, 2, 3]


def test_two_edges_between_the_same_two_pes(run):
    ((_, got),) = lists(only(run("two_edges")))
    assert [i for port, i in got if port == "a"] == [0, 2, 4]
    assert [i for port, i in got if port == "b"] == [1, 3, 5]


def test_connected_twice_is_one_edge_with_a_warning(run):
    assert only(run("connected_twice")) == bag(1, 2, 3, 4)
    warnings = d4p_compile.plan(f"{WORKFLOWS}:connected_twice").graph.warnings
    assert len(warnings) == 1 and "Numbers0.output" in warnings[0]


def test_each_instance_runs_its_phases_once_also_without_items(run):
    found = lists(only(run("phases")))
    assert [rank for rank, _ in found] == [0, 1, 2, 3]
    assert all(calls[0] == "pre" and calls[-1] == "post" and set(calls[1:-1]) <= {"item"} for _, calls in found)
    assert sum(len(calls) - 2 for _, calls in found) == 30
    assert any(calls == ["pre", "post"] for _, calls in found)


def test_what_process_writes_comes_before_what_it_returns(run):
    assert lists(only(run("writes_then_returns"))) == [[0, ["written first", "written second", "returned"]]]


def test_instance_i_feeds_instance_i_where_counts_are_equal(run):
    found = lists(only(run("one_to_one")))
    assert len(found) == 3
    for rank, got in found:
        assert len(got) == 3
        assert all(before == between == rank for before, between, _ in got)


def test_items_take_turns_where_counts_differ(run):
    assert lists(only(run("round_robin"))) == [[i, list(range(i, 10, 4))] for i in range(4)]


@pytest.mark.parametrize("graph", ["group_by", "group_by_tuple", "group_by_name"])
def test_items_with_equal_keys_meet(run, graph):
    found = lists(only(run(graph)))
    keys = [{item[0] if isinstance(item, list) else item["station"] for item in got} for _, got in found]
    assert sum(map(len, keys)) == len(set().union(*keys)) == (5 if graph == "group_by_name" else 3)
    for _, got in found:
        numbers = [item[1] if isinstance(item, list) else item["value"] for item in got]
        assert numbers == sorted(numbers), "items of one edge stay in order"


def test_keys_of_different_types_that_are_equal_meet(run):
    groups = lists(only(run("mixed_keys")))
    one = next(g for g in groups if "'Decimal'" in g)
    assert {"'int'", "'bool'", "'Decimal'", "'int64'", "'float32'"} <= set(one)
    assert one.count("'float'") >= 1
    assert any(g.count("'tuple'") == 2 for g in groups)
    assert any({"'set'", "'frozenset'"} <= set(g) for g in groups)


def test_all_gives_every_instance_every_item(run):
    assert lists(only(run("everyone"))) == [[i, [0, 1, 2, 3, 4]] for i in range(3)]


def test_global_gives_instance_0_every_item_and_is_one_instance(run):
    ((rank, got),) = lists(only(run("gathered")))
    assert rank == 0 and sorted(r for r, _ in got) == [0, 1, 2]
    warnings = d4p_compile.plan(f"{WORKFLOWS}:gathered").graph.warnings
    assert len(warnings) == 1 and "Listing2 asks for 5" in warnings[0] and "global" in warnings[0]


def test_an_object_written_twice_arrives_as_two(run):
    found = lists(only(run("same_object_twice")))
    assert sorted(got for _, got in found) == [[], [["k", []], ["k", []]]]


def test_identity_inside_an_item_is_kept(run):
    assert only(run("identity_in_items")) == bag(True)


def test_what_postprocess_writes_flows_on(run):
    ((_, got),) = lists(only(run("postprocess_flows")))
    assert sum(got) == 30 and len(got) == 3


def test_items_of_an_edge_arrive_in_order(run):
    assert lists(only(run("in_order"))) == [[0, list(range(5000))]]
    ((_, got),) = lists(only(run("ordered_through_instances")))
    assert got == [[i + 1, i] for i in range(3000)]


def test_roots_run_once_with_an_empty_item(run):
    assert all(items == bag([]) for items in run("roots").values())


def test_roots_take_iterations(run):
    assert all(items == bag([], [], []) for items in run("roots", inputs=3).values())


def test_inputs_are_named_by_id_then_name_then_class_and_all_that_match_get_them(run):
    by_id = run("roots", inputs={"Anything2": [{"x": 1}]})
    assert by_id["Plain3.output"] == bag([["x", 1]]) and by_id["Plain1.output"] == by_id["Plain5.output"] == bag([])
    by_name = run("roots", inputs={"first": [{"x": 1}, {"y": 2}]})
    assert by_name["Plain1.output"] == bag([["x", 1]], [["y", 2]])
    by_class = run("roots", inputs={"Anything": [{"x": 1}]})
    assert by_class["Plain3.output"] == by_class["Plain5.output"] == bag([["x", 1]])


def test_unconnected_outputs_are_the_results(run):
    assert run("unconnected") == {
        "TwoOutputs1.even": bag(0, 2, 4, 6),
        "TwoOutputs1.odd": bag(1, 3, 5),
        "Plus3.output": bag(10, 11, 12),
    }


def test_composites(run):
    low = [2 * (i + 1000 + 100) - 3 for i in (1, 3, 5)]
    high = [2 * (i + 100 + 1000) - 3 for i in (0, 2, 4)]
    assert only(run("composites")) == bag(*low, *high)


def test_a_grouping_and_a_count_on_a_composite_pass_to_the_inner_pe(run):
    found = lists(only(run("grouped_composite")))
    assert len(found) == 4
    keys = [{key for key, _ in got} for _, got in found]
    assert sum(map(len, keys)) == 3


def test_a_group_by_splits_a_partition_and_the_plan_says_why(run):
    found = lists(only(run("partitions")))
    assert sum(len(got) for _, got in found) == 30
    apart = dict(d4p_compile.plan(f"{WORKFLOWS}:partitions").apart)
    assert apart == {"Pairs | First": "different partitions", "First | Listing": "group-by [0] over 3 instances"}


def test_a_diamond(run):
    ((_, got),) = lists(only(run("diamond")))
    assert [i for port, i in got if port == "l"] == list(range(100, 108))
    assert [i for port, i in got if port == "r"] == list(range(200, 208))


@pytest.mark.parametrize("graph", ["chain", "writing_chain"])
def test_a_thousand_pes(run, graph):
    assert only(run(graph)) == bag(999, 1000, 1001)


def test_a_graph_without_results_runs(run):
    assert run("only_prints") == {}


def test_names_that_are_no_python_names(run):
    found = run("odd_names")
    ((_, items),) = found.items()
    assert lists(items) == [["a b", ["a b", 0]], ["a b", ["a b", 1]], *[["a b", ["c-d", i]] for i in range(3)]]


def test_names_that_a_program_has_for_its_channels(run):
    ((_, items),) = run("names_of_channels").items()
    assert [(rank, sorted(got)) for rank, got in lists(items)] == [(0, [1, 2, 3, 4, 5, 6])]


def test_ids_follow_the_order_of_addition_in_every_graph():
    for _ in range(2):
        graph = d4p_compile.load(f"{WORKFLOWS}:diamond").graph
        assert [pe.id for pe in graph.pes] == ["Numbers0", "Plus1", "Plus2", "Listing3"]


def test_what_a_consumer_changes_behind_a_channel_no_other_sees(run):
    assert only(run("changed_behind_a_channel")) == bag(2, 2, 2, 2)


def test_each_root_gets_items_of_its_own(run):
    found = run("two_roots", inputs={"Lister": [{"files": ["a"]}]})
    assert list(found.values()) == [bag(["a", "seen"])] * 2


def test_of_the_roots_that_are_not_named_those_with_an_input_do_not_run(run):
    one, two, numbers = run("roots_of_names", inputs={"one": [{"files": ["a"]}]}).values()
    assert (one, two, numbers) == (bag(["a", "seen"]), bag(), bag(0, 1))


def test_names_that_are_hard_to_write_down(run):
    assert only(run("quoted_names")) == bag(11, 12, 13)


def test_returning_goes_the_way_of_an_own_write(run):
    assert only(run("own_write")) == bag(["written", 0], ["written", 1])


def test_every_result_has_a_file_of_its_own(tmp_path):
    d4p_compile.run(f"{WORKFLOWS}:many_ports", options=["--output", str(tmp_path / "out")])
    files = [path.read_text() for path in sorted((tmp_path / "out").glob("*/part-00000.jsonl"))]
    assert sorted(files) == ['"BHZ.raw"\n', '"BHZ/raw"\n', '"BHZ_raw"\n']


@pytest.mark.parametrize("graph", ["composites", "partitions", "phases", "odd_names"])
def test_processes_that_are_spawned_give_the_same(graph, monkeypatch):
    expected = definition(f"{WORKFLOWS}:{graph}")
    monkeypatch.setenv("D4P_START_METHOD", "spawn")
    assert answers(f"{WORKFLOWS}:{graph}", "processes") == expected


def test_a_thousand_stages_run_in_fewer_processes():
    assert only(answers(f"{WORKFLOWS}:chain", "processes", fuse=False)) == bag(999, 1000, 1001)
