"""The program by hand of the benchmarks gives the pairs that it is to be compared by."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from tests.benchmarks.pairs_by_hand import TILE, correlate_all, spectra


@pytest.mark.parametrize("stations", [2, TILE + 3])
def test_every_pair_once(stations, tmp_path):
    npts, shift = 100, 30
    values = spectra(stations, npts, shift)
    count = stations * (stations - 1) // 2
    assert correlate_all(values, npts, shift) == count
    assert correlate_all(values, npts, shift, folder=str(tmp_path)) == count
    found = np.concatenate([np.fromfile(part, np.float32) for part in sorted(tmp_path.iterdir())])
    signals = np.fft.irfft(values)[:, :npts]
    wanted = [np.correlate(a, b, "full")[npts - 1 - shift : npts + shift] for a, b in combinations(signals, 2)]
    found = found.reshape(count, 2 * shift + 1)
    for rows in (found, wanted := np.array(wanted)):
        rows[:] = rows[np.argsort(rows[:, shift].round(4), kind="stable")]
    np.testing.assert_allclose(np.sort(found, axis=0), np.sort(wanted, axis=0), atol=1e-5)
