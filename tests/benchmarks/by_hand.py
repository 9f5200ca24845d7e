"""Spark jobs as a user of Spark writes them, for the same work as the compiled programs. Nothing is added up before a
shuffle, on either side: what a PE does is opaque."""

from __future__ import annotations

import os
import pickle
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any


def word_count_rdd(sc: Any, path: str, counters: int) -> list[tuple[str, int]]:
    """A keyed shuffle, and the counts of a key in a dict."""

    def count(pairs: Iterable[tuple[str, int]]) -> Iterable[tuple[str, int]]:
        counts: dict[str, int] = {}
        for word, n in pairs:
            counts[word] = counts.get(word, 0) + n
        return counts.items()

    words = sc.textFile(path, counters).flatMap(lambda line: [(word, 1) for word in line.split()])
    return words.partitionBy(counters).mapPartitions(count).collect()


def word_count_df(spark: Any, path: str, counters: int) -> list[tuple[str, int]]:
    """The same with Arrow: columns for word and number, a shuffle by word, counts in a dict."""
    import pyarrow as pa

    def split(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            words = [word for line in batch.column(0).to_pylist() for word in line.split()]
            yield pa.RecordBatch.from_pydict({"word": words, "n": pa.array([1] * len(words), pa.int64())})

    def count(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        counts: dict[str, int] = {}
        for batch in batches:
            for word, n in zip(batch.column(0).to_pylist(), batch.column(1).to_pylist(), strict=True):
                counts[word] = counts.get(word, 0) + n
        names = pa.array(list(counts), pa.string())
        yield pa.RecordBatch.from_pydict({"word": names, "n": pa.array(counts.values(), pa.int64())})

    schema = "word string, n long"
    words = spark.read.text(path).mapInArrow(split, schema).repartition(counters, "word")
    return [tuple(row) for row in words.mapInArrow(count, schema).collect()]


def arrays(paths: list[str], part: Path, synced: bool) -> int:
    """Reads files of arrays of 64 KiB, keeps those with a positive sum, writes their squares as pickles; how many.
    With `synced` they are on the disk before the part has its name."""
    import numpy as np

    kept = 0
    with open(f"{part}.unfinished", "wb") as file:
        for path in paths:
            for array in np.fromfile(path, np.float32).reshape(-1, 16 << 10):
                if array.sum() > 0:
                    pickle.dump(array * array, file, 5)
                    kept += 1
        if synced:
            file.flush()
            os.fsync(file.fileno())
    os.replace(f"{part}.unfinished", part)
    return kept


def arrays_rdd(sc: Any, paths: list[str], out: str, parts: int, synced: bool) -> int:
    """One task a part."""
    os.makedirs(out)

    def write(index: int, mine: Iterable[str]) -> Iterator[int]:
        yield arrays(list(mine), Path(out, f"part-{index:05d}"), synced)

    return sum(sc.parallelize(paths, parts).mapPartitionsWithIndex(write).collect())


def arrays_df(spark: Any, paths: list[str], out: str, parts: int, synced: bool) -> int:
    """The same in mapInArrow."""
    import pyarrow as pa

    os.makedirs(out)

    def write(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            for index in batch.column(0).to_pylist():
                mine = paths[len(paths) * index // parts : len(paths) * (index + 1) // parts]
                kept = arrays(mine, Path(out, f"part-{index:05d}"), synced)
                yield pa.RecordBatch.from_pydict({"kept": pa.array([kept], pa.int64())})

    rows = spark.range(0, parts, 1, parts).mapInArrow(write, "kept long").collect()
    return sum(row.kept for row in rows)


def checksum_of_lines(spark: Any, path: str) -> tuple[int, int]:
    """The number of lines and the sum of their CRC-32: many small files packed into few partitions, lines in Python."""
    import pyarrow as pa

    def add(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        lines = total = 0
        for batch in batches:
            for line in batch.column(0).to_pylist():
                lines += 1
                total += zlib.crc32(line.encode())
        yield pa.RecordBatch.from_pydict({"lines": pa.array([lines], pa.int64()), "sum": pa.array([total], pa.int64())})

    before = spark.conf.get("spark.sql.files.openCostInBytes")
    spark.conf.set("spark.sql.files.openCostInBytes", "0")
    try:
        rows = spark.read.text(path).mapInArrow(add, "lines long, sum long").collect()
    finally:
        spark.conf.set("spark.sql.files.openCostInBytes", before)
    return sum(row.lines for row in rows), sum(row["sum"] for row in rows)
