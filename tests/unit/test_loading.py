"""What loading a workflow from Python leaves as it was."""

from __future__ import annotations

import os
import sys

import pytest

import d4p_compile
from d4p.errors import Refused

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
