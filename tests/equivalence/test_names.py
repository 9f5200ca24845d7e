"""Whatever a user can name is data: no name becomes code, on no target, and each comes back as it was."""

from __future__ import annotations

import ast
import math
import os
import subprocess
from collections import Counter
from pathlib import Path

import pytest

import d4p_compile
from d4p.errors import Refused
from d4p_compile.show.dot import dot
from d4p_compile.show.html import html
from d4p_compile.show.json import to_json
from d4p_compile.show.mermaid import mermaid
from d4p_compile.show.text import text
from d4p_compile.targets import target as find_target

from ..targets import TARGETS, answers, canonical
from ..workflows import hostile
from ..workflows.hostile import CODE, HIDDEN, PRINTABLE, Evil

WORKFLOW = str(Path(hostile.__file__))
#: What both instances of the sum say of four items whose field is one more than their number.
SUMS = Counter({canonical([10]): 2})
VALUES = [*PRINTABLE, *HIDDEN, float("nan"), float("-inf"), -0.0, 1 << 4000, -(1 << 4000), 1j, complex("nan"), None,
          ..., True, b"\0\"'", (), (1,), [], {}, set(), frozenset({1, "a"}), {"a": [{"b": (float("inf"), HIDDEN[0])}]}]


@pytest.fixture(autouse=True)
def canary(tmp_path, monkeypatch):
    path = tmp_path / "canary"
    monkeypatch.setenv("D4P_CANARY", str(path))
    yield path
    assert not path.exists(), "a name was run"


@pytest.mark.parametrize("target", TARGETS)
def test_every_name_gives_a_program_that_compiles_and_answers(target, spark_session, tmp_path):
    for fuse in (False, None, True):
        plan = d4p_compile.plan(f"{WORKFLOW}:names", target, fuse=fuse)
        tree = ast.parse(find_target(target).program(plan))
        assert CODE not in {ast.unparse(node) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    found = answers(f"{WORKFLOW}:names", target, session=spark_session, options=["--output", str(tmp_path / "out")])
    assert list(found.values()) == [SUMS]
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_plan_is_drawn_with_every_name():
    plan = d4p_compile.plan(f"{WORKFLOW}:names", "spark-df")
    for made in (text(plan), html(plan), dot(plan), mermaid(plan), to_json(plan)):
        assert all(char.isprintable() or char == "\n" for char in made)
    assert "<script>" not in html(plan) and "%%" not in mermaid(plan) and '""""' not in mermaid(plan)
    assert len(dot(plan).splitlines()) == len(dot(d4p_compile.plan(f"{WORKFLOW}:names", "spark-df")).splitlines())


@pytest.mark.parametrize("output", [False, True])
def test_a_port_whose_name_cannot_be_seen_is_refused(output):
    for name in (*HIDDEN[:-1], ("a", "b"), None, 1.5):
        with pytest.raises(Refused, match="the name of a port must be text of printable characters"):
            d4p_compile.plan(hostile.port(name, output))


def test_parameters_are_written_as_literals():
    found = d4p_compile.run(f"{WORKFLOW}:parameter", "sequential", parameters={"said": VALUES})
    ((said,),) = found.values()
    assert repr(eval(said, {"inf": math.inf, "nan": math.nan})) == repr(VALUES)  # where a set has another order


@pytest.mark.parametrize("value", [Evil("a"), [Evil("a")], {Evil("a"): 1}, Path("a"), object()])
def test_a_parameter_that_has_no_literal_is_refused(value, tmp_path):
    with pytest.raises(Refused, match="the parameter said is written into the program, and must be a plain value"):
        d4p_compile.compile(f"{WORKFLOW}:parameter", "sequential", parameters={"said": value}, output=tmp_path / "out")


@pytest.mark.parametrize("target", ["sequential", "mpi", "spark-rdd"])
def test_a_workflow_file_of_any_name_gives_a_bundle(target, tmp_path, canary):
    """The scripts of a bundle are shell; a package whose modules import each other keeps the names of its files."""
    package = tmp_path / "package"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "b.py").write_text("from d4p import ProducerPE, WorkflowGraph\n")
    file = package / '";mkdir -p $D4P_CANARY;$(mkdir -p $D4P_CANARY)`mkdir -p $D4P_CANARY`\n"mkdir.py'
    file.write_text("from .b import *\ngraph = WorkflowGraph()\ngraph.add(ProducerPE())\n")
    odd = package / os.fsdecode(b"\xff'\n.txt")
    odd.touch()
    if target == "spark-rdd":
        with pytest.raises(Refused, match="since its name isn't UTF-8: rename it, or leave it out"):
            d4p_compile.compile(str(file), target, output=tmp_path / "bundle", include=[package])
        odd.unlink()
    bundle = d4p_compile.compile(str(file), target, output=tmp_path / "bundle", include=[package])
    ast.parse(bundle.script.read_text())
    for script in (*bundle.folder.glob("*.sh"), *bundle.folder.glob("job.[!p]*"), *bundle.folder.glob("*.pbs")):
        content = script.read_text()
        lines = [line for line in content.splitlines() if "mkdir" in line]
        assert all(line.startswith("#") or script.suffix == ".sh" and line.startswith("exec ") for line in lines)
        if script.suffix == ".sh":
            done = subprocess.run(["sh", script, "--help"], capture_output=True, text=True, timeout=120)
            assert done.returncode == 0, done.stderr
