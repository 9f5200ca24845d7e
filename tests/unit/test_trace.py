"""A run as a trace: a line for each instance, on which nothing overlaps, and as long as what it did."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path

import pytest

from d4p.errors import Refused
from d4p_compile.runs.folder import moment
from d4p_compile.runs.trace import write
from tests.unit.test_runs import BEGAN, channel, make


@pytest.fixture
def runs(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("D4P_RUNS", str(tmp_path / "runs"))
    return tmp_path / "runs"


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
    slices = defaultdict(list)
    for each in found:
        if each["ph"] == "X":
            slices[each["pid"], each["tid"]].append((each["ts"], each["dur"], each["name"]))
    assert set(slices) == {(0, 0), (1, 0), (2, 0), (2, 1)}
    for line in slices.values():
        assert all(at + took <= after + 1 for (at, took, _), (after, _, _) in zip(line, line[1:], strict=False)), line
    assert sum(took for _, took, name in slices[1, 0] if name == "working") == 6_000_000
    assert sum(took for _, took, _ in slices[2, 1]) == 3_000_000
    assert [each["args"] for each in found if each["ph"] == "C" and each["pid"] == 1 and each["name"] == "waits"] == [
        {"waits": 700}] * 2
    names = {each["args"]["name"] for each in found if each["ph"] == "M" and "name" in each["args"]}
    assert names == {"run", "processes", "a", "b", "instance 0", "instance 1"}


def test_one_that_cant_be_written_is_refused(runs, tmp_path):
    with pytest.raises(Refused, match="the trace can't be written to .*trace.json: No such file"):
        write(make(runs, "a1", [(["a"], [({"working": 6.0}, 50)])]), str(tmp_path / "no" / "trace.json"))
