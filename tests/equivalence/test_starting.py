"""What PEs start has Python's defaults on every target; threads of the workflow's module are there for its PEs; what
they log stays whole; their stdin; and an interrupt is never lost."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import d4p_compile
from d4p.errors import RunFailed
from d4p_compile.targets import target as engine
from tests.mpi.starting import ANYWHERE, world
from tests.targets import TARGETS, answers, on_spark

WORKFLOWS = Path(__file__).parents[1] / "workflows" / "starting.py"
EVERY_TARGET = pytest.mark.parametrize(
    "target", [pytest.param(t, marks=pytest.mark.spark if on_spark(t) else ()) for t in TARGETS])


@EVERY_TARGET
def test_what_pes_start_has_the_defaults_of_python(target, request):
    session = request.getfixturevalue("spark_session") if on_spark(target) else None
    with world(2):
        (found,) = answers(f"{WORKFLOWS}:starts", target, session=session).values()
    pool, terminated, by_int, by_term, by_hup, handlers = ast.literal_eval(next(iter(found)))
    assert pool == [0, 1, 4, 9]
    assert (terminated, by_int, by_term, by_hup) == (-15, -2, -15, -1)
    assert handlers == "['default_int_handler', 0, 0]"


@pytest.mark.parametrize("target", ["sequential", "mpi"])  # the others work elsewhere than where the signal comes
@pytest.mark.parametrize("how", ["swallowed", "freed", "freed in the background"])
def test_a_pe_that_won_t_be_interrupted_is(target, how, tmp_path):
    bundle = d4p_compile.compile(f"{WORKFLOWS}:stubborn", target, output=tmp_path / "bundle", parameters={"how": how})
    # As a shell has what it starts with &: SIGINT does nothing
    ignored = ["sh", "-c", "trap '' INT; exec \"$@\"", "sh"] if how == "freed in the background" else []
    with world(1):
        done = subprocess.run([*ignored, *engine(target).command(bundle.script), "--output", "out"], cwd=tmp_path,
                              timeout=60, capture_output=True, text=True, env=os.environ | ANYWHERE)
    assert done.returncode == 130, done.stderr
    assert done.stderr.startswith("interrupted\n") and "Traceback" not in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["bundle"]


def test_an_interrupt_that_comes_when_the_program_is_done_is_one():
    with pytest.raises(KeyboardInterrupt):
        d4p_compile.run(f"{WORKFLOWS}:at_the_end", "sequential")


@EVERY_TARGET
def test_threads_that_the_module_of_a_workflow_starts_are_there_for_its_pes(target, request):
    session = request.getfixturevalue("spark_session") if on_spark(target) else None
    with world(2):
        (found,) = answers(f"{WORKFLOWS.with_name('threads.py')}:uses", target, session=session).values()
    assert sorted(map(json.loads, found)) == [[n * n, True] for n in range(6)]


@pytest.mark.parametrize("target", ["processes", "mpi"])
def test_what_several_instances_log_at_once_stays_whole(target):
    run = [sys.executable, "-m", "d4p_compile", "run", f"{WORKFLOWS.with_name('lines.py')}:logs", "--target", target]
    with world(5, PYTHONUNBUFFERED="1"):
        done = subprocess.run(run, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    logged = [line for line in done.stdout.splitlines() if "<" in line or "aa" in line or "bb" in line]
    assert [line[:200] for line in logged if not re.fullmatch(r"Logs1? \[\d\]: <((.)\2*)?>", line)] == []
    assert len(logged) == 1600


#: How a PE reads sys.stdin -> what it is told where it may not.
READ = {"once": "",
        "instances": r"More .*, instance ., item .: sys.stdin can be read by one instance, and there are 2",
        "pes": r"(Asks|Reads) .*: sys.stdin can be read by one PE, and (Asks2|Reads0) reads it"}


@pytest.mark.parametrize("target, how", [
    ("sequential", "once"), ("sequential", "pes"), ("processes", "once"), ("processes", "instances"), ("mpi", "once")])
def test_what_comes_in_is_read_by_one_instance_or_refused(target, how):
    run = [sys.executable, "-m", "d4p_compile", "run", f"{WORKFLOWS.with_name('lines.py')}:reads", "-p", f"how={how}"]
    with world(3):
        done = subprocess.run([*run, "--target", target], input="a\nb\nc\n", capture_output=True, text=True, timeout=60)
    if told := READ[how] if target != "mpi" else r"Reads .*: sys.stdin can't be read here: mpiexec hands it to rank 0":
        assert done.returncode == 1 and re.search(f"failed: {told}", done.stderr), done.stderr
    else:
        assert done.returncode == 0 and "Same1.output: 3 items\n  'a'\n  'b'\n  'c'\n" in done.stdout, done.stderr


@pytest.mark.spark
@pytest.mark.parametrize("target", ["spark-rdd", "spark-df"])
def test_on_spark_nothing_comes_in(target, spark_session):
    with pytest.raises(RunFailed, match=r"Reads \(Reads\), instance 0, item 1: sys.stdin can't be read here: Spark"):
        answers(f"{WORKFLOWS.with_name('lines.py')}:reads", target, session=spark_session, parameters={"how": "once"})


@pytest.mark.spark
@pytest.mark.parametrize("target", ["spark-rdd", "spark-df"])
def test_programs_of_a_session_share_its_python_workers(target, spark_session):
    """Each takes long to start, and one that leaves something of what it was given isn't used again."""
    pids: set[str] = set()
    for _ in range(8):
        (found,) = answers(f"{WORKFLOWS}:whose", target, session=spark_session).values()
        pids.update(found)
    assert len(pids) < 8  # one each where none is used again; else as many as the session has, which take turns
