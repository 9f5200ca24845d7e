"""`d4p peek` of files that somebody made to do harm, or that aren't what they seem: nothing in them is run, nothing of
them reaches the terminal as it is, nothing outside their folder is looked at."""

from __future__ import annotations

import json
import os
import pickle
import pickletools
import subprocess
import sys

import numpy as np
import pytest

from d4p import WriteRecords, WriteText
from d4p.errors import Refused, RunFailed
from d4p.items.packing import dumps_json
from tests.cli.test_cli import ENV
from tests.cli.test_cli import d4p as command
from tests.cli.test_peek import peek, write
from tests.unit.canary import Canary


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


#: Two lines in which a terminal would find orders: a title, a clipboard, a cursor, text turned round.
ORDERS = "\x1b]0;title\x07\x1b]52;c;AAAA\x07\x9b2J\x1b[2J\x1b[1;1H\b\r\u202egnp.exe\x00\x7f"


def orders(text: str) -> list[str]:
    """What a terminal would obey."""
    return [c for c in text if (ord(c) < 32 and c != "\n") or 0x7F <= ord(c) < 0xA0 or c == "\u202e"]


def test_what_a_pickle_would_run_is_not_run(tmp_path):
    ran = tmp_path / "ran"
    evil = Canary(ran)
    by_hand = [
        b"cos\nmkdir\n(V" + str(ran).encode() + b"\ntR.",  # GLOBAL, REDUCE
        b"(Vmkdir('%s')\nibuiltins\neval\n." % str(ran).encode(),  # INST
        b"(cos\nmkdir\nV" + str(ran).encode() + b"\no.",  # OBJ
        b"\x80\x04\x8c\x08builtins\x8c\x0deval.__call__\x93\x8c\x01x\x85R.",  # a dotted name
        b"c_codecs\nencode\n(Vx\nVrot13\ntR.", b"cnumpy\nload\n(V/etc/passwd\nI00\nI01\ntR.",
        b"ccollections\nCounter\n(dN}V__init__\ncbuiltins\nexec\ns\x86b.",  # BUILD of a class
        b"\x80\x02cnumpy.core.multiarray\nscalar\n(cnumpy\ndtype\n(VO8\nI0\nI1\ntRU\x01.tR.",
    ]  # fmt: skip
    files = [*(pickle.dumps(made, number) for number in range(6) for made in (evil, [evil], {"a": (evil,)})), *by_hand]
    for number, content in enumerate(files):
        (tmp_path / f"{number}.pickle").write_bytes(b"\x80\x04K\x01." + content)
        try:
            list(pickletools.genops(content))
            shown = peek(f"{number}.pickle")
            assert "first 2\nitem\n1\n" in shown, shown
        except RunFailed as error:  # no pickle at all
            assert "is damaged" in str(error)
    texts = [dumps_json(evil), dumps_json([evil, {"a": evil}]), dumps_json({"a": [[evil]]})]
    (tmp_path / "lines.jsonl").write_text("\n".join(texts))
    shown = peek("lines.jsonl")
    assert "first 3 of 3\n" in shown and shown.count("Canary(") == 4 and "$pickle" not in shown
    assert not ran.exists()


def test_pickled_values_are_shown_as_they_are():
    values = [np.arange(3.0), np.float32(0.5), np.array([[1, 2], [3, 4]], order="F"), np.array(["a", "b"]), b"ab",
              {"t": __import__("datetime").datetime(2020, 1, 2, 3)}, {1, 2}]  # fmt: skip
    for number in range(6):
        with open("values.pickle", "wb") as file:
            file.write(b"".join(pickle.dumps(value, number) for value in values))
        if number < 2:
            continue  # these don't begin as later ones do, and look like text
        shown = peek("values.pickle", "-r", 9)
        assert "[0, 1, 2]" in shown and "int64[2, 2] [1, 2, ..., 4]" in shown and "array(['a', 'b']" in shown
        assert "datetime.datetime(2020, 1, 2, 3, 0)" in shown and "\nb'ab'\n" in shown and "0.5" in shown


def test_nothing_from_a_file_is_obeyed_by_the_terminal(tmp_path):
    (tmp_path / "text").write_text(f"one{ORDERS}\n")
    (tmp_path / "lines.jsonl").write_text("".join(json.dumps(item) + "\n" for item in (
        {ORDERS: ORDERS, "a": [ORDERS]}, {ORDERS: 1, "a": {"$pickle": "", "repr": ORDERS}})))
    with open("pickled", "wb") as file:
        pickle.dump({ORDERS: ORDERS}, file)
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.table({ORDERS: [ORDERS]}), "parquet")
    os.mkdir(f"folder{ORDERS[:-2]}")
    for name in ("text", "lines.jsonl", "pickled", "parquet"):
        os.link(name, f"{name}{ORDERS[:-2]}")
        shown = peek(f"{name}{ORDERS[:-2]}")
        assert not orders(shown) and "title" in shown and "gnp.exe" in shown, shown
    for wrong in (f"no{ORDERS[:-2]}", f"folder{ORDERS[:-2]}"):
        done = command("peek", wrong, cwd=tmp_path)
        assert done.returncode == 2 and "title" in done.stderr and not orders(done.stderr)


@pytest.mark.parametrize("parts", [
    {"../secret": {"items": 1, "bytes": 7}}, {"/etc/passwd": {"items": 1, "bytes": 7}},
    {"..": {"items": 1, "bytes": 1}},
    {"a/../../secret": {"items": 1, "bytes": 7}}, {".hidden": {"items": 1, "bytes": 7}}, {"part-00000": 7}, [], None, 7,
    {"part-00000": {"items": -1, "bytes": 7}}, {"part-00000": {"items": "1", "bytes": None}}, {"": {}},
    {"part-00000": {"items": 1, "bytes": 10**400}},
])  # fmt: skip
def test_a_success_that_no_run_wrote_is_not_believed(tmp_path, parts):
    (tmp_path / "secret").write_text("swordfish")
    write(WriteText("out"), ["hello"])
    (tmp_path / "out" / "_SUCCESS").write_text(json.dumps({"run": "a1", "identity": {}, "parts": parts}))
    assert peek("out").startswith("out: 1 text file, 1 record, 6 bytes; its _SUCCESS is no run's of d4p\n")
    assert peek("out/part-00000").startswith("out/part-00000: 1 text file, 1 record, 6 bytes\n")


@pytest.mark.parametrize("content", [b"", b"{", b"[" * 100_000, b"9" * 5000, b"\xff\xfe", b"null", b'"run"'])
def test_a_success_of_another_kind(tmp_path, content):
    write(WriteText("out"), ["hello"])
    (tmp_path / "out" / "_SUCCESS").write_bytes(content)
    assert "; its _SUCCESS is no run's of d4p\n" in peek("out")


def test_files_without_records_are_told_by_name(tmp_path):
    heads = {"PNG": b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "gzip": b"\x1f\x8b\x08\0", "binary": b"\x7fELF\x02\x01\x01\0"}
    for kind, head in heads.items():
        (tmp_path / f"{kind}.bin").write_bytes(head + bytes(range(256)))
        bytes_ = f"{len(head) + 256} bytes"
        assert peek(f"{kind}.bin") == f"{kind}.bin: 1 {kind} file, no records that d4p could show, {bytes_}"


def test_text_that_begins_like_json_is_text(tmp_path):
    (tmp_path / "words").write_text("the first line\nno, 1")
    assert peek("words") == "words: 1 text file, 2 records, 20 bytes\n\nfirst 2 of 2\nitem\nthe first line\nno, 1"


def test_a_folder_and_a_file_inside_an_output_are_the_runs(tmp_path):
    write(WriteRecords("out"), [{"a": 1}])
    (tmp_path / "out" / "Numbers.output").mkdir()
    (tmp_path / "out" / "part-00000").rename(tmp_path / "out" / "Numbers.output" / "part-00000.jsonl")
    success = json.loads((tmp_path / "out" / "_SUCCESS").read_text())
    success["parts"] = {"Numbers.output/part-00000.jsonl": success["parts"]["part-00000"]}
    (tmp_path / "out" / "_SUCCESS").write_text(json.dumps(success))
    for place in ("out", "out/Numbers.output", "out/Numbers.output/", "out/Numbers.output/part-00000.jsonl"):
        assert "1 JSON lines file, 1 record, 9 bytes; whole" in peek(place).splitlines()[0], place


def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo("pipe")
    with pytest.raises(Refused, match="pipe must be a file or folder that a run wrote; it is a pipe, a device or"):
        peek("pipe")
    (tmp_path / "folder").mkdir()
    os.mkfifo("folder/pipe")
    (tmp_path / "folder" / "text").write_text("a")
    assert peek("folder").startswith("folder: 1 text file, 1 record, 1 bytes; no _SUCCESS beside them\n")


def test_who_reads_no_further_is_no_fault(tmp_path):
    (tmp_path / "text").write_text("line\n" * 100_000)
    line = f"'{sys.executable}' -m d4p_compile peek text -r 5000 | head -1; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", line], cwd=tmp_path, env=ENV, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "text: 1 text file, 100,000 records, 500.0 kB\n"


@pytest.mark.parametrize("target", ["sequential", "processes", "mpi"])
def test_nothing_that_a_run_says_is_obeyed_by_the_terminal(tmp_path, target):
    """What PEs log, items that are shown, errors and what they were raised of; not what PEs print themselves."""
    (tmp_path / "wf.py").write_text(f"ORDERS = {ORDERS!r}\n" + """\
from d4p import IterativePE, ProducerPE, WorkflowGraph


class Numbers(ProducerPE):
    def _process(self, inputs):
        self.log(f"logged{ORDERS}")
        self.write("output", f"item{ORDERS}")


class Fails(IterativePE):
    def _process(self, item):
        raise ValueError(f"raised{ORDERS}") from KeyError(f"cause{ORDERS}")


def fails():
    graph = WorkflowGraph()
    graph.connect(Numbers(), "output", Fails(), "input")
    return graph


graph = WorkflowGraph()
graph.add(Numbers())
""")
    done = command("run", "wf.py", "--target", target, cwd=tmp_path)
    assert done.returncode == 0 and "logged" in done.stdout and "item" in done.stdout, done.stderr
    failed = command("run", "wf.py:fails", "--target", target, cwd=tmp_path)
    assert failed.returncode == 1 and "ValueError: raised" in failed.stderr and "cause" in failed.stderr
    assert not orders(done.stdout + done.stderr + failed.stdout + failed.stderr)
