"""What a run says of how far it is, on every target."""

from __future__ import annotations

from pathlib import Path

import pytest

import d4p_compile
from d4p.program.events import Events
from d4p_compile.bundle.temporary import temporary_bundle
from d4p_compile.launch.execute import execute
from tests.targets import TARGETS, answers, on_spark
from tests.workflows.progress import ITEMS, LINES

WORKFLOW = f"{Path(__file__).parents[1] / 'workflows' / 'progress.py'}:make"
#: What each target says that it does before items move.
STARTS = {"processes": "starting ", "mpi": "starting ", "spark-rdd": "starting Spark", "spark-df": "starting Spark"}


class Heard(Events):
    """Keeps what is said."""

    heard = True

    def __init__(self):
        self.said = []

    def say(self, event, **what):
        self.said.append({"event": event, **what})


def events(target, request, folder):
    parameters = {"folder": str(folder)}
    if target in ("processes", "mpi"):
        source, said = d4p_compile.load(WORKFLOW, parameters=parameters), []
        bundle, holder = temporary_bundle(source.loaded, d4p_compile.plan(source, target))
        with holder:
            assert execute(bundle, ["--output", str(folder / "out")], holder, watch=said.append) == 0
        return said
    heard, session = Heard(), request.getfixturevalue("spark_session") if on_spark(target) else None
    if session is None:
        from tests.targets import definition

        definition(WORKFLOW, parameters=parameters, events=heard)
    else:
        answers(WORKFLOW, target, session=session, parameters=parameters, events=heard)
    return heard.said


@pytest.mark.parametrize("target", [pytest.param(t, marks=pytest.mark.spark if on_spark(t) else ())
                                    for t in TARGETS])
def test_each_item_counts_once(target, request, tmp_path):
    said = events(target, request, tmp_path)
    last = [event for event in said if event["event"] == "progress"][-1]
    pairs = LINES * (LINES - 1) // 2
    assert last["received"]["pairs" if "pairs" in last["received"] else "AllPairs"] == LINES
    assert (last["received"]["Pair"], last["received"]["Everyone"], last["received"]["Numbers"]) == (pairs, ITEMS, 1)
    assert last["written"] == {"Numbers": ITEMS, "ReadLines": LINES}
    assert set(last["done"]) == {"ReadLines", "Keyed", "AllPairs", "Pair", "Numbers", "Everyone"}
    if not on_spark(target):  # Spark reads the files itself, and counts tasks
        assert (last["pieces"], last["read"]) == ({"ReadLines": 3}, {"ReadLines": 3})
    phases = [event["what"] for event in said if event["event"] == "phase"]
    assert phases[0] == "looking for what there is to read" and "" in phases
    assert phases[1].startswith(STARTS.get(target, "")) and phases[-1].startswith("putting what was written")
