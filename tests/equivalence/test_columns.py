"""Declared types change no answer, on any target, whatever the items are; Spark's own aggregates are the PEs'."""

from __future__ import annotations

import random
from collections import defaultdict
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import d4p_compile
from d4p.errors import RunFailed
from tests.targets import answers, definition

SPARK = ("spark-rdd", "spark-df")
COLUMNS = Path(__file__).parents[1] / "workflows" / "columns.py"
FIT = ("[('abé\\uffff\\U00010000'[i % 5], i * 10**15 * (-1)**i, i / 8, bytes([i % 256]), i % 3 == 0) "
       "for i in range(300)]")  # fmt: skip
#: Values that are of the declared type, and others: as expressions, by field.
KEYS = ["'a'", "''", "'\\x00'", "'é'", "'\\ud7ff'", "'\\uffff'", "'\\U00010000'"], ["'\\ud800'", "np.str_('z')"]
INTS = ["0", "-7", "2**63 - 1", "-2**63", "2**40"], ["True", "2**63", "-2**63 - 1", "2.5", "np.float64(-7)", "-7.0"]
FLOATS = ["0.1", "-0.0", "nan", "inf", "-inf", "1e308"], ["3", "True", "np.float64(1.5)", "2**70"]
BLOBS = ["b''", "b'\\xff'", "b'\\x7f'", "b'\\x80\\x00'"], ["bytearray(b'\\xff')", "bytearray(b'')"]
FLAGS = ["True", "False"], ["1", "0", "np.bool_(True)", "1.0"]


def items(strange: bool) -> st.SearchStrategy[str]:
    """Expressions of items: of the schema, or with a field or a shape that isn't."""
    fields = st.tuples(*(st.sampled_from(fit + odd if strange else fit) for fit, odd in
                         (KEYS, INTS, FLOATS, BLOBS, FLAGS))).map(", ".join)  # fmt: skip
    shapes = ["({})", "({})", "Named({})", "[{}]", "({}, ['nested', {{'a': [nan]}}])"] if strange else ["({})"]
    return st.tuples(st.sampled_from(shapes), fields).map(lambda pair: pair[0].format(pair[1]))


expressions = st.tuples(
    st.lists(items(False), min_size=1, max_size=8), st.lists(items(True), max_size=6),
).map(lambda pair: f"[{', '.join(pair[0])}] * 20 + [{', '.join(pair[1])}] + [{', '.join(pair[0])}] * 3")  # fmt: skip


def equal(graph: str, target: str, session=None, width=None, **parameters: str) -> None:
    workflow = f"{COLUMNS}:{graph}"
    expected = definition(workflow, parameters=parameters)
    assert answers(workflow, target, parameters=parameters, session=session, width=width) == expected


@pytest.mark.spark
@settings(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(expressions)
def test_any_items_in_a_dataframe_program(spark_session, expression):
    equal("some_kinds", "spark-df", spark_session, expression=expression)


@pytest.mark.parametrize("target", ["processes", *(pytest.param(t, marks=pytest.mark.spark) for t in SPARK)])
def test_items_of_all_sorts_on_every_target(request, target):
    strange = "[('\\ud800', 2**63, nan, bytearray(b'z'), 1), ['b', True, 2, b'', False], Named('c', 1, 1.0, b'', True)]"
    session = request.getfixturevalue("spark_session") if target in SPARK else None
    equal("all_kinds", target, session, expression=f"{FIT} + {strange} + {FIT}")


@pytest.mark.spark
@pytest.mark.filterwarnings("ignore:overflow")
def test_what_is_not_of_its_type_and_all_after_it_is_taken_in_order(spark_session):
    """numpy's 64-bit ints stay what they are from the first on, and wrap: so does the sum, at the same place."""
    strange = "[('a', np.int64(2**62), 1.0, b'', True), ('b', np.int64(1), 1.0, b'', True)]"
    equal("total", "spark-df", spark_session, expression=f"{FIT} + {strange} + {FIT}")


@pytest.mark.spark
@pytest.mark.parametrize("more", ["", " + [('z', True, 1.0, b'', True), ('z', 2**100, 1.0, b'', True)]"])
def test_several_producers_of_several_instances(spark_session, more):
    equal("two_sources", "spark-df", spark_session, first=FIT, second=FIT + more)


@pytest.mark.spark
def test_dicts(spark_session):
    fit = "[dict(key='k%d' % (i % 5), n=i, x=1.0, blob=b'', flag=True) for i in range(300)]"
    equal("of_dicts", "spark-df", spark_session, expression=f"{fit} + [dict(key='a', n=2**70)] + {fit}")


@pytest.mark.spark
@pytest.mark.parametrize("width", [1, None])
def test_parallel_forms_whose_parts_are_fused_with_their_reducers_or_as_many_as_the_width(spark_session, width):
    plan = d4p_compile.plan(f"{COLUMNS}:parallel", "spark-df", width)
    fused = [("CountPE > CountReduce", "count"), ("SumPE4 > SumPE5", "sum of n (int64)"),
             ("AverageParallelPE > AverageReducePE", "average of n (int64)")]  # fmt: skip
    apart = [each for pes, native in fused for each in zip(pes.split(" > "), (native, "None"), strict=True)]
    assert [(str(stage), str(stage.native)) for stage in plan.stages[2:]] == (fused if width == 1 else apart)
    equal("parallel", "spark-df", spark_session, width, expression=f"{FIT} + [('z', 2**64, 1.0, b'', True)] + {FIT}")


@pytest.mark.spark
def test_no_items(spark_session):
    equal("some_kinds", "spark-df", spark_session)


@pytest.mark.spark
def test_a_failing_item_is_told_with_its_number_and_all_are_counted(spark_session, capsys):
    said = []
    for target in ("sequential", "spark-df"):
        with pytest.raises(RunFailed) as caught:
            answers(f"{COLUMNS}:total", target, session=spark_session,
                    parameters={"expression": f"{FIT} * 2 + [('a', 'x', 1.0, b'', True)] + {FIT}"})  # fmt: skip
        said.append(str(caught.value).splitlines()[:2])
    assert said[0] == said[1] and said[0][0].startswith("SumPE (SumPE), instance ") and "item 241: " in said[0][0]
    skewed = "[('a', i, 1.0, b'', True) for i in range(400)]"
    answers(f"{COLUMNS}:total", "spark-df", session=spark_session, parameters={"expression": skewed})
    out = capsys.readouterr().out
    assert "Items.output -> SumPE.input     400 items" in out
    (line,) = (line for line in out.splitlines() if "is skewed" in line)
    assert sorted(line.partition(": ")[2].split(", ")) == ["0", "0", "400"]


@pytest.mark.spark
def test_sums_of_64_bit_ints_are_exact_and_begin_before_the_shuffle(spark_session):
    from pyspark.sql import functions as F

    from d4p.engines.spark_df import exact_sum

    rng = random.Random(1)
    edges = [(1 << 63) - 1, -(1 << 63), -1, 0, 1, 1 << 32, -(1 << 32), (1 << 31) - 1, -(1 << 31)]
    rows = [(key, rng.choice([rng.choice(edges), rng.randint(-(1 << 63), (1 << 63) - 1)]))
            for key in range(40) for _ in range(rng.randint(1, 60))]  # fmt: skip
    rows += [(40, edges[0])] * 500 + [(41, edges[1])] * 500
    expected = defaultdict(int)
    for key, value in rows:
        expected[key] += value
    sums = spark_session.createDataFrame(rows, "key int, n long").groupBy("key").agg(F.count("n"), exact_sum("n"))
    assert {key: int(value) for key, _, value in sums.collect()} == expected
    plan = sums._jdf.queryExecution().executedPlan().toString()
    assert plan.index("partial_sum") > plan.index("Exchange") > plan.index("sum(")  # the tree grows downwards


@pytest.mark.spark
def test_the_order_of_spark_is_that_of_python(spark_session):
    from pyspark.sql import functions as F

    rng = random.Random(2)
    letters = ["", "\x00", "a", "Z", "é", "\ud7ff", "\ue000", "\uffff", "\U00010000", "\U0010ffff"]
    words = [[rng.choice(letters) + rng.choice(letters) for _ in range(4)] for _ in range(200)]
    blobs = [[bytes(rng.choices([0, 1, 127, 128, 255], k=rng.randint(0, 3))) for _ in range(4)] for _ in range(200)]
    for values, kind in ((words, "string"), (blobs, "binary")):
        rows = [(key, value) for key, group in enumerate(values) for value in group]
        frame = spark_session.createDataFrame(rows, f"key int, value {kind}")
        found = {k: (low, high) for k, low, high in
                 frame.groupBy("key").agg(F.min("value"), F.max("value")).collect()}  # fmt: skip
        assert {k: tuple(map(type(values[0][0]), v)) for k, v in found.items()} == {
            key: (min(group), max(group)) for key, group in enumerate(values)}  # fmt: skip
