"""Waveforms of a file, in any format that obspy reads and in SPECFEM3D's own."""

from __future__ import annotations

import glob
import os
import re
from typing import Any

#: Two columns of text: SPECFEM3D's displacement, velocity or acceleration, NET.STA.CHA.semv and the like.
_SPECFEM = re.compile(r"\.sem[dva](\.ascii|\.txt)?$")


def read_waveforms(path: str) -> Any:
    """The traces of a file of this machine as an `obspy.Stream`, each with a station code.

    A trace without a station code gets the file's name; where that is like SPECFEM3D's `IV.AQU.HXZ.semv.sac`, network,
    station and channel. SPECFEM3D's files of two columns, `IV.AQU.HXZ.semv`, are read, too: seconds since the origin
    and amplitudes; their times count from 1970-01-01.

    Raises:
        Exception: whatever obspy raises for a file that it can't read.
    """
    import obspy

    stream = _columns(path) if _SPECFEM.search(path) else obspy.read(glob.escape(path))
    name = os.path.basename(path).split(".")
    for trace in stream:
        if not trace.stats.station:
            if len(name) > 3 and len(name[2]) == 3:
                trace.stats.network, trace.stats.station, trace.stats.channel = name[:3]
            else:
                trace.stats.station = name[0]
    return stream


def _columns(path: str) -> Any:
    """A file of two columns, s and amplitudes, as SPECFEM3D writes them."""
    import numpy as np
    import obspy

    seconds, data = np.loadtxt(path, unpack=True, ndmin=2)
    delta = (seconds[-1] - seconds[0]) / (len(seconds) - 1)
    return obspy.Stream([obspy.Trace(data, {"delta": delta, "starttime": obspy.UTCDateTime(seconds[0])})])
