"""Every example on every target gives the sequential answer; the programs run as users run them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

import d4p_compile
from tests.targets import TARGETS, answers, canonical

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture(params=[pytest.param(t, marks=pytest.mark.spark if t == "spark" else ()) for t in TARGETS[1:]])
def target(request):
    """A target that isn't the definition, and the session that it needs."""
    return request.param, request.getfixturevalue("spark_session") if request.param == "spark" else None


def test_wordcount(target):
    name, session = target
    workflow = EXAMPLES / "wordcount" / "wordcount.py"
    expected = answers(workflow, "sequential")
    assert answers(workflow, name, session=session) == expected
    ((_, items),) = expected.items()
    assert canonical(["the", 9825]) in items and sum(items.values()) == 20


def test_tour(target):
    name, session = target
    workflow = EXAMPLES / "tour" / "tour.py"
    assert answers(workflow, name, session=session) == answers(workflow, "sequential")


def test_xcorr(target, tmp_path):
    name, session = target
    found = {}
    for which, of in (("sequential", None), (name, session)):
        out = tmp_path / which
        parameters = {"output": str(out)}
        if which == "spark":
            answers(f"{EXAMPLES / 'xcorr' / 'xcorr.py'}:make", which, parameters=parameters, session=of)
            parts = list(tmp_path.glob("spark/.correlations*/part-*")) + list(tmp_path.glob("spark/correlations/part-*"))
        else:
            d4p_compile.run(f"{EXAMPLES / 'xcorr' / 'xcorr.py'}:make", which, parameters=parameters)
            parts = list(tmp_path.glob(f"{which}/correlations/part-*"))
            assert (tmp_path / which / "correlations" / "_SUCCESS").exists()
        found[which] = Counter(line for part in parts for line in part.read_text().splitlines())
        assert (tmp_path / which / "correlations.png").stat().st_size > 10_000
    assert found[name] == found["sequential"]
    assert sum(found[name].values()) == 28


@pytest.mark.spark
def test_a_spark_bundle_runs_by_itself_and_names_its_stages_by_the_plan(tmp_path):
    """`spark-submit job.py` in another folder, with neither d4p nor d4p_compile on the path."""
    bundle = d4p_compile.compile(EXAMPLES / "wordcount" / "wordcount.py", "spark", output=tmp_path / "bundle")
    events = tmp_path / "events"
    events.mkdir()
    done = _submit(tmp_path, bundle.folder, events, "--output", "counts")
    assert done.returncode == 0, done.stderr
    assert "4 PEs" in done.stdout and "written: counts" in done.stdout
    items = [json.loads(line) for line in (tmp_path / "counts" / "top3.output.jsonl").read_text().splitlines()]
    assert ["the", 9825] in items and (tmp_path / "counts" / "_SUCCESS").exists()
    names = set()
    for log in events.rglob("*events*"):
        for line in log.read_text().splitlines():
            event = json.loads(line)
            if event["Event"] == "SparkListenerStageCompleted":
                names.add(event["Stage Info"]["Stage Name"])
    assert names == {"stage 1: read > split", "stage 2: count", "stage 3: top"}


def _submit(cwd: Path, bundle: Path, events: Path, *options: str) -> subprocess.CompletedProcess:
    import pyspark

    from d4p.java import prepare

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
    program = f"""
import runpy, sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("d4p_compile",) or (name == "d4p" and not any(p.endswith("d4p.zip") for p in sys.path)):
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Absent())
sys.path[:] = [p for p in sys.path if not p.endswith(("runtime",))]
sys.argv = ["job.py"]
runpy.run_path({str(bundle.script)!r}, run_name="__main__")
"""
    started = time.monotonic()
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "23 PEs" in done.stdout and time.monotonic() - started < 60


def test_a_stale_runtime_is_refused_in_one_sentence(tmp_path):
    bundle = d4p_compile.compile(EXAMPLES / "tour" / "tour.py", "sequential", output=tmp_path / "bundle")
    archive = bundle.folder / "d4p.zip"
    archive.write_bytes(archive.read_bytes() + b"\0")
    done = subprocess.run([sys.executable, str(bundle.script)], capture_output=True, text=True)
    assert done.returncode == 1 and len(done.stderr.splitlines()) == 1 and "compile it again" in done.stderr


def test_a_live_graph_runs_and_is_not_compiled(tmp_path):
    import importlib.util

    from d4p.errors import Refused

    spec = importlib.util.spec_from_file_location("semantics_live", Path(__file__).parents[1] / "workflows" / "semantics.py")
    from d4p import compat

    compat.install()
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    import cloudpickle

    cloudpickle.register_pickle_by_value(module)
    sys.modules["semantics_live"] = module
    try:
        for name in ("sequential", "processes"):
            found = d4p_compile.run(module.diamond(), name)
            assert [len(items) for items in found.values()] == [1]
        with pytest.raises(Refused, match="a live graph can't be compiled"):
            d4p_compile.compile(module.diamond(), output=tmp_path / "bundle")
    finally:
        cloudpickle.unregister_pickle_by_value(module)
        del sys.modules["semantics_live"]
