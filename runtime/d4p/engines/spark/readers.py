"""Library readers on Spark: Spark's own reader, where it gives the same items; else the splits, spread over tasks.

Spark's reader knows where blocks lie, cuts large files and packs small ones by bytes into few partitions. What it gives
is joined to as many partitions as the stage has instances: one partition is one instance.
"""

from __future__ import annotations

import os
import pickle
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import unquote

from pyspark.sql import DataFrame, DataFrameReader, SparkSession
from pyspark.sql import functions as F

from d4p.filesystems import Local, locate
from d4p.filesystems.paths import File
from d4p.library.files import ReadFiles
from d4p.library.lines import ReadLines
from d4p.library.malformed import replacing
from d4p.program.job import read_splits

#: Bytes of input for which a stage that Spark may make wider gets one more instance.
_SHARE = 128 << 20
_MOST_INSTANCES = 10_000
#: So many files a folder are asked for by their names without a look at what else is in it.
_FEW_FILES = 16
#: Spark reads a file as a whole into one row, which holds less than 2 GiB.
_LARGEST = 1 << 30
#: Before Spark 4 rows go to Python by their number, however large they are.
_LARGEST_OF_3 = 2 << 20


@dataclass(frozen=True)
class Source:
    """What the instances of a reader take.

    Attributes:
        items: makes items, of the instance's own reader and the values that arrive.
        frame: what Spark itself reads: one binary column, `value`, in one partition an instance; a null stands for
            nothing. None where a value is the number of the instance, which reads its splits.
    """

    items: Callable[[Any, Iterable[Any]], Iterator[Any]]
    frame: DataFrame | None = None

    @property
    def native(self) -> bool:
        return self.frame is not None


def source(spark: SparkSession, reader: Any, instances: int, limit: int | None, in_order: bool = False,
           policed: bool = False, blocks: bool = False) -> Source:
    """How a reader of the library, or a PE that plans splits of its own, reads on Spark.

    Spark itself reads where it gives the same items. It keeps no order between files, so splits are read in theirs
    where one instance or the first K items are asked for, or items are put `in_order` further on; where it can be told
    which instance has an item, and so each takes one of the same `blocks` on every target; and where a policy says what
    becomes of a file that can't be read, which Spark asks nobody.
    """
    found: Any = None
    by_itself = policed or blocks or "plan_splits" in vars(reader)
    if limit is None and instances > 1 and not in_order and not by_itself and type(reader) in _NATIVE:
        found = _NATIVE[type(reader)](spark, reader)
    if found is None:
        return Source(_Splits(reader.plan_splits(), instances, limit, in_order))
    return Source(found.items, _partitions(spark, found.frame, instances))


def _partitions(spark: Any, frame: DataFrame, instances: int) -> DataFrame:
    """As many partitions as instances, joined by where their files lie. Each instance lives, whether it has items or
    not, so where Spark makes too few there are some with nothing in them."""
    short = instances
    if hasattr(frame, "_jdf"):  # Spark Connect doesn't tell how many there are
        java: Any = frame._jdf
        short = max(0, instances - java.toJavaRDD().getNumPartitions())
    if short:
        nothing = spark.range(0, short, 1, short).select(F.lit(None).cast("binary").alias("value"))
        frame = frame.union(nothing)
    return frame.coalesce(instances)


def width(readers: Iterable[Any], least: int) -> int:
    """How many instances a stage gets that may have any number: at least `least`, and one for each 128 MiB to read."""
    sizes = [sum(file.size or 0 for file in reader.files()) for reader in readers if type(reader) in _NATIVE]
    return max(least, min(_MOST_INSTANCES, -(-max(sizes, default=0) // _SHARE)))


def _reading(spark: SparkSession) -> DataFrameReader:
    """A reader that fails where a file is broken or gone, whatever the cluster's settings say: on no other target would
    items be missing without a word."""
    return spark.read.option("ignoreCorruptFiles", False).option("ignoreMissingFiles", False)


def _lines(spark: SparkSession, reader: ReadLines) -> Source | None:
    files = reader.files()
    as_hadoop_does = all(_as_hadoop_does(file.name) for file in files)
    if not as_hadoop_does or reader.encoding != "utf-8" or reader.errors != "replace":
        return None
    frame = _of(reader.paths, files, _reading(spark).text)
    return frame and Source(_decoded, frame.select(F.col("value").cast("binary").alias("value")))


def _decoded(reader: ReadLines, values: Iterable[bytes | None]) -> Iterator[str]:
    """Lines. Malformed UTF-8 is replaced as `ReadLines` does; Hadoop has taken the byte order mark."""
    with replacing(lambda: reader.tell_of_malformed("what Spark reads")) as errors:
        for value in values:
            if value is not None:
                yield value.decode("utf-8", errors)


def _files(spark: SparkSession, reader: ReadFiles) -> Source | None:
    """Whole files: their path, a zero byte, what they hold. Those of this machine are read where they are."""
    files = reader.files()
    largest = _LARGEST if spark.version >= "4" else _LARGEST_OF_3
    if any(isinstance(locate(file.source)[0], Local) or (file.size or 0) > largest for file in files):
        return None
    frame = _of(reader.paths, files, _reading(spark).format("binaryFile").load)
    if frame is None:
        return None
    value = F.concat(F.encode("path", "utf-8"), F.lit(b"\0"), F.col("content")).alias("value")
    return Source(_Whole({_path(url): url for url in _urls(files)}), frame.select(value))


class _Whole:
    """The items of whole files; `names` are the files as the reader calls them, by their path."""

    def __init__(self, names: dict[str, str]) -> None:
        self.names = names

    def __call__(self, reader: ReadFiles, values: Iterable[bytes | None]) -> Iterator[Any]:
        for value in values:
            if value is not None:
                end = value.index(b"\0")
                path = self.names[_path(value[:end].decode())]
                yield from reader.from_bytes(path, bytes(memoryview(value)[end + 1:]))


_NATIVE: dict[type, Callable[[SparkSession, Any], Source | None]] = {ReadLines: _lines, ReadFiles: _files}


class _Splits:
    """The items of the splits of an instance, whose number is the value. They travel as a pickle, since they may be of
    a class of the workflow's, which is imported first. `begin` is called with the number of each split."""

    begin: Callable[[int], None] = staticmethod(lambda number: None)

    def __init__(self, splits: list[Any], instances: int, limit: int | None, in_turn: bool) -> None:
        self.splits, self.instances, self.limit = pickle.dumps(splits, 5), instances, limit
        self.in_turn = in_turn

    def __call__(self, reader: Any, values: Iterable[int]) -> Iterator[Any]:
        for index in values:
            yield from read_splits(reader, index, self.instances, self.limit, pickle.loads(self.splits), self.begin,
                                   in_turn=self.in_turn)


def _of(paths: tuple[str, ...], files: list[File], load: Callable[[list[str]], DataFrame]) -> DataFrame | None:
    """What Spark loads of just these files: asked for by the path they were found by, by their folders, or else by
    their names, which it looks up one by one."""
    urls = _urls(files)
    wanted = {_path(url) for url, file in zip(urls, files, strict=True) if file.size != 0}
    all_of_them = {_path(url) for url in urls}
    by_path = [_url(path) for path in paths]  # several may overlap, and Spark would read a file twice
    folders = sorted({url.rpartition("/")[0] for url in urls})  # each once: no file is in two of them
    many = len(urls) >= _FEW_FILES * len(folders)
    ways = [by_path] * (len(by_path) == 1) + [_escaped(folders)] * many + [_escaped(urls)]
    for asked in ways:
        try:
            frame = load(asked)
            found = {unquote(_path(url)) for url in _input_files(frame)}
        except Exception:  # `**`, or a file system that Spark doesn't know: by name, or not at all
            continue
        if wanted <= found <= all_of_them:
            return frame
    return None


def _escaped(urls: list[str]) -> list[str]:
    """URLs that Hadoop doesn't take for patterns."""
    return [re.sub(r"([\\*?\[\]{}])", r"\\\1", url) for url in urls]


def _input_files(frame: DataFrame) -> list[str]:
    """The URLs, encoded, of the files that Spark would read. In one piece: an array of Java's comes over one by one."""
    if not hasattr(frame, "_jdf"):  # Spark Connect
        return frame.inputFiles()
    java: Any = frame.sparkSession._jvm
    urls = java.org.apache.hadoop.util.StringUtils.join("\n", cast(Any, frame)._jdf.inputFiles())
    return urls.split("\n") if urls else []


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
    name = str(name or place)
    return f"file://{os.path.abspath(name)}" if isinstance(fs, Local) else fs.unstrip_protocol(name)


def _path(url: str) -> str:
    """A URL without its scheme and host, by which Spark and others may call the same place differently."""
    return re.sub(r"^[^:/]+:(//[^/]*)?", "", url)
