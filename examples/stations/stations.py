"""Noise of a thousand stations, every pair of them correlated.

    read > window > detrend > decimate > normalise > whiten > transform > pairs > correlate > write

Records become spectra one by one; then `AllPairs` gives every two of them to `correlate`, which takes them a tile at a
time. What a step can't use (a broken file, a gap, a dead channel) is left out by name in the log, and the rest goes on.

The processing follows Bensen et al. (2007), "Processing seismic ambient noise data to obtain reliable broad-band
surface wave dispersion measurements", Geophys. J. Int. 169, 1239-1260, doi:10.1111/j.1365-246X.2007.03374.x, from here
on B07.
"""

import math
import os
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import obspy
import scipy.fft
from scipy.ndimage import uniform_filter1d

from d4p import (
    AllPairs,
    Batch,
    GenericPE,
    IterativePE,
    ReadFiles,
    SimpleFunctionPE,
    WorkflowGraph,
    WriteArrow,
    create_iterative_chain,
)
from d4p.errors import Refused
from d4p.pairs.tile import blocks
from d4p.seismo import Correlation, cut, merged, read_waveforms
from d4p.threads import threads

try:
    from ducc0.fft import c2r
except ImportError:
    c2r = None


# -- files to records ------------------------------------------------------------------------------------------------


class Record(NamedTuple):
    """Samples of one channel."""

    id: str  # NET.STA.LOC.CHA
    start: float  # time of the first sample, s since 1970 (UTC)
    rate: float  # Hz
    data: np.ndarray  # (npts,), float64, in counts


class Window(GenericPE):
    """Takes the stream of a file, writes its records of one component, cut to a window of time.

    A record must have every sample of the window: what isn't there is neither filled in nor left out of some pairs.

    Args:
        component: the last letter of the channel code; None takes all.
        start: of the window, s since 1970 (UTC).
        seconds: the length of the window.
        rate: the lowest sampling rate that is useful, in Hz.
    """

    def __init__(self, component, start, seconds, rate):
        GenericPE.__init__(self)
        self._add_input("stream")
        self._add_output("record")
        self.component, self.start, self.seconds, self.rate = component, start, seconds, rate

    def process(self, inputs):
        for whole in merged(trace for trace in inputs["stream"]
                            if not self.component or trace.stats.channel.endswith(self.component)):
            try:
                self.write("record", self.cut(whole))
            except ValueError as reason:
                self.log(f"{whole.id} left out: {reason}")

    def cut(self, whole):
        """The samples in the window; the first may be up to a sample later than its start."""
        rate = whole.stats.sampling_rate
        if rate < 0.999 * self.rate or abs(round(self.seconds * rate) - self.seconds * rate) > 0.1:
            raise ValueError(f"its rate must be at least {self.rate:g} Hz, with whole samples in {self.seconds:g} s; "
                             f"it is {rate:g} Hz")
        trace = cut(whole, self.start, self.seconds)
        return Record(trace.id, trace.stats.starttime.timestamp, rate, trace.data)


# -- one record ------------------------------------------------------------------------------------------------------


class Step(SimpleFunctionPE):
    """Applies a function to each item; an item that it can't use (ValueError) is left out by name in the log."""

    def _process(self, item):
        try:
            return self.compute_fn(item, **self.params)
        except ValueError as reason:
            self.log(f"{item.id} left out: {reason}")
            return None


def detrend(record):
    """Takes away the straight line that fits best, and with it the mean."""
    data, npts = record.data, len(record.data)
    time = np.arange(npts) - (npts - 1) / 2
    slope = (time * data).sum() / ((npts**3 - npts) / 12)  # no `@`: for one product BLAS would wake all its threads
    left = data - data.mean() - slope * time
    if np.abs(left).max() <= 1e-9 * np.abs(data).max():
        raise ValueError("it is constant or a straight line: is the channel dead?")
    return record._replace(data=left)


def decimate(record, start, seconds, rate, freqmin, freqmax):
    """Samples the record at `rate` from `start` on and keeps freqmin to freqmax (Hz), all in one Fourier transform.

    Its spectrum is cut off at half the new rate, as `obspy.Trace.resample` does, so nothing is aliased or delayed. A
    record with samples at other times than the new ones is shifted by phase. 5% are tapered, half of them at each end.
    """
    npts = len(record.data)
    spectrum = scipy.fft.rfft(record.data * taper(npts))
    band = passband(round(seconds * rate), rate, freqmin, freqmax)
    late = record.start - start
    kept = spectrum[: len(band)] * band
    if late > 1e-6:
        kept *= np.exp(-2j * np.pi * late * np.arange(len(band)) / seconds)
    data = scipy.fft.irfft(kept, round(seconds * rate)) * (round(seconds * rate) / npts)
    return Record(record.id, start, rate, data)


def normalise(record, window):
    """Divides each sample by the mean absolute amplitude of `window` seconds around it (B07, equation 1), so that
    earthquakes don't outweigh the rest. 1% of the overall mean is added, or silence would become loud."""
    amplitude = np.abs(record.data)
    width = 2 * round(window * record.rate / 2) + 1
    return record._replace(data=record.data / (uniform_filter1d(amplitude, width) + 0.01 * amplitude.mean()))


def whiten(record, freqmin, freqmax, smooth):
    """Gives all frequencies from freqmin to freqmax (Hz) the same amplitude and takes away the others (B07, spectral
    whitening): divides the spectrum by its amplitude averaged over `smooth` Hz, plus 1% of the largest."""
    npts = len(record.data)
    spectrum = scipy.fft.rfft(record.data)
    amplitude = uniform_filter1d(np.abs(spectrum), max(1, round(smooth * npts / record.rate)))
    spectrum *= passband(npts, record.rate, freqmin, freqmax) / (amplitude + 0.01 * amplitude.max())
    return record._replace(data=scipy.fft.irfft(spectrum, npts))


@lru_cache(maxsize=8)
def taper(npts):
    """1 with a cosine at both ends, a fortieth of it each: (npts,)."""
    edge = max(0, int(0.025 * npts + 0.5) - 1)
    return cosine(np.arange(npts), (0, edge, npts - 1 - edge, npts - 1))


@lru_cache(maxsize=8)
def passband(npts, rate, freqmin, freqmax):
    """1 from freqmin to freqmax, 0 below half of the one and above 1.2 times the other: (npts // 2 + 1,)."""
    return cosine(scipy.fft.rfftfreq(npts, 1 / rate), (freqmin / 2, freqmin, freqmax, 1.2 * freqmax))


def cosine(x, corners):
    """0 up to the first of four corners, 1 between the second and the third, 0 from the fourth, and cosines between."""
    return 0.5 * (1 - np.cos(np.pi * np.interp(x, corners, (0, 1, 1, 0))))


class Spectrum(NamedTuple):
    """The Fourier transform of a record without its mean and with unit energy.

    It is that of a real FFT over `padded(npts, shift)` samples, all but the first `npts` of them zeros.
    """

    id: str
    start: float  # s since 1970 (UTC)
    rate: float  # Hz
    npts: int
    values: np.ndarray  # complex64 or complex128, dimensionless


def transform(record, shift, dtype):
    """The spectrum of a record for lags of up to `shift` samples, computed in `dtype`."""
    data = record.data - record.data.mean()
    energy = math.sqrt((data * data).sum())
    if not energy > 0:
        raise ValueError("nothing is left of it")
    values = scipy.fft.rfft((data / energy).astype(dtype), padded(len(data), shift))
    return Spectrum(record.id, record.start, record.rate, len(data), values)


def padded(npts, shift):
    """The length of a fast FFT so long that no product of two spectra is aliased at lags from -shift to shift: there
    the end of one record meets only zeros, not the beginning of the other."""
    return scipy.fft.next_fast_len(npts + shift, real=True)


# -- pairs -----------------------------------------------------------------------------------------------------------

# Pairs whose products, and what becomes of them, stay in a core's cache: as many as an FFT takes side by side. And
# pairs of a batch, as large a piece as is good to write.
BLOCK, BATCH = 8, 32


class Correlate(IterativePE):
    """Takes pairs of spectra, returns their normalised cross-correlations at lags of up to `shift` samples.

    c(k) = sum over n of a(n + k) b(n), both without mean and with unit energy; that is
    `obspy.signal.cross_correlation.correlate(a, b, shift)`. A peak of 1 means that they agree, one at a positive lag
    that the first is later.
    """

    def __init__(self, shift):
        IterativePE.__init__(self)
        self.shift = shift

    def _process(self, pair):
        a, b = pair
        inverse = Inverse(padded(a.npts, self.shift), a.values.dtype)
        values = np.empty(2 * self.shift + 1, a.values.real.dtype)
        self.cut(inverse([(a.values, b.values.conj()[None])]), values[None])
        return Correlation(a.id, b.id, a.start, a.rate, -self.shift / a.rate, values)

    def process_batch(self, inputs):
        """A tile of pairs: some blocks of them become a batch."""
        tile = inputs["input"]
        left, right = tile.left.columns, tile.right.columns
        conjugates = right.values.conj()
        inverse = Inverse(padded(left.npts[0], self.shift), conjugates.dtype)
        for rows in tile.blocks(BATCH):  # a row: an item of the left with a run of those of the right
            first = [i for i, others in rows for _ in range(others.stop - others.start)]
            values = np.empty((len(first), 2 * self.shift + 1), conjugates.real.dtype)
            for at, block in enumerate(blocks(rows, BLOCK)):
                circular = inverse([(left.values[i], conjugates[others]) for i, others in block])
                self.cut(circular, values[at * BLOCK : (at + 1) * BLOCK])
            rates = [left.rate[i] for i in first]
            yield {"output": Batch(Correlation(
                [left.id[i] for i in first], [id for _, others in rows for id in right.id[others]],
                [left.start[i] for i in first], rates, [-self.shift / rate for rate in rates], values
            ))}  # fmt: skip

    def cut(self, circular, lags):
        """Those from -shift to shift of circular correlations (n, length): (n, 2 shift + 1)."""
        lags[:, : self.shift] = circular[:, -self.shift :]
        lags[:, self.shift :] = circular[:, : self.shift + 1]


class Inverse:
    """The inverse real FFT of the products of up to BLOCK pairs, by ducc0 where it is installed, which is faster, else
    by scipy. The arrays that it works in are made once, and used again in the next call."""

    def __init__(self, length, dtype):
        self.length = length
        self.products = np.empty((BLOCK, length // 2 + 1), dtype)
        self.circular = np.empty((BLOCK, length), self.products.real.dtype)

    def __call__(self, factors):
        """Of spectra, each with some others (n, frequencies)."""
        count = 0
        for spectrum, others in factors:
            np.multiply(spectrum, others, out=self.products[count : count + len(others)])
            count += len(others)
        products = self.products[:count]
        if c2r is None:
            return scipy.fft.irfft(products, self.length, overwrite_x=True, workers=threads())
        return c2r(products, axes=(1,), out=self.circular[:count], lastsize=self.length, forward=False, inorm=2,
                   nthreads=threads())


# -- the workflow ----------------------------------------------------------------------------------------------------


def make(path="stations-data/*.mseed", output="stations-output", component="Z", start="2020-01-01", seconds=3600.0,
         rate=4.0, freqmin=0.1, freqmax=1.5, max_lag=1250.0, dtype="float32"):
    """The workflow: `d4p run stations.py:make -p path='/data/*.mseed' -p start=2022-01-02T13:00`.

    Args:
        path: of the records: a file, a folder, a glob, or a list of those; a file has the whole window of its records.
        output: the folder for the correlations.
        component: the last letter of the channels to use; None for all.
        start, seconds: the window of time, UTC; what doesn't cover it is left out.
        rate: of the correlations, in Hz. Records with a lower rate are left out.
        freqmin, freqmax: the band to use, in Hz.
        max_lag: the longest lag, in s.
        dtype: of the correlations, float32 or float64.
    """
    if not 0 < freqmin < freqmax <= 0.4 * rate:
        raise Refused(f"the band must be 0 < freqmin < freqmax <= 0.4 rate = {0.4 * rate:g} Hz; it is {freqmin:g} to "
                      f"{freqmax:g} Hz")
    if not 1 / rate <= max_lag < seconds:
        raise Refused(f"max_lag must be from a sample, {1 / rate:g} s, to less than the window, {seconds:g} s; it is "
                      f"{max_lag:g} s")
    if dtype not in ("float32", "float64"):
        raise Refused(f"dtype must be float32 or float64; it is {dtype!r}")
    begin = obspy.UTCDateTime(start).timestamp
    shift = round(max_lag * rate)
    band = {"freqmin": freqmin, "freqmax": freqmax}

    read = ReadFiles(path, reader=read_waveforms, skip_broken=True)
    window = Window(component, begin, seconds, rate)
    prepare = create_iterative_chain([
        detrend,
        (decimate, {"start": begin, "seconds": seconds, "rate": rate, **band}),
        (normalise, {"window": 0.5 / freqmin}),  # half the longest period, as B07 advise
        (whiten, {"smooth": freqmin / 2, **band}),
        (transform, {"shift": shift, "dtype": dtype}),
    ], Step, name_prefix="")  # fmt: skip
    pairs = AllPairs(order_by="id")
    correlate = Correlate(shift)
    write = WriteArrow(os.path.join(output, "correlations"))
    read.name, window.name, pairs.name, correlate.name, write.name = "read", "window", "pairs", "correlate", "write"

    graph = WorkflowGraph()
    graph.connect(read, "output", window, "stream")
    graph.connect(window, "record", prepare, "input")
    graph.connect(prepare, "output", pairs, "input")
    graph.connect(pairs, "output", correlate, "input")
    graph.connect(correlate, "output", write, "input")
    return graph


graph = make()
