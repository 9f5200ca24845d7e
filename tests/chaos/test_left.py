"""Nothing of a run outlives it: not what its PEs started, nor its files and memory, whichever of its processes is
killed. And while it lives, only this machine can reach it."""

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
from d4p_compile.targets.mpi_here import NO_NETWORK

from .programs import until

WORKFLOW = Path(__file__).parents[1] / "workflows" / "left.py"
LOCAL = ("sequential", "processes", "mpi")
SPARK = pytest.param("spark-rdd", marks=pytest.mark.spark)
#: Seconds within which what was killed is gone with all that was its own.
SOON = 15.0


@contextlib.contextmanager
def started(folder: Path, target: str, what: str, then: str):
    """`d4p run` in a folder of its own, for its temporary files too."""
    (folder / "tmp").mkdir()
    command = [sys.executable, "-m", "d4p_compile", "run", f"{WORKFLOW}:make", "-t", target, "-n", "2",
               "-p", f"folder={folder}", "-p", f"what={what}", "-p", f"then={then}"]  # fmt: skip
    with open(folder / "said", "w") as said:
        run = subprocess.Popen(command, cwd=folder, stdout=said, stderr=said, start_new_session=True,
                               env={**os.environ, **NO_NETWORK, "TMPDIR": str(folder / "tmp")})
    try:
        yield run
    finally:
        for process in of(folder):
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        run.wait(SOON)


def of(folder: Path) -> dict[int, str]:
    """The living processes of what was started there, by their environment or because a PE told of them: what they were
    called with."""
    found, told = {}, (folder / "left").read_text().split() if (folder / "left").exists() else []
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if entry.name.isdigit() and (entry / "stat").read_text().rpartition(")")[2].split()[0] != "Z":
                if entry.name in told or f"TMPDIR={folder}/tmp".encode() in (entry / "environ").read_bytes():
                    found[int(entry.name)] = (entry / "cmdline").read_text().replace("\0", " ")
    return found


def memory(processes: dict[int, str]) -> set[str]:
    """The run's folders in the memory that processes share, as MPI is told of them."""
    said = b"".join(Path(f"/proc/{process}/environ").read_bytes() for process in processes)
    return set(re.findall("/dev/shm/d4p-run-[^\0]+", said.decode()))


def nothing_left(folder: Path) -> bool:
    return not of(folder) and not list((folder / "tmp").glob("*"))


def listening(processes: dict[int, str]) -> set[str]:
    """The addresses, in hexadecimal, at which processes wait for others to call."""
    sockets = set()
    for process in processes:
        for file in Path(f"/proc/{process}/fd").iterdir():
            with contextlib.suppress(OSError):
                sockets.add(os.readlink(file))
    lines = [line.split() for family in ("tcp", "tcp6") for line in Path(f"/proc/net/{family}").open()]
    return {line[1].partition(":")[0] for line in lines if line[3] == "0A" and f"socket:[{line[9]}]" in sockets}


@pytest.mark.parametrize("then", ["end", "fail"])
@pytest.mark.parametrize("target", LOCAL)
def test_what_pes_started_ends_with_the_run(target, then, tmp_path):
    with started(tmp_path, target, "processes", then) as run:
        assert run.wait(60) == (then == "fail"), (tmp_path / "said").read_text()
        assert len((tmp_path / "left").read_text().split()) == 4
        until(lambda: nothing_left(tmp_path), SOON)


@pytest.mark.spark
@pytest.mark.parametrize("then", ["end", "fail"])
def test_spark_waits_for_nothing_that_pes_left_in_its_workers(then, tmp_path):
    """They go on to the next task, and at the end Spark kills them."""
    with started(tmp_path, "spark-rdd", "processes thread child", then) as run:
        assert run.wait(120) == (then == "fail"), (tmp_path / "said").read_text()
        assert len((tmp_path / "left").read_text().split()) == 4
        until(lambda: nothing_left(tmp_path), SOON)


@pytest.mark.parametrize("target", LOCAL)
def test_it_says_what_it_waits_for(target, tmp_path):
    """Python waits for threads and for children of `multiprocessing`, so the run does, and says so."""
    with started(tmp_path, target, "thread child", "end") as run:
        said = tmp_path / "said"
        until(lambda: "its own)" in said.read_text(), 60)
        note = next(line for line in said.read_text().splitlines() if "its own)" in line)
        assert note.startswith("note: ") and "waits for what its PEs have left running: " in note
        assert "thread 'theirs'" in note
        assert run.poll() is None
        (tmp_path / "go").touch()
        assert run.wait(30) == 0


@pytest.mark.parametrize("target", LOCAL)
def test_a_run_that_fails_waits_for_nobody(target, tmp_path):
    with started(tmp_path, target, "thread child", "fail") as run:
        assert run.wait(60) == 1
        until(lambda: nothing_left(tmp_path), SOON)


@pytest.mark.parametrize(("target", "victim"), [
    ("sequential", "d4p_compile run"), ("sequential", "job.py"), ("sequential", "the keeper of a run"),
    ("processes", "d4p_compile run"), ("mpi", "d4p_compile run"), ("mpi", "-n "),
    pytest.param("spark-rdd", "d4p_compile run", marks=pytest.mark.spark),
    pytest.param("spark-rdd", "SparkSubmit", marks=pytest.mark.spark)])  # fmt: skip
def test_whichever_is_killed(target, victim, tmp_path):
    with started(tmp_path, target, "processes", "hang") as run:
        until(lambda: (tmp_path / "hangs").exists() or run.poll() is not None, 100)
        living = of(tmp_path)
        reached = {process: called for process, called in living.items() if "prterun" not in called}
        assert listening(reached) <= {"0100007F", "0000000000000000FFFF00000100007F"}
        shared = memory(living)
        os.kill(next(process for process, called in living.items() if victim in called), signal.SIGKILL)
        if victim == "the keeper of a run":  # nothing depends on it
            run.send_signal(signal.SIGTERM)
        until(lambda: nothing_left(tmp_path) and run.poll() is not None, SOON)
        assert bool(shared) == (target == "mpi")
        until(lambda: not any(map(os.path.exists, shared)), SOON)
        if victim == "SparkSubmit":
            said = (tmp_path / "said").read_text().splitlines()
            assert said[-1].startswith("failed: Spark's Java (process ") and "killed by SIGKILL" in said[-1]
            assert len(said) < 15


def test_all_of_it_killed_is_cleared_up_by_the_next(tmp_path):
    with started(tmp_path, "sequential", "processes", "hang"):
        until((tmp_path / "hangs").exists, 60)
        living = of(tmp_path)
        for victim in ("the keeper of a run", "d4p_compile run"):
            os.kill(next(process for process, called in living.items() if victim in called), signal.SIGKILL)
        until(lambda: "d4p_compile run" not in "".join(of(tmp_path).values()))
        assert len(of(tmp_path)) == 5
        clear = "from d4p.host.runfolder import RunFolder; RunFolder().cleanup()"
        subprocess.run([sys.executable, "-c", clear], env={**os.environ, "TMPDIR": str(tmp_path / "tmp")}, timeout=60)
        assert nothing_left(tmp_path)


def test_the_terminal_closes_twenty_times(tmp_path):
    bundle = d4p_compile.compile(f"{WORKFLOW}:make", parameters={"folder": str(tmp_path), "what": "", "then": "hang"},
                                 output=tmp_path / "bundle")
    (tmp_path / "tmp").mkdir()
    for _ in range(20):
        (tmp_path / "hangs").unlink(missing_ok=True)
        run = subprocess.Popen([sys.executable, bundle.script], cwd=tmp_path, stderr=subprocess.PIPE, text=True,
                               stdout=subprocess.DEVNULL, start_new_session=True,
                               env={**os.environ, "TMPDIR": str(tmp_path / "tmp")})
        until((tmp_path / "hangs").exists, 60)
        os.killpg(run.pid, signal.SIGHUP)
        assert run.communicate(timeout=30)[1] == "interrupted\n" and run.returncode == 130
    until(lambda: nothing_left(tmp_path), SOON)


@pytest.mark.parametrize("target", ["sequential", SPARK])
def test_the_terminal_closes_on_d4p_run(target, tmp_path):
    with started(tmp_path, target, "processes", "hang") as run:
        until(lambda: (tmp_path / "hangs").exists() or run.poll() is not None, 100)
        begun = time.monotonic()
        os.killpg(run.pid, signal.SIGHUP)
        status, said = run.wait(30), (tmp_path / "said").read_text()
        assert status == 130 and time.monotonic() - begun < 30, said
        assert "Traceback" not in said and said.endswith("interrupted\n")
        until(lambda: nothing_left(tmp_path), SOON)
