"""How far a synthetic seismogram is from the observed one: obspy's measures, and the numbers they give.

Both have the same times. Misfits are relative to the observed one.
"""

import math

import numpy as np
import obspy
from obspy.signal.cross_correlation import correlate, xcorr_max
from obspy.signal.freqattributes import peak_ground_motion
from obspy.signal.tf_misfit import cwt
from scipy.fft import next_fast_len, rfft

#: At which spectral accelerations are compared (Hz), and the damping of the pendulum.
SPECTRAL, DAMPING = (0.3, 1.0, 3.0), 0.05
#: Peaks of ground motion: displacement (m), velocity (m/s), acceleration (m/s2), and spectral accelerations (m/s2).
PEAKS = ("pgd", "pgv", "pga", *(f"psa_{f:g}hz" for f in SPECTRAL))


def misfits(
    observed, synthetic, rate, units, max_delay, subsample=True, min_frequency=0.1, max_frequency=2.0, frequencies=32
):
    """All of them, as a dict.

    Args:
        observed, synthetic: (npts,), float64, in m, m/s or m/s2.
        rate: Hz.
        units: "displacement", "velocity" or "acceleration".
        max_delay: the longest delay that is looked for, s.
        subsample: to a part of a sample.
        min_frequency, max_frequency, frequencies: of the envelope and phase misfit, Hz, and how many, evenly by their
            logarithm.

    Raises:
        ValueError: one of them is zero, or has NaN.
    """
    for name, data in (("observed", observed), ("synthetic", synthetic)):
        if not np.isfinite(data).all() or not np.any(data):
            raise ValueError(f"nothing is left of the {name} one")
    delay, coefficient, gain = aligned(observed, synthetic, round(max_delay * rate), subsample)
    envelope, phase = time_frequency(observed, synthetic, 1 / rate, min_frequency, max_frequency, frequencies)
    found = {
        "l2": float(np.linalg.norm(observed - synthetic) / np.linalg.norm(observed)),
        "delay_s": delay / rate, "coefficient": coefficient, "gain": gain,
        "envelope_misfit": envelope, "phase_misfit": phase,
    }  # fmt: skip
    for name, of_observed, of_synthetic in zip(
        PEAKS, peaks(observed, rate, units), peaks(synthetic, rate, units), strict=True
    ):
        found |= {f"{name}_observed": of_observed, f"{name}_synthetic": of_synthetic,
                  f"{name}_difference": of_observed - of_synthetic}  # fmt: skip
    return found


def aligned(observed, synthetic, shift, subsample):
    """How much later the observed one is, in samples, up to `shift`; their correlation coefficient there; and how many
    times as large it is, by least squares: the factor of the shifted synthetic that comes nearest to it."""
    lag, coefficient = xcorr_max(correlate(observed, synthetic, shift), abs_max=False)
    a, b = observed - observed.mean(), synthetic - synthetic.mean()
    if subsample:
        lag, coefficient = between_samples(a, b, lag)
    return float(lag), coefficient, coefficient * float(np.linalg.norm(a) / np.linalg.norm(b))


def between_samples(a, b, lag):
    """The lag of the peak near `lag` of the correlation of two records, to a part of a sample, and its coefficient.

    Between samples the correlation is what its spectrum says: c(t) = sum of S(f) exp(2 pi i f t), S of A(f) conj(B(f)).
    Newton's method on its slope, from the sample with the largest value.
    """
    length = next_fast_len(2 * len(a), real=True)
    cross = rfft(a, length) * rfft(b, length).conj()
    turns = 2j * math.pi * np.arange(len(cross)) / length
    weights = np.full(len(cross), 2.0)  # of a real signal negative frequencies are the conjugates of positive ones
    weights[0] = 1.0
    if length % 2 == 0:
        weights[-1] = 1.0
    best = float(lag)
    for _ in range(8):
        terms = weights * cross * np.exp(turns * best)
        slope, bend = (turns * terms).real.sum(), (turns**2 * terms).real.sum()
        if bend >= 0:
            break
        step = -slope / bend
        best = min(max(best + step, lag - 1), lag + 1)
        if abs(step) < 1e-9:
            break
    value = (weights * cross * np.exp(turns * best)).real.sum() / length
    return best, float(value / (np.linalg.norm(a) * np.linalg.norm(b)))


def time_frequency(observed, synthetic, dt, min_frequency, max_frequency, frequencies):
    """The single-valued envelope and phase misfit of Kristekova et al. (2009), Geophys. J. Int. 178, 813-825,
    doi:10.1111/j.1365-246X.2009.04177.x: what `em` and `pm` of `obspy.signal.tf_misfit` give, with the observed one as
    the reference, from one wavelet transform of each instead of two."""
    reference, other = (cwt(data, dt, 6, min_frequency, max_frequency, frequencies) for data in (observed, synthetic))
    size = np.abs(reference)
    norm = math.sqrt((size**2).sum())
    envelope = math.sqrt(((np.abs(other) - size) ** 2).sum())
    phase = math.sqrt(((size * np.angle(other * reference.conj()) / math.pi) ** 2).sum())
    return envelope / norm, phase / norm


def peaks(data, rate, units):
    """Those of PEAKS, in m, m/s, m/s2."""
    trace = obspy.Trace(data.copy(), {"sampling_rate": rate})
    motions = {units: trace}
    for name, before in (("velocity", "acceleration"), ("displacement", "velocity")):
        if name not in motions and before in motions:
            motions[name] = motions[before].copy().integrate()
    for name, before in (("velocity", "displacement"), ("acceleration", "velocity")):
        if name not in motions:
            motions[name] = motions[before].copy().differentiate()
    displacement = motions["displacement"].data
    spectral = [float(peak_ground_motion(displacement, 1 / rate, f, damp=DAMPING)[0]) for f in SPECTRAL]
    return [
        *(float(np.abs(motions[name].data).max()) for name in ("displacement", "velocity", "acceleration")),
        *spectral,
    ]
