"""What items travel as in DataFrame programs: between two Python stages, and to an aggregate that Spark computes.

What counts is the work: seconds of CPU of the driver's processes, Spark's Java and its Python workers together.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from .compiled import program, run
from .measure import Row, alternating, at_most
from .spark import session
from .words import write_text

WORDS, INSTANCES, ROUNDS = 3_000_000, 2, 5
KEYS = "dest int, channel int, producer int, sequence long, "
#: Physical forms of (word, n) between two stages that Python runs.
FORMS = {
    "packed": KEYS + "items binary",
    "a row an item": KEYS + "word string, n long",
    "a row a batch, in arrays": KEYS + "word array<string>, n array<bigint>",
}


def rows(quick: bool) -> Iterator[Row]:
    try:
        import pyarrow  # noqa: F401
        import pyspark  # noqa: F401
    except ImportError as error:
        yield Row("columns", "", f"does not run here: {error}")
        return
    words = WORDS // 10 if quick else WORDS
    with tempfile.TemporaryDirectory(prefix="d4p-benchmark-") as folder, session() as spark:
        path = Path(folder) / "words.txt"
        write_text(path, words)
        yield from _between_python(spark, path, words)
        yield from _to_spark(path, words)


def _between_python(spark: Any, path: Path, words: int) -> Iterator[Row]:
    calls = {form: lambda form=form: _word_count(spark, path, form) for form in FORMS}
    answers = {form: call() for form, call in calls.items()}
    assert len({str(answer) for answer in answers.values()}) == 1, answers
    packed, *others = alternating(ROUNDS, *(lambda call=call: cpu(call) for call in calls.values()))
    for form, taken in zip(list(FORMS)[1:], others, strict=True):
        yield Row(f"{words:,} words, Python to Python", f"packed {packed:.1f} s of CPU", f"{form} {taken:.1f} s",
                  f"{packed / taken:.2f}")  # fmt: skip


def _to_spark(path: Path, words: int) -> Iterator[Row]:
    for name in ("CountPE", "SumPE", "MaxPE"):
        with (program("spark_aggregates.py:words", "spark-df", path=str(path), name=name) as native,
              program("spark_aggregates.py:words", "spark-df", path=str(path), name=name, other=True) as own):
            found = [sorted(map(repr, *run(names, names["spark_df"]).values())) for names in (native, own)]
            assert found[0] == found[1], "the two programs differ"
            least = alternating(ROUNDS, *(lambda names=names: cpu(lambda: run(names, names["spark_df"]))
                                          for names in (native, own)))  # fmt: skip
        yield Row(f"{words:,} words to {name}", f"native {least[0]:.1f} s of CPU", f"in Python {least[1]:.1f} s",
                  **at_most(least[0] / least[1], 1))  # fmt: skip


def cpu(call: Callable[[], object]) -> float:
    """Seconds of CPU that this process and those below it take for a call (Linux: /proc)."""
    before = _used()
    call()
    return _used() - before


def _used() -> float:
    below: dict[int, list[int]] = {}
    ticks: dict[int, int] = {}
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            fields = Path("/proc", name, "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        below.setdefault(int(fields[1]), []).append(int(name))
        ticks[int(name)] = sum(map(int, fields[11:15]))  # its own, and that of children that have ended
    todo, total = [os.getpid()], 0
    while todo:
        process = todo.pop()
        total += ticks.get(process, 0)
        todo += below.get(process, [])
    return total / os.sysconf("SC_CLK_TCK")


def _word_count(spark: Any, path: Path, form: str) -> list[tuple]:
    """A keyed count with the shuffle of spark-df, in which batches travel in a form; (items, words) by instance."""
    from d4p.engines.spark_df.exchange import shuffle

    frame = spark.range(0, INSTANCES, 1, INSTANCES).mapInArrow(_producer(str(path), form), FORMS[form])
    counted = shuffle(frame, INSTANCES, ordered=True).mapInArrow(_consumer(form), "items long, words long")
    return [tuple(row) for row in counted.collect()]


def _producer(path: str, form: str) -> Callable:
    def stage(batches: Any) -> Iterator[Any]:
        import pyarrow as pa
        from pyspark import TaskContext

        from d4p.items.packing import pack
        from d4p.items.schema import declared_schema
        from d4p.stage.channel import Channel
        from d4p.stage.exchange import Hash
        from d4p.stage.outlet import Lanes, outlet

        schema = declared_schema([("word", str), ("n", int)])
        index, ready, sequence = TaskContext.get().partitionId(), [], [0] * INSTANCES

        def send(dest: int) -> None:
            items = lanes.held[dest]
            made = pack(items) if form == "packed" else [
                pa.array(column, kind) for column, kind in zip(schema.columns(items), kinds, strict=True)]  # fmt: skip
            ready.append((dest, sequence[dest], len(items), made))
            sequence[dest] += 1
            items.clear()

        def rows() -> Iterator[Any]:
            dests, numbers, counts, made = zip(*ready, strict=True)
            keys = [(dests, pa.int32()), ([1] * len(ready), pa.int32()), ([index] * len(ready), pa.int32()),
                    (numbers, pa.int64())]  # fmt: skip
            columns = [pa.array(values, kind) for values, kind in keys]
            if form == "packed":
                columns.append(pa.array(made, pa.binary()))
            else:
                values = [pa.concat_arrays(arrays) for arrays in zip(*made, strict=True)]
                if form == "a row an item":
                    columns = [pa.concat_arrays([pa.repeat(value, n) for value, n in zip(column, counts, strict=True)])
                               for column in columns]  # fmt: skip
                    columns += values
                else:
                    starts = pa.array([sum(counts[:k]) for k in range(len(counts) + 1)], pa.int32())
                    columns += [pa.ListArray.from_arrays(starts, value) for value in values]
            names = [field.split()[0] for field in FORMS[form].split(", ")]
            yield pa.RecordBatch.from_arrays(columns, names)
            ready.clear()

        kinds = (pa.string(), pa.int64())
        lanes = Lanes(INSTANCES, send, most=4096)
        put = outlet(Channel(1, "words", Hash(0)), index, lanes).put
        for _ in batches:
            pass
        with open(path) as file:
            for number, line in enumerate(file):
                if number % INSTANCES == index:
                    for word in line.split():
                        put((word, 1))
                    if len(ready) >= 32:
                        yield from rows()
        for dest in range(INSTANCES):
            if lanes.held[dest]:
                send(dest)
        yield from rows()

    return stage


def _consumer(form: str) -> Callable:
    def stage(batches: Any) -> Iterator[Any]:
        import pyarrow as pa

        from d4p.items.packing import unpack

        counts: dict[str, int] = {}

        def take(items: Any) -> None:
            for word, n in items:
                counts[word] = counts.get(word, 0) + n

        for batch in batches:
            if form == "packed":
                for value in batch.column("items"):
                    take(unpack(memoryview(value.as_buffer())))
            elif form == "a row an item":
                batch.column("channel").to_pylist()
                take(zip(batch.column("word").to_pylist(), batch.column("n").to_pylist(), strict=True))
            else:
                for pair in zip(batch.column("word"), batch.column("n"), strict=True):
                    take(zip(*(values.values.to_pylist() for values in pair), strict=True))
        found = [pa.array([sum(counts.values())]), pa.array([len(counts)])]
        yield pa.RecordBatch.from_arrays(found, ["items", "words"])

    return stage
