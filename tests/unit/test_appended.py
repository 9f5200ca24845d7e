"""Files that are written side by side: more than a process may have open."""

from __future__ import annotations

import os
import resource
from collections import Counter
from pathlib import Path

import pytest

import d4p_compile
from d4p.filesystems import appended
from d4p.filesystems.appended import Appended
from d4p.filesystems.together import together

WORKFLOW = """
from d4p import IterativePE, ProducerPE, WorkflowGraph, WriteText

class Numbers(ProducerPE):
    def _process(self, inputs):
        for i in range(1000):
            self.write("output", i)

class Hand(IterativePE):
    def _process(self, i):
        return i

graph = WorkflowGraph()
numbers, hand, write = Numbers(), Hand(), WriteText("text")
hand.numprocesses = write.numprocesses = 150
graph.connect(numbers, "output", hand, "input")
graph.connect(numbers, "output", write, "input")
"""


@pytest.fixture
def few(monkeypatch):
    """As many as `ulimit -n 32` would leave."""
    monkeypatch.setattr(appended.resource, "getrlimit", lambda what: (32, 32))


def is_open(folder: Path | None = None) -> int:
    """How many files this process has open, all or those in a folder."""
    if folder is None:
        return len(os.listdir("/dev/fd"))
    links = map("/dev/fd/{}".format, os.listdir("/dev/fd"))
    return sum(os.readlink(link).startswith(f"{folder}/") for link in links if os.path.lexists(link))


def test_all_is_written_and_few_are_open(tmp_path, few):
    files = [Appended(f"{tmp_path}/{n}") for n in range(100)]
    for turn in range(3):
        for n, file in enumerate(files):
            file.put(f"{turn} {n}\n".encode() * 100)
            assert 0 < is_open(tmp_path) <= 16
    together(Appended.sync, files)
    for file in files:
        file.close()
        file.close()
    assert is_open(tmp_path) == 0 and not appended._open
    for n in range(100):
        assert (tmp_path / str(n)).read_text() == "".join(f"{turn} {n}\n" * 100 for turn in range(3))


def test_it_is_a_new_file_and_no_link(tmp_path, few):
    (tmp_path / "there").touch()
    (tmp_path / "link").symlink_to("elsewhere")
    for name in ("there", "link"):
        with pytest.raises(FileExistsError):
            Appended(f"{tmp_path}/{name}")
    first = Appended(f"{tmp_path}/first")
    others = [Appended(f"{tmp_path}/{n}") for n in range(16)]
    os.remove(tmp_path / "first")
    (tmp_path / "first").symlink_to("elsewhere")
    with pytest.raises(OSError, match="symbolic links"):
        first.write(b"x")
    for file in (first, *others):
        file.close()
    assert sorted(os.listdir(tmp_path)) == sorted(["there", "link", "first", *map(str, range(16))])


def test_an_output_of_more_parts_than_files_may_be_open(tmp_path, monkeypatch):
    """A writer's, one of --output, and the spool of whoever asked from Python, by one process of a low limit."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "wide.py").write_text(WORKFLOW)
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (is_open() + 128, limits[1]))  # the program has it from here
        found = d4p_compile.run("wide.py", options=["--output", "out"])
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
    assert Counter(found["Hand1", "output"]) == Counter(range(1000))
    for folder in ("text", "out/Hand1.output"):
        parts = [path for path in (tmp_path / folder).iterdir() if path.name.startswith("part-")]
        assert len(parts) == 150
        assert sorted(int(line) for part in parts for line in part.read_text().split()) == list(range(1000))
    assert not [name for name in os.listdir(tmp_path) if name.startswith(".")]
