"""Which rank says what ended a run, where several fail at once: one."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

import d4p_compile
from d4p.engines.mpi.spokesman import has_the_word, has_the_word_apart, turn
from d4p.engines.mpi.world import Peer

from .starting import ANYWHERE, mpiexec
from .test_worlds import APART

#: Rank 0 sends an item to each of three ranks, whose PEs fail together, and is busy then, or fails with them.
TOGETHER = """
import os, time
from d4p import IterativePE, ProducerPE, WorkflowGraph
class Source(ProducerPE):
    def __init__(self, busy):
        super().__init__()
        self.busy = busy
    def _process(self, inputs):
        for i in range(3):
            self.write("output", i)
        until = time.time() + 2
        while os.listdir(HERE) != ["0", "1", "2"] and time.time() < until:  # they have begun
            time.sleep(0.01)
        open(os.path.join(HERE, "now"), "w").close()
        if not self.busy:
            raise ValueError("at once")
        time.sleep(60)
class Raises(IterativePE):
    def _process(self, item):
        open(os.path.join(HERE, str(item)), "w").close()
        while not os.path.exists(os.path.join(HERE, "now")):
            time.sleep(0.001)
        raise ValueError("at once")
def make(busy=True):
    graph = WorkflowGraph()
    raises = Raises()
    raises.numprocesses = 3
    raises.stateful = True
    graph.connect(Source(busy), "output", raises, "input")
    return graph
"""


@pytest.fixture
def program(tmp_path):
    """Makes the program; several of them load the machine."""
    (tmp_path / "tmp").mkdir()

    def make(busy: bool) -> list[list[str]]:
        commands = []
        for number in range(3):
            here = tmp_path / f"here{number}"
            here.mkdir()
            script = tmp_path / f"together{number}.py"
            script.write_text(f"HERE = {str(here)!r}\n{TOGETHER}")
            made = d4p_compile.compile(script, "mpi", output=tmp_path / f"bundle{number}", attribute="make",
                                       parameters={"busy": busy})
            commands.append(str(made.script))
        return commands

    return make


def run(*command: str, tmp_path) -> subprocess.CompletedProcess:
    return subprocess.run([*mpiexec(4), sys.executable, *command], capture_output=True, text=True, timeout=100,
                          env={**os.environ, **ANYWHERE, "TMPDIR": str(tmp_path / "tmp")})


@pytest.mark.parametrize("apart", [False, True], ids=["one file system", "no files shared"])
@pytest.mark.parametrize("busy", [True, False], ids=["rank 0 busy", "rank 0 fails too"])
def test_ranks_that_fail_together_say_so_once(busy, apart, program, tmp_path):
    with ThreadPoolExecutor(3) as runs:
        before = ["-c", APART] if apart else []
        for done in runs.map(lambda script: run(*before, script, tmp_path=tmp_path), program(busy)):
            assert done.returncode == 1, done.stderr
            said = re.findall(r"^failed: (\w+) .*, item 1: ValueError: at once$", done.stderr, re.MULTILINE)
            assert len(said) == done.stderr.count("failed: ") == done.stderr.count("Traceback (the PE's own)") == 1
            assert "interrupted" not in done.stderr
            assert said == ["Raises"] or not busy
    assert not [path for path in (tmp_path / "tmp").iterdir() if path.name.startswith("d4p")]


def test_the_word_goes_to_one_and_to_nobody_when_all_is_said(tmp_path):
    shared = tmp_path / "shared"
    shared.write_text("")
    assert has_the_word(str(shared)) and not has_the_word(str(shared))
    assert not has_the_word(str(tmp_path / "gone" / "shared"))


def test_where_nobody_can_tell_it_is_said(tmp_path):
    (tmp_path / "shared").mkdir()  # which no unlink removes
    assert has_the_word(str(tmp_path / "shared"))


def test_the_word_of_a_machine_goes_to_one_of_its_ranks(tmp_path):
    asks = ("import sys; from d4p.engines.mpi.spokesman import has_the_word_apart; "
            "print(has_the_word_apart(sys.argv[1]), flush=True); sys.stdin.read()")  # fmt: skip
    name = str(tmp_path / f"shared-{os.getpid()}-{tmp_path.name}")
    how = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE,
           "env": {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}}  # fmt: skip
    ranks = [subprocess.Popen([sys.executable, "-c", asks, name], **how) for _ in range(3)]
    try:
        assert sorted(rank.stdout.readline() for rank in ranks) == [b"False\n", b"False\n", b"True\n"]
        assert not has_the_word_apart(name)
    finally:
        for rank in ranks:
            rank.communicate(timeout=60)
    assert has_the_word_apart(name)  # it is gone with its process


def test_machines_have_their_turns_from_rank_0s_on():
    peers = {rank: Peer(rank, machine, 1) for rank, machine in [(2, "b"), (0, "a"), (1, "a"), (3, "c"), (4, "b")]}
    assert [turn(peers, peers[rank]) for rank in range(5)] == [0, 0, 1, 2, 1]
    assert turn({0: peers[0]}, peers[3]) == 1  # nobody has told it of the others
