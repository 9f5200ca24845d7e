"""What a small program imports: most of the time that it takes, so that it is kept to what such a program needs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import d4p_compile

ROOT = Path(__file__).parents[2]
WORKFLOW = ROOT / "tests" / "workflows" / "small.py"
#: Runs a program and prints how many objects the collector leaves alone, and the modules that are there at its end.
LOADED = """
import gc, os, runpy, sys
sys.argv = sys.argv[1:]
sys.path.insert(0, os.path.dirname(sys.argv[0]))
sys.stdout = open(os.devnull, "w")
runpy.run_path(sys.argv[0], run_name="__main__")
print(gc.get_freeze_count(), *sys.modules, file=sys.stderr)
"""
#: Modules of the runtime that a small program may load at most. Who needs more asks whether all programs do; what only
#: some need is imported where that is decided.
MOST = {"sequential": 100, "processes": 137}
#: What is for those who ask for it, or whose workflow is of that kind, by target.
FOR_FEW = {
    "d4p.commit.run", "d4p.engines.line", "d4p.engines.processes.again", "d4p.graph.policies", "d4p.items.schema",
    "d4p.library", "d4p.outputs.part", "d4p.places.merge", "d4p.program.sofar", "d4p.record.elsewhere",
    "d4p.stage.check", "d4p.stage.isolated", "d4p.stage.on_error", "d4p.stage.policed", "d4p.stage.profile",
    "d4p.workflow.policies",
    "difflib", "http", "logging", "shlex", "sysconfig", "zipfile",
}  # fmt: skip
#: What a plan needs nothing of.
FOR_RUNS = {
    "cloudpickle", "d4p.commit.claim", "d4p.engines", "d4p.host.runfolder", "d4p.library.arrow", "d4p.library.files",
    "d4p.library.pairs", "d4p.outputs.writing", "d4p.program.main", "d4p.workflow.results",
    "d4p_compile.bundle", "d4p_compile.launch", "d4p_compile.progress",
    "jinja2", "networkx", "rich", "subprocess", "tempfile", "zipfile",
}  # fmt: skip
FOR_CHANNELS = {"ctypes", "d4p.keys.digest", "d4p.places.marks", "d4p.stage.exchange", "d4p.stage.outlet",
                "multiprocessing", "socket"}  # fmt: skip


@pytest.mark.parametrize("target", ["sequential", "processes"])
def test_a_small_program_loads_no_more_than_it_needs(target, tmp_path):
    bundle = d4p_compile.compile(f"{WORKFLOW}:graph", target, output=tmp_path / "bundle")
    done = subprocess.run([sys.executable, "-I", "-S", "-c", LOADED, bundle.script], cwd=tmp_path, timeout=60,
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    frozen, *names = done.stderr.splitlines()[-1].split()
    assert int(frozen) > 1000, "modules stay: neither the run nor its end looks at all of their objects"
    loaded = set(names)
    ours = {name for name in loaded if name.partition(".")[0] == "d4p"}
    assert "d4p.program.main" in ours, "it is the list of modules"
    assert not loaded & (FOR_FEW if target == "processes" else FOR_FEW | FOR_CHANNELS)
    assert len(ours) <= MOST[target], "\n".join(sorted(ours))


def test_a_command_ends_without_a_look_at_all_objects():
    program = ("import atexit, gc; atexit.register(lambda: print(gc.get_freeze_count()))\n"  # the first is called last
               "from d4p_compile.command import cli; cli.main(['--version'])")
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout.split()[-1]) > 1000


def test_a_plan_loads_nothing_that_runs_programs():
    program = ("import os, sys; from d4p_compile.command.cli import main\n"
               "sys.stdout = open(os.devnull, 'w')\n"
               "try: main(['plan', sys.argv[1]])\n"
               "finally: print(*sys.modules, file=sys.stderr)")
    done = subprocess.run([sys.executable, "-c", program, f"{WORKFLOW}:graph"], timeout=60, capture_output=True,
                          text=True, cwd=ROOT, env={**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT}/runtime"})
    assert done.returncode == 0, done.stderr
    loaded = set(done.stderr.splitlines()[-1].split())
    assert {"d4p_compile.api", "d4p_compile.passes"} <= loaded, "it is the list of modules"
    assert not loaded & FOR_RUNS


def test_a_keeper_imports_what_it_waits_with_alone():
    program = "import sys, os; before = set(sys.modules); import keeper; print(*set(sys.modules) - before)"
    done = subprocess.run([sys.executable, "-I", "-S", "-c", f"import sys; sys.path.append(sys.argv[1]); {program}",
                           ROOT / "runtime" / "d4p" / "host"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert set(done.stdout.split()) <= {"__future__", "fcntl", "keeper", "resource", "select"}


def test_what_lies_in_a_zip_is_loaded_once(tmp_path):
    """Python's own importer loads a module's code to tell its file as well."""
    bundle = d4p_compile.compile(f"{WORKFLOW}:graph", "sequential", output=tmp_path / "bundle")
    program = ("import sys, marshal, zipimport; sys.path.insert(0, sys.argv[1]); import d4p\n"
               "before, times, read = zipimport._unmarshal_code, [], zipimport.zipimporter.get_data\n"
               "zipimport._unmarshal_code = lambda *given: times.append(given[2]) or before(*given)\n"
               "import d4p.graph.base, d4p.engines.sequential\n"
               "assert times and len(times) == len(set(times)), sorted(times)\n"
               "print(d4p.graph.base.__file__, d4p.engines.__file__)")
    archive = Path(bundle.script).parent / "d4p.zip"
    done = subprocess.run([sys.executable, "-c", program, archive], capture_output=True, text=True, timeout=60,
                          cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == [str(archive / "d4p" / "graph" / "base.py"),
                                   str(archive / "d4p" / "engines" / "__init__.py")]
