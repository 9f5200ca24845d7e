"""A run of a writer and --output, killed at each of its operations on the file system: nothing ever looks whole that
isn't, and --resume, --overwrite and a plain run each give the right answer afterwards. On this machine's file system,
and on a store of objects, where nothing is renamed at once."""

from __future__ import annotations

import json
import os
import shutil
from collections import Counter
from pathlib import Path
from urllib.parse import quote

import pytest

from d4p_compile import compile as compile_workflow

from . import objects
from .dying import Dying, Programs

WORKFLOW = """
import os

from d4p import IterativePE, ProducerPE, WorkflowGraph, WriteText

class Numbers(ProducerPE):
    def _process(self, inputs):
        for i in range(4):
            self.write("output", i)

class Double(IterativePE):
    def _process(self, i):
        return 2 * i

graph = WorkflowGraph()
numbers, double = Numbers(), Double()
graph.connect(numbers, "output", double, "input")
graph.connect(numbers, "output", WriteText(os.environ["WHERE"] + "text"), "input")
"""
EXPECTED = {"text/part-00000": "0\n1\n2\n3\n", "results/Double1.output/part-00000.jsonl": "0\n2\n4\n6\n"}
OLD = {"text/part-00000": "old", "text/part-00001": "0\n1\n2\n3\n",
       "text/_SUCCESS": json.dumps({"run": "old", "identity": {"plan": "old"}, "parts": {}})}
FOLDERS, OBJECTS = "", "objects://b/"


@pytest.fixture(scope="module", params=[FOLDERS, OBJECTS], ids=["folders", "objects"])
def where(request):
    """What stands before the name of an output."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WHERE", request.param)
        yield request.param


@pytest.fixture(scope="module")
def programs(tmp_path_factory, where):
    folder = tmp_path_factory.mktemp("deaths")
    (folder / "dying.py").write_text(WORKFLOW)
    found = Programs(compile_workflow(folder / "dying.py", "sequential", output=folder / "bundle").script)
    yield found
    found.close()


def files(folder: Path) -> dict[str, str]:
    """What is there, by name."""
    if os.environ["WHERE"] == OBJECTS:
        return {key.removeprefix("b/"): text for key, text in objects.files(folder).items() if key != ".upload"}
    return {p.relative_to(folder).as_posix(): p.read_text() for p in folder.rglob("*") if p.is_file()}


def whole(folder: Path) -> dict[str, str]:
    """The files that a user sees of outputs that are whole. In a store of objects one that isn't says so."""
    seen = {name: text for name, text in files(folder).items() if not f"/{name}".count("/.")}
    outputs = {name.partition("/")[0] for name in seen}
    parts = {output for output in outputs if f"{output}/_SUCCESS" not in seen}
    assert not parts or os.environ["WHERE"] == OBJECTS
    assert all(f"{output}/_UNFINISHED" in seen for output in parts)
    return {name: text for name, text in seen.items()
            if name.partition("/")[0] not in parts and name.partition("/")[2] not in ("_SUCCESS", "_UNFINISHED")}


def looks_right(found: dict[str, str], old: bool) -> bool:
    outputs = {name.partition("/")[0] for name in found}
    before = {name: text for name, text in OLD.items() if not name.endswith("_SUCCESS")}
    for output in outputs:
        mine = {name: text for name, text in found.items() if name.startswith(f"{output}/")}
        right = {name: text for name, text in EXPECTED.items() if name.startswith(f"{output}/")}
        assert mine == right or (old and output == "text" and mine == before), found
    return True


@pytest.mark.parametrize("half", [False, True])
@pytest.mark.parametrize("overwriting", [False, True])
def test_killed_at_any_operation(programs, where, tmp_path, overwriting, half):
    ended = Counter()
    options = ["--overwrite"] if overwriting else []
    for at in range(1, 200):
        made = tmp_path / str(at)
        made.mkdir()
        if overwriting:
            for name, text in OLD.items():
                path = made / (name if where == FOLDERS else quote(f"b/{name}", safe=""))
                path.parent.mkdir(exist_ok=True)
                path.write_text(text)
        status = programs.run(made, *options, dying=Dying(at, half))
        found = whole(made)
        looks_right(found, overwriting)
        if status == 0:
            break
        assert status == 9
        state = made.with_suffix(".state")
        shutil.copytree(made, state)
        left = files(state)
        in_part = {name.partition("/")[0] for name in left if name.endswith("/_UNFINISHED")}
        ended["in part"] += bool(in_part)
        for then in (["--resume"],) if half else (["--overwrite"], ["--resume"], []):
            shutil.rmtree(made)
            shutil.copytree(state, made)
            status = programs.run(made, *then)
            ended[" ".join(then), status] += 1
            if status == 2:  # what is there in sight must not be replaced unless asked
                assert found or overwriting or in_part
                began = left.get(".text.d4p-unfinished/run.json", "").endswith("}\n")  # and not half of it
                assert then == [] or (then == ["--resume"] and not began)
                assert (whole(made) or in_part) and looks_right(whole(made), overwriting)
                continue
            assert status == 0 and whole(made) == EXPECTED
            assert {name.partition("/")[0] for name in files(made)} == {"results", "text"}
            assert not [name for name in files(made) if name.endswith("/_UNFINISHED")]
            assert where == OBJECTS or sorted(os.listdir(made)) == ["results", "text"]
    else:
        raise AssertionError("it never ended")
    assert at > (5 if half else 30) and ended["--resume", 0] > at // 2
    assert half or ended["--overwrite", 0] == at - 1
    assert (ended["in part"] > (1 if half else 6)) == (where == OBJECTS)


def test_resume_does_not_run_again_what_is_decided(programs, tmp_path):
    """Killed once everything is decided, a run has done its work."""
    for at in range(1, 200):
        made = tmp_path / str(at)
        made.mkdir()
        assert programs.run(made, dying=Dying(at, False)) == 9
        decided = [text for name, text in files(made).items() if name.endswith(".d4p-unfinished/commit.json")]
        if len(decided) == 2:
            break
    runs = {json.loads(text)["run"] for text in decided}
    assert programs.run(made, "--resume") == 0 and whole(made) == EXPECTED
    assert {json.loads(text)["run"] for name, text in files(made).items() if name.endswith("/_SUCCESS")} == runs
