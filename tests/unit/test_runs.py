"""Records as they are found, listed, compared, removed and told about."""

from __future__ import annotations

import json
import os
import platform
import random
import re
import subprocess
import sys
from base64 import b64encode
from collections.abc import Iterator
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from d4p.errors import Refused
from d4p_compile.runs import index, report, table
from d4p_compile.runs.drawn import drawn
from d4p_compile.runs.folder import Run, find, ids, moment, remove, remove_unused_programs
from d4p_compile.runs.page import page
from d4p_compile.runs.shares import Shares
from d4p_compile.runs.timeline import LETTERS
from d4p_compile.runs.verdict import verdicts
from d4p_compile.show.drawing import INNER
from tests.calls import calls

BEGAN = "2026-11-29T23:49:30.123+00:00"


@pytest.fixture
def runs(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("D4P_RUNS", str(tmp_path / "runs"))
    return tmp_path / "runs"


def make(runs: Path, id: str,  # noqa: A002  as run.json calls it
         stages: list[Any] = (), channels: list[Any] = (), pes: list[Any] = (), *,
         moving: float = 10.0, cpu: float | None = None, phases: list[Any] = (), **about: Any) -> Run:
    """A record. Of each stage its PEs, and of each of its instances seconds by part, and items."""
    folder = runs / id
    folder.mkdir(parents=True)
    about = {"version": 1, "id": id, "state": "done", "name": "words", "target": "processes", "width": 2,
             "began": BEGAN, "alive": BEGAN, "seconds": moving, "exit_status": 0, "parameters": {}} | about
    instances = [
        {"stage": number, "instance": at, "received": {stage_pes[0]: items}, "seconds": seconds, "cpu": cpu,
         "peak": 1 << 20, "host": "here", "process": 1}
        for number, (stage_pes, found) in enumerate(stages, 1) for at, (seconds, items) in enumerate(found)]
    plan = {"stages": [{"number": number, "pes": stage_pes} for number, (stage_pes, _) in enumerate(stages, 1)],
            "channels": channels, "pes": pes}
    summary = {"seconds": moving + sum(phase["seconds"] for phase in phases), "instances": instances, "edges": {},
               "phases": [*phases, {"what": "running", "seconds": moving}]}
    for file, content in (("run.json", about), ("plan.json", plan), ("summary.json", summary)):
        (folder / file).write_text(json.dumps(content))
    return Run(folder)


def channel(source: str, dest: str, exchange: str = "forward", fields: list[Any] = ()) -> dict[str, Any]:
    return {"from": [source, "output"], "to": [dest, "input"], "exchange": exchange, "fields": list(fields)}


def test_a_run_is_named_by_its_id_its_beginning_latest_or_its_folder(runs):
    for name in ("20261129a", "20261129b", "20261130a"):
        make(runs, name)
    (runs / "programs").mkdir()
    assert ids() == ["20261129a", "20261129b", "20261130a"]
    assert find("latest").id == find("20261130").id == find(str(runs / "20261130a")).id == "20261130a"
    with pytest.raises(Refused, match="2 runs begin with '20261129': 20261129b, 20261129a. Give more"):
        find("20261129")
    with pytest.raises(Refused, match="no run 'x'.*the last ones are 20261130a, 20261129b, 20261129a; `latest`"):
        find("x")


def test_where_there_are_none_it_says_where_they_would_be(runs):
    with pytest.raises(Refused, match=f"no runs in {runs}.*D4P_RUNS"):
        find("latest")
    assert index.listed() == []


def test_a_record_that_is_broken_is_named(runs):
    make(runs, "a1")
    (runs / "a1" / "run.json").write_text("{")
    with pytest.raises(Refused, match="run.json can't be read"):
        find("a1")
    assert index.listed() == []


def places(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to each value within one."""
    for key, each in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield (*at, key)
        yield from places(each, (*at, key))


def test_a_record_from_anywhere_is_read_or_refused_whatever_is_in_it(runs):
    run = make(runs, "a1", [(["a"], [({"working": 1.0}, 5)] * 2), (["b"], [({"working": 8.0, "packing": 1.0}, 5)])],
               [channel("a", "b", "hash", [0])], [{"name": "b", "because": "root", "remedy": "x", "inputs": {}}],
               cpu=3.0, cause={"message": "m"}, outputs=["out"], machine={"cores": 2}, program="0" * 64,
               phases=[{"what": "starting", "seconds": 1.0}])
    summary = run.summary | {"edges": {"a.output -> b.input": {"items": 5, "bytes": 9}},
                             "failures": {"a": {"failed": 1, "retried": 0}}}
    (run.folder / "summary.json").write_text(json.dumps(summary))
    (run.folder / "errors").mkdir()
    (run.folder / "errors" / "000001.json").write_text('{"message": "failed"}')
    read = 0
    for file in ("run.json", "plan.json", "summary.json", "errors/000001.json"):
        whole = (run.folder / file).read_text()
        for at in places(json.loads(whole)):
            for other in (None, 5, -1.5, "x", "../..", [], {}, [5], {"a": 5}, True):
                changed = parent = json.loads(whole)
                for key in at[:-1]:
                    parent = parent[key]
                parent[at[-1]] = other
                (run.folder / file).write_text(json.dumps(changed))
                for show in (report.text, table.shown, page, verdicts):
                    try:
                        read += bool(list(show(find("a1"))))
                    except Refused as error:
                        assert "a1/" in str(error)
                    except Exception as error:
                        raise AssertionError(f"{file}: {at} is {other!r}") from error
        (run.folder / file).write_text(whole)
    assert read > 100


def test_a_running_one_whose_program_is_gone_is_lost(runs):
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait(timeout=60)
    here = {"state": "running", "host": platform.node()}
    assert make(runs, "a1", **here, process=gone.pid).state == "lost"
    assert make(runs, "a2", **here, process=os.getpid()).state == "running"
    assert make(runs, "a3", state="running", host="elsewhere", process=1).state == "lost"  # silent for long
    with pytest.raises(Refused, match="a2 is running"):
        remove(find("a2"))
    listed = list(index.lines(failed=True))
    assert [line.split()[0] for line in listed] == ["a3", "a1"] and "lost" in listed[0]


def test_runs_are_listed_the_newest_first_and_by_what_they_are_of(runs):
    make(runs, "a1")
    make(runs, "a2", name="other", target="mpi", parameters={"n": 3})
    make(runs, "a3", state="failed", exit_status=1)
    assert [each["id"] for each in index.listed()] == ["a3", "a2", "a1"]
    assert [each["id"] for each in index.listed(workflow="words")] == ["a3", "a1"]
    assert [each["id"] for each in index.listed(target="mpi")] == ["a2"]
    assert [line.split()[0] for line in index.lines(failed=True)] == ["a3"]
    assert [line.split()[0] for line in index.lines(most=2)] == ["a3", "a2"]
    assert "failed (1)" in next(index.lines()) and "n=3" in [*index.lines()][1]


def test_the_index_follows_the_folders_and_is_of_no_worth_without_them(runs):
    make(runs, "a1")
    make(runs, "a2", state="running", host=platform.node(), process=os.getpid())
    assert [each["state"] for each in index.listed()] == ["running", "done"]
    (runs / "a2" / "run.json").write_text(json.dumps(find("a2").about | {"state": "failed"}))
    remove(find("a1"))
    make(runs, "a3")
    assert [(each["id"], each["state"]) for each in index.listed()] == [("a3", "done"), ("a2", "failed")]
    (runs / index.NAME).write_bytes(b"no index at all, but long enough to be looked at" * 100)
    assert len(index.listed()) == 2
    assert index.reindex() == 2


def test_a_run_that_is_over_is_read_once(runs):
    for number in range(300):
        make(runs, f"a{number:03}")
    first, second = calls(index.listed), calls(index.listed)
    assert second < first / 5


def test_programs_of_no_run_go_with_the_last_of_their_runs(runs):
    for name, program in (("a1", "p1"), ("a2", "p1"), ("a3", "p2")):
        make(runs, name, program=program)
        (runs / "programs" / program).mkdir(parents=True, exist_ok=True)
    for name in ("a1", "a3"):
        remove(find(name))
    remove_unused_programs()
    assert [path.name for path in (runs / "programs").iterdir()] == ["p1"]


def test_two_runs_differ_in_what_was_asked_for_their_programs_and_figures(runs):
    stages = [(["read"], [({"working": 4.0}, 10)])]
    first = make(runs, "a1", stages, program="p1", parameters={"n": 1})
    second = make(runs, "a2", [(["read"], [({"working": 8.0}, 10)])], program="p2", parameters={"n": 2})
    for program, text in (("p1", "a\nb\n"), ("p2", "a\nc\n")):
        (runs / "programs" / program).mkdir(parents=True)
        (runs / "programs" / program / "job.py").write_text(text)
    said = "\n".join(table.differences(first, second))
    assert "  parameters   n: 1 -> 2\n" in said and "-b" in said and "+c" in said
    assert any(line.split()[-1] == "x2.00" for line in said.splitlines() if "read busy" in line)
    assert "asked for the same" in "\n".join(table.differences(first, first))


# Verdicts

READ = (["read"], [({"working": 1.0, "blocked": 9.0}, 1)])
COUNT = (["count"], [({"working": 0.5, "waiting": 9.5}, 500)])
EDGES = [channel("read", "fft"), channel("fft", "count")]


def one(run: Run):
    found = verdicts(run)
    return found[0] if found else None


def test_the_busy_one_is_named_and_not_the_one_it_blocks(runs):
    fft = (["fft"], [({"working": 9.4, "waiting": 0.6}, 500)])
    pes = [{"name": "fft", "because": "keeps state, no grouping: sees every item", "keeps_state": True,
            "why": "assigns self.total", "remedy": "a group-by, or stateful = False"}]
    found = one(make(runs, "a1", [READ, fft, COUNT], EDGES, pes))
    assert found.rule == "limiting" and found.stage == 2
    assert found.sentence == ("fft limits the run: 94 % busy; read waited for it to take items 90 % of its time and "
                              "count waited for items 95 % of its time")
    assert found.remedies == ("fft is one instance, since it keeps state, no grouping: sees every item (assigns "
                              "self.total): it could be more with a group-by, or stateful = False",)


def test_one_of_several_that_has_most_to_do_is_skew(runs):
    counts = (["count"], [({"working": 9.0}, 900), ({"working": 1.0, "waiting": 8.0}, 60),
                          ({"working": 1.0, "waiting": 8.0}, 40)])  # fmt: skip
    found = one(make(runs, "a1", [READ, counts], [channel("read", "count", "hash", [0])]))
    assert found.rule == "skewed" and "instance 0 was busy for 9.0 s, 9.0 times" in found.sentence
    assert "90 % of its items" in found.sentence and "than [0]" in found.remedies[0]


def test_an_engine_that_takes_longer_to_start_than_to_run(runs):
    found = one(make(runs, "a1", [READ], phases=[{"what": "starting Spark", "seconds": 13.0}], target="spark-rdd"))
    assert found.rule == "engine_start" and "13.0 s of 23.0 s" in found.sentence and "--target" in found.remedies[0]


def test_work_that_is_packing(runs):
    write = (["read"], [({"working": 1.0, "packing": 6.0, "blocked": 3.0}, 1)])
    take = (["count"], [({"working": 1.0, "unpacking": 5.5, "waiting": 3.5}, 500)])
    found = one(make(runs, "a1", [write, take], [channel("read", "count")]))
    assert found.rule == "packing" and "85 %" in found.sentence


def test_a_machine_that_has_no_more_to_give(runs):
    first = (["read"], [({"working": 9.0}, 1)])
    second = (["fft"], [({"working": 9.5}, 250), ({"working": 9.5}, 250)])
    edges, machine = [channel("read", "fft")], {"cores": 2}
    found = one(make(runs, "a1", [first, second], edges, cpu=6.0, machine=machine))
    assert found.rule == "machine" and "all 2 cores are busy: fft takes 67 %" in found.sentence
    assert one(make(runs, "a2", [first, second], edges, cpu=0.1, machine=machine)) is None  # it sleeps


@pytest.mark.parametrize("stages", [
    [(["a"], [({"working": 6.0, "waiting": 4.0}, 1)]), (["b"], [({"working": 5.5, "waiting": 4.5}, 1)])],
    [(["a"], [({"working": 3.0, "waiting": 7.0}, 1)]), (["b"], [({"working": 1.0, "waiting": 9.0}, 1)])],
    [(["a"], [({"working": 5.0, "waiting": 5.0}, 5), ({"working": 4.0, "waiting": 6.0}, 4)])],
    [(["a", "b"], [({"working": 10.0}, 5)] * 2)],
], ids=["two alike", "idle", "even", "one stage on all cores"])  # fmt: skip
def test_where_nothing_stands_out_nobody_is_named(runs, stages):
    run = make(runs, "a1", stages, [channel("a", "b")])
    assert verdicts(run) == []
    assert "nothing stands out" in "\n".join(report.text(run))


@pytest.mark.parametrize("how", [{"state": "failed"}, {"moving": 0.2}])
def test_of_a_failed_or_short_run_nothing_is_said(runs, how):
    assert verdicts(make(runs, "a1", [READ], EDGES, **how)) == []


def test_a_report_shows_shares_that_add_up(runs):
    run = make(runs, "a1", [READ, COUNT], [channel("read", "count")])
    said = list(report.text(run))
    assert any(line.startswith("read") and " 10%" in line and " 90%" in line for line in said)
    assert any(line.strip() == f"[{'#' * 3}{'x' * 27}]" for line in said)
    for stage in Shares(run).stages:
        assert sum(stage.share(kind) for kind in ("busy", "waiting", "queued", "blocked")) == pytest.approx(1.0)


def test_a_record_without_figures_is_reported_all_the_same(runs):
    make(runs, "a1", state="failed", cause={"message": "no"})
    for name in ("plan.json", "summary.json"):
        (runs / "a1" / name).unlink()
    assert "failed" in "\n".join(report.text(find("a1"))) and "no" in "\n".join(table.shown(find("a1")))


# The page


class Page(HTMLParser):
    """What a browser would fetch, run or show of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, Any]]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self.open += [tag] if tag not in ("meta",) else []

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def pipeline(runs: Path, fft: str = "fft", **about: Any) -> Run:
    busy = ([fft], [({"working": 9.4, "waiting": 0.6}, 500)])
    return make(runs, "a1", [READ, busy, COUNT], [channel("read", fft), channel(fft, "count")], **about)


def test_a_page_is_whole_and_asks_for_nothing(runs):
    run = pipeline(runs)
    text, shown = page(run), Page(page(run))
    assert shown.open == []
    assert verdicts(run)[0].sentence in shown.text
    for tag, attributes in shown.tags:
        assert tag not in ("link", "img", "iframe", "object", "base", "form")
        for name in {"src", "href", "srcset", "action"} & attributes.keys():
            assert attributes[name].startswith("#"), (tag, attributes)
    policy = next(a["content"] for tag, a in shown.tags if a.get("http-equiv") == "Content-Security-Policy")
    assert "default-src 'none'" in policy and "connect-src" not in policy and "'unsafe-inline'; script" in policy
    assert "@import" not in text and "url(http" not in text
    for script in re.findall("<script>(.*?)</script>", text, re.DOTALL):  # no other ones run
        assert f"'sha256-{b64encode(sha256(script.encode()).digest()).decode()}'" in policy
    assert text.count("<script") == len(re.findall("<script>", text)) + 1  # what the scripts draw


def test_a_page_shows_what_is_in_a_record_as_text(runs):
    """Whatever it is: the same elements with the same attributes as where it is harmless."""
    digest = "0" * 64

    def made(id: str, what: str) -> Page:
        run = make(runs, id, [READ, ([what], [({"working": 9.4}, 500)] * 2), COUNT],
                   [channel("read", what), channel(what, "count", what, [what])],
                   [{"name": what, "because": what, "why": what, "remedy": what}], state="failed", name=what,
                   target=what, host=what, parameters={what: what}, outputs=[what], program=digest,
                   phases=[{"what": what, "seconds": 1}])  # fmt: skip
        summary = run.summary | {
            "edges": {f"{what}.output -> count.input": {"items": 5, "lanes": {"items": [1, 4], "bytes": [1, 4]}}},
            "failures": {what: {"failed": 1, "retried": 0, "messages": [what]}},
            "slowest": [{"pe": what, "stage": 2, "instance": 0, "item": 1, "seconds": 1.0}],
            "profile": [{"stage": 2, "pes": {what: {"share": 0.5}}}], "spark": [{"name": what, "tasks": 1}]}
        (run.folder / "summary.json").write_text(json.dumps(summary))
        plan = run.plan | {"warnings": [what], "apart": [{"between": what, "because": what}]}
        (run.folder / "plan.json").write_text(json.dumps(plan))
        for place in (run.folder / "errors", runs / "programs" / digest):
            place.mkdir(parents=True, exist_ok=True)
        for file in (run.folder / "log.txt", *(runs / "programs" / digest / name for name in ("job.py", "plan.txt"))):
            file.write_text(what)
        (run.folder / "errors" / "000001.json").write_text(json.dumps({"message": what}))
        return Page(page(Run(run.folder)))

    hostile = "</script></style></pre><img src=x onerror=alert(1)>\"'><b onclick='a'>&lt;"
    one, other = made("a1", hostile), made("a2", "x" * len(hostile))
    tags = [[(tag, sorted(attributes)) for tag, attributes in shown.tags] for shown in (one, other)]
    assert tags[0] == tags[1] and one.open == []
    assert one.text.count(hostile) >= 20


def test_the_picture_has_each_stage_behind_those_that_send_to_it(runs):
    shown = Page(page(pipeline(runs)))
    at = [float(a["transform"].removeprefix("translate(").partition(",")[0]) for tag, a in shown.tags
          if tag == "g" and a.get("class", "").startswith("stage")]  # fmt: skip
    assert len(at) == 3 and at == sorted(at) and len(set(at)) == 3
    widths = [float(a["width"]) for tag, a in shown.tags if tag == "rect" and a.get("class") == "blocked"]
    assert widths and max(widths) == pytest.approx(0.9 * INNER, abs=1)
    limits = [a["class"] for tag, a in shown.tags if tag == "g" and "marked" in a.get("class", "")]
    assert limits == ["stage is-busy marked"]


def big(runs: Path, id: str, stages: int, width: int, samples: int) -> Run:
    """A run of many instances whose figures have nothing in common."""
    chance = random.Random(1)

    def seconds() -> dict[str, float]:
        return {"starting": 0.1} | {part: round(chance.uniform(0, 9), 6) for part in (
            "waiting", "working", "packing", "unpacking", "blocked", "postprocess")}

    found = [([f"pe{number}"], [(seconds(), chance.randrange(10**6)) for _ in range(width)])
             for number in range(stages)]  # fmt: skip
    edges = [channel(f"pe{chance.randrange(max(0, number - 4), number)}", f"pe{number}", "hash", [0])
             for number in range(1, stages)]
    pes = [{"name": f"pe{number}", "because": "keeps state by key", "why": "assigns self.counts in _process, line 12"}
           for number in range(stages)]  # fmt: skip
    run = make(runs, id, found, edges, pes, moving=60.0, cpu=30.0)
    grown = {(number, at): seconds() for number in range(1, stages + 1) for at in range(width)}
    lines = [{"at": 60.0 * (sample + 1) / samples, "instances": [
        [*key, {part: spent * (sample + chance.random()) / samples for part, spent in parts.items()}, sample,
         {"at": "working", "waits": 0, "memory": 10**8}] for key, parts in grown.items()]} for sample in range(samples)]
    (run.folder / "samples.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    edge_counts = {f"{edge['from'][0]}.output -> {edge['to'][0]}.input": {
        "items": chance.randrange(10**8), "bytes": chance.randrange(10**10),
        "lanes": {what: [chance.randrange(10**6) for _ in range(width)] for what in ("items", "bytes")}}
        for edge in edges}  # fmt: skip
    (run.folder / "summary.json").write_text(json.dumps(run.summary | {"edges": edge_counts}))
    return Run(run.folder)


def test_a_page_of_many_instances_stays_small(runs):
    assert len(page(big(runs, "a1", 50, 64, 8))) < 400_000


def test_a_timeline_has_what_each_instance_was_at_and_when(runs):
    """One that began after 2 s: preprocess for 1 s, then at work to the end; its samples are cumulative."""
    run = make(runs, "a1", [(["a"], [({"preprocess": 1.0, "working": 4.0, "blocked": 3.0}, 9)])], moving=10.0)
    summary = run.summary
    summary["instances"][0]["began"] = moment(BEGAN) + 2.0
    (run.folder / "summary.json").write_text(json.dumps(summary))
    samples = [(4.0, {"preprocess": 1.0, "working": 1.0}, 2), (6.0, {"preprocess": 1.0, "working": 3.0}, 6)]
    (run.folder / "samples.jsonl").write_text("".join(
        f'{json.dumps({"at": at, "instances": [[1, 0, seconds, items]]})}\n' for at, seconds, items in samples))
    found = drawn(Run(run.folder), Shares(run))
    line = found["timeline"]
    assert (line["grid"], line["from"], line["to"]) == ([4000, 6000, 10000], [2000], [10000])
    shares = {kind: [LETTERS.index(letter) / 31 for letter in letters] for kind, letters in line["cells"].items()}
    assert shares["preprocess"] == pytest.approx([0.5, 0, 0], abs=0.04)
    assert shares["busy"] == pytest.approx([0.5, 1, 0.25], abs=0.04)
    assert shares["blocked"] == pytest.approx([0, 0, 0.75], abs=0.04)
    assert found["charts"]["at"] == [4.0, 6.0, 10.0] and found["charts"]["items"] == [[2, 6, 9]]
    assert found["instances"]["busy"] == [4000] and found["instances"]["items"] == [9]
    (run.folder / "samples.jsonl").write_text('{"at": 4.0, "instances": []}\n{"at": 8.0, "instances": []}\n')
    found = drawn(Run(run.folder), Shares(run))["charts"]  # as of a task of Spark's: 9 items in 8 seconds
    assert found["at"] == [4.0, 8.0, 10.0] and found["items"] == [[2, 7, 9]]


def test_a_page_of_a_record_without_figures(runs):
    make(runs, "a1", state="failed", cause={"message": "no"})
    for name in ("plan.json", "summary.json"):
        (runs / "a1" / name).unlink()
    assert "failed" in Page(page(find("a1"))).text
