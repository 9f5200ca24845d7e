"""The runtime of a bundle: byte code for the Python that compiled it, the sources for every other."""

from __future__ import annotations

import hashlib
import io
import marshal
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import d4p
import d4p_compile
from d4p_compile.bundle.runtime_zip import runtime_zip, zipped
from d4p_compile.bundle.temporary import temporary_bundle

ROOT = Path(__file__).parents[2]
DIGEST = """
import hashlib
from d4p_compile.bundle.runtime_zip import runtime_zip
print(hashlib.sha256(runtime_zip("d4p.zip")).hexdigest())
"""


def python(program: str, path: str, **more: str) -> list[str]:
    done = subprocess.run([sys.executable, "-c", program], env={**os.environ, "PYTHONPATH": path, **more},
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def contents(archive: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(archive)) as found:
        return {name: found.read(name) for name in found.namelist()}


def test_byte_code_lies_beside_each_source_and_is_what_runs(tmp_path):
    archive = tmp_path / "d4p.zip"
    archive.write_bytes(runtime_zip("d4p.zip"))
    names = set(contents(archive.read_bytes()))
    assert {name for name in names if name.endswith(".pyc")} == {f"{name}c" for name in names if name.endswith(".py")}
    assert python("import d4p; print(d4p.__file__)", str(archive)) == [str(archive / "d4p" / "__init__.pyc")]


def test_another_python_takes_the_sources(tmp_path):
    archive = tmp_path / "d4p.zip"
    files = contents(runtime_zip("d4p.zip"))
    archive.write_bytes(zipped({name: b"\0\0\r\n" + content[4:] if name.endswith(".pyc") else content
                                for name, content in files.items()}))
    assert python("import d4p; print(d4p.__file__)", str(archive)) == [str(archive / "d4p" / "__init__.py")]


def test_code_that_the_format_does_not_hold_goes_as_source(monkeypatch):
    dumps = marshal.dumps

    def holds_some(code, version):
        if code.co_filename.endswith("/core.py"):
            raise ValueError("unmarshallable object")
        return dumps(code, version)

    monkeypatch.setattr(marshal, "dumps", holds_some)
    names = set(contents(runtime_zip.__wrapped__("d4p.zip")))
    assert "d4p/graph/core.py" in names and "d4p/graph/core.pyc" not in names and "d4p/errors.pyc" in names


@pytest.mark.parametrize("seed", ["1", "2"])
def test_the_same_runtime_gives_the_same_bytes(seed):
    paths = os.pathsep.join([str(ROOT), str(ROOT / "runtime")])
    assert python(DIGEST, paths, PYTHONHASHSEED=seed) == [hashlib.sha256(runtime_zip("d4p.zip")).hexdigest()]


@pytest.mark.parametrize("target", ["sequential", "processes"])
def test_what_a_pe_raises_is_told_without_frames_of_the_runtime(target, tmp_path):
    failing = ROOT / "tests" / "workflows" / "failing.py"
    bundle = d4p_compile.compile(f"{failing}:raises", target, output=tmp_path / "bundle")
    done = subprocess.run([sys.executable, bundle.script], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    title, *traceback = done.stderr.splitlines()[2:]
    assert title == "Traceback (the PE's own):" and traceback[-1] == "ValueError: no such number: 7"
    assert [line.split(", ")[-1] for line in traceback if line.startswith("  File")] == ["in _process"]


WHERE = """
import d4p
class Where(d4p.ProducerPE):
    def _process(self, inputs):
        return d4p.__file__
graph = d4p.WorkflowGraph()
graph.add(Where())
"""


@pytest.mark.parametrize("target, linked", [("sequential", True), ("processes", True), ("mpi", False)])
def test_a_program_that_stays_here_imports_the_runtime_from_where_it_lies(target, linked, tmp_path):
    """To make the zip takes longer than to run a small workflow. What is compiled to be kept has one."""
    workflow = tmp_path / "where.py"
    workflow.write_text(WHERE)
    (found,) = d4p_compile.run(workflow, target).values()
    (file,) = list(found)
    assert Path(file).parts[-3:] == ("d4p.zip", "d4p", "__init__.py" if linked else "__init__.pyc")
    assert not Path(file).exists()  # gone with the folder of the run
    bundle = d4p_compile.compile(workflow, target, output=tmp_path / "bundle")
    assert zipfile.is_zipfile(bundle.folder / "d4p.zip") and (bundle.folder / "d4p.zip.sha256").is_file()


def test_a_run_leaves_the_linked_runtime_alone(tmp_path):
    source = d4p_compile.load(f"{ROOT / 'tests' / 'workflows' / 'failing.py'}:raises")
    bundle, holder = temporary_bundle(source.loaded, d4p_compile.plan(source, "sequential"))
    link = bundle.folder / "d4p.zip" / "d4p"
    assert link.is_symlink() and link.resolve() == Path(d4p.__file__).resolve().parent
    files = sorted(link.resolve().rglob("*.py"))
    holder.cleanup()
    assert not os.path.lexists(link) and sorted(Path(d4p.__file__).resolve().parent.rglob("*.py")) == files
