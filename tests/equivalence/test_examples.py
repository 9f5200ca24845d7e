"""Every example on every target gives the sequential answer; the programs run as users run them."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
import venv
from collections import Counter
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

import d4p_compile
from d4p.seismo import Correlations
from d4p_compile.targets import running_cycles
from tests.seismograms import observe
from tests.targets import TARGETS, answers, canonical, definition, on_spark

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture(params=[pytest.param(t, marks=pytest.mark.spark if on_spark(t) else ()) for t in TARGETS[1:]])
def target(request):
    """A target that isn't the definition, and the session that it needs."""
    return request.param, request.getfixturevalue("spark_session") if on_spark(request.param) else None


def test_wordcount(target):
    name, session = target
    workflow = EXAMPLES / "wordcount" / "wordcount.py"
    expected = definition(workflow)
    assert answers(workflow, name, session=session) == expected
    ((_, items),) = expected.items()
    assert canonical(["the", 9825]) in items and sum(items.values()) == 20


def test_tour(target):
    name, session = target
    workflow = EXAMPLES / "tour" / "tour.py"
    assert answers(workflow, name, session=session) == definition(workflow)


def test_sensors(target, tmp_path):
    """A reader and a writer of the workflow's own are as the library's."""
    name, session = target
    workflow, out = f"{EXAMPLES / 'sensors' / 'sensors.py'}:make", tmp_path / "out"
    assert answers(workflow, name, session=session, parameters={"output": str(out)}) == {}
    table = (EXAMPLES / "sensors" / "README.md").read_text().partition("## What comes out")[2]
    expected = [line.strip("| ").split(" | ") for line in table.splitlines() if line[:3] in ("| n", "| s")][1:]
    rows = [row for part in sorted(out.glob("part-*.csv")) for row in csv.reader(part.open(newline=""))]
    assert (out / "_SUCCESS").exists() and sorted(rows) == expected and len(rows) == 5
    with pytest.raises(d4p_compile.Refused, match="exists: give another folder"):
        definition(workflow, parameters={"output": str(out)})


@pytest.mark.parametrize("name", running_cycles())
def test_sieve(name):
    workflow = f"{EXAMPLES / 'sieve' / 'sieve.py'}:make"
    for limit in (1, 2, 4, 1000):
        ((_, items),) = answers(workflow, name, parameters={"limit": limit}).items()
        assert items == Counter(str(n) for n in range(2, limit + 1) if all(n % d for d in range(2, n)))


def test_xcorr(target, tmp_path):
    """Of whole records, and on some targets of windows, stacked by pair."""
    name, session = target
    window = {"window": 12.0} if name in ("processes", "spark-rdd") else {}
    found = {}
    for which, of in (("sequential", None), (name, session)):
        out = tmp_path / which
        parameters = {"output": str(out), **window}
        if on_spark(which):
            answers(f"{EXAMPLES / 'xcorr' / 'xcorr.py'}:make", which, parameters=parameters, session=of)
        else:
            d4p_compile.run(f"{EXAMPLES / 'xcorr' / 'xcorr.py'}:make", which, parameters=parameters)
        parts = list(tmp_path.glob(f"{which}/correlations/part-*"))
        assert (tmp_path / which / "correlations" / "_SUCCESS").exists()
        found[which] = Counter(line for part in parts for line in part.read_text().splitlines())
        assert (tmp_path / which / "correlations.png").stat().st_size > 10_000
    assert found[name] == found["sequential"]
    assert sum(found[name].values()) == 28


def test_stations(target, tmp_path):
    """Whoever makes which tiles: the same pairs, the same correlations, and the delays that the records were given."""
    name, session = target
    generate, workflow = EXAMPLES / "stations" / "generate.py", f"{EXAMPLES / 'stations' / 'stations.py'}:make"
    subprocess.run([sys.executable, generate, tmp_path / "data", "--stations", "8", "--seconds", "600"], check=True,
                   timeout=120)
    with open(tmp_path / "data" / "stations.csv", newline="") as file:
        late = {row["id"]: float(row["delay_s"]) for row in csv.DictReader(file)}
    found = {}
    for which, of in (("sequential", None), (name, session)):
        parameters = {"path": f"{tmp_path / 'data'}/*.mseed", "output": str(tmp_path / which), "seconds": 600.0,
                      "max_lag": 200.0}
        if on_spark(which):
            answers(workflow, which, parameters=parameters, session=of)
        else:
            d4p_compile.run(workflow, which, parameters=parameters)
        found[which] = {(c.first, c.second): c for c in Correlations(tmp_path / which / "correlations")}
    assert set(found[name]) == set(found["sequential"]) == set(combinations(sorted(late), 2))
    for pair, c in found[name].items():
        one = found["sequential"][pair]
        assert c[:-1] == one[:-1]
        np.testing.assert_allclose(c.values, one.values, rtol=0, atol=1e-6)
        assert c.peak()[1] == pytest.approx(late[pair[0]] - late[pair[1]], abs=1 / c.rate)


def misfits(folder, name, session):
    """The files of examples/misfit, by name: the table, the map, what was left out and the pictures."""
    out = folder / name
    parameters = {"observed": str(folder / "observed"), "synthetics": str(folder / "synthetics"),
                  "stations": str(folder / "stations.xml"), "event": str(folder / "event.xml"), "output": str(out),
                  "processing": str(EXAMPLES / "misfit" / "processing.json")}  # fmt: skip
    workflow = f"{EXAMPLES / 'misfit' / 'misfit.py'}:make"
    assert answers(workflow, name, session=session, parameters=parameters) == {}
    assert (out / "misfits" / "_SUCCESS").exists()
    return {path.name: path.read_bytes() for path in [*out.glob("*.*"), *out.glob("stations/*")]}


@pytest.fixture(scope="module")
def event(data, tmp_path_factory):
    """A folder with records of three stations, some of them not to be used, and what the sequential program makes of
    them."""
    folder = tmp_path_factory.mktemp("event")
    observe(data, folder, stations=3)
    (folder / "observed" / "IV.AQU..HHE.mseed").unlink()
    (folder / "observed" / "broken").write_bytes(b"not a seismogram")
    return folder, misfits(folder, "sequential", None)


def test_misfit(target, event):
    """The same table, map, list of what was left out and pictures, to the byte."""
    folder, expected = event
    found = misfits(folder, *target)
    assert sorted(found) == ["IV.AQT1.png", "IV.AQU.png", "IV.ARRO.png", "left-out.csv", "misfits.csv",
                             "misfits.geojson", "misfits.png"]  # fmt: skip
    assert [name for name in found if found[name] != expected[name]] == []
    assert found["misfits.csv"].count(b"\n") == 1 + 7 and found["left-out.csv"].count(b"\n") == 1 + 4


@pytest.mark.spark
@pytest.mark.parametrize("target_name", ["spark-rdd", "spark-df"])
def test_a_spark_bundle_runs_by_itself_and_names_its_stages_by_the_plan(target_name, tmp_path):
    """`spark-submit job.py` in another folder, with neither d4p nor d4p_compile on the path."""
    bundle = d4p_compile.compile(EXAMPLES / "wordcount" / "wordcount.py", target_name, output=tmp_path / "bundle")
    events = tmp_path / "events"
    events.mkdir()
    done = _submit(tmp_path, bundle.folder, events, "--output", "counts")
    assert done.returncode == 0, done.stderr
    assert "4 PEs" in done.stdout and "written: counts" in done.stdout
    items = [json.loads(line) for line in (tmp_path / "counts/top3.output/part-00000.jsonl").read_text().splitlines()]
    assert ["the", 9825] in items and (tmp_path / "counts" / "_SUCCESS").exists()
    names, plans = set(), ""
    for log in events.rglob("*events*"):
        for line in log.read_text().splitlines():
            event = json.loads(line)
            if event["Event"] == "SparkListenerStageCompleted":
                names.add(event["Stage Info"]["Stage Name"])
            plans += event.get("physicalPlanDescription", "")
    stages = {"stage 1: read > split", "stage 2: count", "stage 3: top"}
    assert names == stages if target_name == "spark-rdd" else all(f" {name}(" in plans for name in stages)


def _submit(cwd: Path, bundle: Path, events: Path, *options: str) -> subprocess.CompletedProcess:
    import pyspark

    from d4p.hadoop.java import prepare

    env = {k: v for k, v in os.environ.items() if not k.startswith(("SPARK", "PYSPARK", "PYTHONPATH"))}
    prepare(env, pyspark.__version__, quiet=True)
    env |= {"PYSPARK_PYTHON": sys.executable, "SPARK_HOME": str(Path(pyspark.__file__).parent)}
    return subprocess.run(
        [str(bundle / "submit.sh"), "--master", "local[2]", "--conf", "spark.ui.enabled=false",
         "--conf", "spark.eventLog.enabled=true", "--conf", f"spark.eventLog.dir={events.as_uri()}",
         "--conf", "spark.eventLog.compress=false", "--", *options],
        env=env, cwd=cwd, capture_output=True, text=True, timeout=300,
    )


@pytest.mark.parametrize("target_name", ["sequential", "processes"])
def test_a_bundle_runs_without_d4p_compile(target_name, tmp_path):
    """A Python that has neither package takes the runtime from the bundle."""
    bundle = d4p_compile.compile(EXAMPLES / "tour" / "tour.py", target_name, output=tmp_path / "bundle")
    venv.create(tmp_path / "bare", with_pip=False)
    python = tmp_path / "bare" / "bin" / "python"
    absent = subprocess.run([python, "-c", "import d4p"], capture_output=True, text=True, timeout=120)
    assert "No module named 'd4p'" in absent.stderr
    done = subprocess.run([python, bundle.script], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "23 PEs" in done.stdout


def test_a_stale_runtime_is_refused_in_one_sentence(tmp_path):
    bundle = d4p_compile.compile(EXAMPLES / "tour" / "tour.py", "sequential", output=tmp_path / "bundle")
    archive = bundle.folder / "d4p.zip"
    archive.write_bytes(archive.read_bytes() + b"\0")
    done = subprocess.run([sys.executable, str(bundle.script)], capture_output=True, text=True, timeout=120)
    assert done.returncode == 1 and len(done.stderr.splitlines()) == 1 and "compile it again" in done.stderr


def test_a_live_graph_runs_and_is_not_compiled(tmp_path):
    """Its classes are of the notebook, of a function, and of a module beside it that imports another."""
    here = tmp_path / "here"
    (here / "steps").mkdir(parents=True)
    (here / "notebook.py").write_text(LIVE)
    (here / "steps" / "__init__.py").touch()
    (here / "steps" / "plus.py").write_text(PLUS)
    (here / "one.py").write_text("ONE = 1\n")
    done = subprocess.run([sys.executable, here / "notebook.py"], cwd=tmp_path, capture_output=True, text=True,
                          timeout=60)  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["sequential [1, 3, 5]", "processes [1, 3, 5]"]
    assert "a live graph can't be compiled" in done.stderr


PLUS = """
from d4p import IterativePE


class PlusOne(IterativePE):
    def _process(self, data):
        from one import ONE

        return data + ONE
"""
LIVE = """
import sys
from d4p import IterativePE, ProducerPE, WorkflowGraph
from steps.plus import PlusOne
import d4p_compile


class Numbers(ProducerPE):
    def _process(self, inputs):
        for i in range(3):
            self.write("output", i)


def times(factor):
    class Times(IterativePE):
        def _process(self, data):
            return factor * data

    return Times()


if __name__ == "__main__":
    graph = WorkflowGraph()
    doubles = times(2)
    graph.connect(Numbers(), "output", doubles, "input")
    graph.connect(doubles, "output", PlusOne(), "input")
    for target in ("sequential", "processes"):
        print(target, sorted(d4p_compile.run(graph, target)["PlusOne2", "output"]))
    try:
        d4p_compile.compile(graph)
    except d4p_compile.Refused as error:
        print(error, file=sys.stderr)
"""
