"""The parts of results: JSON lines, Parquet, and the way from one to the other."""

from __future__ import annotations

import errno
import importlib
import os
import random
import subprocess
import sys
from array import array
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from d4p.commit.run import Outputs
from d4p.errors import Refused, RunFailed
from d4p.filesystems import Local, locate
from d4p.filesystems.appended import Appended
from d4p.items.packing import loads_json
from d4p.items.schema import declared_schema
from d4p.outputs import parquet, store
from d4p.outputs.part import BEGUN, Attempt, Maker, Part, Place
from d4p.outputs.records import ResultFile
from d4p.outputs.shown import shown
from d4p.outputs.store import Store, address

WORDS = declared_schema([("word", str), ("count", int)])
SIGNALS = declared_schema({"station": str, "samples": "float32[]", "ok": bool, "raw": bytes, "at": float})


def write(folder, items, schema=None) -> Part:
    (folder / BEGUN).touch()
    place = Place(str(folder), "out", "")
    file = ResultFile(lambda suffix: Attempt(place, Maker(3, 5, "run.attempt"), suffix), schema)
    for item in items:
        file.put(item)
    part = file.finish()
    assert sorted(os.listdir(folder)) == [BEGUN, part.name] and part.size == os.path.getsize(folder / part.name)
    assert Part.of(part.name) == part and part.count == len(items)
    assert len(file.first) == min(20, len(items)) and (not items or file.first[0][:20] == repr(items[0])[:20])
    return part


def lines(folder, part):
    return [loads_json(line, unpickle=True) for line in (folder / part.name).read_text().splitlines()]


@pytest.mark.parametrize("count", [0, 1, 19, 20, 21, 1000])
def test_json_lines(tmp_path, count):
    items = [{"i": i, "a": [float("inf")]} for i in range(count)]
    part = write(tmp_path, items)
    assert lines(tmp_path, part) == items
    assert (part.final, part.instance, part.instances) == ("part-00003.jsonl", 3, 5)


def test_a_part_is_on_the_disk_before_it_has_its_name(tmp_path, monkeypatch):
    done = []

    def noting(name, real):
        return lambda self, *given: (done.append(name), real(self, *given))

    for name in ("sync", "rename", "sync_folder"):
        monkeypatch.setattr(Store, name, noting(name, getattr(Store, name)))
    write(tmp_path, [1])
    assert done == ["sync", "rename", "sync_folder"]


def test_the_disk_is_waited_for(tmp_path, monkeypatch):
    synced = []
    monkeypatch.setattr(os, "fsync", lambda number: synced.append(os.fstat(number).st_ino))
    part = write(tmp_path, [1])
    assert synced == [os.stat(tmp_path / part.name).st_ino, os.stat(tmp_path).st_ino]


def test_an_attempt_that_is_read_again_is_not_written_to(tmp_path):
    (tmp_path / BEGUN).touch()
    attempt = Attempt(Place(str(tmp_path), "out", ""), Maker(0, 1, "run.attempt"), ".jsonl")
    attempt.write(b"some")
    with attempt.reopen() as file:
        assert file.read() == b"some"
    with pytest.raises(ValueError, match="closed"):
        attempt.write(b"more")
    attempt.drop()
    assert os.listdir(tmp_path) == [BEGUN]


def test_an_attempt_that_is_taken_back_is_not_written_to(tmp_path):
    (tmp_path / BEGUN).touch()
    attempt = Attempt(Place(str(tmp_path), "out", ""), Maker(0, 1, "run.attempt"), ".jsonl")
    attempt.write(b"some")
    attempt.drop()
    with pytest.raises(ValueError, match="closed"):
        attempt.write(b"more")
    assert os.listdir(tmp_path) == [BEGUN]


def test_an_item_is_shown_in_one_line():
    class Lines:
        def __repr__(self):
            return "first\nsecond"

    assert shown([Lines(), "a\nb"]) == "[first second, 'a\\nb']"
    assert len(shown("x" * 1000)) == 150


def test_an_address_is_where_a_link_leads_or_where_it_is(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "folder")
    fs, path = locate(tmp_path / "link")
    assert address(fs, path) == address(fs, path, follow=True) == f"file://{os.path.realpath(tmp_path)}/folder"
    assert address(fs, path, follow=False) == f"file://{os.path.realpath(tmp_path)}/link"


@pytest.mark.parametrize("count", [0, 1, 16, 17, 10_000])
def test_parquet(tmp_path, count, monkeypatch):
    monkeypatch.setattr(parquet, "_GROUP_BYTES", 20_000)
    part = write(tmp_path, [("é" * (i % 3), -i) for i in range(count)], WORDS)
    assert part.final == "part-00003.parquet"
    table = pq.read_table(tmp_path / part.name)
    assert table.to_pylist() == [{"word": "é" * (i % 3), "count": -i} for i in range(count)]
    assert not any(field.nullable for field in table.schema)
    assert count < 10_000 or pq.ParquetFile(tmp_path / part.name).num_row_groups > 3


def test_a_small_table_is_one_group(tmp_path):
    part = write(tmp_path, [("a", number) for number in range(10_000)], WORDS)
    assert pq.ParquetFile(tmp_path / part.name).num_row_groups == 1


@pytest.mark.parametrize(("length", "most"), [(1, [16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 4096]),
                                              (100_000, [16, 10, 10])])  # fmt: skip
def test_how_many_items_are_checked_at_once(tmp_path, length, most):
    """Of small ones twice as many each time, up to a number; of large ones about a megabyte."""
    (tmp_path / BEGUN).touch()
    table = parquet.TableFile(Attempt(Place(str(tmp_path), "out", ""), Maker(0, 1, "run.attempt")), WORDS)
    found, at_once = [], 0
    for _ in range(sum(most)):
        assert table.put(("x" * length, at_once))
        at_once += 1
        if not table.held():
            found.append(at_once)
            at_once = 0
    assert found == most


def test_a_result_of_a_schema_is_lines_without_pyarrow(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "d4p.outputs.parquet", None)
    part = write(tmp_path, [("a", 1)], WORDS)
    assert part.final == "part-00003.jsonl" and lines(tmp_path, part) == [["a", 1]]


def test_what_an_array_holds_may_not_be_null_either():
    made = parquet.arrow_type("float64[]")
    assert made.value_type == "double" and not made.value_field.nullable


def signal(i):
    return {"station": f"S{i}", "samples": np.arange(i % 7, dtype="float32"), "ok": i % 2 == 0, "raw": bytes([i % 256]),
            "at": i / 3}


def test_arrays(tmp_path):
    part = write(tmp_path, [signal(i) for i in range(500)], SIGNALS)
    rows = pq.read_table(tmp_path / part.name).to_pylist()
    assert rows == [signal(i) | {"samples": list(range(i % 7))} for i in range(500)]


def test_values_at_the_ends_of_their_types(tmp_path):
    schema = declared_schema({"n": int, "x": float, "ok": bool, "word": str, "raw": bytes, "few": "uint16[]"})
    items = [{"n": n, "x": x, "ok": ok, "word": word, "raw": raw, "few": np.arange(6, dtype="uint16")[::step]}
             for n, x, ok, word, raw, step in [(-(1 << 63), -0.0, True, "", b"", 1), (0, 5e-324, False, "\0", b"\0", 2),
                                               ((1 << 63) - 1, float("-inf"), True, "\U0001f30d", b"\xff" * 3, -3)]]
    for some in (items, items[:2], items[:1]):  # the second has characters of one byte alone
        (tmp_path / str(len(some))).mkdir()
        part = write(tmp_path / str(len(some)), some, schema)
        rows = pq.read_table(tmp_path / str(len(some)) / part.name).to_pylist()
        assert repr(rows) == repr([item | {"few": item["few"].tolist()} for item in some])


def test_a_table_is_written_without_pandas(tmp_path):
    """Each instance would import it: pyarrow does when it makes an array of a list."""
    pytest.importorskip("pandas") if not os.environ.get("CI") else importlib.import_module("pandas")
    script = """
import sys
from tests.unit.test_result_files import SIGNALS, Path, signal, write
write(Path(sys.argv[1]), [signal(i) for i in range(50)], SIGNALS)
print([name for name in ("pyarrow", "pandas") if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True, timeout=120,
                          cwd=Path(__file__).parents[2])  # fmt: skip
    assert done.stdout == "['pyarrow']\n", done.stderr


def test_a_column_has_at_most_two_gigabytes():
    class Long(bytes):
        def __len__(self):
            return 1 << 30

    with pytest.raises(OverflowError):
        parquet._offsets([Long(), Long()])
    assert parquet._offsets([b"ab", b""]).to_pybytes() == array("i", [0, 2, 2]).tobytes()


@pytest.mark.parametrize("odd", [0, 1, 15, 16, 17, 40, 2500, 2999])
def test_an_item_of_another_type_makes_all_of_them_lines(tmp_path, odd, monkeypatch):
    """Also those that are in the file, in batches that wait for it, and not checked yet."""
    monkeypatch.setattr(parquet, "_GROUP_BYTES", 20_000)
    items = [("é", i) for i in range(3000)]
    items[odd] = ("é", True)
    part = write(tmp_path, items, WORDS)
    assert part.final == "part-00003.jsonl"
    found = lines(tmp_path, part)
    assert found == [list(item) for item in items] and found[odd][1] is True
    (tmp_path / part.name).unlink()
    records = [signal(i) for i in range(3000)]
    records[odd]["at"] = 1
    part = write(tmp_path, records, SIGNALS)
    assert len(lines(tmp_path, part)) == 3000 and lines(tmp_path, part)[20]["samples"] == [0, 1, 2, 3, 4, 5]


def full(*arguments):
    raise OSError(errno.ENOSPC, "No space left on device")


FULL = "the output out, instance 3, can't be written: No space left on device"


def test_a_disk_that_is_full_at_the_end(tmp_path, monkeypatch):
    """What was written waits in a buffer, and is refused when the file is closed."""
    for name in ("sync", "rename", "sync_folder"):
        with monkeypatch.context() as patched:
            patched.setattr(Store, name, full)
            with pytest.raises(RunFailed, match=FULL):
                write(tmp_path, ["a"])
        assert not [n for n in os.listdir(tmp_path) if n.startswith("part-")] or name == "sync_folder"
        for part in tmp_path.glob("*part-*"):
            part.unlink()


def test_a_large_part_begins_to_go_to_the_disk_before_its_end(tmp_path, monkeypatch):
    begun = []
    monkeypatch.setattr(store, "_sync_file_range", lambda: lambda fd, *range: begun.append(range))
    part = write(tmp_path, ["x" * 999_997] * 30)
    write_only = 2  # SYNC_FILE_RANGE_WRITE: it isn't waited for
    assert part.size == 30_000_000
    assert begun == [(begin, 9_000_000, write_only) for begin in (0, 9_000_000, 18_000_000)]
    begun.clear()
    Attempt(Place(str(tmp_path), "out", ""), Maker(0, 1, "run.attempt")).write(bytes(8 << 20))
    assert begun == [(0, 8 << 20, write_only)]


@pytest.mark.skipif(sys.platform != "linux", reason="others have nothing to be told")
def test_linux_is_told_to_begin_at_any_place_of_a_file(tmp_path):
    begin = store._sync_file_range()
    with open(tmp_path / "part", "wb") as file:
        file.write(b"some")
        Store(str(tmp_path)).sync_soon(file, 0, 4)
        assert (tmp_path / "part").read_bytes() == b"some"
        assert begin(file.fileno(), 1 << 31, 1, store._WRITE) == 0, "beyond what 32 bits hold"


@pytest.mark.parametrize("error", [OverflowError, pa.ArrowInvalid])
def test_items_that_make_no_table_are_lines(tmp_path, monkeypatch, error):
    """Such as more than two gigabytes in one batch."""

    def refused(column, kind):
        raise error

    monkeypatch.setattr(parquet, "_array", refused)
    part = write(tmp_path, [("a", number) for number in range(40)], WORDS)
    assert part.final == "part-00003.jsonl" and lines(tmp_path, part) == [["a", number] for number in range(40)]


@pytest.mark.parametrize("schema", [None, WORDS])
@pytest.mark.parametrize("length", [1, 1 << 16])
def test_a_disk_that_is_full_meanwhile(tmp_path, monkeypatch, length, schema):
    """With the first item, or once the buffer is full, or at the end."""
    monkeypatch.setattr(Appended, "write", full)
    with pytest.raises(RunFailed, match=FULL):
        write(tmp_path, [(random.Random(number).randbytes(length).hex(), number) for number in range(20)], schema)


@pytest.mark.parametrize("step", ["append", "remove", "rename"])
def test_a_file_that_can_not_be_made_or_removed(tmp_path, monkeypatch, step):
    """One in whose stead lines are written is removed."""
    monkeypatch.setattr(Store, step, full)
    with pytest.raises(RunFailed, match=FULL):
        write(tmp_path, [("a", True)], WORDS)


def test_a_file_that_can_not_be_read_again(tmp_path, monkeypatch):
    monkeypatch.setattr(Local, "open", full)
    with pytest.raises(RunFailed, match=FULL):
        write(tmp_path, [("a", True)], WORDS)


def test_an_output_of_a_workflow_without_results_makes_no_folder():
    workflow = SimpleNamespace(pes={}, policies={})
    outputs = Outputs(workflow, "none", [])
    assert outputs.begin(dict) and not outputs.folders and not outputs.written
    assert outputs.notes == ["the workflow has nothing for --output none: every output of its PEs is connected, so "
                             "there is no such folder"]
    with pytest.raises(Refused, match="no writer among its PEs, and nothing for --output none"):
        Outputs(workflow, "none", [], resume=True).begin(dict)
