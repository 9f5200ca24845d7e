"""20,000 files of 4 KB on HDFS, read by compiled Spark programs and by the best reader written by hand."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from . import by_hand
from .measure import Row, alternating, at_most
from .spark import ENGINES, compiled, same, session

FILES, BYTES = 20_000, 4096
AT_ONCE = 128  # files that are written


def rows(quick: bool) -> Iterator[Row]:
    files = FILES // 10 if quick else FILES
    with hadoop_here() as hadoop, session() as spark:
        path = f"{hadoop.fs_url}/benchmark/small"
        write_small_files(path, files)
        with ExitStack() as stack:
            programs = [compiled(stack, "spark_arrays.py:lines", target, path=path) for target in ENGINES]
            calls = same([lambda call=call: tuple(*next(iter(call().values()))) for call in programs]
                         + [lambda: by_hand.checksum_of_lines(spark, path)])
            alternating(1, *calls)
            *ours, hand = alternating(3, *calls)
    for kind, taken in zip(ENGINES.values(), ours, strict=True):
        yield Row(f"Spark {kind}, {files:,} files of 4 KB from HDFS", f"{taken:.2f} s",
                  f"read.text, openCostInBytes 0: {hand:.2f} s", **at_most(taken / hand, 1.2))  # fmt: skip


@contextmanager
def hadoop_here() -> Iterator[Any]:
    """An HDFS of this run, which programs find by HADOOP_CONF_DIR. Needs Maven and a JDK."""
    from tests.cluster.servers import start

    with tempfile.TemporaryDirectory(prefix="d4p-benchmark-") as folder:
        hadoop = start(Path(folder) / "hadoop", parent=os.getpid())
        os.environ["HADOOP_CONF_DIR"] = str(hadoop.conf_dir)
        try:
            yield hadoop
        finally:
            hadoop.stop()
            del os.environ["HADOOP_CONF_DIR"]


def write_small_files(path: str, files: int) -> None:
    """Files of about 4 KB of text. Many at once: hdfs-native waits half a second at a close for which the NameNode
    hasn't heard from the DataNode yet."""
    import fsspec

    fs, place = fsspec.core.url_to_fs(path)
    fs.makedirs(place, exist_ok=True)

    def write(number: int) -> None:
        line = f"{number:06d} " + "word " * 18 + "\n"
        with fs.open(f"{place}/{number:06d}.txt", "wb") as file:
            file.write((line * (BYTES // len(line))).encode())

    with ThreadPoolExecutor(AT_ONCE) as threads:
        for _ in threads.map(write, range(files)):
            pass
