"""What may be typed in the place of a workflow, a folder or a number, and was once misunderstood."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import pytest

from d4p_compile.command import cli

WORKFLOW = """
from d4p import IterativePE, ProducerPE, WorkflowGraph

class Numbers(ProducerPE):
    def _process(self, inputs):
        return 1

class Double(IterativePE):
    def _process(self, i):
        return 2 * i

def make(n=1):
    graph, double = WorkflowGraph(), Double()
    double.numprocesses = n
    graph.connect(Numbers(), "output", double, "input")
    return graph
"""


@pytest.fixture
def d4p(tmp_path, monkeypatch, capsys):
    """The command in this process: its exit status, what it printed and what it said on stderr."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    (tmp_path / "spelled.py").write_text(WORKFLOW)

    def run(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            cli.main(list(arguments))
        return ended.value.code or 0, *capsys.readouterr()

    yield run
    sys.modules.pop("spelled", None)


@pytest.mark.parametrize(("workflow", "says"), [
    (".", r"\. is a folder: give a Python file in it"), ("..", r"\.\. is a folder"), ("~", "~ is a folder"),
    ("/", "/ is a folder"), ("", "its name is empty"), (".spelled", r"there is no file \.spelled"),
    ("~/spelled.py", "there is no file ~/spelled.py"), ("spelld", r"no module of that name \(did you mean spelled.py"),
])  # fmt: skip
def test_what_is_no_workflow(d4p, workflow, says):
    for command in (["plan"], ["compile", "--target", "processes"], ["run"]):
        status, out, err = d4p(*command, workflow)
        assert status == 2 and not out and re.match(f"refused: .*{says}", err), err


def test_a_path_that_no_shell_has_expanded(d4p, tmp_path):
    home = tmp_path / "home"
    (home / "mine.py").write_text(WORKFLOW)
    (home / "data.txt").write_text("data")
    status, out, err = d4p("compile", "~/mine.py:make", "-t", "sequential", "-o", "~/made", "--include", "~/data.txt")
    assert status == 0 and f"written: {home}/made\n" in out, err
    assert (home / "made" / "job.py").exists() and (home / "made" / "data.txt").read_text() == "data"
    assert not os.path.exists("~")


@pytest.mark.parametrize("number", [10**6 + 1, 10**20])
def test_more_instances_than_anybody_runs_are_refused_at_once(d4p, number):
    for target in ("sequential", "processes", "mpi", "spark-rdd", "spark-df"):
        status, _, err = d4p("plan", "spelled.py:make", "-t", target, "-n", str(number))
        assert status == 2 and err.startswith("refused: -n must be 1,000,000 at most, since each instance takes "
                                              f"memory; it is {number:,}")
        status, _, err = d4p("plan", "spelled.py:make", "-t", target, "-p", f"n={number}")
        assert status == 2 and "numprocesses of Double1 (Double) must be 1,000,000 at most" in err
    assert d4p("plan", "spelled.py:make", "-n", str(10**6))[0] == 0  # in no time


def test_a_limit_beyond_all_items(d4p):
    from d4p.workflow.inputs import Inputs

    assert len([*Inputs({"a": 3}, limit=10**20).items("a")]) == 3


def test_a_module_that_ends_the_process_is_said_to(d4p):
    Path("spelled.py").write_text("import os\n" + WORKFLOW + "\nif not os.fork():\n    os._exit(0)\nos._exit(0)\n")
    for command in (["plan"], ["compile", "--target", "processes"], ["run"]):
        status, out, err = d4p(*command, "spelled.py:make")
        assert status == 2 and "spelled.py:21: the workflow ended the program (SystemExit: 0) while it was" in err, err
    leave = os._exit
    Path("spelled.py").write_text(WORKFLOW)
    assert d4p("plan", "spelled.py:make")[0] == 0 and os._exit is leave
