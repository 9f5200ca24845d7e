"""Run a graph with something planted, and look what the report says."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from unittest import mock

from d4p_compile.runs.folder import Run, find, ids
from d4p_compile.runs.verdict import Verdict, verdicts
from tests.targets import _here, on_spark
from tests.verdicts.planting import ROOM, WORKFLOW, Planted

ROOT = Path(__file__).resolve().parents[2]


def run(graph: Planted, target: str, runs: Path, *options: str) -> Run:
    """The record of a run, with more options. A Spark program runs in this process, in the session that is there."""
    more: Mapping[str, str] = {"D4P_RUNS": str(runs)}
    if graph.kind == "memory":
        more = {**more, "SLURM_MEM_PER_NODE": str(ROOM)}
    with mock.patch.dict(os.environ, more):
        known = set(ids())
        if on_spark(target):
            _here(f"{ROOT}/{WORKFLOW}", target, graph.width, None, ["-q", *options], parameters={"spec": graph.spec})
        else:
            words = ["run", f"{ROOT}/{WORKFLOW}", "-t", target, "-n", str(graph.width), "-q", "-p",
                     f"spec={json.dumps(graph.spec)}", *options]
            done = subprocess.run([sys.executable, "-m", "d4p_compile", *words], capture_output=True, text=True,
                                  timeout=300)  # fmt: skip
            assert done.returncode == 0, done.stderr
        (new,) = set(ids()) - known
        return find(new)


def named(found: Run) -> list[Verdict]:
    """What the report says limits a run, but for a start of the engine that was longer than what was to be seen."""
    return [verdict for verdict in verdicts(found) if verdict.rule != "engine_start"]


def right(graph: Planted, said: list[Verdict]) -> bool:
    """Whether that is what was planted."""
    if not graph.kind:
        return not said
    return bool(said) and said[0].rule == graph.rule and (not graph.pe or _of(said[0], graph.pe))


def _of(verdict: Verdict, pe: str) -> bool:
    return verdict.pe == pe


def session(target: str) -> Any:
    """A session for a Spark target, kept as long as this process."""
    from pyspark.sql import SparkSession

    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    return SparkSession.builder.master("local[4]").config("spark.ui.enabled", "false").getOrCreate()
