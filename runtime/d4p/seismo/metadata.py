"""Where stations are, and what their instruments do to the ground's motion."""

from __future__ import annotations

import io
from functools import lru_cache
from typing import Any

from d4p.errors import Refused
from d4p.filesystems import locate
from d4p.filesystems.paths import as_paths, find


class Metadata:
    """The channels and stations of files in any format that obspy reads: StationXML, dataless SEED, RESP, ...

    Args:
        paths: of the files, folders or globs, here or behind URLs.

    Raises:
        Refused: nothing is there, or a file that obspy can't read.
    """

    def __init__(self, *paths: str) -> None:
        from obspy import read_inventory

        self._channels: dict[str, list[Any]] = {}
        self._stations: dict[str, list[Any]] = {}
        for file in find(as_paths(paths), "metadata"):
            fs, _ = locate(file.source)
            try:
                with fs.open(file.name, "rb") as opened:
                    inventory = read_inventory(io.BytesIO(opened.read()))
            except Exception as error:
                raise Refused(f"metadata must be in a format that obspy reads, StationXML for instance; {file.name}: "
                              f"{type(error).__name__}: {error}") from error  # fmt: skip
            self._add(inventory)

    def _add(self, inventory: Any) -> None:
        for network in inventory:
            for station in network:
                name = f"{network.code}.{station.code}"
                self._stations.setdefault(name, []).append(station)
                for channel in station:
                    self._channels.setdefault(f"{name}.{channel.location_code}.{channel.code}", []).append(channel)

    def attach(self, trace: Any) -> Any:
        """Gives an obspy trace what is known of it, in its `stats`: `coordinates` (latitude and longitude in degrees,
        elevation and local_depth in m), and of its very channel `response` and `orientation` (degrees from north to the
        direction in which it counts up; for horizontal ones)."""
        from obspy.core import AttribDict

        stats = trace.stats
        channel = _at(stats.starttime, self._channels.get(trace.id, ()))
        station = _at(stats.starttime, self._stations.get(f"{stats.network}.{stats.station}", ()))
        for known in (channel, station):
            if known is not None and (known.latitude or known.longitude):  # RESP files have zeros
                stats.coordinates = AttribDict(
                    latitude=float(known.latitude), longitude=float(known.longitude),
                    elevation=float(known.elevation or 0), local_depth=float(getattr(known, "depth", 0) or 0),
                )  # fmt: skip
                break
        if channel is not None:
            if channel.response is not None:
                stats.response = channel.response
            if channel.azimuth is not None and abs(channel.dip or 0) < 45:
                stats.orientation = float(channel.azimuth)
        return trace


def _at(time: Any, epochs: Any) -> Any:
    """What was there at a time; what has no dates was there always."""
    for one in epochs:
        if (one.start_date is None or one.start_date <= time) and (one.end_date is None or time <= one.end_date):
            return one
    return None


@lru_cache(maxsize=4)
def metadata(*paths: str) -> Metadata:
    """The same, read once in a process."""
    return Metadata(*paths)
