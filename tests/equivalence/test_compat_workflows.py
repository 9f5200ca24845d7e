"""Workflows in the styles that people publish, unmodified, on every target: each gives what its reader expects.

The three answers are compared with one another and with what is written here, not with a run of dispel4py.
"""

from __future__ import annotations

import functools
import json
from collections import Counter
from pathlib import Path

import pytest

import d4p_compile
from tests.targets import TARGETS, answers, on_spark

WORKFLOW = Path(__file__).parents[1] / "workflows" / "compat" / "workflow.py"


MARKED = [pytest.param(t, marks=pytest.mark.spark if on_spark(t) else ()) for t in TARGETS]


@pytest.fixture(scope="module", params=MARKED)
def run(request):
    """Run a graph of workflow.py on a target and give `{result: items, sorted}`, each graph once.

    A result is named `<PE>.<port>`, in a graph of several graphs `<graph>.<PE>.<port>`.
    """
    session = request.getfixturevalue("spark_session") if on_spark(request.param) else None

    @functools.cache
    def call(attribute: str, **more):
        found = answers(f"{WORKFLOW}:{attribute}", request.param, session=session, own_process=False, **more)
        return {f"{pe.rstrip('0123456789')}.{port}": items_of(bag) for (pe, port), bag in found.items()}

    return call


def items_of(bag: Counter) -> list:
    return sorted((json.loads(text) for text in bag.elements()), key=repr)


def pairs(port: str, *items) -> list:
    return sorted(([port, item] for item in items), key=repr)


def test_ports_made_by_hand_and_read_from_inputs(run):
    found = run("of_ports")
    assert found["two_ports.Stats.out"] == sorted(pairs("left", *range(12)) + pairs("right", *range(12)), key=repr)
    assert found["two_ports.Stats.last"] == [["left", 66], ["right", 66]]
    assert found["numbered_ports.Joined.output0"] == pairs("input0", *range(4)) + pairs("input1", *range(3))


def test_groupings_by_index_tuple_name_and_on_a_composite(run):
    found = run("of_ports")
    letters = [[letter, 6] for letter in "abcde"]
    assert found["grouped_afterwards.PerKey.output"] == found["grouped_by_name.PerKey.output"] == letters
    assert found["grouped_by_tuple.PerKey.output"] == [[[letter, i], 2] for letter in "abcde" for i in range(3)]
    assert found["PerKey.output"] == [[0, 1], [1, 1], [2, 1]]


def test_fan_in_and_inputs_that_nothing_feeds(run):
    found = run("of_ports")
    assert found["fan_in.Collect.output"] == [pairs("x", 0, 0, 1, 1, 2) + pairs("y", 0, 1, 2)]
    assert found["fan_in.Numbers.output"] == [0]
    assert found["an_unconnected_input.Collect.output"] == [[]]


def test_an_empty_grouping_is_none(run):
    assert run("of_ports")["empty_grouping.Collect.output"] == [pairs("input", pairs("input", 0, 1, 2))]


@pytest.mark.parametrize("target", MARKED)
@pytest.mark.parametrize("width", [None, 8])
def test_what_a_pe_holds_that_cannot_be_copied_goes_to_its_only_instance(target, width, monkeypatch):
    monkeypatch.setenv("PYTHONOPTIMIZE", "2")  # python -OO: nothing that programs need is in a docstring
    lines = (WORKFLOW.parent / "later.json").read_text().splitlines()
    found = answers(f"{WORKFLOW}:held", target, width=width, own_process=True)
    expected = [[[line.strip(), i * i], i + 1] for i, line in enumerate(lines)]
    assert items_of(found["Collect3", "output"]) == [pairs("input", *expected)]


def test_what_several_instances_would_hold_is_refused():
    with pytest.raises(d4p_compile.Refused, match=r"Locked1 \(Locked\) can't be copied .*\.lock.*preprocess"):
        answers(f"{WORKFLOW}:held_by_two", "processes")


def test_counts_of_instances_change_no_answer(run):
    assert run("of_ports")["counts_in_places.Collect.output"] == [pairs("input", *range(3, 15))]
    assert run("partitioned") == {"Collect.output": [pairs("input", *range(12))]}


@pytest.mark.parametrize("graph", ["nested_composites", "flattened_already"])
def test_composites_in_composites(run, graph):
    half, whole = [10, 12, 14, 16], [32, 36, 40, 44]
    assert run("of_composites")[f"{graph}.Collect.output"] == [pairs("half", *half) + pairs("whole", *whole)]


def test_a_chain_of_the_users_own_pes(run):
    expected = pairs("input", *[[0, (i * 6 * 10 + 1) * 2] for i in range(3)])
    assert run("of_composites")["own_chain.Collect.output"] == [expected]


def test_aggregates(run):
    found = run("of_composites")
    count, total, average = [100], [5050, -5050], [50.5, 100, 5050]
    assert found["aggregates.CountPE.output"] == found["CountReduce.output"] == [count]
    assert found["aggregates.SumPE.output"] == found["SumPE.output"] == [total]
    assert found["aggregates.MinPE.output"] == [[1, -100]] and found["MinPE.output"] == [[1]]
    assert found["aggregates.MaxPE.output"] == [[-1]] and found["MaxPE.output"] == [[100]]
    assert found["aggregates.AverageReducePE.output"] == found["AverageReducePE.output"] == [average]
    assert found["StdDevReducePE.output"][0][0] == pytest.approx(29.011491975882016)
    assert found["running.Collect.output"] == [pairs("input", [1], [3], [6])]


def test_state_in_attributes_of_the_class_belongs_to_the_instance(run):
    assert run("class_state") == {"ClassState.output": [[[0, 2, 4], 3, 3], [[1, 3, 5], 3, 3]]}
    assert run("of_pes")["class_state.ClassState.output"] == run("class_state")["ClassState.output"]


def test_mutable_defaults_are_each_pes_own(run):
    found = run("of_pes")
    assert found["mutable_defaults.Defaults.output"] == [["a", 1, 1], ["a", 2, 3], ["b", 1, 2]]
    assert found["mutable_defaults.Other.output"] == found["mutable_defaults.Defaults.output"]


def test_functions_of_every_kind(run):
    found = run("of_pes")
    assert [found[f"functions.f{letter}.output"] for letter in "abcde"] == [
        [1, 2, 3, 4], [0, 12, 4, 8], [10, 7, 8, 9], [0, 1, 2, 3], ["0", "1", "2", "3"],
    ]  # fmt: skip
    assert found["functions.PE_scaled.output"] == [1, 3, 5, 7]


def test_pes_that_are_dataclasses_have_properties_or_slots(run):
    assert run("of_pes")["kinds_of_pes.WithProperty.output"] == [201 + 12 * i for i in range(4)]


def test_results_of_pes_that_are_equal_are_told_apart(run):
    found = {key: items for key, items in run("of_pes").items() if key.startswith("equal_pes")}
    assert found == {"equal_pes.Other.output": [0, 4, 8], "equal_pes.Last.output": [0, 4, 8]}


def test_helper_modules_packages_and_files_beside_the_workflow(run):
    found = run("of_pes")
    assert found["helpers_beside.Collect.output"] == [pairs("input", ["ABC", 7, 2], ["DEFG", 8, 6])]
    assert found["helpers_beside.Base.output"] == [11, 14, 8]
    assert found["file_beside.Collect.output"] == [pairs("input", 1, 2, 3, 4)]
    assert found["files_at_run_time.Lazy.output"] == [[[1, 2, 3, 4], "late"]] * 2


def test_random_numbers_with_a_seed(run):
    (found,) = run("of_pes")["seeded.Collect.output"]
    assert len(found) == 5 and [0.23796462709189137, 0.08564916714362436, 0.13436424411240122] in [v for _, v in found]


def test_a_pe_in_a_wrapper_that_times_it(run):
    assert run("of_pes")["timed.Collect.output"] == [pairs("input", 10, 11, 12)]


def test_provenance_is_declared_and_the_items_go_on(run):
    assert run("of_pes")["with_provenance.Declares.output"] == [pairs("input", 0, 1, 4)]


def test_items_of_all_kinds(run):
    found = run("of_items")["items_of_all_kinds.Describe.output"]
    assert len(found) == 27
    assert "float64(2, 3) [[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]] True ndarray" in found
    assert "int64(2,) [1, None] True MaskedArray" in found
    assert "Reading(station='ABC', values=[1, 2], origin=[1, 2]) True" in found, "identity inside an item is kept"
    for text in ("OwnError(3, 'bad')", "Point(int 1 , int 2 )", "dict('a': NoneType None , 'b': list(NoneType None ))",
                 "float nan ", "Deep Deep(4) ", "double"):
        assert text in found


def test_none_inside_a_dict_of_outputs_is_an_item(run):
    found = run("of_items")
    assert found["none_items.Drop.other"] == [0, 0]
    assert found["none_items.Collect.output"] == [pairs("input", None, None)]


def test_streams(run):
    one = [".ABC..", "1970-01-01T00:00:10.000000Z", [i - 3.5 for i in range(8)]]
    assert run("of_items")["streams.PE_ids.output"] == [[one, one], [one]]


def test_writes_in_preprocess_and_generators_that_read(run):
    found = run("of_items")
    assert found["writes_in_preprocess.Collect.output"] == [pairs("input", "head", 0, 0, 1, -1, 2, -2)]
    assert found["generators.Collect.output"] == [pairs("input", [0, 1, 2], [3, 4, 5])]


def test_log_print_and_write_of_ones_own(run):
    found = run("of_items")
    assert [item[1:] for item in found["speaks.speaker.output"]] == [["speaks.speaker", 0], ["speaks.speaker", 1]]
    expected = pairs("input", *[[i, ["location", "metadata"]] for i in range(2)])
    assert found["own_log_and_write.Collect.output"] == [expected]


def test_files_written_by_pes(tmp_path):
    found = answers(f"{WORKFLOW}:files", "processes", parameters={"folder": str(tmp_path)})
    assert items_of(found["Files1", "names"]) == ["0.txt", "1.txt", "2.txt"]
    assert sorted(path.read_text() for path in tmp_path.iterdir()) == ["0", "1", "2"]


def test_processes_that_are_spawned_give_the_same(monkeypatch):
    expected = answers(f"{WORKFLOW}:of_spawned", "sequential")
    monkeypatch.setenv("D4P_START_METHOD", "spawn")
    assert answers(f"{WORKFLOW}:of_spawned", "processes") == expected


def test_a_workflow_is_loaded_again_with_what_its_helpers_read():
    for _ in range(2):
        loaded = d4p_compile.load(f"{WORKFLOW}:fan_in").loaded
        assert {"numbers.json", "gain.json"} <= {path.name for path in loaded.files}
        assert {"stations.pes", "stations.tables", "helpers", "later"} <= set(loaded.modules)
