"""What the roots of a workflow get: counted, given as JSON or in a file; and every refusal."""

from __future__ import annotations

import json
import re

import pytest

from d4p import ConsumerPE, GenericPE, IterativePE, ReadLines, WorkflowGraph
from d4p.errors import D4pError, Refused, RunFailed
from d4p.graph.core import is_reader
from d4p.graph.flatten import flatten
from d4p.workflow.inputs import read_inputs
from d4p.workflow.workflow import Workflow


class Given(IterativePE):
    """A root that needs an item for its port."""

    def _process(self, item):
        return item


class Called(GenericPE):
    """A root with two ports of its own, whose items may leave any out."""

    def __init__(self):
        GenericPE.__init__(self)
        self._add_input("a")
        self._add_output("out")

    def process(self, inputs):
        return {"out": inputs.get("a")}


class Made(GenericPE):
    """A root without inputs."""

    def __init__(self):
        GenericPE.__init__(self)
        self._add_output("out")


class Sink(ConsumerPE):
    def _process(self, item):
        pass


def workflow(*roots) -> Workflow:
    """Each of the roots, with a sink of its own."""
    graph = WorkflowGraph()
    for root in roots:
        graph.connect(root, next(iter(root.outputconnections)), Sink(), "input")
    made = Workflow("a:graph", "")
    made.flat = flatten(graph)
    return made


def named(pe, name):
    pe.name = name
    return pe


def given(*roots, data=None, **more):
    found = read_inputs(workflow(*roots), None, json.dumps(data), None, **more)
    return found.given


def refused(*roots, iterations=None, data=None, file=None, limit=None) -> str:
    with pytest.raises(Refused) as error:
        read_inputs(workflow(*roots), iterations, data, file, limit)
    return str(error.value)


def test_each_root_runs_once_or_as_often_as_it_is_told():
    roots = workflow(Made(), Called(), ReadLines("x"))
    assert read_inputs(roots, None, None, None).given == {"Made": 1, "Called": 1}
    assert read_inputs(roots, 3, None, None).given == {"Made": 3, "Called": 3}
    three = read_inputs(roots, 3, None, None)
    assert three.count("Made") == 3 == len(list(three.items("Made")))
    listed = read_inputs(workflow(Called()), None, '{"Called": [{"a": 1}, {"a": 2}]}', None)
    assert listed.count("Called") == 2
    none = read_inputs(roots, 0, None, None)
    assert none.given == {"Made": 0, "Called": 0} and list(none.items("Made")) == [] and none.notes == ()


@pytest.mark.parametrize("limit", [None, 0, 2, 5])
def test_a_limit_is_of_what_a_root_writes_and_not_of_its_items(limit):
    found = read_inputs(workflow(Called()), None, json.dumps({"Called": [{"a": n} for n in range(3)]}), None, limit)
    assert list(found.items("Called")) == [{"a": n} for n in range(3)] and found.limit == limit


def test_items_are_made_anew_at_each_call():
    found = read_inputs(workflow(Called()), None, '{"Called": [{"a": [1]}]}', None)
    for item in found.items("Called"):
        item["a"].append(2)
        item["b"] = 3
    assert list(found.items("Called")) == [{"a": [1]}]


def test_a_key_is_an_id_then_a_name_then_a_class():
    first, second, third = named(Called(), "a"), named(Called(), "a0"), named(Made(), "Called")
    data = {"a0": 2, "Called": 3}
    assert given(first, second, third, data=data) == {"a": 2, "a02": 0, "Called": 3}
    assert given(Called(), Called(), data={"Called": 4}) == {"Called0": 4, "Called2": 4}
    assert given(Called(), Called(), data={"Called": 4, "Called2": 1}) == {"Called0": 4, "Called2": 1}


def test_roots_that_are_not_named_run_once_where_they_have_no_input_of_their_own():
    assert given(Made(), Called(), Given(), data={"Given": {"input": 7}}) == {
        "Made": 1, "Called": 0, "Given": [{"input": 7}]}  # fmt: skip


@pytest.mark.parametrize("value, items", [(0, 0), (2, 2), ({"a": 1}, [{"a": 1}]), ([], []),
                                          ([{}, {"a": 2}], [{}, {"a": 2}])])
def test_a_number_an_item_or_a_list_of_items(value, items):
    assert given(Called(), data={"Called": value}) == {"Called": items}


@pytest.mark.parametrize("value", [True, -1, 1.5, "x" * 200, [{}, 3], None])
def test_anything_else_is_refused(value):
    assert refused(Called(), data=json.dumps({"Called": value})) == (
        "the input for Called must be a number of iterations or a list of items, each an object that maps an input "
        f"port to its value; it is {json.dumps(value)[:80]}")  # fmt: skip


def test_what_is_asked_is_refused_in_a_sentence():
    assert refused(Made(), iterations=1, data="{}") == "give one of -i, -d and -f, not several"
    assert refused(Made(), data="{}", file="x") == "give one of -i, -d and -f, not several"
    assert refused(Made(), iterations=-1) == "-i must be 0 or more, not -1"
    assert refused(Made(), limit=-1) == "--limit must be 0 or more, not -1"


def test_json_that_is_none_is_shown_where_it_ends():
    assert refused(Made(), data='{"Made":\n  [1,,]}') == (
        '-d isn\'t JSON: line 2, column 6: Expecting value\n    [1,,]}\n       ^')
    assert refused(Made(), data="") == "-d isn't JSON: line 1, column 1: Expecting value\n  \n  ^"
    assert refused(Made(), data='{"a":\n') == '-d isn\'t JSON: line 2, column 1: Expecting value\n  {"a":\n  ^'
    assert refused(Made(), data="[1]") == (
        '-d must be a JSON object such as {"read": [{"input": "a.txt"}]} that maps a root\'s id, name or class to a '
        "list of items or a number of iterations; it is a list")


def test_a_number_of_more_digits_than_python_reads():
    said = refused(Made(), data='{"Made": ' + "9" * 5000 + "}")
    assert said.startswith("-d can't be read: ") and "digits" in said


def test_a_file(tmp_path):
    file = tmp_path / "inputs.json"
    file.write_text('{"Called": [{"a": "é"}]}', encoding="utf-8")
    for name in (str(file), file.as_uri()):
        assert read_inputs(workflow(Called()), None, None, name).given == {"Called": [{"a": "é"}]}
    file.write_text("{")
    assert refused(Called(), file=str(file)).startswith(f"-f {file} isn't JSON: line 1, column 2: ")
    file.write_bytes(b'{"\xff')
    assert refused(Called(), file=str(file)) == f"-f {file} must be JSON in UTF-8; byte 3 isn't"
    assert refused(Called(), file=str(tmp_path / "none")) == (
        f"-f {tmp_path}/none: No such file or directory: give the path of a JSON file")


def test_keys_that_are_no_pe_s():
    roots = "Called0 (Called), Made2 (Made)"
    assert refused(Called(), Made(), data='{"x": 1, "y": 2}') == (
        f"there is an input for 'x', 'y', but no PE has that id, name or class; the roots: {roots}")
    found = read_inputs(workflow(Called(), Made()), None, '{"x": 1, "Called": 2}', None)
    assert found.given == {"Called": 2, "Made": 1}
    assert found.notes == (
        f"there is an input for 'x', but no PE has that id, name or class; the roots: {roots}. It is left out",)
    assert refused(ReadLines("x"), data='{"x": 1}').endswith("; the roots: none")
    assert read_inputs(workflow(Called()), None, "{}", None).notes == ()


def test_only_roots_that_do_not_read_for_themselves_take_items():
    assert refused(Called(), data='{"Sink": 1}') == (
        "there is an input for Sink, but Sink isn't a root: its inputs are connected. The roots: Called")
    assert refused(Called(), ReadLines("x"), data='{"ReadLines": 1}') == (
        "there is an input for ReadLines, but it reads its own input and takes no items")


def test_a_root_with_one_port_needs_an_item_for_it():
    assert refused(Given()) == (
        "Given (Given) has no connected input and needs an item for its port 'input'; item 1 has none. Give it with "
        "-d '{\"Given\": [{\"input\": \"...\"}]}'")
    assert "item 2 has 'x', 'y'." in refused(Given(), data='{"Given": [{"input": 1}, {"x": 1, "y": 2}]}')
    assert "item 1 has none" in refused(Given(), iterations=2)
    assert read_inputs(workflow(Given()), 0, None, None).given == {"Given": 0}
    mine = Given()
    mine.process = lambda inputs: None  # its own, which may do without
    assert read_inputs(workflow(mine), 2, None, None).given == {"Given": 2}

    class Own(Given):
        def process(self, inputs):
            pass

    assert read_inputs(workflow(Own()), 2, None, None).given == {"Own": 2}
    alone = WorkflowGraph()
    alone.add(Sink())
    made = Workflow("a:graph", "")
    made.flat = flatten(alone)
    with pytest.raises(Refused, match=re.escape("Sink (Sink) has no connected input and needs")):
        read_inputs(made, None, None, None)


class Splits(GenericPE):
    def __init__(self, splits):
        GenericPE.__init__(self)
        self.splits = splits
        self._add_output("out")

    def plan_splits(self):
        if isinstance(self.splits, Exception):
            raise self.splits
        return iter(self.splits)


def test_readers_are_planned_once_for_a_run():
    roots = workflow(Splits([1, 2]), Made(), Splits([]))
    given = read_inputs(roots, 5, None, None, 4)
    planned = given.planned(roots)
    assert planned.splits == {"Splits0": [1, 2], "Splits4": []}
    assert (planned.given, planned.limit, given.splits) == ({"Made": 5}, 4, {})
    assert given.planned(roots, ["Splits4", "Made2", "no such"]).splits == {"Splits4": []}
    assert given.planned(roots, []).splits == {}
    assert is_reader(Splits([])) and not is_reader(Made())


def test_a_reader_that_can_not_be_planned_is_named():
    roots = workflow(Splits(ValueError("no way")))
    with pytest.raises(RunFailed) as error:
        read_inputs(roots, None, None, None).planned(roots)
    said = str(error.value)
    assert said.startswith("Splits (Splits) can't plan its splits: ValueError: no way\n")
    assert "raise self.splits" in said and "inputs.py" not in said.replace("test_inputs.py", "")
    assert isinstance(error.value.__cause__, ValueError)
    refusing = workflow(Splits(Refused("a sentence of its own")))
    with pytest.raises(D4pError, match="^a sentence of its own$"):
        read_inputs(refusing, None, None, None).planned(refusing)
