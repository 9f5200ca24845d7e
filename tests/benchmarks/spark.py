"""Compiled Spark programs beside jobs written by hand, in one session that is warm: RDDs and DataFrames."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from . import by_hand
from .compiled import program, run
from .measure import Row, alternating, at_most, seconds, straight
from .words import write_text

WORDS, COUNTERS = 10_000_000, 2
#: Files of 64 arrays of 64 KiB.
FILES, IN_A_FILE, SAMPLES = 512, 64, 16 << 10
ENGINES = {"spark-rdd": "RDD", "spark-df": "DataFrame"}
NAMES = {"spark-rdd": "spark_rdd", "spark-df": "spark_df"}  # what a program calls its engine
WANTED = 1.05


def rows(quick: bool) -> Iterator[Row]:
    try:
        import pyspark  # noqa: F401
    except ImportError:
        yield Row("Spark", "", "does not run here: no pyspark")
        return
    with tempfile.TemporaryDirectory(prefix="d4p-benchmark-") as folder, session() as spark:
        yield from word_count(spark, Path(folder), WORDS // 10 if quick else WORDS)
        yield from arrays(spark, Path(folder), FILES // 8 if quick else FILES)
        yield from growth(spark, Path(folder), [n // 10 if quick else n for n in (1_000_000, 3_000_000, 10_000_000)])


@contextmanager
def session() -> Iterator[Any]:
    """A local session with two cores."""
    import pyspark
    from pyspark.sql import SparkSession

    from d4p.hadoop.java import prepare

    os.environ["PYSPARK_PYTHON"] = sys.executable
    prepare(os.environ, pyspark.__version__, quiet=True)
    spark = (
        SparkSession.builder.master("local[2]").appName("benchmarks").config("spark.ui.enabled", "false")
        .config("spark.log.level", "OFF").config("spark.ui.showConsoleProgress", "false").getOrCreate()
    )
    try:
        yield spark
    finally:
        spark.stop()


def compiled(stack: ExitStack, workflow: str, target: str, **parameters: Any) -> Callable[[], dict]:
    """A function that runs a compiled program and gives its results."""
    names = stack.enter_context(program(workflow, target, **parameters))
    return lambda: run(names, names[NAMES[target]])


def word_count(spark: Any, folder: Path, words: int) -> Iterator[Row]:
    """Both kinds of Spark program, each beside its own kind by hand."""
    hands = {
        "spark-rdd": lambda path: by_hand.word_count_rdd(spark.sparkContext, path, COUNTERS),
        "spark-df": lambda path: by_hand.word_count_df(spark, path, COUNTERS),
    }
    few, many = folder / "few.txt", folder / "words.txt"
    write_text(few, 100_000)
    write_text(many, words)
    for text, repeats in ((few, 1), (many, 3)):
        with ExitStack() as stack:
            calls = []
            for target, hand in hands.items():
                ours = compiled(stack, "spark_words.py:word_count", target, path=str(text), counters=COUNTERS)
                calls += [lambda call=ours: sorted(*call().values()),
                          lambda call=hand, path=str(text): sorted(call(path))]  # fmt: skip
            least = alternating(repeats, *same(calls))
    yield from compared(f"word count of {words:,}", least)


def same(calls: list[Callable[[], Any]]) -> list[Callable[[], float]]:
    """The calls, timed, of which all must give the same."""
    answers: list[Any] = []

    def timed(call: Callable[[], Any]) -> float:
        taken = seconds(lambda: answers.append(call()))
        assert answers[-1] == answers[0], "the programs differ"
        return taken

    return [lambda call=call: timed(call) for call in calls]


def compared(what: str, least: list[float]) -> Iterator[Row]:
    """Rows for [RDD, RDD by hand, DataFrame, DataFrame by hand] in seconds."""
    rdd, rdd_hand, df, df_hand = least
    for kind, ours, hand in (("RDD", rdd, rdd_hand), ("DataFrame", df, df_hand)):
        yield Row(f"Spark {kind}, {what}", f"{ours:.2f} s", f"by hand {hand:.2f} s", **at_most(ours / hand, WANTED))
    yield Row(f"Spark, {what}: DataFrame against RDD", f"{df:.2f} s", f"{rdd:.2f} s", f"{df / rdd:.2f}")


def arrays(spark: Any, folder: Path, files: int) -> Iterator[Row]:
    """Filter, map and write of arrays of 64 KiB; each program writes a folder of its own, removed before the next. All
    of them, and a quarter of them: what the rest takes is what an array costs, without what a run costs."""
    import numpy as np

    most, few, out = folder / "arrays", folder / "few", folder / "squares"
    most.mkdir()
    few.mkdir()
    rng = np.random.default_rng(1)
    for number in range(files):
        file = most / f"{number:05d}.f32"
        rng.standard_normal(IN_A_FILE * SAMPLES, np.float32).tofile(file)
        if number < files // 4:
            (few / file.name).hardlink_to(file)
    with ExitStack() as stack:
        calls = [call for source in (most, few) for call in array_programs(stack, spark, source, out)]
        least = alternating(3, *(lambda call=call: afresh(call, out) for call in calls))
    shutil.rmtree(most)
    shutil.rmtree(few)
    total, rest = (files * IN_A_FILE * SAMPLES * 4 / 2**30 * share for share in (1, 1 - files // 4 / files))
    what = f"filter, map and write of {total:.2g} GiB of 64 KiB arrays"
    least, less = least[:6], least[6:]
    yield from compared(what, [*least[:2], *least[3:5]])
    for at, kind in ((0, "RDD"), (3, "DataFrame")):
        ours, _, synced = least[at : at + 3]
        yield Row(f"Spark {kind}, {what}, on the disk", f"{ours:.2f} s", f"by hand with fsync {synced:.2f} s",
                  **at_most(ours / synced, WANTED))  # fmt: skip
        rates = [rest / (most - few) for most, few in zip(least[at : at + 3], less[at : at + 3], strict=True)]
        yield Row(f"Spark {kind}, the same: the last three quarters", f"{rates[0]:.2f} GiB/s",
                  f"by hand {rates[1]:.2f}, with fsync {rates[2]:.2f} GiB/s",
                  ratio=f"{rates[1] / rates[0]:.2f} and {rates[2] / rates[0]:.2f}")  # fmt: skip


def array_programs(stack: ExitStack, spark: Any, source: Path, out: Path) -> list[Callable[[], Any]]:
    """[RDD, RDD by hand, RDD by hand with fsync, DataFrame, ...] for the arrays of a folder."""
    paths = sorted(map(str, source.iterdir()))
    parts = max(2, -(-sum(map(os.path.getsize, paths)) // (128 << 20)))
    hands = {"spark-rdd": partial(by_hand.arrays_rdd, spark.sparkContext, paths, str(out), parts),
             "spark-df": partial(by_hand.arrays_df, spark, paths, str(out), parts)}  # fmt: skip
    calls: list[Callable[[], Any]] = []
    for target, hand in hands.items():
        calls.append(compiled(stack, "spark_arrays.py:arrays", target, path=str(source), out=str(out)))
        calls += [partial(hand, False), partial(hand, True)]
    return calls


def afresh(call: Callable, out: Path) -> float:
    """How long a call takes that writes a folder anew; what it wrote is removed."""
    taken = seconds(call)
    assert len(list(out.glob("part-*"))) > 1
    shutil.rmtree(out)
    return taken


def growth(spark: Any, folder: Path, sizes: list[int]) -> Iterator[Row]:
    """Word counts of three sizes: how far the cost is from a straight line."""
    for number, size in enumerate(sizes):
        write_text(folder / f"growth-{number}.txt", size)
    for target, kind in ENGINES.items():
        with ExitStack() as stack:
            calls = []
            for number in range(len(sizes)):
                path = str(folder / f"growth-{number}.txt")
                ours = compiled(stack, "spark_words.py:word_count", target, path=path, counters=COUNTERS)
                calls.append(lambda call=ours: seconds(call))
            alternating(1, calls[0])
            taken = alternating(3, *calls)
        start, slope, off = straight(sizes, taken)
        shown = ", ".join(f"{size / 1e6:g} M: {t:.2f} s" for size, t in zip(sizes, taken, strict=True))
        yield Row(f"Spark {kind}, word counts", shown, f"a line: {start:.2f} s + {slope * 1e6:.2f} s a million",
                  ratio=f"off by {off:.1%}", wanted="<= 10%", met=off <= 0.10)  # fmt: skip
