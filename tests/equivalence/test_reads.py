"""What PEs read by themselves is noted, and compared by --resume; on Spark what goes through d4p.files."""

from __future__ import annotations

import glob
import json
import os
import pathlib
import shutil
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from d4p import WriteText
from d4p.commit import folder as outputs_folder
from d4p.errors import Refused
from d4p.filesystems import files, reads

from ..targets import TARGETS, answers, definition, on_spark
from ..unit.byhand import ByHand

WORKFLOW = """
import glob, os, pathlib
from d4p import IterativePE, ProducerPE, WorkflowGraph, WriteText, files

class Find(ProducerPE):
    def __init__(self, how, here):
        ProducerPE.__init__(self)
        self.how, self.here = how, here

    def _process(self, inputs):
        where = os.path.join(self.here, "in")
        found = {"files": lambda: files.list(f"{where}/*.txt"), "glob": lambda: glob.glob(f"{where}/*.txt"),
                 "path": lambda: map(str, pathlib.Path(where).glob("*.txt")),
                 "list": lambda: [f"{where}/{name}" for name in os.listdir(where)]}[self.how]()
        for path in sorted(found):
            self.write("output", path)

class Read(IterativePE):
    stateful = False

    def __init__(self, how, here):
        IterativePE.__init__(self)
        self.how, self.here = how, here

    def preprocess(self):
        with files.open(f"file://{self.here}/gain.csv", "r") as file:
            self.gain = int(file.read())

    def _process(self, path):
        opened = {"files": lambda: files.open(path), "path": lambda: pathlib.Path(path).open("rb")}
        with opened.get(self.how, lambda: open(path, "rb"))() as file:
            return int(file.read()) * self.gain

def make(how, here, out, scale=1):
    graph, read = WorkflowGraph(), Read(how, here)
    graph.connect(Find(how, here), "output", read, "input")
    graph.connect(read, "output", WriteText(out), "input")
    return graph
"""
ON_EVERY = [pytest.param(t, marks=pytest.mark.spark) if on_spark(t) else t for t in TARGETS]


@pytest.fixture
def here(tmp_path, monkeypatch):
    (tmp_path / "in").mkdir()
    for number in range(3):
        (tmp_path / "in" / f"{number}.txt").write_text(str(number))
    (tmp_path / "gain.csv").write_text("1")
    (tmp_path / "reading.py").write_text(WORKFLOW)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("target", ON_EVERY)
def test_other_files_than_before_are_refused_by_name(target, here, request):
    """Whole outputs, of a run that noted all that it read."""
    session = request.getfixturevalue("spark_session") if on_spark(target) else None
    ways = {"sequential": ("files", "glob", "path", "list"), "processes": ("glob",), "mpi": ("path",)}
    for turn, how in enumerate(ways.get(target, ("files",)), 1):
        def run(*options: str, how: str = how, **parameters) -> None:
            ask = partial(answers, target=target, session=session) if target != "sequential" else definition
            ask(f"{here}/reading.py:make", options=["--resume", *options],
                parameters={"how": how, "here": str(here), "out": str(here / how), **parameters})

        def refused(says: str, run=run, **parameters) -> None:
            with pytest.raises(Refused, match=f"--resume goes on with .* was made from {says}: --overwrite starts"):
                run(**parameters)

        run()
        assert sorted((here / how).glob("part-*")), how
        run()
        (here / "in" / "3.txt").write_text("3")
        refused(rf"other files that its PEs read: in{'' if how == 'list' else '/.*txt'} \(other names\)")
        (here / "in" / "3.txt").unlink()
        os.utime(here / "in" / "1.txt", (turn, turn))
        refused(r"other files that its PEs read: in/1.txt \(another size or time\)")
        gain = (here / "gain.csv").stat()
        (here / "gain.csv").unlink()
        refused(r"other files that its PEs read: (in/1.txt \(another size or time\)|gain.csv \(gone\)|, )+")
        (here / "gain.csv").write_text("1")
        os.utime(here / "gain.csv", ns=(gain.st_atime_ns, gain.st_mtime_ns))
        refused(r"another scale \(2, was not given\)", scale=2)


def test_what_was_compared_is_said(here):
    def run(*options: str) -> str:
        done = subprocess.run([sys.executable, "-m", "d4p_compile", "run", "reading.py:make", "-p", "how=glob", "-p",
                               f"here={here}", "-p", "out=out", *options], capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        return done.stdout

    run()
    said = run("--resume")
    assert "what PEs read by themselves (1 noted). Not seen: what PEs opened without d4p.files (that run had no" in said
    run("--overwrite")
    shutil.rmtree("out")
    run("--resume")
    said = run("--resume")
    assert "by themselves (5 noted). Not seen: what C code (HDF5, netCDF) and child processes read" in said
    assert "nothing was run" in said


def test_parts_of_a_run_that_was_killed_carry_their_notes(here):
    """An instance is kept only where what its process read, and what others did, is as it was."""
    run = ByHand(WriteText("out"))
    store = outputs_folder.Store(f"file://{run.folder.reads}")
    run.instance(0, 2, ["a"])
    reads.start(False)
    reads.begin(run.run, [str(here / "out")], False)
    assert files.list("in") == [f"in/{n}.txt" for n in range(3)] and files.exists("gain.csv")
    files.open("in/0.txt").close()
    files.open("in/0.txt").close()
    store.write(f"{store.path}/1.json", json.dumps({"notes": reads.taken()}).encode())
    store.write(f"{store.path}/2.json", b'{"notes": [["file", "file:///cut short')
    run.folder.release()
    assert reads.taken() == []
    (here / "gain.csv").write_text("2")  # that it is there was all that was asked
    resumed = ByHand(WriteText("out"), resume=True)
    assert len(resumed.folder.kept[""]) == 1 and resumed.folder.compared == 3
    resumed.folder.release()
    (here / "in" / "0.txt").write_text("other")
    (here / "in" / "9.txt").write_text("")
    (here / "gain.csv").unlink()
    says = r"in \(other names\), gain.csv \(gone\), in/0.txt \(another size or time\): --overwrite starts afresh"
    with pytest.raises(Refused, match=f"was made from other files that its PEs read: {says}"):
        ByHand(WriteText("out"), resume=True)
    for part in Path(".out.d4p-unfinished/attempts").glob("part-*"):
        part.unlink()
    resumed = ByHand(WriteText("out"), resume=True)  # nothing was made of them
    resumed.commit(resumed.instance(0, 1, ["b"]))
    assert "reads" not in json.loads(Path("out/_SUCCESS").read_text())


@pytest.fixture
def watched(here):
    """Notes of this process, as (kind, path below the folder)."""
    reads.start(True)
    reads.begin("run", [str(here / "out")], True)

    def taken() -> list[tuple[str, str]]:
        found = [(kind, url.removeprefix(f"file://{here}/")) for kind, url, _ in reads.taken()]
        return [(kind, path) for kind, path in found if not path.startswith("file://")]

    taken()
    yield taken
    reads.start(False)


def test_what_is_noted_and_what_not(here, watched):
    with open("in/0.txt") as file:
        file.read()
    assert watched() == [("file", "in/0.txt")]
    pathlib.Path("in/1.txt").read_bytes()
    os.close(os.open("in/2.txt", os.O_RDONLY))
    with pytest.raises(FileNotFoundError):
        open("none.txt")
    assert watched() == [("file", "in/1.txt"), ("file", "in/2.txt"), ("file", "none.txt")]
    glob.glob("*/*.txt")
    glob.glob("*.txt", root_dir="in")
    list(pathlib.Path("in").glob("1*"))
    assert watched() == [("names", "*/*.txt"), ("names", "in/*.txt"), ("names", "in/1*")]
    list(pathlib.Path("in").iterdir())
    list(os.walk("."))
    assert {("names", "in"), ("names", f"file://{here}")} <= {*watched(), ("names", f"file://{here}")}
    for path in ("made.txt", "out/x", "__pycache__/x.pyc", ".cache/x", "x.py"):
        os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
        open(path, "w").close()
        open(path).close()
    open("in/0.txt").close()
    open("/etc/passwd").close()
    os.close(os.open(b"in/1.txt", os.O_RDONLY))
    open(os.open("in/2.txt", os.O_RDONLY), closefd=True).close()
    assert watched() == []


def test_an_output_beside_the_input_is_no_other_name(here, watched):
    os.listdir(".")
    ((_, url), was), *_ = reads._notes.all.items()
    for name in ("out", ".hidden", "__pycache__"):
        os.makedirs(name, exist_ok=True)
    assert reads.changes([["names", url, was]]) == ""
    Path("new").touch()
    assert reads.changes([["names", url, was]]) == f"{here} (other names)"


def test_a_process_notes_no_more_than_so_much(here, watched, monkeypatch):
    monkeypatch.setattr(reads, "MOST", 2)
    for number in range(3):
        files.open(f"in/{number}.txt").close()
    assert watched() == [("file", "in/0.txt"), ("file", "in/1.txt")]
    shutil.rmtree("in")
    assert reads.changes([["file", f"file://{here}/in/{n}.txt", [1, 1]] for n in range(5)]) == (
        "in/0.txt (gone), in/1.txt (gone), in/2.txt (gone) and 2 more")
