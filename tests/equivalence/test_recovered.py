"""--recover: workers that die are started again where they keep no state; the answer is the sequential one itself."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from d4p.errors import Refused, RunFailed
from tests.targets import answers, definition

WORKFLOWS = Path(__file__).parents[1] / "workflows" / "recovered.py"


def working(folder: Path, target: str = "processes", quiet: bool = True, **more):
    return answers(f"{WORKFLOWS}:working", target, width=2, parameters={"folder": str(folder), **more}, recover=True,
                   quiet=quiet)


def test_what_a_worker_without_state_had_in_hand_is_done_again_and_counted_once(tmp_path, capfd):
    found = working(tmp_path, quiet=False)
    said = [line for line in capfd.readouterr().out.splitlines() if "--recover" in line]
    assert said == ["note: --recover can't start stage 3 again where it dies: Listing keeps state"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["100.died", "19999.died", "9000.died", "9001.died"]
    assert found == definition(f"{WORKFLOWS}:working", parameters={"folder": str(tmp_path), "deaths": ()})
    assert found.failures["Work"]["skipped"] == 4


def test_a_reader_that_is_killed_in_a_split_gives_nothing_twice(tmp_path):
    (tmp_path / "lines.txt").write_text("".join(f"line {number}\n" for number in range(20_000)))
    parameters = {"path": str(tmp_path / "lines.txt"), "folder": str(tmp_path)}
    found = answers(f"{WORKFLOWS}:reading", "processes", width=2, parameters=parameters, options=["--recover"])
    assert (tmp_path / "lines.died").exists()
    assert found == definition(f"{WORKFLOWS}:reading", parameters=parameters)


def rows(folder: Path) -> list[tuple[int, int]]:
    """What the files of a folder hold."""
    found = []
    for path in sorted(folder.glob("part-*")):
        if path.suffix == ".parquet":
            columns = pq.read_table(path).to_pydict().values()
        else:
            with pa.OSFile(str(path)) as file:
                columns = [column.to_pylist() for column in pa.ipc.open_file(file).read_all().columns]
        found += zip(*columns, strict=True)
    return found


@pytest.mark.parametrize("kind", ["parquet", "arrow"])
def test_a_file_that_can_not_be_gone_on_with_is_held_by_the_process_beside(kind, tmp_path):
    found = {}
    for name, deaths in {"whole": (), "killed": (100, 9_000, 19_999)}.items():
        parameters = {"folder": str(tmp_path), "path": str(tmp_path / name), "kind": kind, "deaths": deaths}
        answers(f"{WORKFLOWS}:stored", "processes", width=2, parameters=parameters, recover=name == "killed")
        found[name] = sorted(rows(tmp_path / name))
    assert len(list(tmp_path.glob("*.died"))) == 3
    assert len(found["whole"]) == 2 * (20_000 - 4) and found["killed"] == found["whole"]


def test_what_does_not_fit_such_a_file_fails_the_run_as_without(tmp_path):
    parameters = {"folder": str(tmp_path), "path": str(tmp_path / "out"), "kind": "misfit", "deaths": ()}
    with pytest.raises(RunFailed, match=r"^WriteRecords \(WriteRecords\), instance \d, as it wrote: items must be "
                                        r"tuples of exactly key: int64, number: string; item 1 is \("):
        answers(f"{WORKFLOWS}:stored", "processes", width=2, parameters=parameters, recover=True)
    assert not (tmp_path / "out").exists()


def test_a_lost_stage_with_state_ends_the_run_with_its_words(tmp_path):
    with pytest.raises(RunFailed, match=r"killed by SIGKILL .*Listing.*\n--recover can't start stage 3 again: "
                                         r"Listing keeps state"):
        working(tmp_path, deaths=(), death=5000)


def test_an_item_at_which_each_process_dies_ends_the_run(tmp_path):
    with pytest.raises(RunFailed, match=r"at item 1 of Work .*\nIt was started again 3 times, and died each time"):
        working(tmp_path, poison=True)


def test_where_nothing_can_be_started_again_it_is_refused(tmp_path):
    with pytest.raises(Refused, match="mpiexec ends all ranks with the one that dies.*`isolate = True`"):
        working(tmp_path, "mpi")
    with pytest.raises(Refused, match="the program is one process"):
        definition(f"{WORKFLOWS}:working", parameters={"folder": ""}, options=["--recover"])
