"""What is written is the same on every target, there whole or not at all, and --resume goes on with what is there."""

from __future__ import annotations

import json
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pyarrow.parquet as pq
import pytest

import d4p_compile
from d4p.errors import Refused, RunFailed
from d4p.items.packing import loads_json
from d4p_compile.targets import target as engine

from ..targets import TARGETS, answers, on_spark

WORKFLOWS = Path(__file__).parents[1] / "workflows" / "outputs.py"
ON_EVERY = [pytest.param(t, marks=pytest.mark.spark) if on_spark(t) else t for t in TARGETS]
LINES = [f"line {i:03d}" for i in range(300)]


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder with input, from which programs are run."""
    made = tmp_path / "here"
    (made / "in").mkdir(parents=True)
    for number in range(3):
        (made / "in" / f"{number}.txt").write_text("".join(f"{line}\n" for line in LINES[number::3]))
    (tmp_path / "trace").mkdir()
    monkeypatch.chdir(made)  # what a Spark session's workers, which are older, don't see
    return made


@pytest.fixture
def session(request):
    """The Spark session, where a test runs on Spark."""
    target = request.node.callspec.params["target"]
    return request.getfixturevalue("spark_session") if on_spark(target) else None


def run(graph: str, target: str, session, here: Path, *options: str, width: int | None = None, **parameters):
    """The answer of a graph that writes into a folder."""
    return answers(f"{WORKFLOWS}:{graph}", target, session=session, width=width, options=list(options),
                   parameters=parameters)


def paths(here: Path) -> dict[str, str]:
    return {"folder": str(here), "trace": str(here.parent / "trace")}


def lines(folder: Path) -> Counter:
    """The lines of an output, which says that it is whole, with as many items as there are."""
    success = json.loads((folder / "_SUCCESS").read_text())
    found = Counter(line for part in folder.glob("part-*") for line in part.read_text().splitlines())
    assert sum(part["items"] for part in success["parts"].values()) == found.total()
    return found


def traced(here: Path) -> Counter:
    """How often each instance of Trace ran."""
    return Counter(name.partition(".")[0] for name in os.listdir(here.parent / "trace") if "." in name)


def seen(here: Path) -> list[str]:
    return sorted(name for name in os.listdir(here) if name not in ("in", "__pycache__"))


UPPER = Counter(line.upper() for line in LINES)


@pytest.mark.parametrize("target", ON_EVERY)
def test_writers_and_results_on_every_target(target, session, here):
    found = run("both", target, session, here, "--output", "results", folder=str(here))
    expected = Counter(str(i) for i in range(100))
    assert lines(here / "text") == expected
    assert lines(here / "records") == Counter(str(i + 1) for i in range(100))
    assert seen(here) == ["records", "results", "text"]
    (result,) = (here / "results").glob("*/")
    made = [line for part in result.glob("part-*.jsonl") for line in part.read_text().splitlines()]
    items = [loads_json(line) for line in made]
    assert sorted(items) == [[i] for i in range(100)]
    assert result.name == "Fails4.output" and list(found) == [("Fails4", "output")]
    assert sum(found["Fails4", "output"].values()) == 100  # who asks from Python gets them as well


@pytest.mark.parametrize("target", ON_EVERY)
def test_files_that_come_during_a_run_move_no_cuts(target, session, here):
    """What there is when the run begins is read once, whatever instances find when they begin."""
    found = run("arrivals", target, session, here, folder=str(here / "in"))
    assert {key[1]: {json.loads(item): n for item, n in items.items()} for key, items in found.items()} == {
        "output": {line: 2 for line in LINES}
    }
    assert len(list((here / "in").iterdir())) == 9


@pytest.mark.parametrize("target", ON_EVERY)
def test_what_is_committed_is_not_run_again(target, session, here, capsys):
    run("copy", target, session, here, width=3, **paths(here))
    assert lines(here / "out") == UPPER and seen(here) == ["out"]
    ran, before = traced(here), (here / "out" / "_SUCCESS").read_text()
    assert set(ran.values()) == {1} and (len(ran) > 1 or target == "sequential")
    run("copy", target, session, here, "--resume", width=3, **paths(here))
    assert traced(here) == ran and (here / "out" / "_SUCCESS").read_text() == before
    if on_spark(target):
        assert "nothing was run: an earlier run of the same plan on the same input" in capsys.readouterr().out
    run("copy", target, session, here, "--overwrite", width=3, **paths(here))
    assert traced(here) == {rank: 2 for rank in ran} and lines(here / "out") == UPPER
    with pytest.raises(Refused, match="out of WriteText2 exists: give another folder, --overwrite .*, or --resume"):
        run("copy", target, session, here, width=3, **paths(here))


@pytest.mark.parametrize("target", ON_EVERY[1:])
@pytest.mark.parametrize("how", ["raise", "kill"])
def test_instances_whose_parts_are_complete_are_not_run_again(target, how, here, session):
    """A lost worker leaves them, and a PE that raises does where the run was given --resume."""
    more = {"width": 4, "how": how, **paths(here)}
    killed = {"processes": "was killed by SIGKILL", "mpi": r"^rank \d \(.*\) died"}.get(target, "^a Python worker died")
    says = {"raise": "ValueError: once", "kill": killed}
    with pytest.raises(RunFailed, match=says[how]):
        run("dies", target, session, here, *(["--resume"] if how == "raise" else []), **more)
    assert seen(here) == [".out.d4p-unfinished"]
    run("dies", target, session, here, "--resume", **more)
    assert lines(here / "out") == UPPER and seen(here) == ["out"]
    assert traced(here) == {"0": 1, "1": 1, "2": 2, "3": 1}


@pytest.mark.parametrize("target", ["sequential", "processes"])
def test_a_pe_that_raises_leaves_nothing(target, here):
    with pytest.raises(RunFailed, match="ValueError: once"):
        run("both", target, None, here, "--output", "results", **paths(here))
    assert seen(here) == []


def test_a_run_of_something_else_is_not_gone_on_with(here):
    workflow = here.parent / "mine.py"
    workflow.write_text(WORKFLOWS.read_text())
    d4p_compile.run(f"{workflow}:copy")

    def refused(says: str, *options: str, target: str = "sequential", **more) -> None:
        with pytest.raises(Refused, match=f"--resume goes on with .*, but the output out of WriteText2 was made from "
                                          f"{says}.*: --overwrite starts afresh"):
            d4p_compile.run(f"{workflow}:copy", target, options=["--resume", *options], **more)

    d4p_compile.run(f"{workflow}:copy", options=["--resume"])
    refused(r"other items for its roots \(-i, -d, -f or --limit\)", "--limit", "3")
    refused("another plan", target="processes")
    (here / "in" / "0.txt").touch()
    refused("other files for ReadLines")
    (here / "in" / "3.txt").write_text("more\n")
    refused("other files for ReadLines")
    d4p_compile.run(f"{workflow}:copy", options=["--overwrite"])
    assert lines(here / "out") == UPPER + Counter(["MORE"])
    workflow.write_text(workflow.read_text().replace("0.002", "0.003"))
    refused("other code of the workflow")
    with pytest.raises(Refused, match="give one of them"):
        d4p_compile.run(f"{workflow}:copy", options=["--overwrite", "--resume"])
    with pytest.raises(Refused, match="this one writes nothing: it has no writer among its PEs, and no --output"):
        d4p_compile.run(f"{WORKFLOWS}:typed", options=["--resume"])


def program(graph: str, target: str, here: Path, *options: str, parameters=None, **settings) -> subprocess.Popen:
    """A compiled program, started."""
    folder = here.parent / f"{graph}-{target}"
    if not folder.exists():
        d4p_compile.compile(f"{WORKFLOWS}:{graph}", target, 9 if graph == "slow" else None, output=folder,
                            parameters={} if parameters is None else parameters)
    command = [*engine(target).command(folder / "job.py"), *options]
    return subprocess.Popen(command, cwd=here, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                            start_new_session=True, **settings)


def begun(here: Path) -> bool:
    return (here / ".out.d4p-unfinished" / "run.json").exists()


def at_work(here: Path) -> bool:
    return any((here / ".out.d4p-unfinished" / "attempts").glob(".part-*"))


def one_is_done(here: Path) -> bool:
    return any((here / ".out.d4p-unfinished" / "attempts").glob("part-*"))


@pytest.mark.parametrize(("target", "points"), [
    ("sequential", [begun, at_work]), ("processes", [begun, at_work, one_is_done]),
    *(pytest.param(target, [one_is_done], marks=pytest.mark.spark) for target in ("spark-rdd", "spark-df")),
])  # fmt: skip
def test_a_program_that_is_killed_and_resumed(target, points, here):
    for point in points:
        killed = program("slow", target, here, parameters=paths(here))
        while not point(here):
            assert killed.poll() is None
            time.sleep(0.002)
        os.kill(killed.pid, signal.SIGKILL)
        killed.communicate(timeout=20)
        assert killed.returncode == -signal.SIGKILL and seen(here) == [".out.d4p-unfinished"]
        ran = traced(here)
        resumed = program("slow", target, here, "--resume")
        out, err = resumed.communicate(timeout=60)
        assert resumed.returncode == 0, err
        assert lines(here / "out") == UPPER and seen(here) == ["out"]
        if point is one_is_done:
            again = traced(here) - ran
            assert again and again.total() < len(list((here / "out").glob("part-*"))) and "had been done by" in out
        for path in [*(here / "out").iterdir(), *(here.parent / "trace").iterdir()]:
            path.unlink()
        (here / "out").rmdir()


def test_what_a_killed_run_left_is_removed_without_resume_and_that_is_said(here):
    killed = program("slow", "processes", here, parameters=paths(here))
    while not one_is_done(here):
        time.sleep(0.002)
    os.kill(killed.pid, signal.SIGKILL)
    killed.communicate(timeout=20)
    for options in ([], ["--overwrite"]):
        afresh = program("slow", "processes", here, *options)
        out, err = afresh.communicate(timeout=60)
        assert afresh.returncode == 0, err
        assert ("complete part" in out and "--resume goes on with them" in out) == (not options)
        assert lines(here / "out") == UPPER and seen(here) == ["out"]


def test_two_at_once(here):
    first = program("slow", "sequential", here)
    while not (here / ".out.d4p-unfinished").exists():
        time.sleep(0.01)
    second = program("slow", "sequential", here, "--overwrite")
    _, err = second.communicate(timeout=20)
    assert second.returncode == 2
    assert f"out of WriteText2 is being written by another run, process {first.pid} on" in err
    assert first.communicate(timeout=20) and first.returncode == 0 and lines(here / "out") == UPPER


def test_an_input_of_the_run_is_never_replaced(here):
    """Also where a run of d4p wrote it, and however it is named."""
    d4p_compile.run(f"{WORKFLOWS}:copy")
    read = here / "read.py"
    read.write_text("from d4p import ReadLines, WorkflowGraph\n\n\ndef make(path):\n    graph = WorkflowGraph()\n"
                    "    graph.add(ReadLines(path))\n    return graph\n")
    (here / "linked").symlink_to("out")
    shutil.copytree(here / "out", here / "out" / "sub" / "inner", ignore=shutil.ignore_patterns("sub"))
    (here / "out" / "sub" / "b.txt").write_text("b\n")
    before = sorted(here.rglob("*"))
    for path, output, says in [
        ("out", "out", "is what ReadLines0 reads"), ("out", "./linked/", "is what ReadLines0 reads"),
        ("linked", f"file:{here}/out", "is what ReadLines0 reads"),
        ("out/part-00000", "out", "holds file://.*/out/part-00000, which ReadLines0 reads"),
        ("*/part-0000*", "out", "holds file://.*/out/part-00000, which ReadLines0 reads"),
        ("out/*/*.txt", "out", "holds file://.*/out/sub/b.txt, which ReadLines0 reads"),
        ("out/sub", "out/sub/inner", "lies in file://.*/out/sub, which ReadLines0 reads"),
    ]:
        with pytest.raises(Refused, match=rf"^the output {output} can't be replaced, since it {says}: give another"):
            d4p_compile.run(f"{read}:make", parameters={"path": path}, options=["--output", output, "--overwrite"])
    assert [path for path in sorted(here.rglob("*")) if "__pycache__" not in str(path)] == before


def test_an_output_in_another_is_refused_before_anything_is_done(here):
    (here / "link").symlink_to(".")
    before = sorted(here.rglob("*"))
    for output, says in [
        ("text/res", "text/res lies in the output text of WriteText1"),
        (".", "text of WriteText1 lies in the output ."),
        ("link/records/a/b", "link/records/a/b lies in the output records of WriteRecords3"),
    ]:
        for options in [], ["--overwrite"]:
            with pytest.raises(Refused, match=f"the output {says}: give each a folder that isn't in another's"):
                d4p_compile.run(f"{WORKFLOWS}:both", options=["--output", output, *options])
    assert sorted(here.rglob("*")) == before


@pytest.mark.parametrize("target", ["sequential", "processes"])
@pytest.mark.parametrize("graph", ["copy", "typed", "both"])
def test_a_file_that_cannot_grow_fails_the_run_and_leaves_nothing(target, graph, here):
    """As on a full disk, by the limit of the size of a file."""
    most = {"copy": 700, "typed": 700, "both": 400}[graph]  # more than what is noted of a run, less than a part
    limits = {"preexec_fn": lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))}
    options = [] if graph == "copy" else ["--output", "results"]
    full = program(graph, target, here, *options, **limits)
    _, err = full.communicate(timeout=30)
    assert full.returncode == 1 and "can't be " in err and "File too large" in err, err
    assert seen(here) == []


@pytest.mark.parametrize("target", ON_EVERY)
def test_typed_results_are_parquet(target, session, here):
    run("typed", target, session, here, "--output", "out", count=100)
    parts = sorted((here / "out" / "Pairs1.output").iterdir())
    assert [part.name for part in parts] == ["part-00000.parquet", "part-00001.parquet"]
    rows = [row for part in parts for row in pq.read_table(part).to_pylist()]
    assert sorted(row["count"] for row in rows) == list(range(100)) and {"word": "w7", "count": 7} in rows


@pytest.mark.parametrize("target", ["sequential", "processes"])
def test_a_part_with_an_item_of_another_type_is_json_lines(target, here):
    """Which of the two instances has it, and so which part that is, is for those to decide who is free."""
    command = [sys.executable, "-m", "d4p_compile", "run", f"{WORKFLOWS}:typed", "--target", target, "-p", "odd=91",
               "--output", "out"]
    done = subprocess.run(command, cwd=here, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    parts = sorted((here / "out" / "Pairs1.output").iterdir())
    assert [path.stem for path in parts] == ["part-00000", "part-00001"]
    assert sorted(path.suffix for path in parts) == [".jsonl", ".parquet"]
    text = next(path for path in parts if path.suffix == ".jsonl").read_text()
    items = [json.loads(line) for line in text.splitlines()]
    assert '["w91", 91.0]' in text and ["w91", 91.0] in items
    rows = pq.read_table(next(path for path in parts if path.suffix == ".parquet")).to_pylist()
    assert sorted([*(count for _, count in items), *(row["count"] for row in rows)]) == list(range(100))
    assert all(word == f"w{count:.0f}" and (type(count) is float) == (count == 91) for word, count in items)
    if target == "sequential":  # in turn
        assert items == [[f"w{i}", float(i) if i == 91 else i] for i in range(1, 100, 2)]
        assert "Pairs1.output: 100 items\n  ('w0', 0)\n" in done.stdout
    assert "  ... and 80 more: all of them are written below, in 1 part of JSON lines, each with an item" in done.stdout
    assert "Pairs1.output: 100 items\n" in done.stdout and "written: out\n" in done.stdout


def test_without_pyarrow_typed_results_are_json_lines(here):
    (here / "pyarrow.py").write_text("raise ImportError('not here')\n")
    done = program("typed", "sequential", here, "--output", "out", env={**os.environ, "PYTHONPATH": str(here)})
    assert done.communicate(timeout=30) and done.returncode == 0
    assert sorted(p.name for p in (here / "out/Pairs1.output").iterdir()) == ["part-00000.jsonl", "part-00001.jsonl"]


@pytest.mark.spark
@pytest.mark.parametrize("target", ["spark-rdd", "spark-df"])
def test_a_task_that_runs_again_counts_once(target, here):
    conf = {**os.environ, "PYSPARK_SUBMIT_ARGS": "--master local[2,2] pyspark-shell"}
    done = program("both", target, here, "--output", "results", env=conf, parameters=paths(here))
    out, err = done.communicate(timeout=120)
    assert done.returncode == 0, err
    assert (here.parent / "trace" / "failed").exists()
    assert lines(here / "text") == Counter(str(i) for i in range(100))
    assert lines(here / "records") == Counter(str(i + 1) for i in range(100))
    found = [line for part in (here / "results").glob("*/part-*") for line in part.read_text().splitlines()]
    assert sorted(json.loads(line)[0] for line in found) == list(range(100))
    assert seen(here) == ["records", "results", "text"]


def test_what_cannot_be_put_in_its_place_is_put_there_by_resume(here):
    """The first of two outputs stays; the other is not made again."""
    workflow = here.parent / "blocked.py"
    workflow.write_text(WORKFLOWS.read_text() + "\n\nclass Blocks(Numbers):\n    def postprocess(self):\n"
                        "        os.makedirs('records/theirs')\n\n\nNumbers = Blocks\n")
    command = [sys.executable, "-m", "d4p_compile", "run", f"{workflow}:both"]

    def d4p(*options: str) -> subprocess.CompletedProcess:
        return subprocess.run([*command, *options], cwd=here, capture_output=True, text=True, timeout=60)

    failed = d4p()
    assert failed.returncode == 1
    says = "failed: the output records of WriteRecords3 can't be put in its place: something was put there"
    assert says in failed.stderr
    assert lines(here / "text").total() == 100 and seen(here) == [".records.d4p-unfinished", "records", "text"]
    (here / "records" / "theirs").rmdir()
    (here / "records").rmdir()
    resumed = d4p("--resume")
    assert resumed.returncode == 0 and "nothing was run" in resumed.stdout, resumed.stderr
    assert lines(here / "records").total() == 100 and seen(here) == ["records", "text"]


def test_results_are_there_for_python_although_their_output_is_committed(here):
    for options in (["--output", "results"], ["--output", "results", "--resume"]):
        found = d4p_compile.run(f"{WORKFLOWS}:both", options=options)
        assert list(found["Fails4", "output"]) == [[i] for i in range(100)]
    with pytest.raises(Refused, match="results exists"):
        d4p_compile.run(f"{WORKFLOWS}:typed", options=["--output", "results"])


@pytest.mark.parametrize("target", ["sequential", "processes", "mpi", ON_EVERY[3]])
def test_it_is_said_why_resume_keeps_nothing(target, session, here, capsys):
    """Each stage's reason once, however many instances it has; and without --resume nothing."""
    def said(*options: str) -> list[str]:
        if on_spark(target):
            run("both", target, session, here, *options, folder=str(here))
            out = capsys.readouterr().out
        else:
            command = [sys.executable, "-m", "d4p_compile", "run", f"{WORKFLOWS}:both", "--target", target,
                       "-p", f"folder={here}", *options]
            ran = subprocess.run(command, capture_output=True, text=True, cwd=here, timeout=120)
            assert ran.returncode == 0, ran.stderr
            out = ran.stdout
        return sorted(re.sub(r"stage \d+ ", "", line) for line in out.splitlines() if "--resume keeps" in line)

    note, order = "note: --resume keeps nothing of", "what others send it may come in another order, or to another "
    reasons = [f"{note} ({name}): {order}instance, in each run" for name in ("WriteRecords", "WriteText")]
    if target == "sequential":
        sends = "others need again what it sends them (Numbers.output -> Plus.input)"
        reasons[1:] = [f"{note} (Numbers > WriteText > Fails): {sends}"]
    assert said("--resume") == sorted(reasons)
    if target == "sequential":
        assert said("--overwrite") == []
