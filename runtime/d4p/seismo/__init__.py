"""For seismologists: cross-correlations of all pairs of stations, as they are stored and read again.

    from d4p.seismo import Correlations

    correlations = Correlations("out")  # what WriteArrow("out") wrote
    correlations["CI.CCA..BHN", "CI.HEC..BHN"].values
    correlations.stream("CI.CCA..BHN").plot()
"""

from __future__ import annotations

from typing import Any

from d4p.seismo.correlation import Correlation

__all__ = ["Correlation", "Correlations"]


def __getattr__(name: str) -> Any:
    if name == "Correlations":  # which needs pyarrow; a workflow that makes correlations doesn't
        from d4p.seismo.correlations import Correlations

        return Correlations
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
