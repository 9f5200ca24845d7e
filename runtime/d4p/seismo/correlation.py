"""The cross-correlation of two records."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


class Correlation(NamedTuple):
    """c(k) = sum over n of a(n + k) b(n), where a is the record of `first` and b that of `second`, for lags k of
    samples: what `obspy.signal.cross_correlation.correlate(a, b, shift)` gives. A peak at a positive lag: what both
    recorded came later to the first.

    Attributes:
        first, second: ids of the traces, NET.STA.LOC.CHA.
        start: time of the first sample of both records, s since 1970 (UTC).
        rate: Hz.
        first_lag: lag of values[0], s; negative where lags are on both sides.
        values: (lags,), float32 or float64; dimensionless.
    """

    first: str
    second: str
    start: float
    rate: float
    first_lag: float
    values: np.ndarray

    def lags(self) -> np.ndarray:
        """(lags,), s."""
        return self.first_lag + np.arange(len(self.values)) / self.rate

    def swapped(self) -> Correlation:
        """That of the second with the first: the same, its time reversed. `values` is a view."""
        last_lag = self.first_lag + (len(self.values) - 1) / self.rate
        return Correlation(self.second, self.first, self.start, self.rate, -last_lag, self.values[::-1])

    def peak(self) -> tuple[float, float]:
        """The value that is largest, whatever its sign, and its lag in s."""
        at = int(np.argmax(np.abs(self.values)))
        return float(self.values[at]), self.first_lag + at / self.rate
