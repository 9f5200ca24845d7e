"""dispel4py.seismo.seismo: plain bases for PEs of seismology, and obspy's names where obspy is installed."""

from __future__ import annotations

from typing import Any

from d4p.compat.old.provenance import *  # noqa: F403  (the original passes them on)
from d4p.compat.old.provenance import ProvenancePE
from d4p.graph.base import SimpleFunctionPE

try:
    from obspy.core import Stream, Trace, UTCDateTime  # noqa: F401
except ImportError:
    pass


class SeismoPE(ProvenancePE):
    """A PE that starts with the ports `input` and `output`."""


class SeismoSimpleFunctionPE(SimpleFunctionPE, SeismoPE):
    """A function as a PE."""

    def __init__(self, compute_fn: Any = None, params: Any = None, *args: Any, **kwargs: Any) -> None:
        SimpleFunctionPE.__init__(self, compute_fn, params)
