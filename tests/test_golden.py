"""Golden programs and plans: compared, linted, run; the same bytes whatever the hash seed."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

import d4p_compile
from d4p_compile.show.text import text
from d4p_compile.targets import running_cycles
from d4p_compile.targets import target as find_target
from tests.lint import faults

HERE = Path(__file__).parent
EXAMPLES = HERE.parent / "examples"
GOLDEN = HERE / "golden"
SEMANTICS = HERE / "workflows" / "semantics.py"
CASES = {
    "wordcount": f"{EXAMPLES / 'wordcount' / 'wordcount.py'}",
    "tour": f"{EXAMPLES / 'tour' / 'tour.py'}",
    "diamond": f"{SEMANTICS}:diamond",
    "partitions": f"{SEMANTICS}:partitions",
    "odd_names": f"{SEMANTICS}:odd_names",
    "columns": f"{HERE / 'workflows' / 'columns.py'}:all_kinds",
    "pairs": f"{HERE / 'workflows' / 'pairs.py'}:batches",
    "collatz": f"{HERE / 'workflows' / 'cycles.py'}:collatz",
}
CYCLIC = {"collatz"}
TARGETS = ("sequential", "processes", "mpi", "spark-rdd", "spark-df")
ALL = [(case, target) for case in CASES for target in TARGETS if case not in CYCLIC or target in running_cycles()]


def written(case: str, target: str) -> dict[str, str]:
    plan = d4p_compile.plan(CASES[case], target)
    name = f"{case}_{target}".replace("-", "_")
    return {f"{name}.py": find_target(target).program(plan), f"{name}.txt": text(plan) + "\n"}


@pytest.mark.parametrize("case, target", ALL)
def test_the_program_and_the_plan_are_as_they_were(case, target):
    for name, content in written(case, target).items():
        if os.environ.get("D4P_UPDATE_GOLDEN"):
            (GOLDEN / name).write_text(content)
        assert (GOLDEN / name).read_text() == content, f"{name} differs: D4P_UPDATE_GOLDEN=1 writes it anew"


def test_nothing_golden_is_left_over():
    expected = {f"{case}_{target}".replace("-", "_") + end for case, target in ALL for end in (".py", ".txt")}
    assert {path.name for path in GOLDEN.iterdir()} == expected | {"README.md"}


def test_golden_programs_are_clean():
    programs = [str(path) for path in GOLDEN.glob("*.py")]
    lint = [sys.executable, "-m", "ruff", "check", "--isolated", "--line-length", "120", "--select", "E,F,I,B,W"]
    done = subprocess.run([*lint, *programs], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout
    assert {path.name: found for path in GOLDEN.glob("*.py") if (found := faults(path.read_text()))} == {}


@pytest.mark.parametrize("target", TARGETS)
def test_the_same_graph_gives_the_same_bytes_whatever_the_hash_seed_and_without_docstrings(target, tmp_path):
    digests = set()
    for seed, level in (("0", "0"), ("1", "0"), ("4711", "2")):
        folder = tmp_path / f"bundle-{seed}"
        command = [sys.executable, "-m", "d4p_compile", "compile", CASES["tour"], "--target", target, "-o", str(folder)]
        settings = {"PYTHONHASHSEED": seed, "PYTHONOPTIMIZE": level}
        subprocess.run(command, env={**os.environ, **settings}, check=True, capture_output=True, timeout=120)
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        everything = b"".join(str(f.relative_to(folder)).encode() + f.read_bytes() for f in files)
        digests.add(hashlib.sha256(everything).hexdigest())
    assert len(digests) == 1


def test_a_bundle_names_no_path_of_the_machine_that_compiled_it(tmp_path):
    bundle = d4p_compile.compile(CASES["wordcount"], "spark", output=tmp_path / "bundle")
    for path in bundle.folder.rglob("*"):
        if path.suffix in (".py", ".txt", ".json", ".sh") and path.name != "wordcount.py":
            content = path.read_text()
            assert str(EXAMPLES) not in content and str(tmp_path) not in content, path
