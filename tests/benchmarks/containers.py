"""Arrays with a few scalars in container formats: what writing them costs beyond writing the bytes, and reading one.

Records as a pair of stations gives them: two ids, three numbers and 10,001 float32, handed over in blocks of 64. All
formats write the same 40 KB a record to a file of this machine, none of them compresses or counts minima and maxima.
Writing is measured in CPU time of this process, user and system, beside a plain `write` of the same blocks.
`WriteArrow` is the PE: what it writes is also brought to the disk, and has an index.
"""

from __future__ import annotations

import json
import random
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from .measure import Row

RECORDS, BLOCK, LAGS, ROUNDS, READS = 5_120, 64, 10_001, 3, 200
#: Start, rate and first lag, which pairs have in common.
NUMBERS = (1.5e9, 4.0, -1250.0)
Blocks = list[tuple[list[str], list[str], np.ndarray]]


def rows(quick: bool) -> Iterator[Row]:
    try:
        import pyarrow  # noqa: F401
        import zarr  # noqa: F401
    except ImportError as error:
        yield Row("containers", "", f"does not run here: {error}")
        return
    blocks = made(RECORDS // (5 if quick else 1))
    count = len(blocks) * BLOCK
    with tempfile.TemporaryDirectory(prefix="d4p-benchmark-") as folder:
        place = Path(folder) / "file"
        taken: dict[str, list[float]] = {name: [] for name in FORMATS}
        reading: dict[str, tuple[float, float]] = {}
        for _ in range(ROUNDS):
            for name, (write, read) in FORMATS.items():
                taken[name].append(cpu(lambda write=write: write(place, blocks)))
                found = timed(read, place, count)
                reading[name] = min(reading.get(name, found), found)
                shutil.rmtree(place) if place.is_dir() else place.unlink()
    plain = min(taken["plain .npy"]) / count * 1e6
    for name, seconds in taken.items():
        each = min(seconds) / count * 1e6
        opened, one = reading[name]
        yield Row(f"{name}, {count:,} records of 40 KB", f"written {each:.1f} us of CPU a record",
                  f"plain write {plain:.1f} us: {each - plain:+.1f} us",
                  f"opened {opened * 1e3:.1f} ms, one {one * 1e6:,.0f} us")  # fmt: skip


def made(count: int) -> Blocks:
    """Records with the ids of all pairs of as many stations as it takes."""
    values = np.random.default_rng(1).standard_normal((BLOCK, LAGS)).astype("float32")
    ids = [f"XX.S{i:04d}.00.BHZ" for i in range(1000)]
    pairs = [(a, b) for i, a in enumerate(ids) for b in ids[i + 1 :]]
    chosen = [pairs[at : at + BLOCK] for at in range(0, count, BLOCK)]
    return [([a for a, _ in block], [b for _, b in block], values) for block in chosen]


def cpu(call: Callable[[], object]) -> float:
    start = time.process_time()
    call()
    return time.process_time() - start


def timed(read: Callable[[Path], Callable[[int], np.ndarray]], place: Path, count: int) -> tuple[float, float]:
    """Seconds to open (and to know which pairs are there), and for a record, read whole, on average."""
    start = time.perf_counter()
    one = read(place)
    opened = time.perf_counter() - start
    numbers = random.Random(1).sample(range(count), READS)
    start = time.perf_counter()
    for number in numbers:
        assert np.array(one(number)).shape == (LAGS,)
    return opened, (time.perf_counter() - start) / READS


# .npy and the pairs in a file beside it: the floor


def write_plain(place: Path, blocks: Blocks) -> None:
    place.mkdir()
    with open(place / "values", "wb", buffering=0) as file:
        for _, _, values in blocks:
            file.write(values)
    (place / "pairs").write_text(json.dumps([pair for a, b, _ in blocks for pair in zip(a, b, strict=True)]))


def read_plain(place: Path) -> Callable[[int], np.ndarray]:
    pairs = json.loads((place / "pairs").read_text())
    values = np.memmap(place / "values", "float32", "r", shape=(len(pairs), LAGS))
    return lambda number: values[number]


# Arrow


def write_pe(by_item: bool) -> Callable[[Path, Blocks], None]:
    """The PE with one instance, from its first batch to its file's completion."""

    def write(place: Path, blocks: Blocks) -> None:
        from d4p import WriteArrow
        from d4p.items.batch import Batch
        from d4p.seismo import Correlation

        pe = WriteArrow(place)
        pe.begin_output()
        pe.preprocess()
        for first, second, values in blocks:
            batch = Batch(Correlation(first, second, *(np.full(len(first), x) for x in NUMBERS), values))
            if by_item:
                for item in batch:
                    pe.process({"input": item})
            else:
                pe.process_batch({"input": batch})
        pe.postprocess()
        pe.commit_output()

    return write


def read_correlations(place: Path) -> Callable[[int], np.ndarray]:
    from d4p.seismo import Correlations

    found = Correlations(place)
    pairs = found.pairs
    return lambda number: found[pairs[number]].values


def _columns(block: Any) -> list[Any]:
    import pyarrow as pa

    first, second, values = block
    n = len(first)
    numbers = [pa.array(np.full(n, value)) for value in NUMBERS]
    return [pa.array(first), pa.array(second), *numbers]


def _schema(values: Any) -> Any:
    import pyarrow as pa

    fields = [("first", pa.string()), ("second", pa.string()), ("start", pa.float64()), ("rate", pa.float64()),
              ("first_lag", pa.float64()), ("values", values)]  # fmt: skip
    return pa.schema([pa.field(name, kind, nullable=False) for name, kind in fields])


def write_arrow(place: Path, blocks: Blocks) -> None:
    import pyarrow as pa

    kind = pa.list_(pa.field("item", pa.float32(), nullable=False), LAGS)
    schema = _schema(kind)
    with open(place, "wb") as file, pa.ipc.new_file(file, schema) as writer:
        for block in blocks:
            values = pa.FixedSizeListArray.from_arrays(pa.array(block[2].reshape(-1)), type=kind)
            writer.write_batch(pa.record_batch([*_columns(block), values], schema=schema))


def read_arrow(place: Path) -> Callable[[int], np.ndarray]:
    import pyarrow as pa

    file = pa.ipc.open_file(pa.memory_map(str(place)))
    found = [file.get_batch(k) for k in range(file.num_record_batches)]
    pairs = [pair for b in found for pair in zip(b.column(0).to_pylist(), b.column(1).to_pylist(), strict=True)]
    assert len(pairs) == len(found) * BLOCK

    def one(number: int) -> np.ndarray:
        values = found[number // BLOCK].column("values")
        return values.flatten().to_numpy().reshape(-1, LAGS)[number % BLOCK]

    return one


# Parquet


def write_parquet(kind: str, group: int) -> Callable[[Path, Blocks], None]:
    def write(place: Path, blocks: Blocks) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        types = {"list": pa.list_(pa.field("element", pa.float32(), nullable=False), LAGS),
                 "bytes": pa.binary(LAGS * 4)}  # fmt: skip
        schema = _schema(types[kind])
        options = {"compression": "none", "use_dictionary": ["first", "second"], "write_statistics": False}
        with open(place, "wb") as file, pq.ParquetWriter(file, schema, **options) as writer:
            for at in range(0, len(blocks), group):
                batches = []
                for block in blocks[at : at + group]:
                    if kind == "list":
                        values = pa.FixedSizeListArray.from_arrays(pa.array(block[2].reshape(-1)), type=types[kind])
                    else:
                        values = pa.Array.from_buffers(types[kind], BLOCK, [None, pa.py_buffer(block[2])])
                    batches.append(pa.record_batch([*_columns(block), values], schema=schema))
                writer.write_table(pa.Table.from_batches(batches))

    return write


def read_parquet(group: int) -> Callable[[Path], Callable[[int], np.ndarray]]:
    def read(place: Path) -> Callable[[int], np.ndarray]:
        import pyarrow.parquet as pq

        file = pq.ParquetFile(place, memory_map=True)
        pairs = file.read(["first", "second"]).to_pydict()
        assert len(pairs["first"]) == file.metadata.num_rows
        many = group * BLOCK

        def one(number: int) -> np.ndarray:
            values = file.read_row_group(number // many, ["values"]).column(0)[number % many]
            return np.frombuffer(values.as_buffer(), "float32") if hasattr(values, "as_buffer") else (
                values.values.to_numpy())  # fmt: skip

        return one

    return read


# Zarr: a chunk a block in a file each, or in shards


def write_zarr(shards: bool) -> Callable[[Path, Blocks], None]:
    def write(place: Path, blocks: Blocks) -> None:
        import zarr

        root = zarr.create_group(place, zarr_format=3)
        count, group = len(blocks) * BLOCK, 16 * BLOCK
        array = root.create_array("values", shape=(count, LAGS), dtype="float32", chunks=(BLOCK, LAGS),
                                  shards=(group, LAGS) if shards else None, compressors=None, filters=None)  # fmt: skip
        if shards:  # a shard is written as a whole, or read and written anew
            for at in range(0, len(blocks), 16):
                array[at * BLOCK : (at + 16) * BLOCK] = np.concatenate([b for _, _, b in blocks[at : at + 16]])
        else:
            for at, (_, _, values) in enumerate(blocks):
                array[at * BLOCK : (at + 1) * BLOCK] = values
        root.attrs["pairs"] = [pair for a, b, _ in blocks for pair in zip(a, b, strict=True)]

    return write


def read_zarr(place: Path) -> Callable[[int], np.ndarray]:
    import zarr

    root = zarr.open_group(place, mode="r")
    array = root["values"]
    assert len(root.attrs["pairs"]) == array.shape[0]
    return lambda number: array[number]


FORMATS: dict[str, tuple[Callable, Callable]] = {
    "plain .npy": (write_plain, read_plain),
    "Arrow IPC": (write_arrow, read_arrow),
    "WriteArrow, in batches": (write_pe(False), read_correlations),
    "WriteArrow, by item": (write_pe(True), read_correlations),
    "Parquet, lists, groups of 64": (write_parquet("list", 1), read_parquet(1)),
    "Parquet, lists, groups of 1,024": (write_parquet("list", 16), read_parquet(16)),
    "Parquet, bytes, groups of 64": (write_parquet("bytes", 1), read_parquet(1)),
    "Zarr 3, a file a chunk": (write_zarr(False), read_zarr),
    "Zarr 3, shards of 16 chunks": (write_zarr(True), read_zarr),
}
