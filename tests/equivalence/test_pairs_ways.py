"""How items get to the tiles of their pairs on Spark, by a broadcast or by tiles as keys: the answer is the same."""

from __future__ import annotations

import re
from collections import Counter
from itertools import combinations, product
from pathlib import Path

import pytest

from d4p.engines.spark.broadcast import SETTING
from d4p.errors import Refused, RunFailed
from tests.targets import answers, canonical

pytestmark = pytest.mark.spark
WORKFLOWS = Path(__file__).parents[1] / "workflows" / "pairs.py"
TARGETS = ("spark-rdd", "spark-df")


@pytest.fixture(params=TARGETS)
def run(request, spark_session, capsys):
    """Run a graph of pairs.py with a limit of broadcasts; gives `{port of the result: texts}` and what was said."""

    def call(attribute: str, most: str | None, width: int | None = 12, **parameters):
        if most is not None:
            spark_session.conf.set(SETTING, most)
        try:
            found = answers(f"{WORKFLOWS}:{attribute}", request.param, session=spark_session, width=width,
                            parameters=parameters)
        finally:
            spark_session.conf.unset(SETTING)
        return {f"{pe}.{port}": items for (pe, port), items in found.items()}, capsys.readouterr().out

    return call


def ids(count, prefix="s"):
    return [f"{prefix}{number:03d}" for number in range(count)]


def texts(pairs):
    return Counter(canonical(f"{a} {b}") for a, b in pairs)


def sums(pairs):
    return Counter(canonical(f"{a} {b} {int(a[1:]) + int(b[1:])}") for a, b in pairs)


def only(found):
    ((_, items),) = found.items()
    return items


#: Test graphs, their parameters and what they give. By a broadcast they are among those of test_pairs.py.
GRAPHS = [
    ("in_tiles", {"within": "group"},
     sums((a, b) for a, b in combinations(ids(20), 2) if int(a[1:]) % 3 == int(b[1:]) % 3)),
    ("several", {"asked": 3}, sums(combinations([*ids(11), *ids(9, "t")], 2))),
    ("two_streams", {}, sums(product(ids(7, "l"), ids(5, "r")))),
]  # fmt: skip


@pytest.mark.parametrize(("graph", "parameters", "expected"), GRAPHS, ids=[graph for graph, *_ in GRAPHS])
def test_by_tiles_as_keys(run, graph, parameters, expected):
    found, said = run(graph, "0", **parameters)
    assert only(found) == expected
    assert re.search(rf"^channels? [123 and]+: tiles as keys: {SETTING} is 0$", said, re.M)


def test_by_a_broadcast_two_streams_go_together(run):
    found, said = run("two_streams", None)
    assert only(found) == sums(product(ids(7, "l"), ids(5, "r")))
    assert re.search(r"^channels 1 and 2: a broadcast of \d[\d.,]* \w+ to 1 executor; tiles as keys would move", said,
                     re.M)  # fmt: skip


def test_more_items_than_may_be_broadcast_go_by_tiles_and_are_made_once(run, tmp_path):
    for most, way, sent in (("3m", f"tiles as keys: the items take 4.0 MB, and {SETTING} is 3m", 32),
                            ("4m", "a broadcast of 4.0 MB to 1 executor; tiles as keys would move 32 MB", 4)):
        trace = tmp_path / most
        found, said = run("large", most, None, trace=str(trace))
        assert trace.read_text() == "made\n"
        assert only(found) == texts(combinations(ids(20), 2))
        assert f"channel 1: {way}\n" in said
        assert re.search(rf"Traced.output -> AllPairs.input +20 items +{sent} MB sent", said), said


def test_where_a_broadcast_moves_no_less_there_is_none(run):
    found, said = run("several", None, None, asked=1)
    assert only(found) == sums(combinations([*ids(11), *ids(9, "t")], 2))
    assert "tiles as keys: an item goes to 1 tile, and by a broadcast to 1 executor\n" in said


@pytest.mark.parametrize("most", ["0", "100m"])
def test_items_that_go_to_others_too(run, most):
    found, said = run("and_singly", most)
    assert found["Ids2.output"] == texts(combinations(ids(12), 2))
    assert sum(found["Same3.output"].values()) == 12
    assert ("a broadcast of" in said) == (most != "0")


def test_what_takes_something_else_besides_gets_tiles(run):
    found, said = run("with_others", None)
    made = Counter({canonical(each): 6 for each in ids(2, "t")})
    assert found["Beside2.output"] == texts(combinations(ids(12), 2)) + made
    assert "broadcast" not in said


@pytest.mark.parametrize("most", ["0", "100m"])
def test_failures_are_told_as_without_a_broadcast(run, most):
    with pytest.raises(RunFailed, match=r"(?s)Fails \(Fails\), instance \d+, items? .*: ValueError: not this one"):
        run("failing", most)
    with pytest.raises(RunFailed, match=r"order_by \['id'\] needs items with that field"):
        run("odd", most, kind="missing")


def test_a_limit_must_be_a_size(run):
    with pytest.raises(Refused, match=f"{SETTING} must be a size as Spark writes it, as 100m, .* it is 'much'"):
        run("in_tiles", "much")
