"""Arrow files: what WriteArrow writes, item by item and in batches, is what Records reads."""

from __future__ import annotations

import importlib
import json
import os
import pickle
import random
import subprocess
import sys
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.dataset
import pytest

from d4p import WorkflowGraph, WriteArrow
from d4p.compat.direct import process_and_return
from d4p.containers import Records, writing
from d4p.errors import Refused, RunFailed
from d4p.items.batch import Batch
from d4p.pairs.tile import Tile

from .byhand import ByHand


class Item(NamedTuple):
    name: str
    n: int
    x: float
    values: np.ndarray


def items(count: int, size: int = 1000, dtype: str = "float32") -> list[Item]:
    """Items that all differ; the arrays of 300 of them fill a block."""
    values = np.random.default_rng(count).standard_normal((count, size)).astype(dtype)
    return [Item(f"name {i % 7}", i, i / 3, values[i]) for i in range(count)]


def same(found: list, expected: list) -> bool:
    """The same items, arrays (the last field) with the same dtype and bits."""
    def plain(item):
        values = list(item.values()) if isinstance(item, dict) else item if isinstance(item, tuple) else [item]
        keys = list(item) if isinstance(item, dict) else []
        arrays = isinstance(values[-1], np.ndarray)
        return keys, list(map(type, values)), values[:-1] if arrays else values, (
            (values[-1].dtype.str, values[-1].shape, values[-1].tobytes()) if arrays else None)  # fmt: skip

    return list(map(plain, found)) == list(map(plain, expected))


def written(path, *parts: list) -> Records:
    run = ByHand(WriteArrow(path))
    run.commit(*(run.instance(rank, len(parts), part) for rank, part in enumerate(parts)))
    return Records(path)


@pytest.mark.parametrize("dtype", [">i4", "<i4", ">f8"])
def test_arrays_of_either_byte_order_are_stored_in_the_machines_own(tmp_path, dtype):
    made = [(i, np.arange(i, i + 5).astype(dtype)) for i in range(4)]
    run = ByHand(WriteArrow(tmp_path / "batches"))
    instance = run.begin(0, 1)
    instance.process_batch({"input": Batch.stack(made)})
    instance.postprocess()
    run.commit(instance.part)
    one, many = written(tmp_path / "items", made), Records(tmp_path / "batches")
    for (_, expected), (_, first), (_, second) in zip(made, one, many, strict=True):
        assert first.dtype == second.dtype == expected.dtype.newbyteorder("=")
        assert first.tolist() == second.tolist() == expected.tolist()


@pytest.mark.parametrize("dtype", ["float32", "float64", "int16"])
def test_round_trip(tmp_path, dtype):
    made = items(2000, 1000, dtype)
    found = written(tmp_path / "out", made[:1500], [], made[1500:])
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == [
        "_SUCCESS", "part-00000.arrow", "part-00001.arrow", "part-00002.arrow"]  # fmt: skip
    assert len(found) == 2000 and same(list(found), made)
    for number in (0, 1499, 1500, 1999, -1, -2000):
        assert same([found[number]], [made[number]])
    assert same(found[1498:1503], made[1498:1503])
    assert found.columns.column("n").to_pylist() == list(range(2000)) and "values" not in found.columns.schema.names
    assert (found.array("values") == np.stack([item.values for item in made])).all()
    assert (found.array("values", [1999, 3]) == np.stack([made[1999].values, made[3].values])).all()
    assert isinstance(Records(tmp_path / "out", Item)[7], Item) and Records(tmp_path / "out", Item)[7].n == 7
    assert same(list(pickle.loads(pickle.dumps(Records(tmp_path / "out", Item)))), made)
    with pytest.raises(IndexError):
        found[2000]
    with pytest.raises(ValueError, match="read-only"):
        found[0][3][0] = 1


@pytest.mark.parametrize("made", [
    [{"a": 1, "b": True, "c": b"\x00x", "s": "é", "m": np.ones((3, 4))}, {"a": 2, "b": False, "c": b"", "s": "",
                                                                           "m": np.zeros((3, 4))}],
    [np.arange(5.0), np.ones(5)], [("a", 1), ("b", -(1 << 63))], [1.5, float("inf")],
    [("empty", np.zeros(0, "float32"))], [(np.ones((2, 2, 2), "uint8"),)] * 3, [(np.arange(4)[::-1],)] * 2,
])  # fmt: skip
def test_forms_of_items(tmp_path, made):
    found = written(tmp_path / "out", made)
    assert same(list(found), made) and same([found[n] for n in range(len(made))], made)


def test_numbers_of_numpy_are_read_as_pythons(tmp_path):
    found = written(tmp_path / "out", [(np.int32(3), np.float32(0.5), np.bool_(True), np.ones(2, ">f4"))])
    assert found[0][:3] == (3, 0.5, True) and [type(value) for value in found[0][:3]] == [int, float, bool]
    assert found[0][3].dtype == np.float32 and found[0][3].tolist() == [1, 1]
    assert [str(t) for t in found.schema.types[:3]] == ["int32", "float", "bool"]


def test_batches_are_stored_as_their_items_are(tmp_path):
    """Of any size, mixed with single items; the same records in the same order."""
    made, rng = items(3000), random.Random(1)
    expected = written(tmp_path / "items", made)
    run = ByHand(WriteArrow(tmp_path / "batches"))
    instance, at = run.begin(0, 1), 0
    while at < len(made):
        count = rng.choice([1, 2, 64, 400, 2900])
        if count == 1:
            instance.process({"input": made[at]})
        else:
            assert instance.process_batch({"input": Batch.stack(made[at : at + count])}) is None
        at += count
    instance.postprocess()
    run.commit(instance.part)
    found = Records(tmp_path / "batches")
    assert same(list(found), made) and found.columns.equals(expected.columns)
    assert json.loads((tmp_path / "batches" / "_SUCCESS").read_text())["parts"]["part-00000.arrow"]["items"] == 3000


def test_a_batch_whose_columns_are_arrays_is_stored_as_its_items_are(tmp_path):
    columns = Item(["a", "b", "c"], np.arange(3), np.arange(3) / 2, np.ones((3, 9), "float32"))
    run = ByHand(WriteArrow(tmp_path / "out"))
    instance = run.begin(0, 1)
    instance.process_batch({"input": Batch(columns)})
    instance.process({"input": Item("d", 3, 1.5, np.ones(9, "float32"))})
    columns.n[:] = columns.x[:] = 0  # theirs: what was written before is not changed by it
    instance.postprocess()
    run.commit(instance.part)
    expected = [("a", 0, 0.0), ("b", 1, 0.5), ("c", 2, 1.0), ("d", 3, 1.5)]
    assert [item[:3] for item in Records(tmp_path / "out")] == expected


def test_a_tile_is_stored_as_its_pairs_are(tmp_path):
    left, right = Batch([1.0, 2.0]), Batch([3.0, 4.0])
    run = ByHand(WriteArrow(tmp_path / "out"))
    instance = run.begin(0, 1)
    instance.process_batch({"input": Tile(left, right, [0, 1], [2, 2])})
    instance.postprocess()
    run.commit(instance.part)
    assert list(Records(tmp_path / "out")) == [(1.0, 3.0), (1.0, 4.0), (2.0, 4.0)]


def test_blocks_are_gathered_and_split(tmp_path):
    small, large = written(tmp_path / "small", items(3000)), Batch.stack(items(6000))
    sizes = [rows * 4000 for rows in small.parts[0].rows]
    assert all(0.9 * writing.LEAST <= size <= writing.MOST for size in sizes[1:-1]) and len(sizes) < 20
    run = ByHand(WriteArrow(tmp_path / "large"))
    instance = run.begin(0, 1)
    instance.process_batch({"input": large})
    instance.postprocess()
    run.commit(instance.part)
    (part,) = Records(tmp_path / "large").parts
    assert len(part.rows) == 3 and max(part.rows) * 4000 <= writing.MOST and sum(part.rows) == 6000


def test_the_file_holds_the_bytes_of_the_arrays_and_any_arrow_library_reads_it(tmp_path):
    made = items(500)
    written(tmp_path / "out", made)
    assert np.stack([item.values for item in made[17:300]])[:2].tobytes() in (
        tmp_path / "out" / "part-00000.arrow").read_bytes()  # fmt: skip
    with open(tmp_path / "out" / "part-00000.arrow", "rb") as file:
        table = pa.ipc.open_file(file).read_all()
    assert table.num_rows == 500 and table.column("n").to_pylist() == list(range(500))
    assert str(table.schema.field("values").type) == "fixed_size_list<item: float not null>[1000]"
    scanned = pyarrow.dataset.dataset(tmp_path / "out", format="ipc").to_table(columns=["n"])
    assert scanned.num_rows == 500


def test_a_file_without_an_index_is_read_by_its_blocks(tmp_path, monkeypatch):
    """One of another program, and one whose index would be large."""
    table = pa.table({"n": [1, 2, 3], "values": pa.array([[1.0, 2.0]] * 3, pa.list_(pa.float32(), 2))})
    with pa.ipc.new_file(tmp_path / "theirs.arrow", table.schema) as file:
        file.write_table(table)
    found = Records(tmp_path / "theirs.arrow")
    assert len(found) == 3 and found[2]["n"] == 3 and found[2]["values"].tolist() == [1.0, 2.0]
    assert found.columns.column("n").to_pylist() == [1, 2, 3]
    monkeypatch.setattr(writing, "_INDEX_BYTES", 1000)
    made = items(1000)
    found = written(tmp_path / "out", made)
    assert found.parts[0]._index is None and found.columns.column("n").to_pylist() == list(range(1000))
    assert same(list(found), made)


@pytest.mark.parametrize(("item", "says"), [
    (("a", 1.0, np.ones(3)), r"item 4: 'n' is float64 \(1.0\); in the first it is int64"),
    (("a", 1, np.ones(4)), r"item 4: 'values' is an array float64\[4\]; in the first it is float64\[3\]"),
    (("a", 1, np.ones(3, "float32")), r"item 4: 'values' is an array float32\[3\]; in the first it is float64\[3\]"),
    (("a", 1, [1.0, 1.0, 1.0]), r"item 4: 'values' is list \(\[1.0, 1.0, 1.0\]\); in the first it is float64\[3\]"),
    ((None, 1, np.ones(3)), r"item 4: 'name' is NoneType \(None\); in the first it is string"),
    (("a", True, np.ones(3)), r"item 4: 'n' is bool \(True\); in the first it is int64"),
])  # fmt: skip
def test_an_item_unlike_the_first_fails_with_its_number_and_the_difference(tmp_path, item, says):
    class Three(NamedTuple):
        name: str
        n: int
        values: np.ndarray

    good = [Three("a", 1, np.ones(3))] * 3
    globals()["Three"] = Three
    says = f"records of one file must be alike, numbers, strings and arrays of one shape; {says}"
    run = ByHand(WriteArrow(tmp_path / "out"))
    with pytest.raises(RunFailed, match=says):
        run.instance(0, 1, [*good, Three(*item), *good])
    instance = run.begin(0, 1)
    instance.process({"input": good[0]})
    with pytest.raises(RunFailed, match=says):
        instance.process_batch({"input": Batch.stack([*good[:2], Three(*item), *good])})


@pytest.mark.parametrize(("first", "second", "says"), [
    ((1, 2), {"a": 1}, "item 2: it is a dict of a; the first is a tuple of 0, 1"),
    ({"a": 1}, {"b": 1}, "item 2: it is a dict of b; the first is a dict of a"),
    ({"a": 1}, 5, "item 2: it is no tuple and no dict; the first is a dict of a"),
    (("a", 1), ("a", 1 << 63), "item 2: .*(too large|too big)"),
    (("a",), ("\ud800",), "item 2: .*surrogates not allowed"),
    (({"a": 1},), None, r"item 1: '0' is dict \(\{'a': 1\}\); what can be stored is bool, int,"),
    ((np.array(["x"]),), None, "item 1: '0' is an array str32"),
    ((np.ones(3, complex),), None, r"item 1: '0' is an array complex128\[3\]; what can be stored"),
    ((), None, "item 1: it has no fields"),
    ({1: 2}, None, "item 1: the keys of a dict must be strings"),
])  # fmt: skip
def test_what_cannot_be_stored_is_said(tmp_path, first, second, says):
    run = ByHand(WriteArrow(tmp_path / "out"))
    with pytest.raises(RunFailed, match=says):
        run.instance(0, 1, [first] if second is None else [first, second])


def test_an_output_without_items(tmp_path):
    found = written(tmp_path / "out", [], [])
    assert (len(found), list(found), found.columns.num_rows) == (0, [], 0)


def test_a_part_of_an_earlier_run_is_taken_by_resume(tmp_path):
    """One of two instances had finished when the run was killed: the other alone is written."""
    made = items(600)
    first = ByHand(WriteArrow(tmp_path / "out"))
    kept = first.instance(0, 2, made[:400])
    first.begin(1, 2).process({"input": made[400]})
    first.folder.release()  # as if its process were gone
    again = ByHand(WriteArrow(tmp_path / "out"), resume=True)
    (part,) = again.folder.places()[""].of_earlier(0, 2).values()
    assert part == kept and again.folder.places()[""].of_earlier(1, 2) == {}
    again.commit(part, again.instance(1, 2, made[400:]))
    assert same(list(Records(tmp_path / "out")), made)


def test_a_writer_whose_output_is_there_writes_nothing(tmp_path):
    written(tmp_path / "out", items(3))
    instance = WriteArrow(tmp_path / "out")
    instance.write_to(None, None)
    instance.preprocess()
    instance.process({"input": items(1)[0]})
    instance.process_batch({"input": Batch.stack(items(5))})
    instance.postprocess()
    assert instance._count == 6 and len(Records(tmp_path / "out")) == 3


def test_direct_runs(tmp_path):
    graph, write = WorkflowGraph(), WriteArrow(tmp_path / "out")
    graph.add(write)
    process_and_return(graph, {write: [{"input": item} for item in items(5)]})
    assert same(list(Records(tmp_path / "out")), items(5))


@pytest.mark.parametrize("url", ["memory://containers/out", None])
def test_urls(tmp_path, url):
    """Another store, which has no files to map into memory; and one of this machine."""
    made = items(700)
    run = ByHand(WriteArrow(url or f"file://{tmp_path}/out"))
    run.commit(run.instance(0, 2, made[:500]), run.instance(1, 2, made[500:]))
    found = Records(run.pe.path)
    assert same(list(found), made) and same([found[600], found[5]], [made[600], made[5]])


@pytest.mark.parametrize("cut", [0, 3, 7, 100, 5000, -1])
def test_a_truncated_file(tmp_path, cut):
    written(tmp_path / "out", items(500))
    path = tmp_path / "out" / "part-00000.arrow"
    whole = path.read_bytes()
    path.write_bytes(whole[:cut])
    has = f"must have {len(whole):,} bytes, and has {len(whole[:cut]):,} bytes. --overwrite makes it anew"
    with pytest.raises(RunFailed, match=f"out isn't as it was written: part-00000.arrow {has}"):
        Records(tmp_path / "out")
    with pytest.raises(RunFailed, match="part-00000.arrow can't be read: it isn't whole, or the file is no Arrow file"):
        Records(path)


def test_a_damaged_index_or_block_is_named(tmp_path):
    written(tmp_path / "out", items(2000))
    path = tmp_path / "out" / "part-00000.arrow"
    whole = path.read_bytes()
    file = pa.ipc.open_file(whole)
    assert file.num_record_batches > 4
    _, metadata = file.get_batch_with_custom_metadata(file.num_record_batches - 1)
    at = whole.index(metadata[b"d4p.index"])
    for damage in b"!", b"A":  # no base64, and no zlib
        path.write_bytes(whole[: at + 50] + damage * 300 + whole[at + 350 :])
        with pytest.raises(RunFailed, match="part-00000.arrow can't be read: its index isn't whole"):
            _ = Records(path).columns
    path.write_bytes(b"ARROW1\0\0" + b"\xff" * 2_000_000 + whole[2_000_008:])
    with pytest.raises(RunFailed, match=r"part-00000.arrow can't be read: block 1 of \d+ isn't whole"):
        Records(path)[0]


def test_a_folder_that_is_no_whole_output_is_refused(tmp_path):
    written(tmp_path / "out", items(5), items(6))
    (tmp_path / "out" / "part-00001.arrow").unlink()
    with pytest.raises(RunFailed, match="part-00001.arrow must have .* bytes, and isn't there"):
        Records(tmp_path / "out")
    (tmp_path / "out" / "_SUCCESS").unlink()
    with pytest.raises(Refused, match=r"must be an output of a run, .* To read the files .* there, give .*part-\*"):
        Records(tmp_path / "out")
    assert len(Records(tmp_path / "out" / "part-*")) == 5
    with pytest.raises(Refused, match="no such file or folder"):
        Records(tmp_path / "no")


def test_files_with_other_fields_are_not_read_together(tmp_path):
    run = ByHand(WriteArrow(tmp_path / "out"))
    run.commit(run.instance(0, 2, [("a", 1)]), run.instance(1, 2, [("a", 1.5)]))
    with pytest.raises(Refused, match="must hold the same fields to be read together: .*part-00001.arrow has "
                                      "0: string, 1: double; .*part-00000.arrow has 0: string, 1: int64"):
        Records(tmp_path / "out")
    with pytest.raises(Refused, match="the records must be Item, of name, n, x, values; those in .* have 0: string"):
        Records(tmp_path / "out" / "part-00000.arrow", Item)


def test_writing_imports_neither_pandas_nor_what_takes_as_long(tmp_path):
    """Each instance would, for its few files: pyarrow imports pandas when it makes an array of a list."""
    pytest.importorskip("pandas") if not os.environ.get("CI") else importlib.import_module("pandas")
    script = f"""
import sys
import numpy as np
from d4p import WriteArrow
pe = WriteArrow({str(tmp_path / 'out')!r})
pe.begin_output()
pe.preprocess()
pe.process({{"input": ("a", 1, 2.5, True, b"x", np.ones(3))}})
pe.postprocess()
pe.commit_output()
print([name for name in ("pyarrow", "pandas", "pyarrow.compute") if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=120)
    assert done.stdout == "['pyarrow']\n", done.stderr
    assert Records(tmp_path / "out")[0][:5] == ("a", 1, 2.5, True, b"x")


def test_a_batch_that_is_used_again_is_stored_as_it_was(tmp_path):
    """A PE may give a batch and then compute the next in the same array."""
    writer = WriteArrow(str(tmp_path / "out"))
    writer.begin_output()
    writer.preprocess()
    values = np.zeros((3, 5), np.float32)
    for number in range(4):
        values[:] = number
        writer.process_batch({"input": Batch({"n": [number] * 3, "values": values})})
    writer.postprocess()
    writer.commit_output()
    found = [(record["n"], set(record["values"].tolist())) for record in Records(str(tmp_path / "out"))]
    assert found == [(number, {float(number)}) for number in range(4) for _ in range(3)]


def test_a_mask_is_refused(tmp_path):
    writer = WriteArrow(str(tmp_path / "out"))
    writer.begin_output()
    writer.preprocess()
    with pytest.raises(RunFailed, match="an array with a mask"):
        writer.process({"input": {"values": np.ma.masked_invalid([1.0, np.nan])}})
    writer.abort_output()
