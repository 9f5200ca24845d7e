"""Misfits of an event by a program by hand: a pool of processes, a task a station, and the steps of examples/misfit
called one by one.

    python -m tests.benchmarks.misfit_by_hand FOLDER OUTPUT

FOLDER has observed/, synthetics/, stations.xml, event.xml and processing.json; OUTPUT gets misfits.csv and
misfits.parquet.
"""

from __future__ import annotations

import csv
import json
import multiprocessing
import sys
import time
from functools import lru_cache
from pathlib import Path
from typing import Any

EXAMPLE = Path(__file__).parents[2] / "examples" / "misfit"
sys.path.insert(0, str(EXAMPLE))


@lru_cache(maxsize=1)
def event(folder: str) -> tuple[Any, Any]:
    """The origin of the event, and the inventory."""
    import obspy

    (one,) = obspy.read_events(f"{folder}/event.xml")
    return one.origins[0], obspy.read_inventory(f"{folder}/stations.xml")


def prepared(trace: Any, folder: str, said: dict, side: str) -> Any:
    """A record, as both are compared."""
    import obspy
    from misfit_steps import STEPS, resample, window
    from obspy.core import AttribDict
    from obspy.geodetics import gps2dist_azimuth

    origin, inventory = event(folder)
    stats = trace.stats
    trace.data = trace.data.astype(float)
    stats.origin = AttribDict(time=origin.time.timestamp, depth=origin.depth)
    at = inventory.select(network=stats.network, station=stats.station)[0][0]
    if side == "observed":
        stats.response = inventory.get_response(trace.id, obspy.UTCDateTime(stats.starttime))
    stats.coordinates = AttribDict(latitude=at.latitude, longitude=at.longitude)
    stats.distance, stats.azimuth, stats.back_azimuth = gps2dist_azimuth(
        origin.latitude, origin.longitude, at.latitude, at.longitude)  # fmt: skip
    where = {"start": said["window"]["start"], "seconds": said["window"]["seconds"]}
    trace = window(trace, **where)
    for step in said["data_processing" if side == "observed" else "synthetics_processing"]:
        trace = STEPS[step["type"]](trace, **step["parameters"])
    return resample(trace, **where, rate=said["sampling_rate"])


def compared(task: tuple[str, str, str, dict]) -> list[dict]:
    """The rows of a station."""
    import obspy
    from misfit_measures import misfits
    from misfit_steps import rotate

    folder, network, station, said = task
    origin, _ = event(folder)
    sides = []
    for side, name in (("observed", f"{network}.{station}..HH"), ("synthetics", f"{network}.{station}.HX")):
        records = {}
        for component in "ZNE":
            (path,) = Path(folder, side).glob(f"{name}{component}.*")
            (trace,) = obspy.read(str(path))
            if side == "synthetics":
                trace.stats.starttime += origin.time.timestamp
            records[component] = prepared(trace, folder, said, side)
        turned = rotate(records["N"], records["E"])
        sides.append({"Z": records["Z"], **{record.component: record for record in turned}})
    rows = []
    for component, observed in sides[0].items():
        synthetic = sides[1][component]
        rows.append({"network": network, "station": station, "component": component, "observed": observed.id,
                     "synthetic": synthetic.id, "distance_km": observed.distance_km, "azimuth": observed.azimuth,
                     **misfits(observed.data, synthetic.data, observed.rate, said["output_units"], **said["misfit"])})
    return rows


def main(folder: str, output: str) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    said = json.loads(Path(folder, "processing.json").read_text())
    stations = sorted({tuple(path.name.split(".")[:2]) for path in Path(folder, "observed").iterdir()})
    event(folder)  # before the fork: read once
    with multiprocessing.get_context("fork").Pool(2) as pool:
        tasks = [(folder, *station, said) for station in stations]
        rows = [row for several in pool.imap_unordered(compared, tasks) for row in several]
    rows.sort(key=lambda row: (row["network"], row["station"], row["component"]))
    Path(output).mkdir()
    pq.write_table(pa.Table.from_pylist(rows), f"{output}/misfits.parquet")
    with open(f"{output}/misfits.csv", "w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    begun = time.perf_counter()
    main(*sys.argv[1:])
    print(f"done in {time.perf_counter() - begun:.2f} s")
