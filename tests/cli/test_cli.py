"""The command line as a user types it: what comes out, where, and with which exit status."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from d4p_compile.command.submit import compile_words

ENV = {k: v for k, v in os.environ.items() if k not in ("D4P_DEBUG", "D4P_SPOOL", "D4P_EVENTS")}
ROOT = Path(__file__).parents[2]
ENV["PYTHONPATH"] = os.pathsep.join([str(ROOT), str(ROOT / "runtime")])

PES = """\
from dispel4py.base import ConsumerPE, IterativePE, ProducerPE
from dispel4py.workflow_graph import WorkflowGraph


class Read(ProducerPE):
    def _process(self, inputs):
        for i in range(5):
            self.write("output", i)


class Double(IterativePE):
    def _process(self, i):
        return 2 * i

"""
GRAPH = """
read, double = Read(), Double()
graph = WorkflowGraph()
graph.connect(read, "output", double, "input")
"""


def d4p(*arguments, cwd, timeout=60, **env):
    return subprocess.run([sys.executable, "-m", "d4p_compile", *map(str, arguments)], cwd=cwd, env=ENV | env,
                          capture_output=True, text=True, timeout=timeout)


@pytest.fixture
def write(tmp_path):
    """Write a file below the test's folder, by default with the two PE classes before it."""

    def write(name, body=GRAPH, before=PES):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(before + textwrap.dedent(body))
        return path

    return write


def refused(done, *says, status=2, prefix="refused: "):
    """The command said no in the user's words: one message, no traceback of ours, nothing on stdout."""
    assert done.returncode == status, (done.stdout, done.stderr)
    assert done.stderr.startswith(prefix), done.stderr
    for part in says:
        assert part in done.stderr, (part, done.stderr)
    assert "d4p_compile/" not in done.stderr and "runtime/d4p" not in done.stderr, done.stderr
    assert done.stdout == ""


# What works


def test_plan(write, tmp_path):
    write("wf.py")
    done = d4p("plan", "wf.py", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("wf for sequential: 2 PEs in 1 stage, no exchange\n\nstage 1 x1  Read > Double\n")


@pytest.mark.parametrize(("format_", "begins"), [
    ("json", "{"), ("mermaid", "flowchart LR\n"), ("dot", 'digraph "wf" {\n'), ("html", '<div class="d4p">')])
def test_plan_formats_are_not_mixed_with_what_the_module_prints(write, tmp_path, format_, begins):
    write("wf.py", GRAPH + 'print("hello from the module")\n')
    done = d4p("plan", "wf.py", "--format", format_, cwd=tmp_path)
    assert done.returncode == 0 and done.stdout.startswith(begins)
    assert "hello from the module" not in done.stdout and "hello from the module" in done.stderr
    if format_ == "json":
        assert [pe["name"] for pe in json.loads(done.stdout)["pes"]] == ["Read", "Double"]


def test_passes(write, tmp_path):
    write("wf.py", GRAPH + "double.numprocesses = 3\n")
    done = d4p("plan", "wf.py", "--passes", cwd=tmp_path)
    assert "1 break_cycles: " in done.stdout and "2 place: " in done.stdout and "Double  x3  asked for" in done.stdout
    assert "apart because\n    Read | Double  counts apart: Read x1, Double x3" in done.stdout
    refused(d4p("plan", "wf.py", "--passes", "--format", "json", cwd=tmp_path), "--format text", prefix="Usage: ")


def test_what_a_run_prints(write, tmp_path):
    """The plan in brief, or whole with -v; with -q results, and what the workflow prints, alone."""
    write("wf.py", GRAPH + "double.numprocesses = 2\n")
    done = d4p("run", "wf.py", cwd=tmp_path)
    assert done.stdout.startswith("wf for sequential: 2 PEs in 2 stages, 1 exchange\n  stage 1 x1  Read\n  stage 2 ")
    assert "apart" not in done.stdout and "Read.output -> Double.input" in done.stdout
    plan = d4p("plan", "wf.py", cwd=tmp_path).stdout
    assert d4p("run", "wf.py", "-v", cwd=tmp_path).stdout.startswith(plan)
    done = d4p("run", "wf.py", "-q", "-t", "processes", "--output", "out", cwd=tmp_path)
    first, *items = done.stdout.splitlines()
    assert (first, sorted(items), done.stderr) == ("Double1.output: 5 items", ["  0", "  2", "  4", "  6", "  8"], "")
    assert d4p("run", "wf.py", "-q", "-t", "processes", "--output", "out", "--resume", cwd=tmp_path).stdout == ""
    refused(d4p("run", "wf.py", "-q", "--output", "out", cwd=tmp_path), "exists")
    refused(d4p("run", "wf.py", "-q", "-v", cwd=tmp_path), "one of -v and -q", prefix="Usage: ")


def test_run_and_its_inputs(write, tmp_path):
    write("wf.py")
    done = d4p("run", "wf.py", "-i", 2, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("wf for sequential: ") and "Double1.output: 10 items\n  0\n  2\n" in done.stdout
    done = d4p("run", "wf.py", "--target", "simple", "-d", '{"Read": [{}, {}, {}]}', "--limit", 1, "--output", "out",
               cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out" / "Double1.output" / "part-00000.jsonl").read_text().split() == ["0"]
    (tmp_path / "in.json").write_text('{"Read": 3}')
    assert "Double1.output: 15 items" in d4p("run", "wf.py", "-f", "in.json", cwd=tmp_path).stdout


@pytest.mark.parametrize(("content", "status", "says"), [
    ('{"Read": 2}', 0, "Double1.output: 10 items"), ('{"Read" 2}', 2, "-f /dev/stdin isn't JSON: line 1, column 9")])
def test_inputs_that_come_through_a_pipe(write, tmp_path, content, status, says):
    """It can be read once, and the program has none of it."""
    write("wf.py")
    command = [sys.executable, "-m", "d4p_compile", "run", "wf.py", "-f", "/dev/stdin"]
    done = subprocess.run(command, input=content, capture_output=True, text=True, timeout=60, cwd=tmp_path, env=ENV)
    assert done.returncode == status and says in done.stdout + done.stderr


def test_compile_says_how_to_run_it_and_that_works(write, tmp_path):
    write("wf.py")
    done = d4p("compile", "wf.py", "--target", "sequential", "-o", "made", cwd=tmp_path)
    assert done.returncode == 0 and "written: made\nrun it: python made/job.py\n" in done.stdout
    alone = subprocess.run([sys.executable, "made/job.py"], cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert alone.returncode == 0 and "Double1.output: 5 items" in alone.stdout


def test_a_function_makes_the_graph(write, tmp_path):
    write("wf.py", """
    def make(times, name="Read", *, flags=()):
        read, double = Read(), Double()
        read.name = name
        graph = WorkflowGraph()
        for _ in range(times):
            graph.connect(read, "output", double, "input")
            read, double = double, Double()
        return graph
    """)
    for workflow in (["wf.py:make"], ["wf.py", "-a", "make"], ["wf:make"]):
        done = d4p("run", *workflow, "-p", "times=3", "-p", "name=a b", "-p", "flags=[1, 'x']", cwd=tmp_path)
        assert done.returncode == 0 and "a b > Double1 > Double2 > Double3" in done.stdout, done.stderr
    refused(d4p("plan", "wf.py:make", cwd=tmp_path), "make(times, name='Read', *, flags=())", "missing", "'times'",
            "no -p")
    refused(d4p("plan", "wf.py:make", "-p", "times=x", cwd=tmp_path), "failed to make a graph", "TypeError", "wf.py")
    refused(d4p("plan", "wf.py:make", "-p", "times", cwd=tmp_path), "'times' must be name=value", prefix="Usage: ")
    refused(d4p("plan", "wf.py", cwd=tmp_path), "no graph in", "functions make()")


def test_targets(tmp_path):
    done = d4p("targets", cwd=tmp_path)
    assert done.returncode == 0 and done.stderr == ""
    rows = {line.split()[0]: line for line in done.stdout.splitlines() if line[:1].isalpha()}
    assert "simple" in rows["sequential"] and "yes" in rows["sequential"]
    assert {"processes", "spark-rdd", "spark-df"} <= rows.keys() and "spark" in rows["spark-rdd"].split()


def test_version_and_help(tmp_path):
    import d4p as runtime

    assert d4p("--version", cwd=tmp_path).stdout.startswith(f"d4p {runtime.__version__}, Python 3")
    assert all(name in d4p("--help", cwd=tmp_path).stdout for name in ("plan", "compile", "run", "targets"))


def test_other_orders_of_words_get_a_hint(tmp_path):
    refused(d4p("simple", "wf.py", cwd=tmp_path), "d4p run wf.py --target simple", prefix="Usage: ")
    refused(d4p("wf.py", cwd=tmp_path), "d4p run wf.py", prefix="Usage: ")


# Where workflows live


def test_helpers_beside_the_workflow_and_elsewhere(write, tmp_path):
    write("work/beside.py", "SCALE = 3\n", "")
    write("work/lib/inner.py", "def shift(i):\n    return i + 100\n", "")
    write("lib/outer.py", "def flip(i):\n    return -i\n", "")
    write("work/wf.py", """
    import os, sys
    here = os.path.dirname(os.path.abspath(__file__))
    sys.path.append(os.path.join(here, "lib"))
    sys.path.append(os.path.join(here, "..", "lib"))
    import beside, inner, outer

    class Change(IterativePE):
        def _process(self, i):
            return outer.flip(inner.shift(i) * beside.SCALE)

    read, change = Read(), Change()
    graph = WorkflowGraph()
    graph.connect(read, "output", change, "input")
    """)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    done = d4p("run", "../work/wf.py", cwd=elsewhere)
    assert done.returncode == 0 and "\n  -300\n  -303\n" in done.stdout, done.stderr
    assert d4p("compile", "../work/wf.py", "--target", "sequential", "-o", "made", cwd=elsewhere).returncode == 0
    (tmp_path / "work").rename(tmp_path / "gone")
    (tmp_path / "lib").rename(tmp_path / "gone-too")
    alone = subprocess.run([sys.executable, "made/job.py"], cwd=elsewhere, capture_output=True, text=True, timeout=120)
    assert "\n  -300\n  -303\n" in alone.stdout, alone.stderr


def test_a_module_in_a_package(write, tmp_path):
    write("pkg/__init__.py", "", "")
    write("pkg/settings.py", "SCALE = 7\n", "")
    write("pkg/workflows/__init__.py", "", "")
    write("pkg/workflows/wf.py", """
    from ..settings import SCALE

    class Scale(IterativePE):
        def _process(self, i):
            return SCALE * i

    read, scale = Read(), Scale()
    graph = WorkflowGraph()
    graph.connect(read, "output", scale, "input")
    """)
    for workflow in ("pkg.workflows.wf", "pkg.workflows.wf:graph", "pkg/workflows/wf.py"):
        done = d4p("run", workflow, cwd=tmp_path)
        assert done.returncode == 0 and "\n  7\n  14\n" in done.stdout, done.stderr


@pytest.mark.parametrize("name", ["2015-xcorr.py", "class.py", "my.work.flow.py", "pyspark.py",
                                  "json.py", "job.py"])
def test_files_whose_names_are_no_names(write, tmp_path, name):
    write(f"work/{name}")  # beside json.py itself `python -m` would find that for its own imports
    done = d4p("run", f"work/{name}", cwd=tmp_path)
    assert done.returncode == 0 and "Double1.output: 5 items" in done.stdout, done.stderr


def test_data_read_at_import_travels(write, tmp_path):
    write("work/data/scale.txt", "11", "")
    write("work/more.txt", "5", "")
    write("work/wf.py", """
    import pathlib
    SCALE = int((pathlib.Path(__file__).parent / "data" / "scale.txt").read_text())

    class Scale(IterativePE):
        def _process(self, i):
            return SCALE * i

    def make():
        more = int(open(pathlib.Path(__file__).parent / "more.txt").read())
        read, scale = Read(), Scale()
        graph = WorkflowGraph()
        graph.connect(read, "output", scale, "input")
        return graph
    """)
    for workflow in ("work/wf.py:make", "work.wf:make"):
        done = d4p("compile", workflow, "--target", "sequential", "-o", "made", "--overwrite", cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        assert (tmp_path / "made" / "data/scale.txt").exists() or (tmp_path / "made" / "work/data/scale.txt").exists()
        alone = subprocess.run([sys.executable, str(tmp_path / "made/job.py")], cwd="/", capture_output=True, text=True,
                               timeout=120)
        assert "\n  11\n  22\n" in alone.stdout, alone.stderr


def test_argv_is_that_of_dispel4py_and_the_folder_stays_as_it_was(write, tmp_path):
    write("wf.py", """
    import os, sys
    print("argv", sys.argv[1:], file=sys.stderr)
    os.chdir("/")
    """ + textwrap.indent(GRAPH, "    "))
    done = d4p("plan", "wf.py", cwd=tmp_path)
    assert done.returncode == 0 and "argv ['simple', 'wf']" in done.stderr
    done = d4p("compile", "wf.py", "--target", "sequential", cwd=tmp_path)
    assert (tmp_path / "wf-sequential" / "job.py").exists(), done.stderr


# What bad input gets


def test_no_such_file(write, tmp_path):
    write("workflow.py")
    refused(d4p("plan", "worklow.py", cwd=tmp_path), "there is no file worklow.py", "did you mean workflow.py?")
    refused(d4p("plan", "nowhere/wf.py", cwd=tmp_path), "there is no file nowhere/wf.py", "nor the folder nowhere")
    refused(d4p("plan", "no.such.module", cwd=tmp_path), "no module of that name")
    refused(d4p("plan", tmp_path, cwd=tmp_path), "is a folder")
    write("wf.ipynb", "{}", "")
    refused(d4p("plan", "wf.ipynb", cwd=tmp_path), "must be a Python file", "export the notebook")


def test_no_graph(write, tmp_path):
    write("wf.py", "def make():\n    return 3\n\nnumber = 4\n")
    refused(d4p("plan", "wf.py", cwd=tmp_path), "there is no graph in", "wf.py", "functions make()",
            "classes Read, Double")
    refused(d4p("plan", "wf.py:make", cwd=tmp_path), "must return a WorkflowGraph; it returned a int")
    refused(d4p("plan", "wf.py:number", cwd=tmp_path), "must be a WorkflowGraph or a function", "it is a int")
    refused(d4p("plan", "wf.py:nope", cwd=tmp_path), "has no 'nope'", "functions make()")


def test_several_graphs(write, tmp_path):
    write("wf.py", GRAPH + "second = WorkflowGraph()\nsecond.add(Read())\n")
    refused(d4p("plan", "wf.py", cwd=tmp_path), "several graphs", "graph, second", "wf.py:graph")
    assert d4p("plan", "wf.py:second", cwd=tmp_path).stdout.startswith("wf for sequential: 1 PE ")


def test_unknown_port(write, tmp_path):
    write("wf.py", GRAPH.replace('double, "input"', 'double, "inptu"'))
    refused(d4p("plan", "wf.py", cwd=tmp_path), "Double", "no input port 'inptu'", "wf.py:18",
            "Its input ports: 'input'", "did you mean 'input'?")


def test_unknown_grouping(write, tmp_path):
    write("wf.py", GRAPH + 'double.inputconnections["input"]["grouping"] = "gobal"\n')
    refused(d4p("plan", "wf.py", cwd=tmp_path), "the grouping of Double1.input", "'gobal'", "did you mean 'global'?")


LESS = """
class Less(IterativePE):
    def _process(self, i):
        if i:
            return i - 1

less = Less()
graph.connect(double, "output", less, "input")
graph.connect(less, "output", less, "input")
"""


@pytest.mark.parametrize("command", ["run", "plan", "compile", "submit"])
def test_a_cycle_is_refused_by_spark_by_name(write, tmp_path, command):
    write("wf.py", GRAPH + LESS)
    more = ["--profile", "local"] if command == "submit" else ["-o", "out"] if command == "compile" else []
    refused(d4p(command, "wf.py", "--target", "spark", *more, cwd=tmp_path), "cycle: Less -> Less, closed by "
            "Less.output -> Less.input (wf.py:", "spark-df runs graphs without cycles only",
            "The targets that run cycles: sequential, processes")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("target", ["sequential", "processes"])
def test_a_cycle_runs_and_its_way_back_is_counted(write, tmp_path, target):
    write("wf.py", GRAPH + LESS)
    done = d4p("run", "wf.py", "-v", "--target", target, cwd=tmp_path)
    assert done.returncode == 0 and done.stderr == ""
    assert "1 of them back" in done.stdout and "closes the cycle Less -> Less" in done.stdout
    assert re.search(r"Double\.output -> Less\.input +5 items\n +Less\.output -> Less\.input +20 items", done.stdout)


def test_inputs_that_fit_no_root(write, tmp_path):
    write("wf.py")
    refused(d4p("run", "wf.py", "-d", '{"Raed": 1}', cwd=tmp_path), "'Raed'", "the roots: Read0 (Read)")
    done = d4p("run", "wf.py", "-d", '{"runId": "x", "Read": 2}', cwd=tmp_path)
    assert "Double1.output: 10 items" in done.stdout and done.returncode == 0
    assert "note: there is an input for 'runId', but no PE has that id, name or class" in done.stdout
    refused(d4p("run", "wf.py", "-d", '{"Double": 1}', cwd=tmp_path), "Double isn't a root", "The roots: Read")
    refused(d4p("run", "wf.py", "-d", '{"Read":\n [{"a": 1,}]}', cwd=tmp_path), "-d isn't JSON: line 2, column ")
    refused(d4p("run", "wf.py", "-d", "[1]", cwd=tmp_path), "-d must be a JSON object")
    refused(d4p("run", "wf.py", "-f", "nope.json", cwd=tmp_path), "-f nope.json: No such file")
    write("in.json", '{"Read": 1', "")
    refused(d4p("run", "wf.py", "-f", "in.json", cwd=tmp_path), "-f in.json isn't JSON: line 1, column 11")
    refused(d4p("run", "wf.py", "-f", "in.json", "-i", 3, cwd=tmp_path), "one of -i, -d and -f")
    refused(d4p("run", "wf.py", "-i", -3, cwd=tmp_path), "-i must be 0 or more")


def test_fuse_keeps_pes_with_their_source(write, tmp_path):
    write("wf.py")
    for command in (["plan", "-t", "processes"], ["compile", "-t", "mpi", "-o", "made"], ["run", "-t", "processes"]):
        name, *more = command
        wide = d4p(name, "wf.py", *more, cwd=tmp_path)
        assert wide.returncode == 0 and "2 PEs in 2 stages, 1 exchange" in wide.stdout, wide.stderr
        again = ["--overwrite"] if name == "compile" else []
        done = d4p(name, "wf.py", *more, "--fuse", "-n", 3, *again, cwd=tmp_path)
        assert done.returncode == 0 and "2 PEs in 1 stage, no exchange" in done.stdout, done.stderr
    write("fused.py", GRAPH + "graph.fuse = True\n")
    assert "2 PEs in 1 stage, no exchange" in d4p("plan", "fused.py", "-t", "mpi", cwd=tmp_path).stdout
    words = compile_words("wf.py", "spark", 3, True, None, {}, (), ())
    assert words[-3:] == ["-n", "3", "--fuse"]


def test_any_n_from_one_is_taken(write, tmp_path):
    write("wf.py", GRAPH + "double.numprocesses = 4\n")
    for width in (1, 3):
        done = d4p("run", "wf.py", "-n", width, "--target", "processes", cwd=tmp_path)
        assert done.returncode == 0 and "Double1.output: 5 items" in done.stdout, done.stderr
    refused(d4p("plan", "wf.py", "-n", 0, cwd=tmp_path), "-n must be 1 or more, not 0")


def test_unknown_target_and_options(write, tmp_path):
    write("wf.py")
    refused(d4p("plan", "wf.py", "--target", "sparc", cwd=tmp_path), "no target 'sparc'",
            "sequential, processes, mpi, spark", "did you mean spark?")
    refused(d4p("run", "wf.py", "--target", "multi", "--check", cwd=tmp_path), "--check is for the sequential")
    refused(d4p("compile", "wf.py", cwd=tmp_path), "Missing option", "--target", prefix="Usage: ")


def test_overwrite_deletes_nothing_but_a_bundle(write, tmp_path):
    write("wf.py")
    kept = tmp_path / "precious" / "job.py"
    kept.parent.mkdir()
    kept.write_text("mine")
    (tmp_path / "file").write_text("mine")
    for place, said in (("precious", "precious is none: it has job.py and no d4p-files.json"),
                        ("file", "-o must be a folder; file is a file")):  # fmt: skip
        refused(d4p("compile", "wf.py", "--target", "sequential", "-o", place, "--overwrite", cwd=tmp_path), said)
    assert kept.read_text() == (tmp_path / "file").read_text() == "mine"


def test_overwrite_leaves_the_users_files_in_a_bundle(write, tmp_path):
    write("wf.py")
    (tmp_path / "data" / "sub").mkdir(parents=True)
    (tmp_path / "data" / "sub" / "old.txt").write_text("old")
    (tmp_path / "more.txt").write_text("included")
    compile_ = ("compile", "wf.py", "--target", "spark", "-o", "made", "--overwrite")
    made = tmp_path / "made"
    assert d4p(*compile_, "--include", "data", cwd=tmp_path).returncode == 0
    before = sorted(path for path in made.rglob("*") if path.is_file())
    assert made / "data" / "sub" / "old.txt" in before
    mine = {"profiles/mine.conf": "spark.master yarn\n", "o9/part-00000": "results", "data/note": "note"}
    for name, text in mine.items():
        (made / name).parent.mkdir(exist_ok=True)
        (made / name).write_text(text)
    (made / "job.py").write_text("changed")
    (made / "elsewhere").symlink_to(tmp_path / "data")
    done = d4p(*compile_, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert {name: (made / name).read_text() for name in mine} == mine and (made / "elsewhere" / "sub").is_dir()
    assert "def main(" in (made / "job.py").read_text()
    assert not (made / "data" / "sub").exists()  # no part of the new one
    assert not list(tmp_path.glob(".made*"))
    (made / "more.txt").write_text("mine")
    refused(d4p(*compile_, "--include", "more.txt", cwd=tmp_path), "made/more.txt is in the way of the new bundle")
    assert (made / "more.txt").read_text() == "mine" and not list(tmp_path.glob(".made*"))
    (made / "more.txt").unlink()
    assert d4p(*compile_, "--include", "more.txt", "--include", "data", cwd=tmp_path).returncode == 0
    mine_too = {*before, made / "more.txt", *(made / name for name in mine)}
    assert {path for path in made.rglob("*") if path.is_file()} == mine_too


def test_output_folder_exists(write, tmp_path):
    write("wf.py")
    (tmp_path / "made").mkdir()
    refused(d4p("compile", "wf.py", "--target", "sequential", "-o", "made", cwd=tmp_path), "the folder made exists",
            "--overwrite")
    assert d4p("compile", "wf.py", "--target", "sequential", "-o", "made", "--overwrite", cwd=tmp_path).returncode == 0
    again = d4p("compile", "wf.py", "--target", "sequential", "-o", "made", "--overwrite", cwd=tmp_path)
    assert again.returncode == 0, again.stderr
    done = d4p("run", "wf.py", "--output", "made", cwd=tmp_path)
    assert done.returncode == 2, done.stderr
    assert done.stderr.startswith("refused: the output made must be a new folder; ")
    assert "that no run of d4p wrote" in done.stderr and "--overwrite doesn't replace" in done.stderr
    assert (tmp_path / "made" / "job.py").exists()  # as it was


def test_python_2(write, tmp_path):
    write("wf.py", "import os\nprint 'hello'\n", "")
    refused(d4p("plan", "wf.py", cwd=tmp_path), "wf.py:2 is Python 2", "print(...)", "2to3")
    write("old.py", "import cPickle\n", "")
    refused(d4p("plan", "old.py", cwd=tmp_path), "old.py:1 is Python 2", "no module cPickle")
    write("helper.py", "raise ValueError, 'no'\n", "")
    write("uses.py", "import helper\n", "")
    refused(d4p("plan", "uses.py", cwd=tmp_path), "helper.py:1 is Python 2", "raise Error(message)")
    write("broken.py", "x = (1,\ny = 2\n", "")
    refused(d4p("plan", "broken.py", cwd=tmp_path), "broken.py:1")


def test_import_errors(write, tmp_path):
    write("helper.py", "def ratio(a, b):\n    return a / b\n\nratio(1, 0)\n", "")
    write("wf.py", "import helper\n")
    done = d4p("plan", "wf.py", cwd=tmp_path)
    refused(done, "importing ", "helper.py\", line 4", "ratio(1, 0)", "ZeroDivisionError: division by zero")
    assert "importlib" not in done.stderr
    write("missing.py", "import no_such_thing\n")
    refused(d4p("plan", "missing.py", cwd=tmp_path), "missing.py:15: there is no module 'no_such_thing'", "install it")
    write("chained.py", "try:\n    {}['a']\nexcept KeyError as e:\n    raise RuntimeError('no a') from e\n")
    refused(d4p("plan", "chained.py", cwd=tmp_path), "KeyError: 'a'", "direct cause", "RuntimeError: no a")
    write("ends.py", "import sys\nsys.exit('usage: ends.py FILE')\n")
    refused(d4p("plan", "ends.py", cwd=tmp_path), "ends.py:16", "SystemExit: usage: ends.py FILE", "__main__")
    write("pkg/__init__.py", "1 / 0\n", "")
    write("pkg/wf.py")
    refused(d4p("plan", "pkg.wf", cwd=tmp_path), "ZeroDivisionError", "pkg/__init__.py")


def test_what_the_graph_refuses_has_its_line(write, tmp_path):
    write("wf.py", "graph = WorkflowGraph()\ngraph.add(Read)\n")
    refused(d4p("plan", "wf.py", cwd=tmp_path), "wf.py:16: ", "the class Read itself", "Read()")


def test_a_run_started_at_import(write, tmp_path):
    write("wf.py", GRAPH + "from dispel4py.new.simple_process import process\nprocess(graph, {read: 2})\n")
    refused(d4p("plan", "wf.py", cwd=tmp_path), "wf.py:20: ", "starts a run when it is imported", "__main__")
    write("multi.py", GRAPH + "from dispel4py.new.multi_process import process\nprocess(graph, {read: 2}, None)\n")
    refused(d4p("run", "multi.py", cwd=tmp_path), "multi.py:20: ", "starts a run when it is imported", "__main__")


# What a run that fails gets


def test_a_pe_that_raises(write, tmp_path):
    write("wf.py", """
    class Divide(IterativePE):
        def _process(self, i):
            return 1 / (3 - i)

    read, divide = Read(), Divide()
    graph = WorkflowGraph()
    graph.connect(read, "output", divide, "input")
    """)
    done = d4p("run", "wf.py", "--output", "out", cwd=tmp_path)
    assert done.returncode == 1
    first, *rest = done.stderr.splitlines()
    assert first == "failed: Divide (Divide), instance 0, item 4: ZeroDivisionError: division by zero"
    assert "  the item: 3" in rest and "    return 1 / (3 - i)" in rest
    assert not any("job.py" in line or "d4p/" in line for line in rest)
    assert sorted(os.listdir(tmp_path)) in (["wf.py"], ["__pycache__", "wf.py"])


SLOW = """
import time

class Slow(IterativePE):
    def _process(self, i):
        print("working", flush=True)
        time.sleep(60)

read, slow = Read(), Slow()
graph = WorkflowGraph()
graph.connect(read, "output", slow, "input")
"""


@pytest.mark.parametrize("to_group", [True, False])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted(write, tmp_path, number, to_group):
    write("wf.py", SLOW)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    process = subprocess.Popen([sys.executable, "-m", "d4p_compile", "run", "wf.py", "--output", "out"], cwd=tmp_path,
                               env=ENV | {"TMPDIR": str(scratch)}, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               text=True, start_new_session=True)
    until_line(process, "working")
    began = time.monotonic()
    (os.killpg if to_group else os.kill)(process.pid, number)
    _, err = process.communicate(timeout=10)
    assert process.returncode == 130 and err in ("", "interrupted\n")
    assert time.monotonic() - began < 4
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)
    assert os.listdir(scratch) == [] and "out" not in os.listdir(tmp_path)


def until_line(process, wanted):
    for line in process.stdout:
        if line.strip() == wanted:
            return
    raise AssertionError(process.stderr.read())


def test_interrupted_while_it_loads(write, tmp_path):
    write("wf.py", "import sys, time\nprint('loading', flush=True)\nsys.__stdout__.write('loading\\n')\n"
          "sys.__stdout__.flush()\ntime.sleep(60)\n")
    process = subprocess.Popen([sys.executable, "-m", "d4p_compile", "plan", "wf.py"], cwd=tmp_path, env=ENV, text=True,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)
    until_line(process, "loading")
    os.killpg(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=10)
    assert (process.returncode, err.strip()) == (130, "loading")


def test_a_program_that_is_killed(write, tmp_path):
    write("wf.py", """
    import os, signal

    class Die(IterativePE):
        def _process(self, i):
            os.kill(os.getpid(), signal.SIGKILL)

    read, die = Read(), Die()
    graph = WorkflowGraph()
    graph.connect(read, "output", die, "input")
    """)
    (tmp_path / "scratch").mkdir()
    done = d4p("run", "wf.py", cwd=tmp_path, TMPDIR=str(tmp_path / "scratch"))
    assert os.listdir(tmp_path / "scratch") == []
    assert done.returncode == 137 and done.stderr.startswith("failed: the program was ended by SIGKILL")


def test_a_bug_of_ours_says_so(tmp_path):
    code = ("import d4p_compile.api as api, d4p_compile.command.cli as cli\napi.load = lambda *a: 1 / 0\n"
            "cli.main(['plan', 'wf.py'])")
    for debug, lines in ((None, 1), ("1", 2)):
        done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True,
                              env=ENV | ({"D4P_DEBUG": debug} if debug else {}), timeout=120)
        assert done.returncode == 1 and "this is a bug in d4p" in done.stderr
        assert ("Traceback" in done.stderr) == bool(debug) and len(done.stderr.splitlines()) >= lines


def test_a_terminal_gets_the_output_whole(write, tmp_path):
    """Under a terminal the program's lines come through a terminal of its own, above a live table."""
    import pty

    write("wf.py", GRAPH.replace("read, double", "class Say(IterativePE):\n    def _process(self, i):\n"
                                 "        print('said', i)\n        import sys, time; time.sleep(0.1)\n"
                                 "        print('warned', i, file=sys.stderr)\n\nDouble = Say\nread, double"))
    ours, theirs = pty.openpty()
    process = subprocess.Popen([sys.executable, "-m", "d4p_compile", "run", "wf.py"], cwd=tmp_path,
                               env=ENV | {"TERM": "xterm"}, stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    seen = b""
    while True:
        try:
            chunk = os.read(ours, 4096)
        except OSError:
            break
        if not chunk:
            break
        seen += chunk
    os.close(ours)
    assert process.wait(60) == 0
    text = seen.decode()
    for i in range(5):
        assert f"said {i}\r\n" in text and f"warned {i}\r\n" in text
    assert re.search(r"Read.output -> Say.input +5 items\r\n", text)
