"""Observed records whose misfits are known: made from synthetic ones, later by so much, so many times as large."""

from __future__ import annotations

import math
import shutil
from pathlib import Path
from typing import NamedTuple

import numpy as np

SYNTHETICS, EVENT = "misfit_italy/synth", "misfit_italy/events_info.xml"
#: What the instruments give for 1 m/s.
COUNTS = 2.0**30
#: Zeros before and behind, s.
QUIET = 20.0


class Known(NamedTuple):
    """What the records of a station were made with."""

    delay: float  # s; positive where the observed one is later
    gain: float
    azimuth: float  # degrees, from the event
    distance: float  # degrees


def known(number: int) -> Known:
    """Of the station with this number: no two alike, delays between samples, too."""
    return Known(
        delay=round(-1.3 + 0.0617 * number, 4),
        gain=0.5 * 1.04**number,
        azimuth=(37.0 * number) % 360,
        distance=0.2 + 0.03 * number,
    )


def observe(data: Path, folder: Path, stations: int = 43, noise: float = 0.0) -> dict[str, Known]:
    """Writes the folders `synthetics` and `observed`, `stations.xml` and `event.xml`, and says what was done to each
    station, by NET.STA.

    The synthetics are those of the data, brought to nothing within 4 s at both ends, with zeros before and behind, so
    that what is later has nothing cut off. The observed ones are miniSEED, float64, with the times of the event; their
    delay is in their start time, which is exact. `noise` is that of the observed ones, in shares of their largest
    amplitude.
    """
    from obspy.core.inventory import Channel, Inventory, Network, Response, Station

    from d4p.seismo import origin_of, read_waveforms

    for name in ("synthetics", "observed"):
        (folder / name).mkdir(parents=True)
    shutil.copyfile(data / EVENT, folder / "event.xml")
    origin = origin_of(str(folder / "event.xml"))
    paths: dict[str, list[Path]] = {}
    for path in sorted((data / SYNTHETICS).glob("*.sac")):
        paths.setdefault(".".join(path.name.split(".")[:2]), []).append(path)
    made, networks = {}, {}
    for number, name in enumerate(sorted(paths)[:stations]):
        made[name] = at = known(number)
        network, code = name.split(".")
        turn = math.radians(at.azimuth)
        latitude = origin.latitude + at.distance * math.cos(turn)
        longitude = origin.longitude + at.distance * math.sin(turn) / math.cos(math.radians(origin.latitude))
        channels = []
        for path in paths[name]:
            (trace,) = read_waveforms(str(path))
            trace.data = trace.data.astype(float) * edges(trace.stats.npts, round(4 * trace.stats.sampling_rate))
            trace.trim(trace.stats.starttime - QUIET, trace.stats.endtime + QUIET, pad=True, fill_value=0.0)
            trace.write(str(folder / "synthetics" / path.name), format="SAC")
            (trace,) = read_waveforms(str(folder / "synthetics" / path.name))  # as it was rounded
            trace.data = COUNTS * at.gain * trace.data.astype(float)
            trace.data += (
                noise
                * np.abs(trace.data).max()
                * np.random.default_rng(len(channels) + 3 * number).standard_normal(len(trace.data))
            )
            trace.stats.starttime += origin.time + at.delay
            trace.stats.channel = "HH" + trace.stats.channel[-1]
            trace.write(str(folder / "observed" / f"{trace.id}.mseed"), format="MSEED", encoding="FLOAT64")
            channels.append(
                Channel(
                    trace.stats.channel,
                    "",
                    latitude,
                    longitude,
                    0,
                    0,
                    azimuth={"N": 0, "E": 90}.get(trace.stats.channel[-1], 0),
                    dip=-90 if trace.stats.channel[-1] == "Z" else 0,
                    sample_rate=200.0,
                    response=Response.from_paz([], [], COUNTS, input_units="M/S"),
                )
            )
        networks.setdefault(network, []).append(Station(code, latitude, longitude, 0, channels=channels))
    inventory = Inventory([Network(code, stations=of) for code, of in networks.items()], source="made")
    inventory.write(str(folder / "stations.xml"), format="STATIONXML")
    return made


def edges(npts: int, count: int) -> np.ndarray:
    """1 with a cosine to 0 of `count` samples at each end: (npts,)."""
    ramp = 0.5 - 0.5 * np.cos(np.pi * np.arange(count) / count)
    shape = np.ones(npts)
    shape[:count], shape[-count:] = ramp, ramp[::-1]
    return shape
