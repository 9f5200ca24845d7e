"""The compiled Spark program beside an RDD job written by hand, in one session that is warm."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .compiled import program, run
from .measure import Row, alternating, at_most, seconds
from .words import write_text

WORDS, COUNTERS = 10_000_000, 2


def rows(quick: bool) -> Iterator[Row]:
    try:
        import pyspark  # noqa: F401
    except ImportError:
        yield Row("Spark, word count", "", "does not run here: no pyspark")
        return
    words = WORDS // 10 if quick else WORDS
    with tempfile.TemporaryDirectory(prefix="d4p-benchmark-") as folder, session() as sc:
        path = Path(folder) / "words.txt"
        few = Path(folder) / "few.txt"
        write_text(path, words)
        write_text(few, 100_000)
        for text in (few, path):
            with program("spark_words.py:word_count", "spark", path=str(text), counters=COUNTERS) as names:
                found: list[Any] = [None, None]

                def ours(names: dict = names, found: list = found) -> None:
                    (pairs,) = run(names, names["spark"]).values()
                    found[0] = sorted(pairs)

                def by_hand(text: Path = text, found: list = found) -> None:
                    found[1] = sorted(hand_written(sc, str(text)))

                least = alternating(1 if text is few else 3, lambda: seconds(ours), lambda: seconds(by_hand))
            assert found[0] == found[1], "the two programs differ"
    yield Row(f"Spark, word count of {words:,}", f"{least[0]:.2f} s", f"hand-written RDD job {least[1]:.2f} s",
              **at_most(least[0] / least[1], 1.1))


@contextmanager
def session() -> Iterator[Any]:
    """A local session with two cores."""
    import pyspark
    from pyspark.sql import SparkSession

    from d4p.java import prepare

    os.environ["PYSPARK_PYTHON"] = sys.executable
    prepare(os.environ, pyspark.__version__, quiet=True)
    spark = (
        SparkSession.builder.master("local[2]").appName("benchmarks").config("spark.ui.enabled", "false")
        .config("spark.log.level", "OFF").config("spark.ui.showConsoleProgress", "false").getOrCreate()
    )
    try:
        yield spark.sparkContext
    finally:
        spark.stop()


def hand_written(sc: Any, path: str) -> list[tuple[str, int]]:
    """The same job, as a user of Spark writes it: a keyed shuffle, and the counts of a key in a dict."""

    def count(pairs: Iterable[tuple[str, int]]) -> Iterable[tuple[str, int]]:
        counts: dict[str, int] = {}
        for word, n in pairs:
            counts[word] = counts.get(word, 0) + n
        return counts.items()

    words = sc.textFile(path, COUNTERS).flatMap(lambda line: [(word, 1) for word in line.split()])
    return words.partitionBy(COUNTERS).mapPartitions(count).collect()
