"""The program by hand of the benchmarks gives the pairs that it is to be compared by."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from scipy.fft import irfft, next_fast_len

from tests.benchmarks.pairs_by_hand import TILE, correlate_all, spectra


@pytest.mark.parametrize("stations", [2, TILE + 3])
def test_every_pair_once(stations, tmp_path):
    npts, shift = 100, 30
    values = spectra(stations, npts, shift)
    count = stations * (stations - 1) // 2
    assert correlate_all(values, npts, shift) == count
    assert correlate_all(values, npts, shift, folder=str(tmp_path)) == count
    found = np.concatenate([np.fromfile(part, np.float32) for part in sorted(tmp_path.iterdir())])
    signals = irfft(values, next_fast_len(npts + shift, real=True))[:, :npts]
    wanted = [np.correlate(a, b, "full")[npts - 1 - shift : npts + shift] for a, b in combinations(signals, 2)]
    far = np.abs(np.array(wanted)[:, None] - found.reshape(count, 2 * shift + 1)).max(axis=2)  # of each from each
    assert sorted(far.argmin(axis=1)) == list(range(count)) and far.min(axis=1).max() < 1e-5
