"""Correlations as obspy's traces."""

from __future__ import annotations

from typing import Any

from d4p.seismo.correlation import Correlation
from d4p.seismo.ids import joined


def trace(correlation: Correlation) -> Any:
    """An `obspy.Trace` whose time is the lag: lag 0 is at 1970-01-01T00:00:00, so `trace.times() + first_lag` are lags.

    Its station is that of both, "CCA-HEC", and so are network, location and channel where they differ. Which pair it is
    and when it was recorded stand in `trace.stats.d4p`: first, second, start (UTCDateTime), first_lag (s). In SAC files
    b is the first lag, kevnm the id of the first, and kstnm of the second; other formats keep the station's first
    letters, as many as they have room for. The values are a copy.
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
    made.stats.sac = AttribDict(b=correlation.first_lag, kevnm=correlation.first[:16], lcalda=0)
    return made
