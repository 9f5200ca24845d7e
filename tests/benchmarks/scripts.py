"""The systems whose programs are scripts in systems/, each in an environment of its own."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from .environments import environment
from .running import Failed, Given, Measured, measured, said

FOLDER = Path(__file__).parent / "systems"


@dataclass(frozen=True)
class Variant:
    """One way to run a system: its options, and whether its sources are in splits."""

    name: str
    options: tuple[str, ...]
    in_splits: bool = True


@dataclass(frozen=True)
class System:
    """A script, and what pip installs for it."""

    name: str
    script: str
    requirements: tuple[str, ...]
    variants: tuple[Variant, ...]


SYSTEMS = (
    System("Apache Beam", "beam_direct.py", ("apache-beam",), (
        Variant("in memory", ("--direct_running_mode=in_memory",)),
        Variant("2 processes", ("--direct_running_mode=multi_processing", "--direct_num_workers=2")),
    )),
    System("Bytewax", "bytewax_flow.py", ("bytewax", "numpy"), (
        Variant("1 process", ("1",), in_splits=False),
        Variant("2 processes", ("2",)),
    )),
    System("Dask bag", "dask_bag.py", ("dask[bag]", "numpy"), (Variant("2 processes", ("2",)),)),
    System("Ray Data", "ray_data.py", ("ray[data]",), (Variant("2 CPUs", ("2",)),)),
)  # fmt: skip
#: Workers that a system starts must find `work`, too.
_ENVIRONMENT = {"PYTHONPATH": str(FOLDER), "RAY_USAGE_STATS_ENABLED": "0", "PYTHONWARNINGS": "ignore"}


def run(system: System, variant: Variant, given: Given, folder: Path) -> Measured:
    """A script's own measurement. Raises NotInstalled, Failed."""
    python = environment(system.script.partition("_")[0], *system.requirements) / "python"
    command = [str(python), str(FOLDER / system.script), given.kind, given.few, given.all, *variant.options]
    out, _ = said(command, folder, _ENVIRONMENT)
    if not out.strip():
        raise Failed("it said nothing")
    found = json.loads(out.strip().splitlines()[-1])
    name = f"{found['version']}, {variant.name}"
    return measured(name, given, found["answer"], found["start"], min(found["start"], found["few"]), found["all"])
