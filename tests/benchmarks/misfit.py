"""Misfits of an event's records, as examples/misfit has them, beside a pool of processes by hand that calls the same.

The records are those of the tests (`tests.seismograms`), several times over; the seconds are those of whole runs.
"""

from __future__ import annotations

import csv
import resource
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import d4p_compile

from ..conftest import DATA
from ..seismograms import observe
from .measure import Row, alternating, at_most
from .stations import timed

EXAMPLE = Path(__file__).parents[2] / "examples" / "misfit"
ROOT = Path(__file__).parents[2]
#: How often the 43 stations are there, each time as another network.
COPIES = 2


def rows(quick: bool) -> Iterator[Row]:
    with tempfile.TemporaryDirectory(prefix="d4p-benchmark-") as made:
        folder = Path(made)
        copies = 1 if quick else COPIES
        traces = records(folder / "in", copies)
        bundle = compiled(folder)
        spent: dict[str, list[float]] = {"ours": [], "other": []}
        ours, other = alternating(5, partial(cpu, spent["ours"], partial(run, bundle, folder)),
                                  partial(cpu, spent["other"], partial(by_hand, folder)))  # fmt: skip
        same(folder)
        yield Row(f"{traces:,} traces of {43 * copies} stations: processes | a pool by hand", f"{ours:.2f} s",
                  f"{other:.2f} s", **at_most(ours / other, 1.1))  # fmt: skip
        ours, other = min(spent["ours"]), min(spent["other"])
        yield Row("the same, CPU of all processes", f"{ours:.2f} s", f"{other:.2f} s", **at_most(ours / other, 1.1))


def records(folder: Path, copies: int) -> int:
    """Makes the records, with their metadata; how many observed ones there are."""
    import obspy

    observe(DATA, folder, noise=0.02)
    shutil.copy(EXAMPLE / "processing.json", folder)
    inventory = obspy.read_inventory(str(folder / "stations.xml"))
    for path in sorted(folder.glob("*/*.*")):
        trace = obspy.read(str(path))[0]
        for copy in range(1, copies):
            trace.stats.network = f"I{copy}"
            kind = {} if path.suffix == ".sac" else {"encoding": "FLOAT64"}
            trace.write(str(path.with_name(path.name.replace("IV", f"I{copy}", 1))), format=trace.stats._format, **kind)
    networks = []
    for copy in range(copies):
        networks.append(inventory.networks[0].copy())
        networks[-1].code = f"I{copy}" if copy else "IV"
    inventory.networks = networks
    inventory.write(str(folder / "stations.xml"), format="STATIONXML")
    return len(list((folder / "observed").iterdir()))


def compiled(folder: Path) -> Path:
    parameters = {name: str(folder / "in" / name) for name in ("observed", "synthetics")}
    parameters |= {"stations": str(folder / "in/stations.xml"), "event": str(folder / "in/event.xml"),
                   "processing": str(folder / "in/processing.json"), "output": str(folder / "ours"),
                   "pictures": False}  # fmt: skip
    bundle = d4p_compile.compile(f"{EXAMPLE / 'misfit.py'}:make", "processes", output=str(folder / "bundle"),
                                 parameters=parameters)
    return bundle.folder


def run(bundle: Path, folder: Path) -> float:
    shutil.rmtree(folder / "ours", ignore_errors=True)
    return timed([sys.executable, "job.py"], bundle)[0]


def by_hand(folder: Path) -> float:
    shutil.rmtree(folder / "other", ignore_errors=True)
    command = [sys.executable, "-m", "tests.benchmarks.misfit_by_hand", str(folder / "in"), str(folder / "other")]
    return timed(command, ROOT)[0]


def cpu(spent: list[float], call: Callable[[], float]) -> float:
    """What a call gives; the seconds of CPU of the processes that ended in it go to `spent`."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    taken = call()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return taken


def same(folder: Path) -> None:
    """Both must have found the same."""
    tables = []
    for name in ("ours", "other"):
        with open(folder / name / "misfits.csv", newline="") as file:
            tables.append(list(csv.DictReader(file)))
    ours, other = tables
    shared = set(other[0])
    if [{name: row[name] for name in shared} for row in ours] != other:
        raise RuntimeError("the program by hand found other misfits")
