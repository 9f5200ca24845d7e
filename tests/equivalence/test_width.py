"""`-n N` is the width of a run: so many instances are at work, and the answer is that of one."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import d4p_compile
from d4p.host.threads import cores
from tests.targets import answers, definition, on_spark

from ..workflows import wide

HERE = Path(wide.__file__)
EXAMPLES = HERE.parents[2] / "examples"
LOCAL = ["processes", "mpi"]


def sweep(target: str, width: int | None = None, **more) -> tuple:
    (items,) = d4p_compile.run(f"{HERE}:sweep", target, width, **more).values()
    (item,) = items
    return tuple(item)


@pytest.mark.parametrize("target", LOCAL)
@pytest.mark.parametrize("width", [1, 4, None])
def test_a_sweep_is_as_wide_as_it_is_told_and_adds_up_in_order(target, width):
    total, processes, instances = sweep(target, width)
    assert total == sweep("sequential")[0]
    assert processes == instances == (width or cores())


@pytest.mark.parametrize("target", LOCAL)
def test_what_stays_with_its_source_is_one_process(target):
    assert sweep(target, 4, fuse=True) == sweep("sequential")


@pytest.mark.spark
@pytest.mark.parametrize("target", ["spark-rdd", "spark-df"])
def test_a_sweep_on_spark(target, spark_session):
    (found,) = answers(f"{HERE}:sweep", target, width=4, session=spark_session).values()
    ((item, count),) = found.items()
    total, _, instances = json.loads(item)["items"] if item.startswith("{") else json.loads(item)
    assert count == 1 and total == sweep("sequential")[0] and instances == 4


@pytest.mark.parametrize("target", LOCAL)
@pytest.mark.parametrize("fuse, wide", [(None, 1), (False, 3)])
def test_what_follows_a_skewed_key_is_dealt_where_it_says_so(target, fuse, wide):
    ((found,),) = d4p_compile.run(f"{HERE}:skewed", target, 3, parameters={"fuse": fuse}).values()
    ((alone,),) = d4p_compile.run(f"{HERE}:skewed").values()
    assert found[0] == alone[0] and found[2] == wide


@pytest.mark.spark
@pytest.mark.parametrize("target", ["spark-rdd", "spark-df"])
def test_what_follows_a_skewed_key_is_dealt_on_spark(target, spark_session):
    (found,) = answers(f"{HERE}:skewed", target, width=3, session=spark_session).values()
    ((item, count),) = found.items()
    total, _, instances = json.loads(item)["items"] if item.startswith("{") else json.loads(item)
    ((alone,),) = d4p_compile.run(f"{HERE}:skewed").values()
    assert count == 1 and total == alone[0] and instances == 3


@pytest.mark.parametrize("target", LOCAL)
def test_a_group_by_is_as_wide(target):
    (found,) = d4p_compile.run(f"{HERE}:words", target, 4).values()
    (alone,) = d4p_compile.run(f"{HERE}:words").values()
    assert sorted((word, count) for word, count, _ in found) == sorted((word, count) for word, count, _ in alone)
    assert len({process for *_, process in found}) == 4


@pytest.mark.parametrize("target", LOCAL)
def test_parts_of_a_sum_are_as_wide(target):
    plan = d4p_compile.plan(f"{HERE}:summed", target, 3)
    assert [pe.instances for pe in plan.graph.pes] == [1, 3, 3, 1] and str(plan.stages[1]).startswith("Square > SumPE")
    expected = definition(f"{HERE}:summed")
    assert answers(f"{HERE}:summed", target, width=3) == answers(f"{HERE}:summed", target) == expected


@pytest.mark.spark
@pytest.mark.parametrize("grouped", [False, True])
@pytest.mark.parametrize("target", [*LOCAL, "spark-rdd", "spark-df"])
def test_pairs_of_items_in_the_order_of_the_sequential_run(target, grouped, request):
    """What comes before `AllPairs` is as wide as the run, and in a pair the item that came first is still the first."""
    session = request.getfixturevalue("spark_session") if on_spark(target) else None
    plan = d4p_compile.plan(f"{HERE}:paired", target, 3, parameters={"grouped": grouped})
    assert {pe.instances for pe in plan.graph.pes if pe.name != "Tasks"} == {3}
    expected = definition(f"{HERE}:paired", parameters={"grouped": grouped})
    found = answers(f"{HERE}:paired", target, width=3, session=session, parameters={"grouped": grouped})
    assert found == expected


@pytest.mark.spark
@pytest.mark.parametrize("target", [*LOCAL, "spark-rdd", "spark-df"])
def test_the_command_of_the_readme(target, request):
    """`d4p run wordcount -n 4`, which nobody refuses as too small."""
    session = request.getfixturevalue("spark_session") if on_spark(target) else None
    expected = definition(str(EXAMPLES / "wordcount" / "wordcount.py"))
    assert answers(str(EXAMPLES / "wordcount" / "wordcount.py"), target, width=4, session=session) == expected


@pytest.mark.parametrize("width", [1, 4])
def test_mpi_starts_as_many_ranks_as_the_run_is_wide(tmp_path, width):
    command = [sys.executable, "-m", "d4p_compile", "run", f"{HERE}:sweep", "--target", "mpi", "-n", str(width)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=120)
    assert done.returncode == 0, done.stderr
    assert f", {width}, {width})" in done.stdout
    assert ("stage 2 x4  Walk" in done.stdout) == (width == 4)
