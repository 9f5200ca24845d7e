"""What a notebook, and Python, get: plans, results, keywords, refusals, progress, the source of cells."""

from __future__ import annotations

import json
import linecache
import os
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import NamedTuple

import pytest

import d4p_compile
from d4p import IterativePE, ProducerPE, WorkflowGraph
from d4p.errors import Refused, RunFailed
from d4p_compile.front.pickled import pickled
from d4p_compile.progress import beside_results, notebook
from d4p_compile.show import show

CELL = '''
import d4p_compile
from d4p import IterativePE, ProducerPE, WorkflowGraph


class Numbers(ProducerPE):
    def _process(self, inputs):
        for number in range(4):
            self.write("output", {"n": number, "square": number * number})


def through(item):
    return 6 / (item["n"] - FAILS)  # the line


class Divide(IterativePE):
    def _process(self, item):
        through(item)
        return item


numbers, divide = Numbers(), Divide()
numbers.name, divide.name = "numbers", "division"
graph = WorkflowGraph()
graph.connect(numbers, "output", divide, "input")
'''


class Point(NamedTuple):
    x: int
    y: float


class Points(ProducerPE):
    def __init__(self, items):
        ProducerPE.__init__(self)
        self.items = items

    def _process(self, inputs):
        for item in self.items:
            self.write("output", item)


class Two(IterativePE):
    def __init__(self):
        IterativePE.__init__(self)
        self._add_output("other")

    def process(self, inputs):
        return {"output": inputs["input"], "other": 1}


def cell(fails, name="/tmp/ipykernel_1/2345.py"):
    """What a cell defines, as a kernel runs it: its source is known to linecache alone."""
    source = CELL.replace("FAILS", str(fails))
    linecache.cache[name] = (len(source), None, source.splitlines(True), name)
    names = {"__name__": "__main__"}
    exec(compile(source, name, "exec"), names)
    return SimpleNamespace(**names)


def live(items, *pes):
    graph, before = WorkflowGraph(), Points(items)
    graph.add(before)
    for pe in pes:
        graph.connect(before, "output", pe, "input")
    return graph, before


@pytest.mark.parametrize("target", ["sequential", "processes"])
def test_results_keywords_and_the_source_of_cells(target, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    made = cell(fails=9)
    found = d4p_compile.run(made.graph, target, output="out", limit=3)
    ((key, items),) = found.items()
    assert found["division", "output"] is items and found[made.divide] is items and found[key] is items
    assert found[made.divide, "output"] is items and found["division"] is items and len(items) == 3
    assert sorted(items.to_pandas().itertuples(index=False, name=None)) == [(0, 0), (1, 1), (2, 4)]
    for asked in ("division", "nope"), "nope", (made.numbers, "output"):
        assert asked not in found
        with pytest.raises(KeyError, match=r"^there is no result .*nothing is connected to are division.output$"):
            found[asked]
    assert (tmp_path / "out" / "_SUCCESS").exists()
    with pytest.raises(Refused, match="out exists"):
        d4p_compile.run(made.graph, target, output=tmp_path / "out")
    d4p_compile.run(made.graph, target, output=tmp_path / "out", overwrite=True)
    assert d4p_compile.run(made.graph, target, output=Path("out"), resume=True) is not None
    with pytest.raises(RunFailed) as failed:
        d4p_compile.run(cell(fails=2).graph, target)
    told = str(failed.value)
    assert 'in through\n    return 6 / (item["n"] - 2)  # the line' in told and "through(item)" in told, told
    with pytest.raises(Refused, match="sequential target only"):
        d4p_compile.run(made.graph, "processes", check=True)


def test_sources_travel_under_the_same_name_in_every_session():
    one, two = (set(re.findall(rb"<cell \w+>", pickled(cell(9, f"/tmp/ipykernel_{n}/1.py").graph)[1])) for n in (1, 2))
    assert one == two and len(one) == 1


def test_several_results_of_a_pe():
    two = Two()
    found = d4p_compile.run(live([Point(1, 2.0), Point(3, 4.0)], two)[0])
    assert list(found[two, "other"]) == [1, 1]
    with pytest.raises(KeyError, match=r"several results: results\['Two', 'other'\], results\['Two', 'output'\]"):
        found["Two"]
    frame = found[two, "output"].to_pandas()
    assert list(frame.columns) == ["x", "y"] and frame.y.sum() == 6
    with pytest.raises(Refused, match="records, dicts, NamedTuples or tuples: item 1 of Two1.other is 1"):
        found[two, "other"].to_pandas()
    graph, points = live([])
    assert d4p_compile.run(graph)[points].to_pandas().empty


def test_a_plan_prints_as_text():
    plan = d4p_compile.plan(live([1], Two())[0])
    assert str(plan) == show(plan, "text") == plan._repr_mimebundle_()["text/plain"]


def test_refusals_have_no_frames_of_ours():
    with pytest.raises(Refused) as refused:
        d4p_compile.plan(live([1])[0], "procceses")
    lines = refused.value._render_traceback_()
    assert lines[0].startswith("Traceback") and lines[-1].startswith("Refused: there is no target 'procceses'")
    assert [line for line in lines if "File" in line] == [lines[1]] and __file__ in lines[1]


REFUSED = """
import d4p_compile
from d4p import WorkflowGraph
def mine():
    d4p_compile.plan(WorkflowGraph(), "procceses")

mine()
"""


@pytest.mark.parametrize("how", ["script", "-c", "prompt"])
def test_a_refusal_that_nobody_catches_is_told_in_the_users_lines_alone(how, tmp_path):
    script = tmp_path / "d4p_compile_of_mine" / "d4p_compile" / "mine.py"  # not the compiler
    script.parent.mkdir(parents=True)
    script.write_text(REFUSED)
    words = {"script": [script], "-c": ["-c", REFUSED], "prompt": ["-iq"]}[how]

    def lines(**more: str) -> list[str]:
        environ = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), **more}
        done = subprocess.run([sys.executable, *words], input=REFUSED, env=environ, capture_output=True, text=True,
                              timeout=60)  # fmt: skip
        assert how == "prompt" or done.returncode == 1
        return [line.removeprefix(">>> ") for line in done.stderr.splitlines() if line.strip(">. ")]

    *frames, last = lines()
    assert last.startswith("Refused: there is no target 'procceses'")
    assert frames[0].endswith("Traceback (most recent call last):")
    assert [line.rpartition(" in ")[2] for line in frames if line.startswith("  File")] == ["<module>", "mine"]
    assert any("api.py" in line for line in lines(D4P_DEBUG="1"))


ALONE = """
from d4p import WriteText
def mine():
    WriteText(None)

mine()
import d4p_compile
mine()
int("x")
"""


def test_a_prompt_that_imports_the_runtime_alone_tells_refusals_without_its_frames():
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-iq"], input=ALONE, env=environ, capture_output=True, text=True,
                          timeout=60)  # fmt: skip
    lines = [line.lstrip(">. ") for line in done.stderr.splitlines() if line.strip(">. ")]
    assert [line.rpartition(" in ")[2] for line in lines if line.startswith("File")] == ["<module>", "mine"] * 2 + [
        "<module>"]  # fmt: skip
    told = [line for line in lines if line.startswith(("Refused", "ValueError"))]
    assert len(told) == 3 and told[0] == told[1] and "None" in told[0] and told[2].startswith("ValueError")


def test_other_errors_are_told_as_they_were(capsys):
    error = ValueError("another's")
    sys.excepthook(ValueError, error, None)
    assert capsys.readouterr().err == "ValueError: another's\n"


def test_progress_in_a_notebook(monkeypatch):
    """A table of its own below the cell, drawn by HTML and text, and gone over into how long it took."""
    drawn = []

    def display(data, raw, display_id):
        drawn.append(data)
        return SimpleNamespace(update=lambda data, raw: drawn.append(data))

    shell = SimpleNamespace(kernel=1)
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))
    monkeypatch.setitem(sys.modules, "IPython.display", SimpleNamespace(display=display))
    monkeypatch.setattr(notebook, "_EVERY", 0.01)
    graph, _ = live([1, 2, 3], Two())
    found = d4p_compile.run(graph)
    assert len(found["Two", "other"]) == 3
    assert drawn[0]["text/plain"].startswith("starting the program, ")
    assert "live graph for sequential: done in " in drawn[-1]["text/html"] and "Two" in drawn[-1]["text/plain"]
    count = len(drawn)
    d4p_compile.run(graph, progress=False)
    assert len(drawn) == count
    del shell.kernel  # IPython in a terminal
    assert type(beside_results(d4p_compile.plan(graph), None)).__name__ == "Silent"
    assert json.dumps(drawn)
