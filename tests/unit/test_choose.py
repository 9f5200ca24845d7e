"""`--target spark` takes the kind of program that is faster for the plan, and says why."""

from __future__ import annotations

from pathlib import Path

import d4p_compile
from d4p_compile.targets import canonical

WORKFLOWS = Path(__file__).parents[1] / "workflows"


def test_rdds_where_only_python_reads_the_items():
    plan = d4p_compile.plan(f"{WORKFLOWS / 'semantics.py'}:group_by", "spark")
    assert plan.target == "spark-rdd" and canonical("spark") == "spark-rdd"
    assert plan.notes[-1].startswith("spark is spark-rdd here: only Python reads the items")


def test_dataframes_where_spark_itself_aggregates():
    plan = d4p_compile.plan(f"{WORKFLOWS / 'columns.py'}:total", "spark")
    assert plan.target == "spark-df"
    assert "Spark itself does the sum of" in plan.notes[-1]


def test_either_by_its_name():
    for target in ("spark-rdd", "spark-df"):
        plan = d4p_compile.plan(f"{WORKFLOWS / 'columns.py'}:total", target)
        assert plan.target == target and not any(note.startswith("spark is") for note in plan.notes)


def test_what_the_passes_did_is_shown_once():
    seen = []
    d4p_compile.plan(f"{WORKFLOWS / 'semantics.py'}:group_by", "spark", watch=lambda name, ir: seen.append(name))
    assert seen.count("place") == 1
