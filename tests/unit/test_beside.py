"""What lies beside a workflow travels with it: modules, also those imported late, and files that they read."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import d4p
import d4p_compile
from d4p.errors import Refused
from d4p_compile.front import load

GRAPH = """
from dispel4py.base import ProducerPE, SimpleFunctionPE
from dispel4py.workflow_graph import WorkflowGraph

class Numbers(ProducerPE):
    def _process(self, inputs):
        return 3

graph = WorkflowGraph()
graph.connect(Numbers(), "output", SimpleFunctionPE({function}), "input")
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder for a workflow; what is imported from it is forgotten afterwards."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(load, "_FIRST", list(load._FIRST))
    before = set(sys.modules)
    (tmp_path / "flows").mkdir()
    yield tmp_path / "flows"
    for name in set(sys.modules) - before:
        if str(getattr(sys.modules[name], "__file__", "")).startswith(str(tmp_path)):
            del sys.modules[name]


def write(path: Path, text: str = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def modules(workflow: Path) -> set[str]:
    return set(d4p_compile.load(workflow).loaded.modules)


def files(workflow: Path) -> set[str]:
    return {path.name for path in d4p_compile.load(workflow).loaded.files}


def answer(workflow: Path, target: str = "sequential") -> list:
    ((_, items),) = d4p_compile.run(workflow, target).items()
    return list(items)


def test_modules_that_are_imported_in_a_function_travel(folder):
    work = write(folder / "late.py", """
def work(x):
    import json
    import numpy
    import dispel4py.base
    from package.deep import change
    return change(x)
""" + GRAPH.format(function="work"))
    write(folder / "package" / "__init__.py")
    write(folder / "package" / "deep.py", "from . import near\n\ndef change(x):\n    return near.plus(x)\n")
    write(folder / "package" / "near.py", "import far\n\ndef plus(x):\n    return x + far.ONE\n")
    write(folder / "far.py", "ONE = 1\n")
    write(folder / "never.py", "raise SystemExit\n")
    assert modules(work) == {"late", "package", "package.deep", "package.near", "far"}
    assert "package" not in sys.modules, "nothing is imported to find it"
    assert answer(work) == [4] == answer(work, "processes")


def test_files_that_are_named_beside_dunder_file_travel(folder, monkeypatch):
    monkeypatch.chdir(folder.parent)
    write(folder / "table.txt", "5")
    write(folder / "data" / "one.txt", "6")
    write(folder / "other.txt")
    write(folder / "made.txt")
    workflow = write(folder / "reads.py", """
import os
HERE = os.path.dirname(__file__)

def work(x):
    with open("made.txt", "w") as out:
        out.write("")
    return int(open(os.path.join(HERE, "table.txt")).read()) + int(open(os.path.join(HERE, "data", "one.txt")).read())
""" + GRAPH.format(function="work"))
    assert {"table.txt", "one.txt"} <= files(workflow) and "other.txt" not in files(workflow)
    assert answer(workflow) == [11]
    plain = write(folder / "plain.py", "def work(x):\n    return open('table.txt')\n" + GRAPH.format(function="work"))
    assert files(plain) == set(), "a path of the user's working directory is the user's"


def test_workflows_of_one_folder_do_not_carry_each_other(folder):
    first = write(folder / "first.py", GRAPH.format(function="abs"))
    odd = write(folder / "random.py", GRAPH.format(function="abs"))
    second = write(folder / "second.py", "import helping\n" + GRAPH.format(function="helping.work"))
    write(folder / "helping.py", "def work(x):\n    return x * 2\n")
    assert modules(first) == {"first"} and modules(odd) == {"workflow_random"}
    assert modules(second) == {"second", "helping"} == modules(second)
    assert answer(second) == [6]


@pytest.mark.parametrize("first, second", [("helps.py", "helps/__init__.py"), ("helps/__init__.py", "helps.py"),
                                           ("helps/__init__.py", "helps/__init__.py"), ("helps.py", "helps.py")])
def test_workflows_of_two_folders_each_have_their_own_module_of_a_name(folder, first, second):
    for number, helper in enumerate((first, second), 2):
        here = folder / str(number)
        write(here / helper, f"def work(x):\n    return x * {number}\n")
        workflow = write(here / f"flow{number}.py", "from helps import work\n" + GRAPH.format(function="work"))
        assert answer(workflow) == [3 * number]


def test_modules_from_a_path_that_the_workflow_adds(folder):
    write(folder.parent / "lib" / "outside.py", "def work(x):\n    return x * 7\n")
    workflow = write(folder / "adds.py", "import sys, os\n"
                     "sys.path.insert(0, os.path.join(os.path.dirname(__file__), '..', 'lib'))\n"
                     "from outside import work\n" + GRAPH.format(function="work"))
    for _ in range(2):
        assert modules(workflow) == {"adds", "outside"}
    assert answer(workflow) == [21]


def test_a_file_of_a_package_run_from_the_folder_above_it(folder, monkeypatch):
    write(folder / "package" / "helping.py", "def work(x):\n    return x * 2\n")
    text = "from package.helping import work\n" + GRAPH.format(function="work")
    workflow = write(folder / "package" / "flow.py", text)
    monkeypatch.chdir(folder)
    assert answer(workflow) == [6]


@pytest.mark.parametrize("init", ["__init__.py", "other.py"])
def test_a_package_of_another_workflow_is_not_found_first(folder, monkeypatch, init):
    """Also where the one found before has what makes it a package, and the own one hasn't."""
    write(folder / "first" / "package" / init)
    write(folder / "first" / "package" / "flow.py", GRAPH.format(function="abs"))
    write(folder / "second" / "package" / "helping.py", "def work(x):\n    return x * 2\n")
    second = write(folder / "second" / "flow.py", "from package.helping import work\n" + GRAPH.format(function="work"))
    first = write(folder / "first" / "flow.py", "import package.flow\n" + GRAPH.format(function="abs"))
    assert [answer(first), answer(second), answer(first)] == [[3], [6], [3]]


def test_a_graph_under_main_gets_a_hint(folder):
    workflow = write(folder / "under.py", "if __name__ == '__main__':\n    graph = 1\n")
    with pytest.raises(Refused, match="isn't run when the module is imported"):
        d4p_compile.load(workflow)


@pytest.mark.parametrize("target", ["sequential", "processes", "mpi"])
def test_a_workflow_reads_the_command_line_of_dispel4py_wherever_it_is_imported(folder, target):
    workflow = write(folder / "argv.py", "import sys\nSAID = sys.argv[:]\ndef work(x):\n    return SAID\n"
                     + GRAPH.format(function="work"))
    before = list(sys.argv)
    assert answer(workflow, target) == [["dispel4py", "simple", "argv"]]
    assert sys.argv == before


def test_a_workflow_that_leaves_its_folder_does_not_take_the_program_along(folder, monkeypatch):
    workflow = write(folder / "goes.py", "import os\nos.chdir(os.path.dirname(os.path.abspath(__file__)))\n"
                     "def work(x):\n    return os.getcwd()\n" + GRAPH.format(function="work"))
    monkeypatch.chdir(folder.parent)
    assert answer(workflow) == [str(folder.parent)] == answer(workflow, "processes")


def test_modules_in_a_zip_are_unpacked_for_what_lies_beside_them(tmp_path):
    with zipfile.ZipFile(tmp_path / "flow.zip", "w") as archive:
        archive.writestr("flow.py", "import pathlib\nTEXT = (pathlib.Path(__file__).parent / 'flow.txt').read_text()\n")
        archive.writestr("flow.txt", "beside")
    code = ("import sys; from d4p.workflow.unpack import unpack_modules\n"
            "unpack_modules('flow'); unpack_modules('flow')\n"
            "import flow; print(flow.TEXT, len([p for p in sys.path if 'flow' in p]))")
    path = [str(Path(d4p.__file__).parents[1]), str(tmp_path / "flow.zip")]
    for _ in range(2):
        done = subprocess.run([sys.executable, "-S", "-c", f"import sys; sys.path[:0] = {path}\n{code}"],
                              capture_output=True, text=True, check=True, timeout=120)
        assert done.stdout == "beside 2\n"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["flow.zip", "flow.zip.unpacked"]
