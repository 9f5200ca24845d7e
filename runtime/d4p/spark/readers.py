"""Library readers on Spark: Spark's own reader, where it gives the same items; else the splits, spread over tasks.

Spark's reader knows where blocks lie, cuts large files and packs small ones by bytes into few partitions. What it gives
is joined to as many partitions as the stage has instances: one partition is one instance.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import unquote

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from d4p.job import read_splits
from d4p.library.filesystems import Local, locate
from d4p.library.lines import ReadLines
from d4p.library.paths import File


def native(spark: SparkSession, reader: Any, instances: int, limit: int | None) -> DataFrame | None:
    """What Spark itself reads for a reader: one binary column, `value`, in one partition an instance; a null stands for
    nothing. None where Spark would give other items.

    Spark keeps no order between files, so splits are read in theirs where one instance or the first K items are asked
    for.
    """
    if limit is not None or instances == 1 or type(reader) is not ReadLines or reader.encoding != "utf-8":
        return None
    files = reader.files()
    if not all(_as_hadoop_does(file.name) for file in files):
        return None
    lines = _text(spark, reader.paths, files)
    if lines is None:
        return None
    # No partition is empty: each instance lives, whether it has items or not.
    nothing = spark.range(0, instances, 1, instances).select(F.lit(None).cast("binary").alias("value"))
    return lines.union(nothing).coalesce(instances)


def lines(values: Iterable[bytes | None]) -> Iterator[str]:
    """The items of what `native` gives. Malformed UTF-8 is replaced as `ReadLines` does; Hadoop has taken the byte
    order mark."""
    return (value.decode("utf-8", "replace") for value in values if value is not None)


class Splits:
    """For tasks: the items of one instance of a reader, by its splits."""

    def __init__(self, reader: Any, instances: int, limit: int | None) -> None:
        self.reader, self.instances, self.limit = reader, instances, limit
        self.splits = reader.plan_splits()

    def __call__(self, index: int) -> Iterator[Any]:
        return read_splits(self.reader, index, self.instances, self.limit, self.splits)


def _text(spark: SparkSession, paths: Iterable[str], files: list[File]) -> DataFrame | None:
    """The lines of just these files: asked for by the paths they were found by, or else by their names."""
    urls = {_url(file.source, file.name): file.size for file in files}
    wanted = {_path(url) for url, size in urls.items() if size != 0}
    all_of_them = {_path(url) for url in urls}
    by_path = [_url(path) for path in paths]  # several may overlap, and Spark would read a file twice
    by_name = [re.sub(r"([\\*?\[\]{}])", r"\\\1", url) for url in urls]
    for asked in ([by_path] if len(by_path) == 1 else []) + [by_name]:
        try:
            frame = spark.read.text(asked).select(F.col("value").cast("binary").alias("value"))
            found = {unquote(_path(url)) for url in frame.inputFiles()}
        except Exception:  # `**`, or a file system that Spark doesn't know: by name, or not at all
            continue
        if wanted <= found <= all_of_them:
            return frame
    return None


def _as_hadoop_does(name: str) -> bool:
    """Whether Hadoop decompresses a file as `ReadLines` does. It looks at the case of letters, and has no .xz."""
    suffix = os.path.splitext(name)[1]
    return suffix.lower() not in (".gz", ".bz2", ".xz") or suffix in (".gz", ".bz2")


def _url(source: str, name: str | None = None) -> str:
    """A path, or a file found by it, as Spark takes it."""
    fs, place = locate(source)
    name = name or place
    return f"file://{os.path.abspath(name)}" if isinstance(fs, Local) else fs.unstrip_protocol(name)


def _path(url: str) -> str:
    """A URL without its scheme and host, by which Spark and others may call the same place differently."""
    return re.sub(r"^[^:/]+:(//[^/]*)?", "", url)
