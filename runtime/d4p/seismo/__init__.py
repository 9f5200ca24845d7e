"""For seismologists: waveforms with their metadata, windows of them, and cross-correlations as they are stored.

from d4p.seismo import Correlations, ReadWaveforms, cut

read = ReadWaveforms("data/*.mseed", stations="stations.xml", event="event.xml")  # a PE: writes obspy's traces
cut(trace, start, seconds)  # the same samples of each, or an error that says how many there are

correlations = Correlations("out")  # what WriteArrow("out") wrote
correlations["CI.CCA..BHN", "CI.HEC..BHN"].values
correlations.stream("CI.CCA..BHN").plot()
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from d4p.seismo.correlation import Correlation
from d4p.seismo.event import Origin, origin_of
from d4p.seismo.left_out import LeftOut
from d4p.seismo.metadata import Metadata
from d4p.seismo.reading import ReadWaveforms
from d4p.seismo.waveforms import read_waveforms
from d4p.seismo.windows import Incomplete, cut, longest, merged, sliding

if TYPE_CHECKING:
    from d4p.seismo.correlations import Correlations

__all__ = [
    "Correlation", "Correlations", "Incomplete", "LeftOut", "Metadata", "Origin", "ReadWaveforms", "cut", "longest",
    "merged", "origin_of", "read_waveforms", "sliding",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    if name == "Correlations":  # which needs pyarrow; a workflow that makes correlations doesn't
        from d4p.seismo.correlations import Correlations

        return Correlations
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
