"""Where and when an event was."""

from __future__ import annotations

import io
from functools import lru_cache
from typing import NamedTuple

from d4p.errors import Refused
from d4p.filesystems import files


class Origin(NamedTuple):
    """Of an event.

    Attributes:
        time: s since 1970 (UTC).
        latitude, longitude: degrees.
        depth: m; 0 where it isn't known.
        magnitude: NaN where it isn't known.
        name: what the file calls it, its place or its id.
    """

    time: float
    latitude: float
    longitude: float
    depth: float
    magnitude: float
    name: str


@lru_cache(maxsize=8)
def origin_of(path: str) -> Origin:
    """The origin of the event of a file, here or behind a URL, in any format that obspy reads (QuakeML, NDK, ...). Of
    several events the first counts, of several origins the preferred one.

    Raises:
        Refused: there is no such file, or no event with an origin in it.
    """
    from obspy import read_events

    try:
        with files.open(path) as file:
            content = file.read()
    except OSError as error:
        raise Refused(f"the event must be a file, QuakeML for instance; {path}: {error.strerror or error}") from error
    try:
        events = read_events(io.BytesIO(content))
    except Exception as error:
        raise Refused(f"the event must be a file that obspy reads, QuakeML for instance; {path}: "
                      f"{type(error).__name__}: {error}") from error  # fmt: skip
    for event in events:
        if origin := event.preferred_origin() or next(iter(event.origins), None):
            magnitude = event.preferred_magnitude() or next(iter(event.magnitudes), None)
            described = event.event_descriptions[0].text if event.event_descriptions else str(event.resource_id)
            return Origin(origin.time.timestamp, origin.latitude, origin.longitude, origin.depth or 0.0,
                          magnitude.mag if magnitude else float("nan"), described)  # fmt: skip
    raise Refused(f"the event must have an origin (time, latitude, longitude); {path} has {len(events)} events, and "
                  "none of them has one")  # fmt: skip
