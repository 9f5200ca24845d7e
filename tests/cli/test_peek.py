"""`d4p peek`: what a person sees of each kind of file, and of one that is damaged."""

from __future__ import annotations

import os
import pickle
import shutil
from typing import NamedTuple

import numpy as np
import pytest
from click.testing import CliRunner

from d4p import WriteArrow, WriteRecords, WriteText
from d4p.seismo import Correlation
from d4p_compile.command.cli import d4p
from tests.cli.test_cli import d4p as command
from tests.unit.byhand import ByHand


class Station(NamedTuple):
    name: str
    height: float


def peek(*arguments) -> str:
    """What it prints, without the spaces that end lines. Raises what the command raises."""
    found = CliRunner().invoke(d4p, ["peek", *map(str, arguments)], catch_exceptions=False, standalone_mode=False)
    if found.exception:
        raise found.exception
    return "\n".join(line.rstrip() for line in found.output.splitlines())


def write(pe, *parts: list) -> None:
    run = ByHand(pe)
    run.commit(*(run.instance(rank, len(parts), part) for rank, part in enumerate(parts)))


@pytest.fixture
def out(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return "out"


def correlations() -> list[Correlation]:
    made = []
    for number, second in enumerate(["CI.HEC..BHN", "E.AYHM..HNU", "E.ENZM..HNU"]):
        values = np.zeros(401, "float32")
        values[200 + 40 * number] = -0.5
        made.append(Correlation("CI.CCA..BHN", second, 1641081600.0, 4.0, -50.0, values))
    return made


def test_correlations(out):
    write(WriteArrow(out), correlations()[:2], correlations()[2:])
    assert peek(out, "-r", 2) == f"""\
out: 2 Arrow files, 3 records, {size(out)}; whole

field      type
first      string
second     string
start      double
rate       double
first_lag  double
values     float[401]

correlations
pairs         3 pairs of 4 traces: CI.CCA..BHN, CI.HEC..BHN, E.AYHM..HNU, E.ENZM..HNU
lags          -50 to 50 s, 401 at 4 Hz
recorded      2022-01-02T00:00:00Z

first 2 of 3
first        second       peak  at lag
CI.CCA..BHN  CI.HEC..BHN  -0.5  +0 s
CI.CCA..BHN  E.AYHM..HNU  -0.5  +10 s"""
    one = peek(f"{out}/part-00001.arrow")
    assert one.startswith("out/part-00001.arrow: 1 Arrow file, 1 record, ") and "1 pair of 2 traces" in one


def size(folder: str) -> str:
    count = sum(os.path.getsize(f"{folder}/{name}") for name in os.listdir(folder) if name.startswith("part"))
    return f"{count / 1000:.1f} kB"


def test_other_records_of_arrow(out):
    write(WriteArrow(out), [{"n": 1, "ok": True, "grid": np.full((2, 3), 0.25)}], [])
    assert peek(out).endswith("""; whole

field  type
n      int64
ok     bool
grid   double[2, 3]

first 1 of 1
n  ok    grid
1  True  float64[2, 3] [0.25, 0.25, ..., 0.25]""")


def test_an_output_without_records(out):
    write(WriteArrow(out), [])
    assert peek(out) == f"out: 1 Arrow file, 0 records, {os.path.getsize('out/part-00000.arrow')} bytes; whole"
    write(WriteText("text"), [])
    assert peek("text") == "text: 1 empty file, 0 records, 0 bytes; whole"


def test_parquet(out):
    schema = [("word", str), ("v", "float32[]")]
    write(WriteRecords(out, "parquet", schema=schema), [], [("a", np.arange(9, dtype="float32"))])
    assert peek(out).endswith("""\
field  type
word   string
v      list<element: float not null>

first 1 of 1
word  v
a     [0, 1, ..., 8]""")


def test_json_lines_and_text(out):
    write(WriteRecords(out), [{"a": 1, "b": "x\ny"}, {"a": 2.5, "b": None}], [{"a": 3, "b": "z" * 99}])
    assert peek(out).endswith(f"; whole\n\nfirst 3 of 3\na    b\n1    x y\n2.5  None\n3    {'z' * 57}...")
    assert peek(f"{out}/part-00000", "-r", 0).endswith("part-00000: 1 JSON lines file, 2 records, 44 bytes; whole")
    shutil.copy(f"{out}/part-00000", "alone")  # no run says how many are in it
    assert peek("alone", "-r", 1).startswith("alone: 1 JSON lines file, 2 records, 44 bytes\n\nfirst 1 of 2\n")
    write(WriteRecords("mixed"), [(1, "x"), [2], None])
    assert peek("mixed").endswith("first 3 of 3\nitem\n[1, 'x']\n[2]\nNone")
    write(WriteText("text"), ["hello", "you"])
    assert peek("text").endswith("text: 1 text file, 2 records, 10 bytes; whole\n\nfirst 2 of 2\nitem\nhello\nyou")


def test_pickles_are_read_without_importing_anything(out):
    write(WriteRecords(out, "pickle"), [Station("CCA", 300.5), ("a", np.arange(3.0)), {1, 2}])
    assert peek(out).endswith("""; whole

first 3 of 3
item
Station('CCA', 300.5)
('a', array([0., 1., 2.]))
{1, 2}""")

    class Evil:
        def __reduce__(self):
            return os.system, ("touch evil",)

    with open("evil.pickle", "wb") as file:
        file.write(pickle.dumps(Evil()))
    assert peek("evil.pickle").endswith("first 1\nitem\nsystem('touch evil')")
    assert peek("evil.pickle").startswith("evil.pickle: 1 pickle file, records not counted, ")
    assert not os.path.exists("evil")


def test_results_of_a_run_have_a_folder_each(out, tmp_path):
    (tmp_path / "made.py").write_text(
        "from d4p import ProducerPE, WorkflowGraph\n"
        "class Numbers(ProducerPE):\n"
        "    def __init__(self):\n"
        "        ProducerPE.__init__(self)\n"
        "        self._add_output('output', tuple_type=[('n', int)])\n"
        "        self._add_output('more')\n"
        "    def _process(self, inputs):\n"
        "        self.write('output', (1,))\n"
        "        self.write('more', 'text')\n"
        "graph = WorkflowGraph()\n"
        "graph.add(Numbers())\n")  # fmt: skip
    done = command("run", "made.py", "--output", out, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    shown = peek(out)
    assert "out/Numbers0.output: 1 Parquet file, 1 record, " in shown and "first 1 of 1\nn\n1" in shown
    assert "out/Numbers0.more: 1 JSON lines file, 1 record, " in shown and shown.count("; whole") == 2


def test_a_folder_with_outputs_beside_one_another(out):
    write(WriteRecords(f"{out}/lines"), [{"a": 1}])
    write(WriteArrow(f"{out}/correlations"), correlations())
    os.mkdir(f"{out}/other")
    shown = peek(out)
    assert shown.startswith("out/correlations: 1 Arrow file, 3 records, ")
    assert "\nout/lines: 1 JSON lines file, 1 record, " in shown and shown.count("; whole") == 2


def test_what_is_not_whole(out):
    write(WriteArrow(out), correlations())
    path = f"{out}/part-00000.arrow"
    whole = os.path.getsize(path)
    os.truncate(path, whole - 10)
    for place in (out, path):
        done = command("peek", place, cwd=".")
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr.startswith("failed: out/part-00000.arrow can't be read: it isn't whole, or the file is no "
                                      "Arrow file (")  # fmt: skip
        assert f"must have {whole:,} bytes" in done.stderr
    write(WriteRecords("lines"), [{"a": 1}, {"a": 2}])
    os.truncate("lines/part-00000", 12)
    done = command("peek", "lines", cwd=".")
    assert done.returncode == 1 and "lines/part-00000 can't be read: record 2 is damaged" in done.stderr
    assert peek("lines", "-r", 1).startswith(
        "lines: 1 JSON lines file, 2 records, 12 bytes; NOT WHOLE: part-00000 must have 18 bytes\n")  # fmt: skip
    write(WriteRecords("pickles", "pickle"), [{"a": "b" * 99}])
    os.truncate("pickles/part-00000", 40)
    done = command("peek", "pickles", cwd=".")
    assert done.returncode == 1 and "pickles/part-00000 can't be read: record 1 is damaged" in done.stderr
    os.remove("lines/_SUCCESS")
    assert "no _SUCCESS beside them" in peek("lines", "-r", 1)


def test_nothing_to_look_at(out, tmp_path):
    done = command("peek", "no", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "refused: no must be a file or folder that a run wrote; there is no such thing\n"
    os.mkdir("empty")
    done = command("peek", "empty", cwd=tmp_path)
    assert done.stderr == ("refused: empty must be a folder that a run wrote, or a file; there are no files directly "
                           "in it, nor in it a folder with _SUCCESS. It has nothing\n")
    assert done.returncode == 2


def test_urls(tmp_path):
    write(WriteArrow("memory://peek/out"), correlations())
    assert peek("memory://peek/out").startswith("memory://peek/out: 1 Arrow file, 3 records, ")
    write(WriteRecords("memory://peek/lines", "pickle"), [(1, 2)])
    assert peek("memory://peek/lines").endswith("item\n(1, 2)")
