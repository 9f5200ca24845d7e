"""The inverse transforms of all pairs, a block of products at a time as examples/stations has them, by each library.

One hour at 4 samples a second and lags of 5,000 samples, as in `stations`. A block is multiplied and transformed, by
one thread; all libraries get the same blocks and are checked against scipy. What a library takes to get ready (FFTW
plans by measuring) is paid once by each process. A library that isn't installed has no row: `pip install ducc0 pyfftw
mkl_fft`.
"""

from __future__ import annotations

import functools
import importlib.util
import time
from collections.abc import Callable, Iterator
from typing import Any

from .measure import Row, alternating

NPTS, SHIFT, BLOCK, BLOCKS, ROUNDS = 14_400, 5_000, 8, 400, 7
#: What a library makes of products (BLOCK, frequencies): their inverse real transforms (BLOCK, length).
Inverse = Callable[[Any], Any]


def rows(quick: bool) -> Iterator[Row]:
    import numpy as np
    from scipy.fft import next_fast_len, rfft

    length, blocks = next_fast_len(NPTS + SHIFT, real=True), BLOCKS // (10 if quick else 1)
    for dtype in np.float32, np.float64:
        noise = np.random.default_rng(1).standard_normal((2 * BLOCK, NPTS)).astype(dtype)
        spectra = rfft(noise, length)
        names = [name for name in LIBRARIES if importlib.util.find_spec(name)]
        inverses, ready = {}, {}
        for name in names:
            begun = time.perf_counter()
            inverses[name] = LIBRARIES[name](length, spectra.dtype)
            ready[name] = time.perf_counter() - begun
        wanted = inverses["scipy"](spectra[0] * spectra[BLOCK:]).copy()
        for name, inverse in inverses.items():
            off = np.abs(inverse(spectra[0] * spectra[BLOCK:]) - wanted).max() / np.abs(wanted).max()
            if not off < 1e-5:
                raise RuntimeError(f"{name} is off by {off:.1e} of the peak")
        taken = alternating(ROUNDS, *(functools.partial(timed, inverse, spectra, blocks)
                                      for inverse in inverses.values()))  # fmt: skip
        for name, each in zip(inverses, taken, strict=True):
            yield Row(f"inverse real FFT of {length:,} {np.dtype(dtype).name}, {BLOCK} at a time: {name} | scipy",
                      f"{each * 1e6:.1f} us a pair, ready in {ready[name]:.1f} s", f"{taken[0] * 1e6:.1f} us",
                      f"{taken[0] / each:.2f} times")


def timed(inverse: Inverse, spectra: Any, blocks: int) -> float:
    """Seconds a pair."""
    import numpy as np

    products = np.empty_like(spectra[BLOCK:])
    begun = time.perf_counter()
    for at in range(blocks):
        np.multiply(spectra[at % BLOCK], spectra[BLOCK:], out=products)
        inverse(products)
    return (time.perf_counter() - begun) / (blocks * BLOCK)


def of_scipy(length: int, dtype: Any) -> Inverse:
    """Of pocketfft."""
    from scipy.fft import irfft

    return lambda products: irfft(products, length, overwrite_x=True)


def of_ducc0(length: int, dtype: Any) -> Inverse:
    """Of pocketfft's successor, into an array that is there."""
    import numpy as np
    from ducc0.fft import c2r

    out = np.empty((BLOCK, length), np.zeros(0, dtype).real.dtype)
    return lambda products: c2r(products, axes=(1,), out=out, lastsize=length, forward=False, inorm=2)


def of_pyfftw(length: int, dtype: Any) -> Inverse:
    """FFTW, planned for these arrays by measuring."""
    import pyfftw

    given = pyfftw.empty_aligned((BLOCK, length // 2 + 1), dtype)
    return pyfftw.builders.irfft(given, length, planner_effort="FFTW_MEASURE", auto_contiguous=False)


def of_mkl(length: int, dtype: Any) -> Inverse:
    import mkl_fft

    return lambda products: mkl_fft.irfft(products, length)


LIBRARIES = {"scipy": of_scipy, "ducc0": of_ducc0, "pyfftw": of_pyfftw, "mkl_fft": of_mkl}
