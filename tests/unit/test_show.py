"""Plans as text, pictures and HTML: golden texts that are small, and what holds for large plans."""

from __future__ import annotations

import inspect
import json
import re
from html.parser import HTMLParser
from types import SimpleNamespace

import pytest

import d4p_compile
from d4p.errors import Refused
from d4p.graph.base import IterativePE, ProducerPE
from d4p.graph.workflow_graph import WorkflowGraph
from d4p_compile.progress.counts import Counts, cells, pace, rows, spelled
from d4p_compile.progress.plain import Plain
from d4p_compile.progress.table import table
from d4p_compile.show import show
from d4p_compile.show.brief import brief
from d4p_compile.show.html import html
from d4p_compile.show.passes import Steps
from d4p_compile.show.text import chain, outline, shortened, text


class Read(ProducerPE):
    def _process(self, inputs):
        return 1


class Step(IterativePE):
    def _process(self, data):
        return data


class Total(IterativePE):
    def __init__(self):
        super().__init__()
        self.sum = 0

    def _process(self, data):
        self.sum += data


def small_graph():
    """read > split, split by key to three counts, everything to one total; a count's output is a result."""
    read, split, count, total = Read(), Step(), Step(), Total()
    for pe, name in ((read, "read"), (split, 'split "it"'), (count, "count"), (total, "total")):
        pe.name = name
    count.inputconnections["input"]["grouping"] = [0]
    count.numprocesses = 3
    total.inputconnections["input"]["grouping"] = "global"
    total.numprocesses = 2
    graph = WorkflowGraph()
    graph.connect(read, "output", split, "input")
    graph.connect(split, "output", count, "input")
    graph.connect(split, "output", total, "input")
    return graph


def small():
    return d4p_compile.plan(small_graph(), "sequential")


def line(length):
    graph, before = WorkflowGraph(), Read()
    for _ in range(length - 1):
        after = Step()
        graph.connect(before, "output", after, "input")
        before = after
    return d4p_compile.plan(graph, "sequential")


LINE = inspect.getsourcelines(Total._process)[1] + 1
TEXT = """\
live graph for sequential: 4 PEs in 2 stages, 1 exchange

stage 1 x1  read > split "it" > total
            split "it".output -> count.input  hash [0]
            total.output                      result
stage 2 x3  count
            count.output                      result

apart
  split "it" | count  group-by [0] over 3 instances

instances
  read        x1  root; no state
  split "it"  x1  keeps no state
  count       x3  asked for; no state
  total       x1  all inputs are "global"; keeps state: assigns self.sum in _process, line LINE

note: total asks for 2 instances but all its inputs are "global": it runs as 1"""

MERMAID = """\
flowchart LR
  subgraph s1["stage 1 x1"]
    p0["read"]
    p1["split #quot;it#quot;"]
    p3["total"]
  end
  subgraph s2["stage 2 x3"]
    p2["count"]
  end
  p0 --> p1
  p1 ==>|"hash [0]"| p2
  p1 --> p3
  p2 -.-> r0(["count.output"])
  p3 -.-> r1(["total.output"])"""

DOT = """\
digraph "live graph" {
  rankdir=LR;
  node [shape=box, style="rounded,filled", fillcolor=white, fontname="sans-serif"];
  edge [fontname="sans-serif", fontsize=10];
  subgraph cluster_1 {
    label="stage 1 x1"; style="rounded,filled"; color=gray90; fontname="sans-serif";
    p0 [label="read"];
    p1 [label="split \\"it\\""];
    p3 [label="total"];
  }
  subgraph cluster_2 {
    label="stage 2 x3"; style="rounded,filled"; color=gray90; fontname="sans-serif";
    p2 [label="count"];
  }
  p0 -> p1;
  p1 -> p2 [label="hash [0]", penwidth=2];
  p1 -> p3;
  r0 [label="count.output", shape=plaintext, style=""];
  p2 -> r0 [style=dashed];
  r1 [label="total.output", shape=plaintext, style=""];
  p3 -> r1 [style=dashed];
}"""

PASSES = """\
0 load: 4 PEs, 3 edges
  read        Read   root; no state
  split "it"  Step   no state
  count       Step   asks for 3; input: group-by [0]; no state
  total       Total  asks for 2; input: global; keeps state: assigns self.sum in _process, line LINE

1 break_cycles
  nothing to change

2 place
  instances
    read        x1  root
    split "it"  x1  keeps no state
    count       x3  asked for
    total       x1  all inputs are "global"
  notes
    total asks for 2 instances but all its inputs are "global": it runs as 1

3 route
  exchanges, from what each input requires
    read.output -> split "it".input   none          -> forward
    split "it".output -> count.input  group-by [0]  -> hash [0]
    split "it".output -> total.input  global        -> forward

4 lower
  4 stages
    x1  read
    x1  split "it"
    x3  count
    x1  total

5 fuse
  4 stages -> 2 stages, 3 channels -> 1
    x1  read > split "it" > total
    x3  count
  apart because
    split "it" | count  group-by [0] over 3 instances
"""


@pytest.mark.parametrize(("format_", "golden"), [("text", TEXT), ("mermaid", MERMAID), ("dot", DOT)])
def test_golden(format_, golden):
    assert show(small(), format_) == golden.replace("LINE", str(LINE))


def test_unknown_format():
    with pytest.raises(Refused, match="no format 'svg': the formats are text, json"):
        show(small(), "svg")


def test_passes():
    steps = Steps()
    d4p_compile.plan(small_graph(), "sequential", watch=steps)
    headed = re.sub(r"(?m)^([1-9] \w+): .*$", r"\1", steps.text())  # without what the passes say of themselves
    assert headed.startswith(PASSES.replace("LINE", str(LINE))), headed
    assert "7 repeat: " in steps.text() and "nothing to change" in steps.text()
    assert "8 number: " in steps.text() and "1  split \"it\".output -> count.input  hash [0]" in steps.text()


def round_graph():
    """read > test > step, which leads back to test; step's way back is by key, to three tests."""
    read, test, step = Read(), Step(), Step()
    for pe, name in ((read, "read"), (test, "test"), (step, "step")):
        pe.name = name
    test.inputconnections["input"]["grouping"] = [0]
    test.numprocesses = 3
    graph = WorkflowGraph()
    graph.connect(read, "output", test, "input")
    graph.connect(test, "output", step, "input")
    graph.connect(step, "output", test, "input")
    return graph


def test_every_format_shows_what_leads_back():
    plan = d4p_compile.plan(round_graph(), "sequential")
    assert text(plan).startswith("live graph for sequential: 3 PEs in 3 stages, 3 exchanges, 1 of them back\n")
    assert "  step | test  closes the cycle test -> step -> test\n" in text(plan)
    assert "step.output -> test.input  hash [0], leads back\n" in text(plan)
    assert '  p2 -.->|"hash [0], leads back"| p1' in show(plan, "mermaid").splitlines()
    assert ('  p2 -> p1 [label="hash [0], leads back", penwidth=2, style=dashed, constraint=false];'
            in show(plan, "dot").splitlines())
    channels = {c["number"]: c["back"] for c in json.loads(show(plan, "json"))["channels"]}
    assert channels == {1: False, 2: False, 3: True}
    assert ('<div class="to back">step.output &rarr; test.input <b>hash [0], leads back</b></div>'
            in show(plan, "html").splitlines())
    steps = Steps()
    d4p_compile.plan(round_graph(), "sequential", watch=steps)
    assert "  edges that lead back\n    step.output -> test.input\n" in steps.text()
    assert "3  step.output -> test.input  hash [0], leads back" in steps.text()


class _Balanced(HTMLParser):
    def __init__(self):
        super().__init__()
        self.open, self.text = [], []

    def handle_starttag(self, tag, attributes):
        self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open[-1:] != ["style"]:
            self.text.append(data)


@pytest.mark.parametrize("plan", [small(), line(40)], ids=["small", "line"])
def test_html_is_whole_and_loads_nothing(plan):
    page = _Balanced()
    page.feed(plan._repr_html_())
    assert page.open == []
    words = " ".join(page.text)
    assert all(pe.name in words for pe in plan.graph.pes)
    assert "http" not in plan._repr_html_() and "<script" not in plan._repr_html_()
    bundle = plan._repr_mimebundle_()
    assert bundle["text/plain"] == text(plan) and bundle["text/html"] == plan._repr_html_()


def test_a_stage_of_a_thousand_is_short():
    plan = line(1000)
    whole = text(plan)
    assert len(whole) < 3000 and max(map(len, whole.splitlines())) <= 100
    assert "stage 1 x1  Read > Step1 > Step2 > " in whole and " > Step999\n" in whole
    assert "998 PEs" in whole or "999 PEs" in whole
    assert len(outline(plan)) < 8
    steps = Steps()
    steps("load", plan.graph)
    steps("lower", plan)
    assert len(steps.text()) < 8000


def test_html_of_very_many_stages_is_in_words_alone():
    graph, read = WorkflowGraph(), Read()
    for _ in range(400):
        step = Step()
        step.numprocesses = 2
        graph.connect(read, "output", step, "input")
    made = html(d4p_compile.plan(graph, "processes"))
    assert "<svg" not in made and "stage 400" in made and "<svg" in html(small())


def test_many_stages_and_wide_fans_are_grouped():
    graph, read, total = WorkflowGraph(), Read(), Total()
    for _ in range(60):
        step = Step()
        step.numprocesses = 2
        graph.connect(read, "output", step, "input")
        graph.connect(step, "output", total, "input")
    whole = text(d4p_compile.plan(graph, "sequential"))
    assert "Read.output -> Step1.input ... Step61.input, 60 inputs  round robin" in whole
    assert "Read | Step1 and 59 more pairs   counts apart: the producer x1, the consumer x2" in whole
    assert "60 PEs  x2  asked for; no state: Step1, Step3, Step4, Step5, Step6, Step7 and 54 more" in whole


def test_chain_breaks_and_elides():
    assert chain(["a", "b", "c"], 80) == ["a > b > c"]
    assert chain(["aaaa", "bbbb", "cccc"], 12) == ["aaaa > bbbb", "> cccc"]
    names = [f"pe{i}" for i in range(100)]
    assert chain(names, 20) == ["pe0 > pe1 > pe2", "> pe3 > pe4 > pe5", "> ... 91 more PEs ...",
                                "> pe97 > pe98 > pe99"]
    assert chain(["x" * 200], 20) == ["x" * 200]
    assert shortened(names, 30) == "pe0 > ... > pe99 (100 PEs)"
    assert shortened(["y" * 90, "z"], 40) == f"{'y' * 17}... > z (2 PEs)"


def test_the_same_plan_gives_the_same_bytes():
    for format_ in ("text", "json", "mermaid", "dot", "html"):
        assert show(small(), format_) == show(small(), format_)


def test_warnings_have_no_folders_of_this_machine():
    graph, read, step = WorkflowGraph(), Read(), Step()
    graph.connect(read, "output", step, "input")
    graph.connect(read, "output", step, "input")
    whole = text(d4p_compile.plan(graph))
    assert "test_show.py:" in whole and "/" not in whole


def test_progress_counts_pes_or_what_enters_a_stage():
    assert list(rows(small())) == ["read", 'split "it"', "total", "count"]
    assert list(rows(line(100)).values()) == [("Read",)]
    counts = Counts(small())
    counts.take({"event": "progress", "received": {"read": 1, "count": 40, "read.output": 7}})
    counts.take({"event": "done", "seconds": 1})
    assert counts.items == {"read": 1, 'split "it"': 0, "count": 40, "total": 0}
    assert counts.rate("count") > 0 and counts.rate("total") == 0


def test_plain_progress_is_one_line_now_and_then(monkeypatch, capsys):
    now = SimpleNamespace(value=100.0)
    for module in ("counts", "plain"):
        monkeypatch.setattr(f"d4p_compile.progress.{module}.time", SimpleNamespace(monotonic=lambda: now.value))
    plain = Plain(small())
    for second in range(13):
        now.value = 100.0 + second
        plain.watch({"event": "progress", "received": {"read": 1, "count": 1000 * second}})
    assert capsys.readouterr().err.splitlines() == [
        "progress: 5,001 items into 4 PEs, 1,000/s, 5 s", "progress: 10,001 items into 4 PEs, 1,000/s, 10 s"]
    plain = Plain(small())
    now.value += 6
    plain.watch({"event": "stage", "number": 1, "name": "read", "done": 2, "total": 8})
    assert capsys.readouterr().err == "progress: 2 of 8 tasks in 1 stage, 6 s\n"


@pytest.mark.parametrize("end", ["done", "failed", "interrupted"])
def test_no_progress_comes_behind_how_a_run_has_ended(end, monkeypatch, capsys):
    now = SimpleNamespace(value=100.0)
    for module in ("counts", "plain"):
        monkeypatch.setattr(f"d4p_compile.progress.{module}.time", SimpleNamespace(monotonic=lambda: now.value))
    plain = Plain(small())
    plain.watch({"event": end, "message": "", "status": 1})
    now.value += 60
    plain.watch({"event": "stage", "number": 1, "name": "read", "done": 2, "total": 8})
    assert capsys.readouterr().err == ""


def test_rates_of_slow_pes_and_long_times_say_something():
    assert [pace(rate) for rate in (1234.5, 12.34, 2.49, 1 / 3, 1 / 240, 1 / 7200)] == [
        "1,234/s", "12/s", "2.5/s", "20/min", "15/h", "0.5/h"]
    assert [spelled(s) for s in (0.4, 119, 125, 3725, 90061)] == ["0 s", "119 s", "2 min 5 s", "62 min 5 s",
                                                                 "25 h 1 min"]


def test_rows_of_progress(monkeypatch):
    """What a root writes, how long it will take where the size is known, and what the run waits for."""
    now = SimpleNamespace(value=100.0)
    monkeypatch.setattr("d4p_compile.progress.counts.time", SimpleNamespace(monotonic=lambda: now.value))
    counts = Counts(small())
    assert table(counts, 40) == ([], "starting the program, 0 s")
    counts.take({"event": "phase", "what": "starting Spark"})
    assert table(counts, 40)[1] == "starting Spark, 0 s"
    counts.take({"event": "phase", "what": ""})
    assert table(counts, 40)[1] == "waiting for the first item, 0 s"
    for second in range(1, 31):
        now.value = 100.0 + second
        counts.take({"event": "progress", "received": {"read": 1, "count": second // 3, "total": 7, 'split "it"': 70},
                     "written": {"read": 100 * second}, "expected": {"count": 20, "total": 7},
                     "done": {'split "it"': 1}, "pieces": {"read": 4}, "read": {"read": second // 10}})
    assert cells(counts, "read") == ("3,000 items", "100/s", "3 of 4 splits, 10 s left")
    assert cells(counts, "count") == ("10 of 20 items", "22/min", "27 s left")
    assert cells(counts, "total") == ("7 items", "", "") and cells(counts, 'split "it"') == ("70 items", "", "done")
    assert table(counts, 40)[1] == "30 s"
    counts.take({"event": "progress", "received": {"read": 5}, "written": {"read": 50}, "expected": {"read": 20}})
    assert cells(counts, "read")[2] == "5 of 20 iterations, 90 s left"


def test_rows_of_a_large_run_share_the_room():
    """Stages of the engine's that are done don't drive out the rows of the plan."""
    counts = Counts(line(20))
    counts.take({"event": "progress", "received": {pe: 1 for pe in counts.items}})
    for number in range(60):
        done = 4 if number != 7 else 1
        counts.take({"event": "stage", "number": f"{number:02}", "name": "s", "done": done, "total": 4})
    found, below = table(counts, 44)
    assert len(found) == 14 + 20 and "stage 07 s" in [row[0] for row in found] and "more" not in below
    assert len(table(counts, 3)[0]) == 3 and "and 18 more rows" in table(counts, 3)[1]


def test_brief():
    """A line a stage, why it has one instance, warnings; the rest is for the whole plan."""
    assert brief(d4p_compile.plan(small_graph(), "processes")) == """\
live graph for processes: 4 PEs in 4 stages, 3 exchanges
  stage 1 x1  read  (x1: it is a root)
  stage 2 xW  split "it"
  stage 3 x3  count
  stage 4 x1  total  (x1: it has "global" inputs alone)
  W: the number of cores
  the limit, likely: stage 1 (read), one instance beside wide ones
note: total asks for 2 instances but all its inputs are "global": it runs as 1"""
    assert "x1:" not in brief(small())  # all is in one process there
    assert brief(line(100)).splitlines()[1:] == ["  stage 1 x1  Read > ... > Step99 (100 PEs)"]


def test_a_stage_of_one_instance_beside_wide_ones_is_named_as_the_limit():
    """Not where one thing at a time is done, nor where somebody has said that it is one."""
    graph = WorkflowGraph()
    read, step, total = Read(), Step(), Total()
    read.name, total.name = "read", "total"
    graph.connect(read, "output", step, "input")
    graph.connect(step, "output", total, "input")
    wanted = "the limit, likely: stage 1 (read), stage 3 (total), one instance each beside wide ones"
    for width in (None, 2):
        plan = d4p_compile.plan(graph, "processes", width)
        assert wanted in text(plan).splitlines() and f"  {wanted}" in brief(plan).splitlines()
        assert wanted in html(plan)
    for target, width, fuse in (("sequential", 2, None), ("processes", 1, None), ("processes", None, True)):
        assert "the limit" not in text(d4p_compile.plan(graph, target, width, fuse=fuse))
    total.numprocesses = 1
    assert "likely: stage 1 (read), one instance beside" in text(d4p_compile.plan(graph, "processes"))


def test_the_width_of_this_machine_is_shown_where_it_is_known():
    plan = d4p_compile.plan(small_graph(), "processes")
    assert "W is known when the program starts: the number of cores (6 on this machine)\n" in text(plan, 6)
    assert "  W: the number of cores (6 on this machine)\n" in brief(plan, 6)
    assert "the number of cores\n" in text(plan)
