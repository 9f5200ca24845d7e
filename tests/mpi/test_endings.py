"""A clean death under mpiexec: who it was is said first and once, all ranks are gone, and nothing looks whole."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import d4p_compile
from d4p_compile.targets import mpi_here

from ..chaos.programs import until
from .starting import ANYWHERE, mpiexec, on_ranks, session, started

WORKFLOWS = Path(__file__).parents[1] / "workflows" / "mpi.py"
SAYS = "failed: Ends (Ends), instance 1, item 1000: ValueError: no such number: 1999\n  the item: 1999\nTraceback (the"


@pytest.fixture
def bundle(tmp_path):
    """Makes the program of `ends`, with the folder that it runs in."""
    (tmp_path / "here").mkdir()
    (tmp_path / "tmp").mkdir()

    def make(how: str, busy: float = 0.0) -> list[str]:
        made = d4p_compile.compile(f"{WORKFLOWS}:ends", "mpi", 4, output=tmp_path / "bundle",
                                   parameters={"how": how, "busy": busy})
        return [*mpiexec(4), sys.executable, str(made.script), "--output", "out"]

    return make


def start(command: list[str], tmp_path: Path):
    return started(*command, cwd=tmp_path / "here", env={"TMPDIR": str(tmp_path / "tmp")})


def left(tmp_path: Path) -> list[str]:
    """What a run has left behind."""
    return [path.name for path in [*(tmp_path / "here").iterdir(), *(tmp_path / "tmp").glob("d4p-*")]]


@pytest.mark.parametrize("busy", [0.0, 60.0], ids=["rank 0 at hand", "the consumer busy"])
def test_a_pe_that_raises_on_another_rank(busy, bundle, tmp_path):
    with start(bundle("raise", busy), tmp_path) as program:
        out, err = program.communicate(timeout=30)
        assert program.returncode == 1, err
        assert err.startswith(SAYS), err
        assert err.count("failed: ") == 1 and out == "now: raise\n"
        until(lambda: session(program.pid) == [], 2)
        assert left(tmp_path) == []


def test_rank_0_busy_while_another_fails(tmp_path):
    """It can't say it itself: the other does, and ends all."""
    script = tmp_path / "busy.py"
    script.write_text("""
import time
from d4p import IterativePE, ProducerPE, WorkflowGraph
class Source(ProducerPE):
    def _process(self, inputs):
        for i in range(10):
            self.write("output", i)
        time.sleep(60)
class Raises(IterativePE):
    def _process(self, item):
        raise ValueError("at once")
graph = WorkflowGraph()
raises = Raises()
raises.numprocesses = 2
graph.connect(Source(), "output", raises, "input")
""")
    made = d4p_compile.compile(script, "mpi", output=tmp_path / "bundle")
    begun = time.monotonic()
    done = subprocess.run([*mpiexec(3), sys.executable, made.script], capture_output=True, text=True, timeout=40,
                          env={**os.environ, **ANYWHERE})
    assert done.returncode == 1 and time.monotonic() - begun < 30
    assert re.match(r"failed: Raises \(Raises\), instance \d, item 1: ValueError: at once", done.stderr), done.stderr


@pytest.mark.parametrize("how", ["kill", "fault"])
def test_a_rank_that_is_killed_is_named_with_what_it_held(how, bundle, tmp_path):
    with start(bundle(how), tmp_path) as program:
        _, err = program.communicate(timeout=30)
        assert program.returncode not in (0, 2)
        said = re.search(r"^failed: rank 2 \(process \d+ on .*\) died, .*: it held stage 2 \(Ends\), instance 1, "
                         r"at item 1000 of Ends \(Endless.output -> Ends.input\)$", err, re.MULTILINE)
        assert said, err
        assert how == "kill" or re.search(r"Traceback \(the PE's own\):\n.*ctypes.string_at\(0\)", err, re.DOTALL), err
        until(lambda: session(program.pid) == [], 2)
        assert left(tmp_path) == []


def test_rank_0_that_is_killed_is_named_by_another(bundle, tmp_path):
    with start(bundle("wait"), tmp_path) as program:
        assert program.stdout.readline() == "now: wait\n"
        first = min(process for process in session(program.pid) if b"job.py" in Path(
            f"/proc/{process}/cmdline").read_bytes() and process != program.pid)
        os.kill(first, signal.SIGKILL)
        _, err = program.communicate(timeout=30)
        assert program.returncode not in (0, 2)
        assert f"failed: rank 0 (process {first} on " in err
        assert "it held stage 1 (Endless), instance 0, at item 1 of Endless" in err
        until(lambda: session(program.pid) == [], 2)
        until(lambda: left(tmp_path) == [".out.d4p-unfinished"])  # its keeper removes the rest once all are gone


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_mpiexec_that_is_ended_leaves_nobody_behind(how, bundle, tmp_path):
    with start(bundle("wait"), tmp_path) as program:
        assert program.stdout.readline() == "now: wait\n"
        program.send_signal(how)
        until(lambda: session(program.pid) == [], 3)
        if how != signal.SIGKILL:
            assert left(tmp_path) == []


def in_memory(leader: int) -> list[Path]:
    """The files of /dev/shm that the processes of a session have mapped."""
    maps = "".join(Path(f"/proc/{process}/maps").read_text() for process in session(leader))
    return [path for path in map(Path, set(re.findall(r" (/dev/shm/\S+)$", maps, re.MULTILINE))) if path.exists()]


@pytest.mark.skipif(not Path("/dev/shm").is_dir(), reason="there is no /dev/shm here")
@pytest.mark.parametrize("everybody", [False, True], ids=["mpiexec alone", "everybody"])
def test_mpiexec_that_is_killed_leaves_nothing_in_memory_or_on_disk(everybody, bundle, tmp_path):
    with start(bundle("wait"), tmp_path) as program:
        assert program.stdout.readline() == "now: wait\n"
        mine = in_memory(program.pid)
        assert mine or not mpi_here.library().name.startswith("Open MPI")
        for process in session(program.pid) if everybody else [program.pid]:
            os.kill(process, signal.SIGKILL)
        last = time.monotonic() + 30
        while (left_of := [*filter(Path.exists, mine), *(tmp_path / "tmp").iterdir()]) and time.monotonic() < last:
            time.sleep(0.05)
        assert left_of == []


def test_what_is_refused_is_refused_once_and_by_all(bundle):
    command = bundle("raise")
    done = subprocess.run([*command, "-d", "no JSON"], capture_output=True, text=True, timeout=30,
                          env={**os.environ, **ANYWHERE})
    assert done.returncode == 2 and done.stderr.count("refused: -d isn't JSON") == 1
    usage = subprocess.run([*command[:5], "--help"], capture_output=True, text=True, timeout=30,
                           env={**os.environ, **ANYWHERE})
    assert usage.returncode == 0 and usage.stdout.count("usage: ") == 1


def test_a_rank_that_has_another_workflow_refuses_before_anything_begins(tmp_path):
    made = d4p_compile.compile(f"{WORKFLOWS}:results", "mpi", output=tmp_path / "bundle")
    change = """
import runpy, sys, os
sys.argv = sys.argv[1:]
sys.path.insert(0, os.path.dirname(sys.argv[0]))
from mpi4py import MPI
if MPI.COMM_WORLD.rank == 1:
    from d4p.workflow.workflow import Workflow
    was = Workflow.__init__
    Workflow.__init__ = lambda self, source, **more: was(self, source, **(more | {"fingerprint": "another"}))
runpy.run_path(sys.argv[0], run_name="__main__")
"""
    done = on_ranks(3, change, str(made.script))
    assert done.returncode == 2 and done.stderr.count("refused: ") == 1, done.stderr
    assert "Apart1" not in done.stdout


@pytest.mark.parametrize(("how", "busy"), [("raise", 0), ("raise", 60), ("kill", 0)])
def test_d4p_run_has_the_exit_status_of_the_run_and_says_what_ended_it_once(how, busy, tmp_path):
    run = [sys.executable, "-m", "d4p_compile", "run", f"{WORKFLOWS}:ends", "-t", "mpi", "-n", "4", "-p", f"how={how}",
           "-p", f"busy={busy}"]
    done = subprocess.run(run, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1 and done.stderr.count("failed: ") == 1, done.stderr
    assert not re.search("MPI_ABORT|-----|prterun|mpiexec|=====", done.stderr), done.stderr
    if how == "raise":
        assert f'  File "{WORKFLOWS}", line ' in done.stderr


def test_d4p_run_that_is_interrupted(tmp_path):
    run = [sys.executable, "-m", "d4p_compile", "run", f"{WORKFLOWS}:ends", "-t", "mpi", "-n", "4", "-p", "how=wait"]
    with started(*run, cwd=tmp_path) as program:
        while program.stdout.readline() not in ("now: wait\n", ""):
            pass
        os.killpg(program.pid, signal.SIGINT)
        program.communicate(timeout=20)
        assert program.returncode == 130
        until(lambda: session(program.pid) == [], 2)
        assert list(tmp_path.iterdir()) == []
