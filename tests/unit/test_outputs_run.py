"""The outputs of a run from its first look to the last rename, in one process: what instances say they wrote, what
another run finds of it, and in what two runs differ."""

from __future__ import annotations

import json
import os
import re
import threading
import types
from pathlib import Path

import pytest

from d4p import ConsumerPE, GenericPE, ProducerPE, ReadLines, WorkflowGraph, WriteText
from d4p.commit import identity as identities
from d4p.commit import run as runs
from d4p.commit.folder import Folder
from d4p.commit.identity import differences, identity
from d4p.commit.replace import input_addresses
from d4p.commit.run import Outputs
from d4p.errors import Refused, RunFailed, WorkerLost
from d4p.graph.flatten import flatten
from d4p.outputs.instance import InstanceOutputs
from d4p.workflow.inputs import Inputs
from d4p.workflow.workflow import Workflow
from tests import targets

WORKFLOWS = Path(__file__).parents[1] / "workflows" / "outputs.py"
MADE = {"plan": "p", "code": "c", "inputs": "i", "files": {"read": "f"}}


class Made(ProducerPE):
    def _process(self, inputs):
        return 1


class TwoResults(GenericPE):
    def __init__(self):
        GenericPE.__init__(self)
        self._add_input("input")
        self._add_output("a b")
        self._add_output("a/b")


class Sink(ConsumerPE):
    def _process(self, item):
        pass


def workflow(*edges) -> Workflow:
    graph = WorkflowGraph()
    for source, dest in edges:
        graph.connect(source, "output", dest, "input")
    made = Workflow("a:graph", "")
    made.flat = flatten(graph)
    return made


class Run:
    """One run of a workflow that writes a text, and two results of --output."""

    def __init__(self, folder: Path, made=MADE, spooled=False, **options):
        source, self.writer = Made(), WriteText(str(folder / "text"))
        self.workflow = workflow((source, self.writer), (source, TwoResults()))
        results = [("TwoResults", "a b"), ("TwoResults", "a/b")]
        self.outputs = Outputs(self.workflow, str(folder / "out"), results, spooled=spooled, **options)
        self.runs = self.outputs.begin(lambda: made)
        self.writing = self.outputs.writing()
        self.spooled: dict = {}

    def instance(self, index, of=2, repeatable=True):
        made = InstanceOutputs(self.writing, index, of, repeatable)
        pes = self.workflow.pes
        mine = self.workflow.copy("WriteText", index)
        made.writer("WriteText", mine)
        puts = [made.result("TwoResults", pes["TwoResults"], port, self.spool) for port in ("a b", "a/b")]
        return made, mine, puts

    def spool(self, name, port):
        return self.spooled.setdefault((name, port), []).append

    def write(self, index, of=2):
        """An instance from its beginning to its report: one line, and its number as each result."""
        made, mine, puts = self.instance(index, of)
        mine.preprocess()
        mine.process({"input": f"line {index}"})
        for put in puts:
            put(index)
        mine.postprocess()
        made.finish()
        return {"instance": index, **made.report()}


def lines(folder):
    return sorted(line for part in folder.glob("part-*") for line in part.read_text().splitlines())


def everything(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.iterdir())


def test_what_instances_wrote_is_put_in_its_place(tmp_path):
    run = Run(tmp_path)
    assert run.runs and everything(tmp_path) == [".out.d4p-unfinished", ".text.d4p-unfinished"]
    reports = [run.write(index) for index in range(2)]
    assert [(r["instances"], r["kept"], sorted(map(str, r["outputs"]))) for r in reports] == [
        (2, False, ["('TwoResults', 'a b')", "('TwoResults', 'a/b')", "('WriteText', None)"])] * 2
    assert reports[1]["first"] == {("TwoResults", "a b"): ["1"], ("TwoResults", "a/b"): ["1"]}
    run.outputs.commit(reports)
    assert everything(tmp_path) == ["out", "text"] and lines(tmp_path / "text") == ["line 0", "line 1"]
    first, second = sorted(path for path in (tmp_path / "out").iterdir() if path.is_dir())
    assert lines(first) == lines(second) == ["0", "1"] and first.name.startswith("TwoResults")
    assert run.outputs.written == [str(tmp_path / "text"), str(tmp_path / "out")] and run.outputs.notes == []
    assert run.spooled == {}


def test_whoever_started_it_gets_the_results_too(tmp_path):
    run = Run(tmp_path, spooled=True)
    run.outputs.commit([run.write(0, 1)])
    assert run.spooled == {("TwoResults", "a b"): [0], ("TwoResults", "a/b"): [0]}
    assert [lines(folder) for folder in (tmp_path / "out").glob("T*")] == [["0"], ["0"]]
    again = Run(tmp_path, spooled=True, resume=True)
    assert again.runs, "for the results, which are not read again"
    assert not Run(tmp_path, resume=True).runs


def test_first_items_where_nobody_wants_more():
    writing = types.SimpleNamespace(run="r", places={}, spooled=False)
    made = InstanceOutputs(writing, 0, 1, True)
    put = made.result("A", Made(), "output", None)
    for number in range(30):
        put(number)
    assert made.report() == {"instances": 1, "kept": False, "outputs": {}, "first": {("A", "output"): [
        str(number) for number in range(20)]}}
    assert not made.are_kept([])


def test_what_a_lost_run_completed_is_kept(tmp_path):
    run = Run(tmp_path)
    first = run.write(0)
    run.outputs.abort(WorkerLost("lost"))
    assert everything(tmp_path) == [".out.d4p-unfinished", ".text.d4p-unfinished"]
    run = Run(tmp_path, resume=True)
    assert run.runs
    pes = list(run.workflow.pes.values())
    kept, *_ = run.instance(0)
    assert kept.are_kept(pes[1:])
    assert kept.kept_counts() == ({"WriteText": 1}, {("TwoResults", "a b"): 1, ("TwoResults", "a/b"): 1})
    assert kept.report()["kept"] and kept.report()["outputs"] == first["outputs"]
    for other, of, repeatable in ((1, 2, True), (0, 3, True), (0, 2, False)):
        made, *_ = run.instance(other, of, repeatable)
        assert not made.are_kept(pes[1:]) and made.report()["outputs"] == {}
    made, *_ = run.instance(0)
    assert not made.are_kept([*pes, Sink()]), "what else it does must be done again"
    assert made.never_kept([*pes, Sink()]).startswith("Sink does something that no output shows")
    assert made.asked and run.outputs.notes[0].startswith("the same as in the earlier run")
    assert "(0 noted)" in run.outputs.notes[0]
    run.outputs.commit([{"instance": 0, **kept.report()}, run.write(1)])
    assert lines(tmp_path / "text") == ["line 0", "line 1"] and everything(tmp_path) == ["out", "text"]


def test_why_nothing_can_be_kept_is_said(tmp_path):
    run = Run(tmp_path, spooled=True)
    made, *_ = run.instance(0)
    assert made.never_kept([]) == "whoever started the run wants its results (TwoResults.a b, TwoResults.a/b) too"
    assert not made.asked, "without --resume nothing is said"
    run.outputs.abort(WorkerLost("lost"))
    run = Run(tmp_path, resume=True)
    assert not any("keeps nothing" in note for note in run.outputs.notes), "there was no earlier run"
    made, *_ = run.instance(0, 2, False)
    assert made.asked and made.never_kept([]).startswith("Spark itself reads its input")
    made, *_ = run.instance(0)
    made.result("A", Made(), "output", None)
    assert made.never_kept([]) == "its results (A.output) are only shown; --output DIR writes them"
    Folder.release(run.outputs.folders[0])  # as if it were killed
    Folder.release(run.outputs.folders[1])
    notes = Run(tmp_path, resume=True).outputs.notes
    assert [note for note in notes if "--resume keeps" in note] == [
        f"--resume keeps nothing of {said}: no part of it was complete when the earlier run ended"
        for said in (f"the output {tmp_path}/text of WriteText1", f"the output {tmp_path}/out")]


def test_without_resume_what_was_complete_is_removed_and_said(tmp_path):
    run = Run(tmp_path)
    run.write(0)
    run.outputs.abort(WorkerLost("lost"))
    run = Run(tmp_path)
    assert run.outputs.notes == [
        "removed 3 complete parts of an earlier run that was killed; --resume goes on with them"]
    kept, *_ = run.instance(0)
    assert not kept.are_kept([])
    run.outputs.abort(RunFailed("a PE failed"))
    assert everything(tmp_path) == []


def test_a_failure_leaves_what_resume_was_given_for(tmp_path):
    for error in (RunFailed("x"), KeyboardInterrupt(), Refused("x")):
        Run(tmp_path).outputs.abort(error)
        assert everything(tmp_path) == []
    run = Run(tmp_path, resume=True)
    run.write(0)
    run.outputs.abort(RunFailed("x"))
    assert everything(tmp_path) == [".out.d4p-unfinished", ".text.d4p-unfinished"]
    run = Run(tmp_path)
    run.write(0)
    run.outputs.abort(OSError("no bug of the user's"))
    assert everything(tmp_path) == [".out.d4p-unfinished", ".text.d4p-unfinished"]


def test_what_is_left_of_a_run_that_ends_otherwise(tmp_path):
    Folder(str(tmp_path / "out"), "").abort(keep=False)  # it never began
    run = Run(tmp_path)
    run.outputs.commit([run.write(0, 1)])
    run.outputs.abort(RunFailed("after all was there"))
    assert everything(tmp_path) == ["out", "text"] and lines(tmp_path / "text") == ["line 0"]
    assert Folder("/out", "").parent == "/" and Folder("/out", "").unfinished == "/.out.d4p-unfinished"
    assert Folder(str(tmp_path / "out"), "").parent == str(tmp_path)


def test_a_run_that_replaces_goes_on_replacing(tmp_path):
    run = Run(tmp_path)
    run.outputs.commit([run.write(0, 1)])
    run = Run(tmp_path, overwrite=True)
    run.write(0)
    run.outputs.abort(WorkerLost("lost"))
    run = Run(tmp_path, resume=True)
    kept, *_ = run.instance(0)
    assert kept.are_kept([])
    run.outputs.commit([{"instance": 0, **kept.report()}, run.write(1)])
    assert lines(tmp_path / "text") == ["line 0", "line 1"]


def test_a_part_of_another_size_than_its_name_says_is_made_anew(tmp_path):
    run = Run(tmp_path)
    run.write(0)
    run.outputs.abort(WorkerLost("lost"))
    (part,) = (tmp_path / ".text.d4p-unfinished" / "attempts").glob("part-*")
    part.write_bytes(part.read_bytes()[:-1])
    run = Run(tmp_path, resume=True)
    kept, *_ = run.instance(0)
    assert not kept.are_kept([]) and not kept.never_kept([]) and not part.exists()
    run.outputs.commit([run.write(0), run.write(1)])
    assert lines(tmp_path / "text") == ["line 0", "line 1"]


def test_a_run_of_another_identity_is_refused_and_changes_nothing(tmp_path):
    run = Run(tmp_path)
    run.write(0)
    run.outputs.abort(WorkerLost("lost"))
    before = everything(tmp_path / ".text.d4p-unfinished")
    other = MADE | {"code": "other"}
    with pytest.raises(Refused, match="the output .*text of WriteText1.* was made from other code of the workflow"):
        Run(tmp_path, other, resume=True)
    assert everything(tmp_path / ".text.d4p-unfinished") == before
    kept, *_ = (run := Run(tmp_path, resume=True)).instance(0)
    assert kept.are_kept([])
    run.outputs.abort(WorkerLost("lost"))
    run = Run(tmp_path, other)
    run.outputs.commit([run.write(0, 1)])
    assert lines(tmp_path / "text") == ["line 0"]
    with pytest.raises(Refused, match="text of WriteText1 exists: give another folder, --overwrite"):
        Run(tmp_path)
    run = Run(tmp_path, overwrite=True)
    assert lines(tmp_path / "text") == ["line 0"], "until the new one is there"
    run.outputs.commit([run.write(1, 2), run.write(0, 2)])
    assert lines(tmp_path / "text") == ["line 0", "line 1"]


def test_a_part_that_nobody_reports_leaves_none_of_the_outputs(tmp_path):
    run = Run(tmp_path)
    with pytest.raises(RunFailed, match=r"text of WriteText1 lacks the part of instance 0, 2 of 3: all are done"):
        run.outputs.commit([run.write(1, 3)])
    with pytest.raises(RunFailed, match=r"text of WriteText1 lacks the part of instance 0 of 1: all are done"):
        run.outputs.commit([])
    assert everything(tmp_path) == [".out.d4p-unfinished", ".text.d4p-unfinished"]
    run.outputs.abort(RunFailed("x"))


def test_a_writer_that_did_not_write_is_named(tmp_path):
    run = Run(tmp_path)
    made, *_ = run.instance(0)
    with pytest.raises(RunFailed, match=r"^WriteText1 \(WriteText\) has not written its part: its postprocess\(\)"):
        made.finish()
    run.outputs.abort(RunFailed("x"))


def test_outputs_that_cannot_be(tmp_path):
    with pytest.raises(Refused, match="--overwrite starts afresh and --resume goes on with what is there: give one of"):
        Run(tmp_path, overwrite=True, resume=True)
    nothing = workflow((Made(), Sink()))
    with pytest.raises(Refused, match="--resume goes on with what an earlier run wrote, and this one writes nothing"):
        Outputs(nothing, None, [], resume=True).begin(dict)
    assert Outputs(nothing, None, []).begin(lambda: 1 / 0)
    for inner, outer, says in (("a/b", "a", "a/b of WriteText1 lies in .*a of WriteText2"),
                               ("a", "a/b", "a/b of WriteText2 lies in .*a of WriteText1")):
        source = Made()
        made = workflow((source, WriteText(str(tmp_path / inner))), (source, WriteText(str(tmp_path / outer))))
        with pytest.raises(Refused, match=f"{says}: give each a folder that isn't in another's"):
            Outputs(made, None, [])
    source = Made()
    Outputs(workflow((source, WriteText(str(tmp_path / "out2"))), (source, WriteText(str(tmp_path / "out")))), None, [])


def test_in_what_runs_differ():
    assert differences(MADE, MADE) == ""
    assert differences(MADE, MADE | {"code": "d"}) == "other code of the workflow"
    assert differences(MADE, MADE | {"inputs": "d", "files": {"read": "g"}}) == (
        "other items for its roots (-i, -d, -f or --limit) and other files for read (names, sizes or times)")
    plan = differences(MADE, MADE | {"plan": "d", "files": {"read": "g"}})
    assert plan.startswith("another plan") and "files" not in plan


def test_what_a_run_is_made_of(tmp_path, monkeypatch):
    (tmp_path / "in.txt").write_text("a\n")
    (tmp_path / "job.py").write_text("1")

    def made(inputs=None, job="job.py", text=None, flow="f"):
        flow = workflow((ReadLines(str(tmp_path / "in.txt")), Sink()))
        flow.pickled = str(tmp_path / "graph.pickle")
        (tmp_path / "graph.pickle").write_bytes((text or "code").encode())
        main = types.FunctionType((lambda: None).__code__, {"__file__": str(tmp_path / job)})
        return identity(main, flow, inputs or Inputs({"a": 1}))

    first = made()
    assert made() == first and set(first) == {"version", "plan", "parameters", "code", "inputs", "files"}
    assert set(first["files"]) == {"ReadLines"}
    assert all(len(value) == 32 for value in (first["plan"], first["code"], first["inputs"], *first["files"].values()))

    def changed(other):
        return {name for name in first if first[name] != other[name]}

    assert changed(made(Inputs({"a": 2}))) == changed(made(Inputs({"a": 1}, 3))) == {"inputs"}
    assert changed(made(text="other")) == {"code"}
    (tmp_path / "job.py").write_text("2")
    assert changed(made()) == {"plan"} == changed(made(job="no such"))
    (tmp_path / "job.py").write_text("1")
    os.utime(tmp_path / "in.txt", (1, 1))
    assert changed(made()) == {"files"}


def test_in_which_order_something_was_given_makes_no_difference():
    given = [("a", [1]), ("b", [2])]
    digests = set()
    for some in (given, given[::-1]):
        flow = workflow((Made(), Sink()))
        flow.policies = dict(some)
        made = identity(lambda: None, flow, Inputs(dict(some)))
        digests.add((made["inputs"], made["on_error"]))
    assert len(digests) == 1


def test_parameters_are_shown_but_for_secrets_and_the_end_of_long_ones():
    shown, longest = identities._value, identities._LONGEST
    assert shown("maxlag", 60) == "60" and shown("author", "me") == "'me'"
    assert longest == 80 and shown("text", "x" * (longest - 2)) == repr("x" * (longest - 2))
    for text in ("x" * (longest - 1), "x" * 1000):
        assert re.fullmatch(r"\.\.\. sha256:[0-9a-f]+", shown("text", text).removeprefix(repr(text)[:longest]))
    for name, value in (("api_key", "k"), ("db_passwd", "k"), ("url", "ftp://me:k@host/")):
        assert re.fullmatch(r"\*\*\* sha256:[0-9a-f]+", shown(name, value))
        assert shown(name, value) != shown(name, f"{value}2")

    def made(plan, **given):
        return {"version": "1", "plan": plan, "parameters": {name: shown(name, given[name]) for name in given}}

    was, now = made("p", maxlag=120, token="a", old=1), made("q", maxlag=60, token="b")
    assert differences(was, now) == (
        "another maxlag (60, was 120) and another old (not given, was 1) and another token")
    assert differences(was, was | {"version": "2", "plan": "q"}) == "another version of d4p (2, was 1)"
    assert identities._digest("\ud800") != identities._digest("\ud801"), "a name that no text file can hold"


def test_other_machines_are_told_that_a_run_lives(tmp_path, monkeypatch):
    told = threading.Event()
    monkeypatch.setattr(Folder, "beat", lambda folder: told.set())
    monkeypatch.setattr(runs, "BEAT", 0.001)
    run = Run(tmp_path)
    with run.outputs.beating():
        assert told.wait(20)
    run.outputs.abort(RunFailed("x"))


def test_whose_code_is_looked_at(tmp_path, monkeypatch):
    def module(name, file=None):
        made = types.ModuleType(name)
        if file is not None:
            made.__file__ = str(tmp_path / file)
            (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / file).write_text(name)
        monkeypatch.setitem(identities.sys.modules, name, made)

    module("wf8", "mine/wf8.py")
    module("helper8", "mine/helper8.py")
    module("package8.part", "mine/package8/part.py")
    module("installed8", "mine/.venv/site-packages/installed8.py")
    module("debian8", "mine/dist-packages/debian8.py")
    module("beside8", "mine8/beside8.py")
    module("built8")
    for name in ("d4p.mine8", "__main__", "__mp_main__"):  # what there is beside the workflow's own
        module(name, f"mine/{name.replace('.', '/')}.py")
    flow = Workflow("wf8:graph", "")

    def names():
        return [part.decode() for part in identities._code(flow)[::2]]

    assert names() == ["helper8", "package8.part", "wf8"]
    assert identities._code(flow)[1::2] == [b"helper8", b"package8.part", b"wf8"]
    (tmp_path / "mine/helper8.py").unlink()
    assert identities._code(flow)[1] == b""
    module("package8", "mine/package8/__init__.py")
    flow.source = "package8.part:graph"
    assert names() == ["helper8", "package8", "package8.part", "wf8"]
    flow.source = "built8:graph"
    assert names() == ["built8"]


@pytest.fixture
def here(tmp_path, monkeypatch):
    (tmp_path / "in").mkdir()
    for number in range(3):
        (tmp_path / "in" / f"{number}.txt").write_text(f"line {number}\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_whole_program(here):
    def run(*options):
        return targets._here(f"{WORKFLOWS}:copy", "sequential", None, None, list(options))

    run()
    assert lines(here / "out") == ["LINE 0", "LINE 1", "LINE 2"] and everything(here) == ["in", "out"]
    success = json.loads((here / "out" / "_SUCCESS").read_text())
    assert sum(part["items"] for part in success["parts"].values()) == 3
    with pytest.raises(Refused, match="out of WriteText2 exists"):
        run()
    run("--resume")
    with pytest.raises(Refused, match=r"made from other items for its roots \(-i, -d, -f or --limit\)"):
        run("--resume", "--limit", "1")
    os.utime(here / "in" / "0.txt", (1, 1))
    with pytest.raises(Refused, match="other files for ReadLines"):
        run("--resume")
    run("--overwrite")
    assert json.loads((here / "out" / "_SUCCESS").read_text())["run"] != success["run"]


def test_addresses_of_readers_are_of_files_that_are_there(tmp_path):
    """A glob isn't one; a link's are where it is and where it leads."""
    (tmp_path / "a.txt").write_text("")
    (tmp_path / "b.txt").symlink_to(tmp_path / "a.txt")
    made = workflow((ReadLines(tmp_path / "*.txt"), Sink()))
    assert input_addresses(made) == [("ReadLines0", f"file://{os.path.realpath(tmp_path)}/{name}.txt") for name in "ab"]


def test_a_pe_that_is_no_reader_has_paths_of_its_own(tmp_path):
    sink = Sink()
    sink.paths = [tmp_path]
    assert input_addresses(workflow((Made(), sink))) == []
