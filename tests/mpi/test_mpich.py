"""The same program under MPICH: pip's wheel of it beside mpi4py's own, which fits either MPI."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.targets import answers

WORKFLOWS = Path(__file__).parents[1] / "workflows" / "mpi.py"
DEBIAN = {"mpiexec.mpich": "/usr/lib/x86_64-linux-gnu/libmpich.so.12",
          "mpiexec.openmpi": "/usr/lib/x86_64-linux-gnu/libmpi.so.40"}  # fmt: skip


@pytest.fixture(scope="module")
def mpich(tmp_path_factory):
    """The environment in which mpi4py and `d4p run` find an MPICH, in a folder of its own: pip's wheel of it has some
    files of the same names as that of Open MPI."""
    folder = tmp_path_factory.mktemp("mpich")
    install = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--prefix", str(folder), "mpich"]
    done = subprocess.run(install, capture_output=True, text=True, timeout=600)
    if done.returncode:
        reason = f"pip can't install mpich: {(done.stderr.strip().splitlines() or ['?'])[-1]}"
        pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)
    return {"MPI4PY_LIBMPI": str(folder / "lib" / "libmpi.so.12"), "D4P_MPIEXEC": f"{folder / 'bin' / 'mpiexec'} -n 3"}


def test_12_instances_that_feed_each_other_every_way(mpich, monkeypatch):
    expected = answers(f"{WORKFLOWS}:tangled", "sequential", parameters={"count": 100})
    for name, value in mpich.items():
        monkeypatch.setenv(name, value)
    assert answers(f"{WORKFLOWS}:tangled", "mpi", parameters={"count": 100}) == expected


@pytest.mark.parametrize("how", ["raise", "kill"])
def test_how_it_ended(how, mpich, tmp_path):
    """MPICH's mpiexec kills all ranks as soon as one has died: none of them says so, and d4p does."""
    run = [sys.executable, "-m", "d4p_compile", "run", f"{WORKFLOWS}:ends", "-t", "mpi", "-n", "4", "-p", f"how={how}"]
    done = subprocess.run(run, cwd=tmp_path, capture_output=True, text=True, timeout=60, env={**os.environ, **mpich})
    assert done.returncode == 1 and done.stderr.count("failed: ") == 1, done.stderr
    says = {"raise": "failed: Ends (Ends), instance 1, item 1000: ValueError: no such number: 1999",
            "kill": "died: it held stage "}  # any of them: it doesn't tell which was the first
    assert says[how] in done.stderr and list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("launcher", DEBIAN)
def test_debians_own(launcher, tmp_path, monkeypatch):
    library = Path(DEBIAN[launcher])
    if not library.exists() or not Path(f"/usr/bin/{launcher}").exists():
        pytest.skip(f"Debian's {launcher} is not installed")
    if launcher == "mpiexec.mpich":  # a wheel looks for it by MPICH's own name
        (tmp_path / "libmpi.so.12").symlink_to(library)
        monkeypatch.setenv("LD_LIBRARY_PATH", str(tmp_path))
        library = tmp_path / "libmpi.so.12"
    expected = answers(f"{WORKFLOWS}:tangled", "sequential", parameters={"count": 100})
    monkeypatch.setenv("MPI4PY_LIBMPI", str(library))
    ask = "import json; from d4p_compile.targets.mpi_here import *; print(json.dumps(mpiexec(library())))"
    found = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=True, timeout=600)
    assert Path(json.loads(found.stdout)).name == launcher
    monkeypatch.setenv("D4P_MPIEXEC", f"{launcher} -n 3")
    monkeypatch.setenv("OMPI_MCA_rmaps_base_oversubscribe", "1")
    assert answers(f"{WORKFLOWS}:tangled", "mpi", parameters={"count": 100}) == expected
