"""What loading a workflow from Python leaves as it was, and which modules it takes for the workflow's own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import d4p_compile
from d4p.errors import Refused
from d4p_compile.front.source import module_name

WORKFLOW = """
import sys

from d4p import ProducerPE, WorkflowGraph

seen = list(sys.argv)
sys.argv.append("more")
sys.argv = ["another"]
graph = WorkflowGraph()
graph.add(ProducerPE())
"""


@pytest.mark.parametrize("after", ["", "import nothing_of_that_name\n", "raise SystemExit(3)\n"])
def test_the_callers_arguments_and_its_exit(after, tmp_path, monkeypatch):
    given, leave = ["notebook.py", "--mine"], os._exit
    monkeypatch.setattr(sys, "argv", given)
    file = tmp_path / "rewrites_arguments.py"
    file.write_text(WORKFLOW + after)
    if after:
        with pytest.raises(Refused):
            d4p_compile.load(str(file))
    else:
        d4p_compile.load(str(file))
        assert sys.modules["rewrites_arguments"].seen[0] == "dispel4py"
    assert sys.argv is given and given == ["notebook.py", "--mine"] and os._exit is leave


def test_own_modules_are_known_by_where_they_lie_and_not_by_the_links_to_them(tmp_path, monkeypatch):
    theirs, mine, folder = (tmp_path / name for name in ("site-packages", "mine", "workflow"))
    for made in (theirs / "linked_theirs", mine / "linked_mine", folder):
        made.mkdir(parents=True)
    for file in (theirs / "linked_theirs" / "__init__.py", theirs / "theirs.py", theirs / "installed_theirs.py",
                 mine / "linked_mine" / "__init__.py", mine / "some.py", folder / "linked_own.py"):
        file.write_text("")
    (folder / "linked_theirs").symlink_to(theirs / "linked_theirs")
    (folder / "linked_mine").symlink_to(mine / "linked_mine")
    (folder / "linked_file_theirs.py").symlink_to(theirs / "theirs.py")
    (folder / "linked_file_mine.py").symlink_to(mine / "some.py")
    (theirs / "installed_mine.py").symlink_to(mine / "some.py")
    names = ("linked_theirs", "linked_mine", "linked_file_theirs", "linked_file_mine", "installed_theirs",
             "installed_mine", "linked_own")
    monkeypatch.syspath_prepend(str(theirs))
    (folder / "imports_links.py").write_text(f"import {', '.join(names)}\n{WORKFLOW}")
    assert d4p_compile.load(str(folder / "imports_links.py")).loaded.modules == {
        "imports_links": folder / "imports_links.py", "linked_own": folder / "linked_own.py",
        "linked_mine": mine / "linked_mine" / "__init__.py", "linked_file_mine": mine / "some.py",
        "installed_mine": mine / "some.py",
    }


def test_a_file_that_is_named_like_a_module_that_is_needed_has_another_name():
    for name in ("__main__", "numpy", "pyarrow", "json", "job", "d4p", "class", "1"):
        assert module_name(Path(f"{name}.py")) == f"workflow_{name}"
    assert module_name(Path("my-words.py")) == "my_words" and module_name(Path("main.py")) == "main"


@pytest.mark.parametrize("name", ["__main__", "numpy"])
def test_a_file_that_is_named_like_a_module_that_is_needed_hides_none(name, tmp_path):
    """The program imports it by another name, and what it and its engine import is what it was."""
    (tmp_path / f"{name}.py").write_text(NAMED)
    bundle = d4p_compile.compile(f"{tmp_path}/{name}.py", "processes", output=tmp_path / "bundle")
    assert (tmp_path / "bundle" / f"workflow_{name}.py").read_text() == NAMED
    done = subprocess.run([sys.executable, bundle.script, "--no-record"], capture_output=True, text=True, timeout=60,
                          cwd=tmp_path / "bundle")
    assert "Arrays0.output: 1 item" in done.stdout and done.returncode == 0, done.stderr


NAMED = """
from array import array

from d4p import ProducerPE, WorkflowGraph

class Arrays(ProducerPE):
    def _process(self, inputs):
        return array("d", [1.0])

graph = WorkflowGraph()
graph.add(Arrays())
"""
