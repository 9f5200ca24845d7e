"""`ReadWaveforms`: seismograms of files, each with what is known of its station and of the event."""

from __future__ import annotations

import functools
import os
from collections.abc import Iterator
from typing import Any

from d4p.filesystems.paths import Path, as_paths, find, stamps
from d4p.library.files import ReadFiles
from d4p.seismo.event import Origin, origin_of
from d4p.seismo.left_out import LeftOut
from d4p.seismo.metadata import metadata
from d4p.seismo.waveforms import read_waveforms

#: Times up to a day from 1970 are those of a clock that starts with the event.
_DAY = 86_400.0


class ReadWaveforms(ReadFiles):
    """A root that writes an obspy trace for each trace of its files, in any format that obspy or SPECFEM3D has.

    In `trace.stats` is what obspy's functions look for: of `stations` `coordinates`, `response` and `orientation` (see
    `d4p.seismo.Metadata`); coordinates also from the header of a SAC or AH file. Of `event` `origin` (an `Origin`) and,
    where the coordinates are known, `distance` (m), `azimuth` and `back_azimuth` (degrees, from the event to the
    station and back, on the WGS84 ellipsoid). A trace that begins within a day of 1970-01-01, as synthetics do, counts
    from the origin, and gets the time of the event.

    A file that can't be read becomes a `LeftOut`, whose `what` is its name.

    Args:
        path: a file, a folder (the files directly in it), a glob (`**` for folders), a URL, or a list of those.
        stations: the files of metadata, in the same way.
        event: the file of an event, QuakeML for instance.

    Raises (when a run begins):
        Refused: there are no files, no metadata that obspy can read, or no origin.
    """

    def __init__(self, path: Path, stations: Path | None = None, event: str | os.PathLike | None = None) -> None:
        self.stations = () if stations is None else as_paths(stations)
        self.event = None if event is None else as_paths(event)[0]
        ReadFiles.__init__(self, path, functools.partial(_traces, stations=self.stations, event=self.event))

    def check_input(self) -> None:
        ReadFiles.check_input(self)
        if self.stations:
            find(self.stations, f"{self.id}, for metadata,")
            metadata(*self.stations)  # processes that are forked have it from here
        if self.event is not None:
            origin_of(self.event)

    def input_files(self) -> list[tuple[str, Any, Any]]:
        known = [*self.stations, *([] if self.event is None else [self.event])]
        return [*ReadFiles.input_files(self), *(stamps(as_paths(known), self.id) if known else ())]


def _traces(path: str, stations: tuple[str, ...], event: str | None) -> Iterator[Any]:
    """The traces of a file on this machine."""
    known = metadata(*stations) if stations else None
    origin = None if event is None else origin_of(event)
    try:
        stream = read_waveforms(path)
    except Exception as error:  # whatever obspy raises
        yield LeftOut.of("", os.path.basename(path), f"obspy can't read it: {type(error).__name__}: {error}")
        return
    for trace in stream:
        if origin and abs(trace.stats.starttime.timestamp) < _DAY:
            trace.stats.starttime += origin.time
        _from_header(trace)
        if known:
            known.attach(trace)
        if origin:
            place(trace, origin)
        yield trace


def _from_header(trace: Any) -> None:
    """The coordinates that the file itself has."""
    from obspy.core import AttribDict

    sac, ah = trace.stats.get("sac", {}), trace.stats.get("ah", {}).get("station", {})
    for header, names in ((sac, ("stla", "stlo", "stel")), (ah, ("latitude", "longitude", "elevation"))):
        latitude, longitude, elevation = (header.get(name) for name in names)
        if None not in (latitude, longitude) and (latitude or longitude):
            trace.stats.coordinates = AttribDict(latitude=float(latitude), longitude=float(longitude),
                                                 elevation=float(elevation or 0), local_depth=0.0)  # fmt: skip


def place(trace: Any, origin: Origin) -> None:
    """Gives an obspy trace the origin of the event, and where it was recorded as seen from there."""
    from obspy.geodetics import gps2dist_azimuth

    trace.stats.origin = origin
    if "coordinates" in trace.stats:
        at = trace.stats.coordinates
        distance, azimuth, back = gps2dist_azimuth(origin.latitude, origin.longitude, at.latitude, at.longitude)
        trace.stats.distance, trace.stats.azimuth, trace.stats.back_azimuth = distance, azimuth, back
