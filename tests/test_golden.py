"""Golden programs and plans: compared, linted, run; the same bytes whatever the hash seed."""

from __future__ import annotations

import functools
import hashlib
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import d4p_compile
from d4p_compile.ir.plan import Plan
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
#: What stands in a golden `main` in place of the channels and stages, which several targets share.
_THOSE = "# the channels and stages of {}.py\n"
#: The lines of a stage that write down which item is in hand, on targets whose workers may die alone.
_NOTES = re.compile(r"^ +(at = stage\.at  # .*|at\[0\] = n_\w+)\n", re.MULTILINE)


def targets(case: str) -> list[str]:
    return [target for target in TARGETS if case not in CYCLIC or target in running_cycles()]


@functools.cache
def programs(case: str) -> dict[str, tuple[Plan, str]]:
    """By target the plan of a case, and its program."""
    plans = {target: d4p_compile.plan(CASES[case], target) for target in targets(case)}
    return {target: (plan, find_target(target).program(plan)) for target, plan in plans.items()}


def parts(program: str) -> tuple[str, str, str]:
    """What stands before the channels and stages, these, and `main`."""
    before, stages, main = re.fullmatch(r"(.*?\nworkflow = [^\n]*\n+)(.*?\n)(\n\ndef main\(.*)", program, re.S).groups()
    return before, stages, main


def _alone(case: str, stages: str) -> str:
    """Channels and stages as a module."""
    blank = "\n\n" if stages.startswith("@") else "\n"
    return f'"""Channels and stages of {case}."""\n\nimport d4p\n{blank}{stages}'


def written(case: str) -> dict[str, str]:
    """The golden files of a case. Stages stand in one of them, but for targets whose plan is another."""
    files: dict[str, str] = {}
    shared: dict[str, str] = {}
    for target, (plan, program) in reversed(programs(case).items()):  # the last names what several share
        before, stages, main = parts(program)
        place = f"{case}_stages" if not shared else f"{case}_stages_{target}"
        place = shared.setdefault(_NOTES.sub("", stages), place.replace("-", "_"))
        files[f"{place}.py"] = max(_alone(case, stages), files.get(f"{place}.py", ""), key=len)  # with the notes
        name = f"{case}_{target}".replace("-", "_")
        files[f"{name}.py"] = f"{before}{_THOSE.format(place)}{main}"
        files[f"{name}.txt"] = text(plan) + "\n"
    return files


@pytest.mark.parametrize("case", CASES)
def test_programs_and_plans_are_as_they_were(case):
    for name, content in written(case).items():
        if os.environ.get("D4P_UPDATE_GOLDEN"):
            (GOLDEN / name).write_text(content)
        assert (GOLDEN / name).read_text() == content, f"{name} differs: D4P_UPDATE_GOLDEN=1 writes it anew"


def test_notes_of_items_are_written_where_a_worker_may_die_alone_and_nowhere_else():
    for target, (plan, program) in programs("tour").items():
        heads = program.count("        for item in items:\n")
        assert len(re.findall(r"at\[0\] = n_\w+\n", program)) == (heads if plan.can.notes_items else 0), target


def test_nothing_golden_is_left_over():
    expected = {name for case in CASES for name in written(case)}
    assert {path.name for path in GOLDEN.iterdir()} == expected | {"README.md"}


def test_programs_are_clean(tmp_path):
    for case in CASES:
        for target, (_, program) in programs(case).items():
            (tmp_path / f"{case}_{target}.py".replace("-", "_")).write_text(program)
            assert faults(program) == [], f"{case} for {target}"
    lint = [sys.executable, "-m", "ruff", "check", "--isolated", "--line-length", "120", "--select", "E,F,I,B,W"]
    done = subprocess.run([*lint, str(tmp_path)], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout


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


@pytest.mark.parametrize("case", CASES)
def test_a_program_in_which_nothing_has_a_policy_holds_no_trace_of_them(case):
    """So none costs anything there: a policy is in the text of its PE's loop, or put around that PE's calls."""
    for plan, program in programs(case).values():
        assert not any(pe.on_error for pe in plan.graph.pes)
        assert not re.search(r"\b(try|except|atoms|stage\.(tries|failed|written))\b", program.split("\ndef main(")[0])
