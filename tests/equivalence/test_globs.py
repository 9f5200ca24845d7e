"""What Hadoop hides is hidden in folders and globs, on every target and file system; what is named outright is read."""

from __future__ import annotations

from pathlib import Path

import pytest

from d4p import ReadFiles, ReadLines, WorkflowGraph
from d4p.errors import Refused
from d4p.filesystems import files

from ..targets import TARGETS, answers, canonical

#: Of each pattern the files it stands for.
FILES = ["a.txt", "b.txt", "_SUCCESS", ".a.crc", "__x", "deep/c.txt", "deep/_d", "deep/er/e.txt", "_temporary/f.txt",
         ".hidden/g.txt", "deep/.git/h.txt"]  # fmt: skip
PATTERNS = {
    "": ["a.txt", "b.txt"],
    "*": ["a.txt", "b.txt"],
    "?.txt": ["a.txt", "b.txt"],
    "_*": ["_SUCCESS", "__x"],
    "__*": ["__x"],
    ".*": [".a.crc"],
    "[_a]*": ["a.txt"],
    "_SUCCESS": ["_SUCCESS"],
    ".a.crc": [".a.crc"],
    "*/*": ["deep/c.txt"],
    "*/_*": ["deep/_d"],
    "_*/*": ["_temporary/f.txt"],
    "_temporary": ["_temporary/f.txt"],
    "_temporary/*": ["_temporary/f.txt"],
    ".hidden/*": [".hidden/g.txt"],
    "*/.git/*": ["deep/.git/h.txt"],
    "**": ["a.txt", "b.txt", "deep/c.txt", "deep/er/e.txt"],
    "**/*": ["a.txt", "b.txt", "deep/c.txt", "deep/er/e.txt"],
    "**/*.txt": ["a.txt", "b.txt", "deep/c.txt", "deep/er/e.txt"],
    "**/_*": ["_SUCCESS", "__x", "deep/_d"],
    "deep/**/h.txt": [],
    "a.txt/*": [],
    "a.txt/**": [],
    "**/a.txt/*": [],
    "none/*": [],
}


@pytest.fixture
def folder(tmp_path):
    for name in FILES:
        (tmp_path / "in" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "in" / name).write_text(f"{name}\n")
    return tmp_path / "in"


def read(path) -> list[str]:
    try:
        return sorted(Path(file.name).read_text().strip() for file in ReadLines(str(path)).files())
    except Refused:
        return []


@pytest.mark.parametrize("pattern", PATTERNS)
def test_what_a_pattern_stands_for(pattern, folder, monkeypatch):
    assert read(folder / pattern) == sorted(PATTERNS[pattern])
    monkeypatch.chdir(folder)
    relative = pattern or "."
    assert read(relative) == sorted(PATTERNS[pattern])
    if "*" in relative:
        listed = [path for path in files.list(relative) if Path(path).is_file()]
        assert listed == sorted(PATTERNS[pattern])


@pytest.mark.parametrize("pattern", PATTERNS)
def test_behind_other_urls_it_is_the_same(pattern):
    fsspec = pytest.importorskip("fsspec")
    memory = fsspec.filesystem("memory")
    for name in FILES:
        memory.pipe(f"/globs/{name}", f"{name}\n".encode())
    try:
        reader = ReadFiles(f"memory://globs/{pattern}" if pattern else "memory://globs")
        found = sorted(content.decode().strip() for file in reader.files() for _, content in reader.read(file))
    except Refused:
        found = []
    finally:
        memory.rm("/globs", recursive=True)
    assert found == sorted(PATTERNS[pattern])


def graph(folder: str) -> WorkflowGraph:
    """A reader of two instances for each pattern, so that Spark reads itself where it can."""
    made = WorkflowGraph()
    for pattern in ("", "*", "_*", "_SUCCESS", "**/*.txt", "_temporary"):
        reader = ReadLines(f"{folder}/{pattern}")
        reader.numprocesses = 2 if pattern in ("*", "_SUCCESS", "") else 1
        made.add(reader)
    return made


@pytest.mark.parametrize("target", TARGETS)
def test_every_target_reads_the_same(target, folder, spark_session):
    found = answers(f"{__file__}:graph", target, session=spark_session, parameters={"folder": str(folder)})
    expected = [PATTERNS[pattern] for pattern in ("", "*", "_*", "_SUCCESS", "**/*.txt", "_temporary")]
    assert [sorted(items.elements()) for items in found.values()] == [
        sorted(map(canonical, names)) for names in expected]  # fmt: skip
