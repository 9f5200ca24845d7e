"""Library readers on Spark: Spark's own reader, where it gives the same items; else the splits, spread over tasks.

Spark's reader knows where blocks lie, cuts large files and packs small ones by bytes into few partitions. What it gives
is joined to as many partitions as the stage has instances: one partition is one instance.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from d4p.filesystems import Local, locate
from d4p.job import read_splits
from d4p.library.files import ReadFiles
from d4p.library.lines import ReadLines
from d4p.library.paths import File

#: Bytes of input for which a stage that Spark may make wider gets one more instance.
_SHARE = 128 << 20
_MOST_INSTANCES = 10_000
#: Spark reads a file as a whole into one row, which holds less than 2 GiB.
_LARGEST = 1 << 30


@dataclass(frozen=True)
class Native:
    """What Spark itself reads for a reader: one binary column, `value`, in one partition an instance, and the function
    that makes items of its values. A null stands for nothing."""

    frame: DataFrame
    items: Callable[[Iterable[bytes | None]], Iterator[Any]]


def native(spark: SparkSession, reader: Any, instances: int, limit: int | None) -> Native | None:
    """How Spark reads for a reader of the library; None where it would give other items than the reader's own splits.

    Spark keeps no order between files, so splits are read in theirs where one instance or the first K items are asked
    for.
    """
    if limit is not None or instances == 1:
        return None
    found = _NATIVE[type(reader)](spark, reader) if type(reader) in _NATIVE else None
    if found is None:
        return None
    # No partition is empty: each instance lives, whether it has items or not.
    nothing = spark.range(0, instances, 1, instances).select(F.lit(None).cast("binary").alias("value"))
    return Native(found.frame.union(nothing).coalesce(instances), found.items)


def width(readers: Iterable[Any], least: int) -> int:
    """How many instances a stage gets that may have any number: at least `least`, and one for each 128 MiB to read."""
    sizes = [sum(file.size or 0 for file in reader.files()) for reader in readers if type(reader) in _NATIVE]
    return max(least, min(_MOST_INSTANCES, -(-max(sizes, default=0) // _SHARE)))


def _lines(spark: SparkSession, reader: ReadLines) -> Native | None:
    files = reader.files()
    if reader.encoding != "utf-8" or not all(_as_hadoop_does(file.name) for file in files):
        return None
    frame = _of(reader.paths, files, spark.read.text)
    return frame and Native(frame.select(F.col("value").cast("binary").alias("value")), _decoded)


def _decoded(values: Iterable[bytes | None]) -> Iterator[str]:
    """Lines. Malformed UTF-8 is replaced as `ReadLines` does; Hadoop has taken the byte order mark."""
    return (value.decode("utf-8", "replace") for value in values if value is not None)


def _files(spark: SparkSession, reader: ReadFiles) -> Native | None:
    """Whole files: their path, a zero byte, what they hold. Those of this machine are read where they are."""
    files = reader.files()
    if any(isinstance(locate(file.source)[0], Local) or (file.size or 0) > _LARGEST for file in files):
        return None
    frame = _of(reader.paths, files, spark.read.format("binaryFile").load)
    if frame is None:
        return None
    value = F.concat(F.encode("path", "utf-8"), F.lit(b"\0"), F.col("content")).alias("value")
    return Native(frame.select(value), _Whole(reader, {_path(url): url for url in _urls(files)}))


class _Whole:
    """The items of whole files, each called as the reader calls it."""

    def __init__(self, reader: ReadFiles, names: dict[str, str]) -> None:
        self.reader, self.names = reader, names

    def __call__(self, values: Iterable[bytes | None]) -> Iterator[Any]:
        for value in values:
            if value is not None:
                end = value.index(b"\0")
                path = self.names[unquote(_path(value[:end].decode()))]
                yield from self.reader.from_bytes(path, bytes(memoryview(value)[end + 1:]))


_NATIVE: dict[type, Callable[[SparkSession, Any], Native | None]] = {ReadLines: _lines, ReadFiles: _files}


class Splits:
    """For tasks: the items of one instance of a reader, by its splits."""

    def __init__(self, reader: Any, instances: int, limit: int | None) -> None:
        self.reader, self.instances, self.limit = reader, instances, limit
        self.splits = reader.plan_splits()

    def __call__(self, index: int) -> Iterator[Any]:
        return read_splits(self.reader, index, self.instances, self.limit, self.splits)


def _of(paths: tuple[str, ...], files: list[File], load: Callable[[list[str]], DataFrame]) -> DataFrame | None:
    """What Spark loads of just these files: asked for by the path they were found by, or else by their names."""
    urls = _urls(files)
    wanted = {_path(url) for url, file in zip(urls, files, strict=True) if file.size != 0}
    all_of_them = {_path(url) for url in urls}
    by_path = [_url(path) for path in paths]  # several may overlap, and Spark would read a file twice
    by_name = [re.sub(r"([\\*?\[\]{}])", r"\\\1", url) for url in urls]
    for asked in ([by_path] if len(by_path) == 1 else []) + [by_name]:
        try:
            frame = load(asked)
            found = {unquote(_path(url)) for url in frame.inputFiles()}
        except Exception:  # `**`, or a file system that Spark doesn't know: by name, or not at all
            continue
        if wanted <= found <= all_of_them:
            return frame
    return None


def _urls(files: list[File]) -> list[str]:
    """The files as Spark takes them."""
    systems: dict[str, Any] = {}
    return [_url(file.source, file.name, systems) for file in files]


def _as_hadoop_does(name: str) -> bool:
    """Whether Hadoop decompresses a file as `ReadLines` does. It looks at the case of letters, and has no .xz."""
    suffix = os.path.splitext(name)[1]
    return suffix.lower() not in (".gz", ".bz2", ".xz") or suffix in (".gz", ".bz2")


def _url(source: str, name: str | None = None, systems: dict[str, Any] | None = None) -> str:
    """A path, or a file found by it, as Spark takes it; `systems` remembers where a path lies."""
    systems = {} if systems is None else systems
    if source not in systems:
        systems[source] = locate(source)
    fs, place = systems[source]
    name = name or place
    return f"file://{os.path.abspath(name)}" if isinstance(fs, Local) else fs.unstrip_protocol(name)


def _path(url: str) -> str:
    """A URL without its scheme and host, by which Spark and others may call the same place differently."""
    return re.sub(r"^[^:/]+:(//[^/]*)?", "", url)
