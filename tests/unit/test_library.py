"""The readers and writers of d4p.library."""

from __future__ import annotations

import bz2
import copy
import gzip
import io
import lzma
import os
import pickle
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from d4p import ReadFiles, ReadLines, WorkflowGraph, WriteRecords, WriteText
from d4p.compat.direct import process_and_return
from d4p.errors import Refused, RunFailed
from d4p.library.lines import line_start

# -- ReadLines -------------------------------------------------------------------------------------------------------

TEXTS = st.lists(
    st.sampled_from(["\n", "\r", "\r\n", "a", "bc", "é", "\u2028", "\x0b", "\x1c", "\x85", "𝄞", ""]) | st.text(),
    max_size=40,
).map("".join)


def read(reader, splits=None):
    return [item for split in splits or reader.plan_splits() for item in reader.read(split)]


def lines_of(data: bytes, encoding: str = "utf-8") -> list[str]:
    """What Hadoop's LineRecordReader makes of it."""
    text = data.decode(encoding, "replace").replace("\r\n", "\n").replace("\r", "\n")
    lines = text.removeprefix("\ufeff").split("\n")
    return lines if lines[-1] else lines[:-1]


@given(TEXTS, st.integers(1, 40))
def test_each_line_is_read_once_whatever_the_split_size(text, split_bytes):
    data = text.encode("utf-8", "surrogatepass")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "a.txt")
        path.write_bytes(data)
        reader = ReadLines(path, split_bytes=split_bytes)
        assert read(reader) == lines_of(data)
        assert len(reader.plan_splits()) == -(-len(data) // split_bytes)


@given(st.binary(max_size=60), st.integers(1, 10), st.sampled_from(["utf-8", "latin-1", "utf-16-le", "gb18030"]))
def test_any_bytes_in_any_encoding(data, split_bytes, encoding):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "a.txt")
        path.write_bytes(data)
        wanted = lines_of(data, encoding) if encoding == "utf-8" else \
            [line.rstrip("\n") for line in io.TextIOWrapper(io.BytesIO(data), encoding, "replace")]
        assert read(ReadLines(path, encoding, split_bytes)) == wanted


@given(st.lists(st.sampled_from([b"a", b"b", b"\r", b"\n"]), max_size=30).map(b"".join), st.integers(0, 30))
def test_line_start(data, offset):
    starts = [0] + [i for i in range(1, len(data) + 1) if data[i - 1:i] == b"\n"
                    or (data[i - 1:i] == b"\r" and data[i:i + 1] != b"\n")]
    offset = min(offset, len(data))
    assert line_start(io.BytesIO(data), offset) == min((s for s in starts if s >= offset), default=len(data))


def test_a_line_end_across_the_border_of_a_long_search(tmp_path):
    path = tmp_path / "a.txt"
    for length in (1022, 1023, 1024, 1025, (1 << 20) + 1023, (1 << 20) + 1024):
        path.write_bytes(b"x" * length + b"\r\ny")
        assert read(ReadLines(path, split_bytes=5000)) == ["x" * length, "y"]


def test_malformed_utf8_is_replaced_and_a_byte_order_mark_left_out(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes(b"\xef\xbb\xbfone\ntw\xff\n\xef\xbb\xbfthree")
    assert read(ReadLines(path)) == ["one", "tw\ufffd", "\ufeffthree"]
    assert read(ReadLines(path, split_bytes=4)) == ["one", "tw\ufffd", "\ufeffthree"]
    assert read(ReadLines(path, encoding="utf-8-sig")) == ["one", "tw\ufffd", "\ufeffthree"]


def test_malformed_text_that_is_replaced_is_told_of_once(tmp_path, capsys):
    for name, content in {"a.txt": "ä\n".encode(), "b.txt": b"\xff\n\xe4", "c.txt": b"\xff"}.items():
        (tmp_path / name).write_bytes(content)
    assert read(ReadLines(tmp_path, split_bytes=1)) == ["ä", "\ufffd", "\ufffd", "\ufffd"]
    (told,) = capsys.readouterr().out.splitlines()
    assert f"{tmp_path}/b.txt has bytes that are no utf-8: U+FFFD stands in their place" in told


def test_what_is_no_text_can_not_be_read_where_errors_is_strict(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes("eins\nzwöi\r\nd\ufffd\n".encode() + b"f\xff\nend")
    for split_bytes, where in ((100, "4"), (17, "1 from byte 17 on")):
        graph = WorkflowGraph()
        graph.add(ReadLines(path, split_bytes=split_bytes, errors="strict"))
        with pytest.raises(RunFailed, match=rf"can't read record {where} of {path}, b'f\\xff': UnicodeDecodeError: "):
            process_and_return(graph)
    path.write_bytes(b"a\xe4\nb")
    assert read(ReadLines(path, "latin-1", errors="strict")) == ["aä", "b"]
    path.write_bytes("ab".encode("utf-16") + b"\x00")
    with pytest.raises(RunFailed, match=f"can't read {path}: 'utf-16.*' codec can't decode byte"):
        read(ReadLines(path, "utf-16", errors="strict"))
    with pytest.raises(Refused, match="must be \"replace\" or \"strict\"; it is 'ignore'"):
        ReadLines(path, errors="ignore")


@pytest.mark.parametrize(("suffix", "compress"), [("gz", gzip.compress), ("bz2", bz2.compress), ("xz", lzma.compress),
                                                  ("GZ", lambda b: gzip.compress(b[:4]) + gzip.compress(b[4:]))])
def test_compressed_files_are_one_split(tmp_path, suffix, compress):
    path = tmp_path / f"a.txt.{suffix}"
    path.write_bytes(compress(b"one\r\ntwo\rthree"))
    reader = ReadLines(path, split_bytes=3)
    assert len(reader.plan_splits()) == 1
    assert read(reader) == ["one", "two", "three"]


@pytest.mark.parametrize("data", [b"not gzip", gzip.compress(b"one\n" * 1000)[:-12], bytes(20)],
                         ids=["other", "cut", "zeros"])  # fmt: skip
def test_a_broken_compressed_file_is_named(tmp_path, data):
    path = tmp_path / "a.txt.gz"
    path.write_bytes(data)
    with pytest.raises(RunFailed, match=r"ReadLines can't read .*a\.txt\.gz: "):
        read(ReadLines(path))


def test_folders_globs_and_lists_sorted_and_each_file_once(tmp_path):
    for name in ("b.txt", "a.txt", "c.csv", "sub/d.txt", "_SUCCESS", ".hidden", "empty.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("" if name == "empty.txt" else f"{name}\n")
    assert read(ReadLines(tmp_path)) == ["a.txt", "b.txt", "c.csv"]
    assert read(ReadLines(tmp_path / "*.txt")) == ["a.txt", "b.txt"]
    assert read(ReadLines(f"{tmp_path}/**/*.txt")) == ["a.txt", "b.txt", "sub/d.txt"]
    several = [tmp_path / "sub", str(tmp_path / "b.txt"), tmp_path / "?.txt"]
    assert read(ReadLines(several)) == ["a.txt", "b.txt", "sub/d.txt"]
    assert read(ReadLines(f"file://{tmp_path}/b.txt")) == ["b.txt"]


def test_a_file_whose_name_looks_like_a_glob(tmp_path):
    (tmp_path / "a[1].txt").write_text("one")
    assert read(ReadLines(tmp_path / "a[1].txt")) == ["one"]


@pytest.mark.parametrize("make", [ReadLines, ReadFiles])
@pytest.mark.parametrize(("path", "said"), [
    ("no.txt", r"looked for .*no\.txt, and there is no such file or folder"),
    ("*.no", r"looked for files that match .*\*\.no, and there are none"),
    ("empty", r"looked for files in the folder .*empty, and there are none directly in it"),
])
def test_a_missing_path_is_refused(tmp_path, make, path, said):
    (tmp_path / "empty").mkdir()
    reader = make(tmp_path / path)
    for call in (reader.plan_splits, reader.check_input):
        with pytest.raises(Refused, match=said):
            call()
    (tmp_path / "there.txt").write_text("x")
    with pytest.raises(Refused, match=said):
        make([tmp_path / "there.txt", tmp_path / path]).check_input()


def test_a_relative_path_says_where_it_was_looked_for(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(Refused) as refused:
        ReadLines("no.txt").check_input()
    assert str(refused.value).endswith(f"(the working directory is {tmp_path})")


@pytest.mark.parametrize("make", [
    lambda: ReadLines(None), lambda: ReadLines([]), lambda: ReadLines(""), lambda: ReadLines(["a", 3]),
    lambda: ReadLines("a", encoding="klingon"), lambda: ReadLines("a", encoding="hex"),
    lambda: ReadLines("a", split_bytes=0), lambda: ReadLines("a", split_bytes=1.5), lambda: ReadFiles("a", reader="f"),
    lambda: WriteText(None), lambda: WriteText(["a"]), lambda: WriteRecords("a", format="xml"),
])  # fmt: skip
def test_senseless_settings_are_refused(make):
    with pytest.raises(Refused):
        make()


def test_a_url(tmp_path):
    fs = pytest.importorskip("fsspec").filesystem("memory")
    fs.pipe("/lib/a.txt", b"one\r\ntwo\nthree")
    fs.pipe("/lib/b.txt.gz", gzip.compress(b"four\n"))
    assert read(ReadLines("memory://lib", split_bytes=4)) == ["one", "two", "three", "four"]
    assert read(ReadLines("memory://lib/*.txt")) == ["one", "two", "three"]
    assert read(ReadFiles("memory://lib/a*")) == [("memory:///lib/a.txt", b"one\r\ntwo\nthree")]
    assert read(ReadFiles("memory://lib/a.txt", size_of_file)) == [("a.txt", 14)]
    with pytest.raises(Refused, match="no such file or folder"):
        ReadLines("memory://lib/no.txt").check_input()
    with pytest.raises(Refused, match="nonsense://x can't be reached"):
        ReadLines("nonsense://x").check_input()


def test_splits_and_readers_travel_and_agree(tmp_path):
    (tmp_path / "a.txt").write_text("one\ntwo\n")
    reader = ReadLines(tmp_path, split_bytes=3)
    splits = reader.plan_splits()
    there = pickle.loads(pickle.dumps(reader))
    assert there.plan_splits() == splits == copy.deepcopy(reader).plan_splits()
    assert read(there, pickle.loads(pickle.dumps(splits))) == ["one", "two"]


def test_run_by_hand(tmp_path):
    (tmp_path / "a.txt").write_text("one\ntwo\n")
    graph = WorkflowGraph()
    graph.add(ReadLines(tmp_path))
    assert process_and_return(graph) == {"ReadLines0": {"output": ["one", "two"]}}


# -- ReadFiles -------------------------------------------------------------------------------------------------------


def size_of_file(path):
    return os.path.basename(path), os.path.getsize(path)


def first_byte(file):
    return file.read(1) or None


def picky(path):
    if path.endswith("b"):
        raise ValueError("b is bad")
    return path[-1]


@pytest.fixture
def abc(tmp_path):
    for name in "cba":
        (tmp_path / name).write_text(name * 3 if name != "c" else "")
    return tmp_path


def test_whole_files(abc):
    assert read(ReadFiles(abc)) == [(f"{abc}/a", b"aaa"), (f"{abc}/b", b"bbb"), (f"{abc}/c", b"")]
    assert read(ReadFiles(abc, reader=size_of_file)) == [("a", 3), ("b", 3), ("c", 0)]
    assert read(ReadFiles(abc, reader=first_byte, opened=True)) == [b"a", b"b"]


def letters(path):
    yield from open(path).read()
    yield None


def letters_of(file):
    for letter in file.read().decode():
        yield letter
        if letter == "b":
            raise ValueError("b is bad")


def test_a_reader_that_is_a_generator_gives_several_items(abc, capsys):
    assert read(ReadFiles(abc, reader=letters)) == ["a"] * 3 + ["b"] * 3
    reader = ReadFiles(abc, reader=letters_of, opened=True, skip_broken=True)  # a file is left out as a whole
    assert read(reader) == ["a"] * 3 and "left out" in capsys.readouterr().out
    assert list(ReadFiles(abc, reader=letters).from_bytes("x", b"ab")) == ["a", "b"]
    assert list(ReadFiles(abc, reader=letters_of, opened=True).from_bytes("x", b"aa")) == ["a", "a"]
    fsspec = pytest.importorskip("fsspec")
    fsspec.filesystem("memory").pipe("/several/x", b"xy")
    assert read(ReadFiles("memory://several/x", reader=letters)) == ["x", "y"]
    with pytest.raises(RunFailed, match="(?s)ReadFiles can't read .*/b: ValueError: b is bad.*in letters_of"):
        read(ReadFiles(abc, reader=letters_of, opened=True))


def test_a_broken_file_is_left_out_by_name_or_stops_the_run(abc, capsys):
    assert read(ReadFiles(abc, reader=picky, skip_broken=True)) == ["a", "c"]
    assert capsys.readouterr().out == f"ReadFiles (instance 0): left out {abc}/b: ValueError: b is bad\n"
    with pytest.raises(RunFailed) as failed:
        read(ReadFiles(abc, reader=picky))
    message = str(failed.value)
    assert message.startswith(f"ReadFiles can't read {abc}/b: ValueError: b is bad\nTraceback (the reader's own):")
    assert 'raise ValueError("b is bad")' in message and "library/files.py" not in message
