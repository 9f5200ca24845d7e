"""A run as a trace: a line for each instance, on which nothing overlaps, and as long as what it did."""

from __future__ import annotations

import json
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from d4p.errors import Refused
from d4p.stage.figures import PARTS
from d4p_compile.runs.folder import moment
from d4p_compile.runs.trace import events, write
from tests.unit.test_runs import BEGAN, channel, make


@pytest.fixture
def runs(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("D4P_RUNS", str(tmp_path / "runs"))
    return tmp_path / "runs"


#: Of events of metadata the names, and what each says.
METADATA = {"process_name": ("name", str), "process_sort_index": ("sort_index", int),
            "thread_name": ("name", str), "thread_sort_index": ("sort_index", int)}  # fmt: skip
#: What an event must have by its `ph`, and nothing else: slices, counters, metadata.
FIELDS = {"X": {"ph", "pid", "tid", "name", "ts", "dur"}, "C": {"ph", "pid", "name", "ts", "args"},
          "M": {"ph", "pid", "name", "args"}}  # fmt: skip


def faults(events: list[dict[str, Any]]) -> list[Any]:
    """What isn't as the "Trace Event Format" has it, or Perfetto wouldn't show: it reads threads of metadata by their
    `tid` alone, takes an event without one for its process's thread of the same number, and drops slices that overlap
    without one being within the other."""
    wrong = [each for each in events if not FIELDS[each["ph"]] <= each.keys() <= FIELDS[each["ph"]] | {"args", "tid"}
             or any(type(each[field]) is not int or each[field] < 0 for field in ("pid", "tid", "ts", "dur")
                    if field in each)]  # fmt: skip
    threads, processes = defaultdict(set), {each["pid"] for each in events}
    for each in events:
        if each["ph"] == "M":
            field, kind = METADATA[each["name"]]
            wrong += [each] * (type(each["args"][field]) is not kind)
            wrong += [each] * (each["name"].startswith("thread") != ("tid" in each))
        elif each["ph"] == "C":
            wrong += [each] * (not each["args"] or any(type(value) is not int for value in each["args"].values()))
        if "tid" in each:
            threads[each["tid"]].add(each["pid"])
    wrong += [(thread, of) for thread, of in threads.items() if len(of) > 1 or of != {thread} and thread in processes]
    named = {name: {(each["pid"], each.get("tid")) for each in events if each["name"] == name} for name in METADATA}
    wrong += [each for each in events if (each["pid"], None) not in named["process_name"]]
    wrong += [each for each in events if "tid" in each and (each["pid"], each["tid"]) not in named["thread_name"]]
    for line in slices_of(events).values():
        ends: list[int] = []
        for at, took, name in sorted(line, key=lambda each: (each[0], -each[1])):
            ends = [end for end in ends if end > at]
            wrong += [(line, at, name)] * any(at + took > end for end in ends)
            ends.append(at + took)
    return wrong


def slices_of(events: list[dict[str, Any]]) -> dict[tuple[str, str], list[tuple[int, int, str]]]:
    """By process and thread, their slices: when, how long, what."""
    names = {(each["pid"], each.get("tid")): each["args"]["name"] for each in events
             if each["name"] in ("process_name", "thread_name")}  # fmt: skip
    found = defaultdict(list)
    for each in events:
        if each["ph"] == "X":
            thread = names[each["pid"], None], names[each["pid"], each["tid"]]
            found[thread].append((each["ts"], each["dur"], each["name"]))
    return found


@given(st.lists(st.dictionaries(st.sampled_from(PARTS), st.floats(0, 1), max_size=4), max_size=6), st.floats(0, 1))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_times_there_are_it_is_of_the_form(tmp_path, spent, born):
    """Times of no whole microseconds, and samples that say less or more than lies between them."""
    with tempfile.TemporaryDirectory(dir=tmp_path) as folder:
        so_far: dict[str, float] = {}
        samples = []
        for at, more in enumerate(spent, 1):
            so_far = {part: so_far.get(part, 0.0) + more.get(part, 0.0) for part in {*so_far, *more}}
            samples.append({"at": at / 3, "instances": [[1, 1, so_far, at, {"waits": 1, "memory": None}]]})
        run = make(Path(folder), "a1", [(["a"], [({"working": 1 / 3}, 9), (so_far, 50)]), (["b"], [({}, 1)] * 12)],
                   phases=[{"what": f"phase {at}", "seconds": sum(each.values())} for at, each in enumerate(spent)])
        summary = run.summary
        for each in summary["instances"]:
            each["began"] = moment(BEGAN) + born
        (run.folder / "summary.json").write_text(json.dumps(summary))
        (run.folder / "samples.jsonl").write_text("".join(f"{json.dumps(each)}\n" for each in samples))
        assert not faults(list(events(run)))


def test_a_trace_has_a_line_for_each_instance(runs, tmp_path):
    stages = [(["a"], [({"starting": 1.0, "working": 6.0, "waiting": 3.0}, 50)]),
              (["b"], [({"working": 2.0, "blocked": 1.0, "waiting": 4.0}, 20)] * 2)]
    run = make(runs, "a1", stages, [channel("a", "b")], phases=[{"what": "starting 3 workers", "seconds": 0.5}])
    summary = run.summary
    for each in summary["instances"]:
        each["began"] = moment(BEGAN) + 0.5
    (run.folder / "summary.json").write_text(json.dumps(summary))
    now = {"at": "working", "waits": 700, "memory": 1 << 20}
    samples = [{"at": 2.0, "instances": [[1, 0, {"starting": 1.0, "working": 0.5}, 5, now]]},
               {"at": 4.0, "instances": [[1, 0, {"starting": 1.0, "working": 2.5}, 20, now],
                                         [2, 0, {"working": 1.0}, 9], [2, "x"], [2, 1, {"working": "x"}, 9], 7]},
               {"at": None, "instances": [[1, 0, {}, 1]]}, {"at": 5.0}]  # fmt: skip
    (run.folder / "samples.jsonl").write_text("".join(f"{json.dumps(each)}\n" for each in samples))
    path = tmp_path / "trace.json"
    write(run, str(path))
    found = json.loads(path.read_text())["traceEvents"]
    slices = slices_of(found)
    assert not faults(found)
    assert set(slices) == {("run", "processes"), ("a", "instance 0"), ("b", "instance 0"), ("b", "instance 1")}
    assert sum(took for _, took, name in slices["a", "instance 0"] if name == "working") == 6_000_000
    assert sum(took for _, took, _ in slices["b", "instance 1"]) == 3_000_000
    assert [each["args"] for each in found if each["ph"] == "C" and each["pid"] == 1 and each["name"] == "waits"] == [
        {"waits": 700}] * 2
    names = {each["args"]["name"] for each in found if each["ph"] == "M" and "name" in each["args"]}
    assert names == {"run", "processes", "a", "b", "instance 0", "instance 1"}


def test_one_that_cant_be_written_is_refused(runs, tmp_path):
    with pytest.raises(Refused, match="the trace can't be written to .*trace.json: No such file"):
        write(make(runs, "a1", [(["a"], [({"working": 6.0}, 50)])]), str(tmp_path / "no" / "trace.json"))
