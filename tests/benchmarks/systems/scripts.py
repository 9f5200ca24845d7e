"""The systems whose programs are scripts of this folder, each in an environment of its own."""

from __future__ import annotations

import json
from pathlib import Path

from .environments import environment
from .running import Given, Measured, measured, said

HERE = Path(__file__).parent
#: By system: its script, what pip installs, and its options by variant.
SCRIPTS = {
    "Apache Beam": ("beam_direct.py", ("apache-beam",), {
        "in memory": ["--direct_running_mode=in_memory"],
        "2 processes": ["--direct_running_mode=multi_processing", "--direct_num_workers=2"],
    }),
    "Bytewax": ("bytewax_flow.py", ("bytewax", "numpy"), {"1 process": ["1"], "2 processes": ["2"]}),
    "Dask bag": ("dask_bag.py", ("dask[bag]", "numpy"), {"2 processes": ["2"]}),
    "Ray Data": ("ray_data.py", ("ray[data]",), {"2 CPUs": ["2"]}),
}  # fmt: skip
_QUIET = {"RAY_USAGE_STATS_ENABLED": "0", "PYTHONWARNINGS": "ignore"}


def run(system: str, variant: str, given: Given, folder: Path) -> Measured:
    """A script's own measurement. Raises NotInstalled, Failed."""
    script, requirements, variants = SCRIPTS[system]
    python = environment(script.partition("_")[0], *requirements) / "python"
    command = [str(python), str(HERE / script), given.kind, given.few, given.all, *variants[variant]]
    out, _ = said(command, folder, _QUIET)
    found = json.loads(out.strip().splitlines()[-1])
    return measured(f"{found['version']}, {variant}", given, found["answer"], found["few"], found["all"])
