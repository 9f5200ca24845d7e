"""Correlations as obspy's traces."""

from __future__ import annotations

from typing import Any

from d4p.seismo.correlation import Correlation
from d4p.seismo.ids import joined, parts


def trace(correlation: Correlation) -> Any:
    """An `obspy.Trace` whose time is the lag: lag 0 is at 1970-01-01T00:00:00, so `trace.times() + first_lag` are lags.

    Its station is that of both, "CCA-HEC", and so are network, location and channel where they differ. Which pair it is
    and when it was recorded stand in `trace.stats.d4p`: first, second, start (UTCDateTime), first_lag (s). Formats of
    files cut the name of the station to what they have room for. SAC has more: b is the first lag, kevnm the id of the
    first, kuser0 and kuser1 are station and network of the second. The values are a copy.
    """
    from obspy import Trace, UTCDateTime
    from obspy.core import AttribDict

    network, station, location, channel = joined(correlation.first, correlation.second)
    made = Trace(correlation.values.copy(), {
        "network": network, "station": station, "location": location, "channel": channel,
        "sampling_rate": correlation.rate, "starttime": UTCDateTime(0) + correlation.first_lag,
    })  # fmt: skip
    made.stats.d4p = AttribDict(first=correlation.first, second=correlation.second,
                                start=UTCDateTime(correlation.start), first_lag=correlation.first_lag)  # fmt: skip
    other_network, other_station = parts(correlation.second)[:2]
    made.stats.sac = AttribDict(b=correlation.first_lag, kevnm=correlation.first[:16], kuser0=other_station[:8],
                                kuser1=other_network[:8])  # fmt: skip
    return made
