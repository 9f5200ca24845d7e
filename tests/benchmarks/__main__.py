"""`python -m tests.benchmarks [--quick] [NAME | all]`, a NAME being one of BENCHMARKS: a table."""

from __future__ import annotations

import argparse
import importlib
import os
import platform
import sys
from collections.abc import Iterable

from rich.console import Console
from rich.table import Table

from ..bytecode import compile_packages
from .measure import Row

BENCHMARKS = {"hop": "hop", "spark": "spark", "hdfs": "hdfs", "columns": "columns", "channel": "channel",
              "dispel4py": "original", "systems": "others", "cores": "cores", "mpi": "mpi",
              "containers": "containers", "stations": "stations", "fft": "fft", "misfit": "misfit",
              "policies": "policies", "order": "order", "record": "record"}  # fmt: skip


def main() -> None:
    options = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    options.add_argument("--quick", action="store_true", help="fewer items: a look, not a measurement")
    options.add_argument("which", nargs="?", default="all", choices=[*BENCHMARKS, "all"])
    arguments = options.parse_args()
    modules = [module for name, module in BENCHMARKS.items() if arguments.which in (name, "all")]
    show((row for module in modules
          for row in importlib.import_module(f"tests.benchmarks.{module}").rows(arguments.quick)), arguments.quick)


def show(rows: Iterable[Row], quick: bool = False) -> None:
    """Print a table of rows, and each as soon as it is measured: with packages as they are when pip has installed them,
    which those that they are compared with are, too."""
    compile_packages()
    seen = []
    for row in rows:
        seen.append(row)
        print(f"{row.what}: {row.ours}; {row.other}; {row.ratio}", file=sys.stderr, flush=True)
    Console(width=max(120, Console().width)).print(table(seen, quick))


def table(rows: list[Row], quick: bool) -> Table:
    """What a run measured."""
    title = f"{os.cpu_count()} cores, Python {platform.python_version()}{', --quick' if quick else ''}"
    made = Table("what", "ours", "other", "ratio", "wanted", title=title)
    for row in rows:
        said = {None: "", True: "[green]met[/]", False: "[red]not met[/]"}[row.met]
        made.add_row(row.what, row.ours, row.other, row.ratio, f"{row.wanted} {said}".strip())
    return made


if __name__ == "__main__":
    main()
