"""Faults of the machine, at each boundary: a sentence that says what and what helps, an exit status, nothing left."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import d4p_compile
from d4p.errors import RunFailed
from d4p_compile.launch.launcher import Launcher
from tests.cli.test_cli import ENV

WORKFLOW = """\
from d4p import IterativePE, ProducerPE, WorkflowGraph, WriteText


class Numbers(ProducerPE):
    def _process(self, inputs):
        for number in range(20_000):
            self.write("output", number)


class Same(IterativePE):
    numprocesses = 2

    def _process(self, number):
        return number


def graph_of(*last):
    graph, before = WorkflowGraph(), Numbers()
    for pe in (Same(), *last):
        graph.connect(before, "output", pe, "input")
        before = pe
    return graph


def writes():
    return graph_of(WriteText("out"))


graph = graph_of()
"""
LOCAL = ("sequential", "processes", "mpi")


@pytest.fixture
def here(tmp_path, monkeypatch):
    (tmp_path / "wf.py").write_text(WORKFLOW)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def limit(what: int, most: int) -> Callable[[], None]:
    """What makes a process have a limit of its own."""
    return lambda: resource.setrlimit(what, (most, most))


def started(words: list, timeout: float = 120, **more) -> subprocess.CompletedProcess:
    more = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | more
    return subprocess.run(list(map(str, words)), env=ENV, text=True, timeout=timeout, **more)


def d4p(*words, **more) -> subprocess.CompletedProcess:
    return started([sys.executable, "-m", "d4p_compile", *words], **more)


def no_bug(done: subprocess.CompletedProcess, status: int, *says: str) -> None:
    assert done.returncode == status, done.stderr
    assert "Traceback" not in done.stderr and "bug in d4p" not in done.stderr, done.stderr
    assert all(part in done.stderr for part in says), done.stderr


def nobody() -> int:
    """The end of a pipe that nobody reads."""
    read, write = os.pipe()
    os.close(read)
    return write


def test_no_place_for_temporary_files(here):
    none = {"preexec_fn": limit(resource.RLIMIT_FSIZE, 0)}
    says = ("failed: No usable temporary directory found in [", "Have TMPDIR name a folder", "ulimit -f")
    no_bug(d4p("run", "wf.py", **none), 1, *says)
    no_bug(d4p("run", "wf.py", preexec_fn=limit(resource.RLIMIT_FSIZE, 1 << 10)), 2, "refused: the program can't be "
           "written to ", "File too large. Files may not be larger here: ulimit -f")  # fmt: skip
    program = d4p_compile.compile("wf.py", "sequential", output=here / "bundle").script
    no_bug(started([sys.executable, program], **none), 1, *says)


def test_a_bundle_that_cannot_be_written(here):
    no_bug(d4p("compile", "wf.py", "-t", "sequential", "-o", "/proc/bundle"), 2, "refused: the ", "/proc/bundle")
    no_bug(d4p("compile", "wf.py", "-t", "sequential", "-o", "wf.py/bundle"), 2, "refused: the ", "wf.py/bundle")


@pytest.mark.parametrize("target", LOCAL)
def test_what_a_program_writes_does_not_fit(here, target):
    """Whole files are left in no place, hidden ones neither."""
    for name in ("writes", "graph"):
        d4p_compile.compile(f"wf.py:{name}", target, output=here / name)
    tight = {"preexec_fn": limit(resource.RLIMIT_FSIZE, 1 << 15)}
    before = sorted(os.listdir(here))
    for name, options in (("writes", []), ("graph", ["--output", "out"])):
        done = started([sys.executable, here / name / "job.py", *options], **tight)
        no_bug(done, 1, "failed: ", "the output out", "can't be written: File too large")
        assert sorted(os.listdir(here)) == before
    with open("/dev/full", "w") as full:
        done = started([sys.executable, here / "graph" / "job.py"], stdout=full)
    no_bug(done, 1, "failed: stdout can't be written: No space left on device\n")
    done = started([sys.executable, here / "writes" / "job.py"], preexec_fn=lambda: os.close(1), stdout=None)
    no_bug(done, 0)
    assert sorted(os.listdir(here)) == sorted([*before, "out"])
    assert sum(len(part.read_text().splitlines()) for part in (here / "out").glob("part-*")) == 20_000
    no_bug(started([sys.executable, here / "graph" / "job.py"], stdout=nobody()), 0)


@pytest.mark.parametrize("target", LOCAL)
def test_the_command_cannot_write_to_stdout(here, target):
    words = ("run", "wf.py", "--target", target)
    with open("/dev/full", "w") as full:
        no_bug(d4p(*words, stdout=full), 1, "failed: stdout can't be written: No space left on device\n")
    no_bug(d4p(*words, stdout=nobody()), 0)
    no_bug(d4p(*words, stdout=None, preexec_fn=lambda: os.close(1)), 0)


@pytest.mark.parametrize("words", [("plan", "wf.py"), ("plan", "wf.py", "--passes"), ("targets",), ("peek", "wf.py"),
                                   ("compile", "wf.py", "-t", "mpi")])  # fmt: skip
def test_who_reads_no_further_and_a_full_disk(here, words):
    no_bug(d4p(*words, stdout=nobody()), 0)
    with open("/dev/full", "w") as full:
        more = ["--overwrite"] if "-t" in words else []
        no_bug(d4p(*words, *more, stdout=full), 1, "failed: stdout can't be written: No space left on device\n")


def test_too_few_open_files(here):
    done = d4p("run", "wf.py", preexec_fn=limit(resource.RLIMIT_NOFILE, 5))
    assert done.returncode and "bug in d4p" not in done.stderr, done.stderr
    d4p_compile.compile("wf.py:writes", "processes", output=here / "bundle")
    done = started([sys.executable, here / "bundle" / "job.py"], preexec_fn=limit(resource.RLIMIT_NOFILE, 12))
    no_bug(done, 2, "refused: 5 instances need about ", "ulimit -n")
    assert not Path("out").exists()


@pytest.mark.parametrize(("words", "says"), [
    (["-f", "ftp://nowhere.invalid/x"], "refused: ftp://nowhere.invalid/x can't be reached: "),
    (["-f", "nosuch://x/y"], "refused: nosuch://x/y can't be reached: "),
    (["-d", "[" * 100_000], "refused: -d can't be read: it is nested too deeply"),
    (["-d", '{"a": %s}' % ("9" * 5000)], "refused: -d can't be read: Exceeds the limit (4300 digits)"),
    (["-f", "/"], "refused: -f /: Is a directory"), (["-f", "deep.json"], "refused: -f deep.json can't be read: "),
])  # fmt: skip
def test_inputs_that_cannot_be_read(here, words, says):
    (here / "deep.json").write_text('{"a":' * 100_000)
    no_bug(d4p("run", "wf.py", *words), 2, says)


def test_what_a_launcher_passes_on_does_not_fit():
    """`mpiexec` writes into a pipe of ours: that stdout is full only we see."""
    process = subprocess.Popen(["echo", "said"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    with open("/dev/full", "wb") as full:
        launcher = Launcher(process, full, None)
        assert process.wait(timeout=60) == 0
        with pytest.raises(RunFailed, match="stdout can't be written: No space left on device"):
            launcher.ended(0, {}, print)
