"""What a run that fails says, on every target: the PE, its instance, its item, its own traceback, and no more."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import d4p_compile
from d4p.errors import RunFailed
from d4p_compile.targets import target as engine
from tests.chaos.programs import until
from tests.mpi.starting import ANYWHERE
from tests.targets import TARGETS, answers, on_spark

CONF = Path(__file__).parents[2] / "conf"
WORKFLOWS = Path(__file__).parents[1] / "workflows" / "failing.py"


@pytest.fixture(params=[pytest.param(t, marks=pytest.mark.spark if on_spark(t) else ()) for t in TARGETS])
def failure(request):
    """Run a graph of failing.py and give the message of its failure."""
    session = request.getfixturevalue("spark_session") if on_spark(request.param) else None

    def call(attribute: str, **more) -> str:
        with pytest.raises(RunFailed) as caught:
            answers(f"{WORKFLOWS}:{attribute}", request.param, session=session, **more)
        return str(caught.value)

    call.target = request.param
    return call


def test_a_pe_that_raises_is_named_with_instance_item_and_its_own_traceback(failure):
    message = failure("raises")
    first, item, title, *traceback = message.splitlines()
    assert first == "Raises (Raises), instance 0, item 8: ValueError: no such number: 7"
    assert item == "  the item: 7"
    assert title == "Traceback (the PE's own):"
    assert "in _process" in traceback[0] and "failing.py" in traceback[0]
    assert traceback[-1] == "ValueError: no such number: 7"
    assert "d4p/" not in message and "job.py" not in message and "java" not in message


def test_the_item_that_a_pe_raises_on_is_counted_where_pes_before_it_dropped_some(failure):
    first = failure("raises_after_drops").splitlines()[0]
    assert first == "Raises (Raises), instance 0, item 3: ValueError: no such number: 7"


def test_a_pe_whose_expression_is_written_out_is_named_as_one_that_is_called(failure):
    first, item, title, *traceback = failure("raises_in_an_expression").splitlines()
    assert first.startswith("TwelveOver4 (TwelveOver), instance 0, item 3: ZeroDivisionError: ")
    assert (item, title) == ("  the item: 10", "Traceback (the PE's own):")
    assert "failing.py" in traceback[0] and traceback[0].endswith("in _process")
    assert traceback[1] == "    return data + 12 // (data - self.less)"
    assert traceback[-1] == first[first.index("ZeroDivisionError"):]


def test_a_function_of_the_name_of_a_loop_is_none(failure):
    first, _, _, *traceback = failure("raises_in_a_function_with_the_name_of_a_loop").splitlines()
    assert first.startswith("CallsOne (CallsOne), instance ") and ", item 1: TypeError: " in first
    assert traceback[1] == "    y = into_times_two(data)"


def test_a_pe_that_puts_something_in_the_place_of_what_is_written_out_is_told(failure):
    assert "say `writes = True` in the class, so that it is called" in failure("swapped")


@pytest.mark.parametrize("phase", ["preprocess", "postprocess"])
def test_a_pe_that_raises_in_another_phase(failure, phase):
    first = failure(f"raises_in_{phase}").splitlines()[0]
    assert first == f"RaisesInPhase (RaisesInPhase), instance 0, {phase}: OSError: no disk"


def test_the_pe_that_raises_on_what_another_writes_at_the_end(failure):
    first, item, *_ = failure("raises_on_what_another_writes_at_the_end").splitlines()
    assert re.fullmatch(r"Raises \(Raises\), instance \d, item 1: ValueError: no such number: \[\d+\]", first), first
    assert item == f"  the item: {first.rpartition(': ')[2]}"


def test_a_pe_that_ends_the_program_fails_the_run(failure):
    first = failure("exits").splitlines()[0]
    assert first.startswith("Exits (Exits), instance ") and first.endswith(": SystemExit: 0")


def test_an_item_that_cannot_be_made_again(failure):
    assert "an item can't be made again from its pickle: TypeError" in failure("cannot_be_made_again")


def test_a_pe_cannot_swallow_the_failure_of_another(failure):
    assert failure("swallowed").splitlines()[0] == "Raises (Raises), instance 0, item 4: ValueError: no such number: 3"


def test_an_item_without_the_field_of_a_group_by(failure):
    message = failure("missing_field")
    assert message.startswith("Tuples.output -> Keeps.input, item 1: group-by [2] needs items with that field")
    assert "(0, 0)" in message
    message = failure("missing_field_of_one")
    assert message.startswith("Tuples.output -> Keeps.input, item 1: group-by ['station'] needs items")


def test_a_key_whose_equality_is_not_known(failure):
    message = failure("unknown_key")
    assert message.startswith("Strange.output -> Keeps.input, item 1: ") and "Odd" in message


@pytest.mark.parametrize("how", ["unknown_port_written", "unknown_port_returned"])
def test_a_port_that_is_not_there(failure, how):
    message = failure(how)
    returned = "process of WrongPort1 (WrongPort) returned an item for 'bad', which is not one of its outputs: 'good'"
    wanted = {"unknown_port_written": "WrongPort1 writes to 'bad', which is not one of its outputs (it has: 'good')",
              "unknown_port_returned": returned}  # fmt: skip
    assert wanted[how] in message.splitlines()[0]
    if how == "unknown_port_written":
        assert re.match(r"WrongPort \(WrongPort\), instance \d, item 1: ValueError: ", message)


def test_process_that_returns_no_dict(failure):
    assert "must return a dict" in failure("no_dict_returned")


def test_an_item_that_cannot_be_pickled_is_named_by_pe_port_and_attribute(failure):
    message = failure("unpicklable")
    assert message.startswith("Lock.output -> Spread.input: ")
    assert "lock" in message and "inside" in message


def test_check_names_a_pe_that_changes_what_it_wrote():
    with pytest.raises(RunFailed, match=r"^Changes, instance 0, changed item 1 of Changes.output after writing it: "):
        d4p_compile.run(f"{WORKFLOWS}:changes", fuse=False, options=["--check"])
    d4p_compile.run(f"{WORKFLOWS.with_name('semantics.py')}:fan_out", fuse=False, options=["--check"])


def test_a_worker_that_dies_is_named(tmp_path):
    with pytest.raises(RunFailed) as caught:
        d4p_compile.run(f"{WORKFLOWS}:dies", "processes", options=["--output", str(tmp_path / "out")])
    assert "a worker process ended with 7: it held stage 1 (Numbers > Keeper > Dies), instance 0" in str(caught.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("target", ["sequential", "processes"])
def test_nothing_that_looks_whole_is_left(target, tmp_path):
    with pytest.raises(RunFailed):
        d4p_compile.run(f"{WORKFLOWS}:raises", target, options=["--output", str(tmp_path / "out")])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("target", ["sequential", "processes"])
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_interrupted_all_processes_are_gone_within_2_seconds(target, how, tmp_path):
    bundle = d4p_compile.compile(f"{WORKFLOWS}:forever", target, output=tmp_path / "bundle")
    with started(sys.executable, str(bundle.script), "--output", str(tmp_path / "out")) as program:
        until((tmp_path / ".out.d4p-unfinished").exists)  # the run has begun
        until(lambda: len(_group(program.pid)) == (5 if target == "processes" else 1))
        if how == signal.SIGINT:
            os.killpg(program.pid, how)  # as a terminal does
        else:
            program.send_signal(how)
        begun = time.monotonic()
        _, errors = program.communicate(timeout=10)
        while _group(program.pid) and time.monotonic() - begun < 2:
            time.sleep(0.05)
        assert _group(program.pid) == []
    if how != signal.SIGKILL:
        assert program.returncode == 130
        assert errors == "interrupted\n"
        assert sorted(p.name for p in tmp_path.iterdir()) == ["bundle"]


@pytest.mark.spark
def test_an_interrupted_spark_program_ends_quietly(tmp_path):
    bundle = d4p_compile.compile(f"{WORKFLOWS}:forever", "spark", output=tmp_path / "bundle")
    environment = {**os.environ, "SPARK_CONF_DIR": str(CONF)}
    with started(sys.executable, "-u", str(bundle.script), env=environment) as program:
        assert program.stdout.readline().startswith("Spark ")
        until(lambda: program.poll() is not None or len(_group(program.pid)) >= 4, 60)  # this, Java, and Python at work
        assert program.poll() is None
        os.killpg(program.pid, signal.SIGINT)
        begun = time.monotonic()
        _, errors = program.communicate(timeout=30)
        assert program.returncode == 130
        assert errors.splitlines()[-1] == "interrupted" and "Traceback" not in errors
        while _group(program.pid) and time.monotonic() - begun < 10:
            time.sleep(0.05)
        assert _group(program.pid) == []


@pytest.mark.spark
def test_a_user_sees_what_a_pe_said_on_spark_and_no_java(tmp_path):
    run = [sys.executable, "-m", "d4p_compile", "run", f"{WORKFLOWS}:raises", "--target", "spark", "--output", "out"]
    done = subprocess.run(run, cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert done.returncode == 1
    lines = done.stderr.splitlines()
    first = next(i for i, line in enumerate(lines) if not line.startswith("progress: "))
    assert lines[first] == "failed: Raises (Raises), instance 0, item 8: ValueError: no such number: 7"
    assert f'  File "{WORKFLOWS}", line ' in done.stderr
    assert "py4j" not in done.stderr and "java" not in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("target", ["sequential", "processes"])
def test_a_pe_that_ends_the_program_has_failed(target):
    with pytest.raises(RunFailed, match=r"^Leaves \(Leaves\), instance 0, item 3: SystemExit: 0"):
        d4p_compile.run(f"{WORKFLOWS}:leaves", target)
    said = {"sequential": "the program ended before its run was done, as if all were well: does a PE call os._exit",
            "processes": r"a worker process ended with 0: it held stage 1 \(Numbers > Leaves\), instance 0, at item "}
    with pytest.raises(RunFailed, match=f"^{said[target]}"):
        d4p_compile.run(f"{WORKFLOWS}:vanishes", target)


def test_a_worker_that_dies_is_seen_although_its_child_lives():
    begun = time.monotonic()
    with pytest.raises(RunFailed, match="a worker process was killed by SIGKILL"):
        d4p_compile.run(f"{WORKFLOWS}:dies_with_a_child", "processes")
    assert time.monotonic() - begun < 15


def test_the_check_of_the_command_line_sees_fused_hops(tmp_path):
    run = [sys.executable, "-m", "d4p_compile", "run", f"{WORKFLOWS}:changes", "--check"]
    done = subprocess.run(run, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1 and "failed: Changes, instance 0, changed item 1" in done.stderr


@contextlib.contextmanager
def started(*command: str, **how):
    """A program in a process group of its own, none of which outlives the test."""
    program = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                               start_new_session=True, **how)
    try:
        yield program
    finally:
        for process in _group(program.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)


def _group(leader: int) -> list[int]:
    """The living processes of the session that a program leads."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if int(fields[3]) == leader and fields[0] != "Z":
                found.append(int(entry.name))
    return found


@pytest.mark.parametrize("target", ["sequential", "processes", "mpi"])
def test_a_pe_that_was_changed_since_its_expression_was_written_out_is_refused(target, tmp_path):
    bundle = d4p_compile.compile(f"{WORKFLOWS}:raises_in_an_expression", target, output=tmp_path / "made")
    copied = tmp_path / "made" / WORKFLOWS.name
    copied.write_text(copied.read_text().replace("data + 12 //", "data + 13 //"))
    done = subprocess.run(engine(target).command(bundle.script), capture_output=True, text=True, timeout=60,
                          env=os.environ | ANYWHERE)
    assert done.returncode == 1
    assert "TwelveOver3 (TwelveOver): the program has `item + 12 // (item - self.less)` written out" in done.stderr
    assert "compile again after a change" in done.stderr and "Traceback" not in done.stderr
