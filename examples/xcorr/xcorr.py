"""Cross-correlation of seismic records, every station with every other.

    read > traces > detrend > demean > bandpass > decimate > normalise > whiten > transform
         > pair > correlate > write
                            > plot

With a window, an hour say, it is that of each window, and `stack`, behind `correlate`, gives the mean of each pair.
What a step can't use (a broken file, a dead channel, a stretch behind a gap) is left out by name in the log, and the
rest goes on.

The processing follows Bensen et al. (2007), "Processing seismic ambient noise data to obtain reliable broad-band
surface wave dispersion measurements", Geophys. J. Int. 169, 1239-1260, doi:10.1111/j.1365-246X.2007.03374.x, from here
on B07.
"""

import io
import math
import os
from itertools import combinations
from pathlib import Path
from typing import NamedTuple

import numpy as np
import obspy
from obspy.signal.invsim import cosine_sac_taper
from scipy.fft import irfft, next_fast_len, rfft, rfftfreq
from scipy.ndimage import uniform_filter1d

from d4p import GenericPE, ReadFiles, SimpleFunctionPE, WorkflowGraph, WriteRecords, create_iterative_chain, files
from d4p.errors import Refused
from d4p.seismo import longest, merged, read_waveforms, sliding

# Eight stations on Montserrat, 30 January 1997: a test record of obspy.
RECORD = Path(obspy.__file__).parent / "io/seisan/tests/data/9701-30-1048-54S.MVO_21_1"


# -- files to traces -------------------------------------------------------------------------------------------------


class Traces(GenericPE):
    """Takes the stream of a file, writes its traces of one component: float64, without gaps, fast and long enough.

    A gap (masked samples, NaN, infinities, or time between two pieces) is neither filled nor interpolated: of each
    trace the longest stretch without one is kept, since what is filled in would correlate with what is filled in
    elsewhere.

    Args:
        component: the last letter of the channel code; None takes all.
        rate: the lowest sampling rate that is useful, in Hz.
        shortest: the shortest stretch that is useful, in s.
        window, step: the length of windows, and from one to the next, in s; without them, the longest stretch is one.
            Windows with a gap in them are left out.
    """

    def __init__(self, component, rate, shortest, window=None, step=None):
        GenericPE.__init__(self)
        self._add_input("stream")
        self._add_output("trace")
        self.component = component
        self.rate = rate
        self.shortest = shortest
        self.window, self.step = window, step

    def process(self, inputs):
        for whole in merged(trace for trace in inputs["stream"]
                            if not self.component or trace.stats.channel.endswith(self.component)):
            name, rate = whole.id, whole.stats.sampling_rate
            if rate < 0.999 * self.rate:
                self.log(f"{name} left out: {rate:g} Hz are less than {self.rate:g} Hz")
                continue
            if self.window:
                self.cut(whole)
                continue
            trace, stretches = longest(whole)
            if trace is None or trace.stats.npts < self.shortest * rate:
                seconds = trace.stats.npts / rate if trace else 0
                self.log(f"{name} left out: {seconds:.2f} s without a gap are less than {self.shortest:g} s")
                continue
            if stretches > 1:
                self.log(f"{name} has gaps: of {stretches} stretches the longest is used, {trace.stats.npts:,} of "
                         f"{np.ma.count(whole.data):,} samples")
            self.write("trace", trace)

    def cut(self, whole):
        """Writes the windows of a record, each with its begin in `stats.window`."""
        count = 0
        for start, trace in sliding(whole, self.window, self.step):
            trace.stats.window = start
            self.write("trace", trace)
            count += 1
        if not count:
            self.log(f"{whole.id} of {whole.stats.starttime} left out: it has no window of {self.window:g} s without a "
                     "gap")


# -- one trace -------------------------------------------------------------------------------------------------------


class Step(SimpleFunctionPE):
    """Applies a function to each item; an item that it can't use (ValueError) is left out by name in the log."""

    def _process(self, item):
        try:
            return self.compute_fn(item, **self.params)
        except ValueError as reason:
            name = item.id if hasattr(item, "id") else " with ".join(part.id for part in item)
            self.log(f"{name} left out: {reason}")
            return None


def detrend(trace):
    """Takes away the straight line that fits best."""
    largest = np.abs(trace.data).max()
    trace.detrend("linear")
    if np.abs(trace.data).max() <= 1e-9 * largest:
        raise ValueError("it is constant or a straight line: is the channel dead?")
    return trace


def demean(trace):
    """Takes away the mean."""
    return trace.detrend("demean")


def bandpass(trace, freqmin, freqmax):
    """Tapers 5% of the trace at both ends and keeps freqmin to freqmax (Hz): Butterworth, order 4, both ways, so that
    nothing is delayed."""
    return trace.taper(0.05).filter("bandpass", freqmin=freqmin, freqmax=freqmax, corners=4, zerophase=True)


def decimate(trace, rate):
    """Samples the trace at whole multiples of 1/rate (s) since 1970, so that all traces have their samples at the same
    times. Lanczos interpolation; the band-pass before is the filter against aliasing."""
    start = trace.stats.starttime
    first = obspy.UTCDateTime(math.ceil(start.timestamp * rate - 1e-3) / rate)
    return trace.interpolate(rate, method="lanczos", starttime=max(first, start), a=20)


def normalise(trace, window):
    """Divides each sample by the mean absolute amplitude of `window` seconds around it (B07, equation 1), so that
    earthquakes don't outweigh the rest. 1% of the overall mean is added, or silence would become loud."""
    amplitude = np.abs(trace.data)
    width = 2 * round(window * trace.stats.sampling_rate / 2) + 1
    trace.data = trace.data / (uniform_filter1d(amplitude, width) + 0.01 * amplitude.mean())
    return trace


def whiten(trace, freqmin, freqmax, smooth):
    """Gives all frequencies from freqmin to freqmax (Hz) the same amplitude and takes away the others (B07, spectral
    whitening): divides the spectrum by its amplitude averaged over `smooth` Hz, plus 1% of the largest."""
    npts = trace.stats.npts
    padded = next_fast_len(npts, real=True)
    spectrum = rfft(trace.data, padded)
    amplitude = uniform_filter1d(np.abs(spectrum), max(1, round(smooth * padded * trace.stats.delta)))
    band = cosine_sac_taper(rfftfreq(padded, trace.stats.delta), (freqmin / 2, freqmin, freqmax, freqmax * 1.2))
    trace.data = irfft(spectrum * band / (amplitude + 0.01 * amplitude.max()), padded)[:npts]
    return trace


class Spectrum(NamedTuple):
    """The Fourier transform of a trace without its mean and with unit energy.

    `values` is that of a real FFT over at least twice `npts` samples, the second half zeros, so that the products of
    two have no circular aliasing (the end of one record correlating with the beginning of the other).
    """

    id: str
    window: float  # when its window begins, s since 1970; 0 without windows
    start: obspy.UTCDateTime
    rate: float  # Hz
    npts: int
    values: np.ndarray  # complex128, dimensionless

    @classmethod
    def of(cls, id, window, start, rate, data):
        """Raises ValueError for data that have no energy."""
        data = data - data.mean()
        energy = np.linalg.norm(data)
        if not energy > 0:
            raise ValueError("nothing is left of it")
        return cls(id, window, start, rate, len(data), rfft(data / energy, next_fast_len(2 * len(data), real=True)))

    def between(self, start, stop):
        """The same of the samples from `start` up to `stop`, times that the grid has."""
        data = irfft(self.values, next_fast_len(2 * self.npts, real=True))[: self.npts]
        first, last = round((start - self.start) * self.rate), round((stop - self.start) * self.rate)
        return Spectrum.of(self.id, self.window, start, self.rate, data[first:last])

    @property
    def stop(self):
        """One sample after the last."""
        return self.start + self.npts / self.rate


def transform(trace):
    """The spectrum of a trace."""
    stats = trace.stats
    return Spectrum.of(trace.id, stats.get("window", 0.0), stats.starttime, stats.sampling_rate, trace.data)


# -- pairs -----------------------------------------------------------------------------------------------------------


class Pair(GenericPE):
    """Takes all spectra of a window, writes every pair once, ordered by station: the answer doesn't depend on who comes
    first."""

    any_order = True  # the spectra are sorted before they are paired

    def __init__(self):
        GenericPE.__init__(self)
        self._add_input("spectrum", grouping=["window"])
        self._add_output("pair")
        self.spectra = {}

    def process(self, inputs):
        spectrum = inputs["spectrum"]
        self.spectra.setdefault(spectrum.window, []).append(spectrum)

    def postprocess(self):
        for _, spectra in sorted(self.spectra.items()):
            chosen = {}
            for spectrum in sorted(spectra, key=lambda s: (-s.npts, s.start, s.values.tobytes())):
                kept = chosen.setdefault(spectrum.id, spectrum)
                if kept is not spectrum:
                    self.log(f"{spectrum.id} of {spectrum.start} left out: there is a longer one, of {kept.start}")
            if len(chosen) < 2:
                self.log(f"{', '.join(chosen)} of {spectra[0].start} has no other to be correlated with")
            for pair in combinations(sorted(chosen.values(), key=lambda s: (s.id.split(".")[1], s.id)), 2):
                self.write("pair", pair)


def correlate(pair, max_lag):
    """The normalised cross-correlation of two traces over the time they share.

    c(k) = sum over n of a(n + k) b(n), both without mean and with unit energy; that is
    `obspy.signal.cross_correlation.correlate(a, b, shift)`. A peak of 1 means that they agree, one at a positive lag
    that the first is later. Lags k / rate from -max_lag to max_lag (s).
    """
    a, b = pair
    if (a.start, a.npts) != (b.start, b.npts):
        start, stop = max(a.start, b.start), min(a.stop, b.stop)
        if stop - start < 2 * max_lag:
            raise ValueError(f"they share {max(0, stop - start):.2f} s, less than twice the longest lag, {max_lag:g} s")
        a, b = a.between(start, stop), b.between(start, stop)
    shift = round(max_lag * a.rate)
    circular = irfft(a.values * b.values.conj(), next_fast_len(2 * a.npts, real=True))
    return correlation(a.id, b.id, a.start, a.npts / a.rate, a.rate, np.concatenate([circular[-shift:],
                                                                                     circular[: shift + 1]]))


def correlation(first, second, start, seconds, rate, values, **more):
    """What is stored of a pair, as a dict."""
    peak, shift = int(np.abs(values).argmax()), len(values) // 2
    return {
        "first": first,
        "second": second,
        "start": str(start),
        "seconds": seconds,
        "rate_hz": rate,
        "peak": float(values[peak]),
        "peak_lag_s": (peak - shift) / rate,
        **more,
        "correlation": values.tolist(),
    }


class Stack(GenericPE):
    """Writes the mean of all windows of each pair.

    Sums are of whole multiples of 2**-40, which is 1e-12: whoever comes first, they are the same to the last bit.
    """

    any_order = True

    def __init__(self):
        GenericPE.__init__(self)
        self._add_input("window", grouping=["first", "second"])
        self._add_output("mean")
        self.sums = {}

    def process(self, inputs):
        window = inputs["window"]
        values = np.rint(np.array(window["correlation"]) * 2.0**40).astype(np.int64)
        key = window["first"], window["second"], window["rate_hz"]
        count, start, seconds, before = self.sums.get(key, (0, window["start"], 0.0, 0))
        self.sums[key] = count + 1, min(start, window["start"]), max(seconds, window["seconds"]), before + values

    def postprocess(self):
        for (first, second, rate), (count, start, seconds, values) in sorted(self.sums.items()):
            self.write("mean", correlation(first, second, start, seconds, rate, values / (2.0**40 * count),
                                           windows=count))


class Plot(GenericPE):
    """Draws all correlations in one picture, ordered by the lag of their peak."""

    any_order = True  # the correlations are sorted before they are drawn

    def __init__(self, path):
        GenericPE.__init__(self)
        self._add_input("correlation", grouping="global")
        self.path = str(path)
        self.correlations = []

    def process(self, inputs):
        self.correlations.append(inputs["correlation"])

    def postprocess(self):
        if not self.correlations:
            raise ValueError("a correlation needs two usable traces of the same time, and there are none: the log says "
                             "what was left out")
        figure = record_section(sorted(self.correlations, key=lambda c: (c["peak_lag_s"], c["first"], c["second"])))
        picture = io.BytesIO()
        figure.savefig(picture, format="png", dpi=150)
        files.write(self.path, picture.getvalue())  # whole or not at all, also in HDFS
        self.log(f"the picture of {len(self.correlations)} correlations: {self.path}")


def record_section(correlations, most=60):
    """A line for each pair, at most `most`; more of them as an image."""
    from matplotlib.figure import Figure  # here, so that only the process that draws loads it

    shift = len(correlations[0]["correlation"]) // 2
    lags = np.arange(-shift, shift + 1) / correlations[0]["rate_hz"]
    count = len(correlations)
    figure = Figure(figsize=(8, min(10, 2 + 0.25 * count)), layout="constrained")
    axes = figure.add_subplot(xlabel="lag (s)", xlim=(lags[0], lags[-1]))
    if count <= most:
        scale = 0.9 / max(abs(c["peak"]) for c in correlations)
        for row, c in enumerate(correlations):
            axes.plot(lags, row + scale * np.array(c["correlation"]), color="black", linewidth=0.6)
            axes.plot(c["peak_lag_s"], row + scale * c["peak"], ".", color="tab:red", markersize=4)
        axes.set_yticks(range(count), names(correlations), fontsize=7)
        axes.set_ylim(-1, count)
        axes.set_title(f"Cross-correlation of {count} pairs, largest {0.9 / scale:.2f}; red: its peak", fontsize=10)
    else:
        image = np.array([c["correlation"] for c in correlations])
        limit = np.abs(image).max()
        drawn = axes.imshow(image, aspect="auto", origin="lower", interpolation="nearest", cmap="RdBu_r", vmin=-limit,
                            vmax=limit, extent=(lags[0], lags[-1], 0.5, count + 0.5))
        figure.colorbar(drawn, label="correlation coefficient")
        axes.set_ylabel("pair, by lag of its peak")
        axes.set_title(f"Cross-correlation of {count} pairs", fontsize=10)
    return figure


def names(correlations):
    """`station-station` for each; the whole trace ids where a station has several."""
    pairs = [(c["first"], c["second"]) for c in correlations]
    station = {id: id.split(".")[1] for pair in pairs for id in pair}
    short = len(set(station.values())) == len(station)
    return ["-".join(station[id] if short else id for id in pair) for pair in pairs]


# -- the workflow ----------------------------------------------------------------------------------------------------


def make(path=RECORD, output="xcorr-output", component="Z", rate=25.0, freqmin=1.0, freqmax=5.0, max_lag=5.0,
         normalised=True, whitened=True, window=None, step=None):
    """The workflow: `d4p run xcorr.py:make -p path='/data/*.mseed' -p max_lag=60`.

    Args:
        path: of the records: a file, a folder, a glob, or a list of those.
        output: the folder for the correlations and the picture.
        component: the last letter of the channels to use; None for all.
        rate: of the correlations, in Hz. Records with a lower rate are left out.
        freqmin, freqmax: the band to use, in Hz.
        max_lag: the longest lag, in s. Records shorter than twice that are left out.
        normalised: whether amplitudes are evened out in time,
        whitened: and over frequencies.
        window: the length of windows to cut records into, in s; the correlations of a pair are averaged over them. None
            correlates one stretch of each record.
        step: from the begin of a window to that of the next, in s; as long as a window when not given.
    """
    if not 0 < freqmin < freqmax <= 0.4 * rate:
        raise Refused(f"the band must be 0 < freqmin < freqmax <= 0.4 rate = {0.4 * rate:g} Hz; it is {freqmin:g} to "
                      f"{freqmax:g} Hz")
    if max_lag < 1 / rate:
        raise Refused(f"max_lag must be at least a sample, {1 / rate:g} s; it is {max_lag:g} s")
    if window is not None and window < 2 * max_lag:
        raise Refused(f"window must be at least twice max_lag, {2 * max_lag:g} s; it is {window:g} s")
    if step is not None and (window is None or not 0 < step <= window):
        raise Refused(f"step must be more than 0 and at most the window, {window} s; it is {step:g} s")
    steps = [detrend, demean, (bandpass, {"freqmin": freqmin, "freqmax": freqmax}), (decimate, {"rate": rate})]
    if normalised:
        steps.append((normalise, {"window": 0.5 / freqmin}))  # half the longest period, as B07 advise
    if whitened:
        steps.append((whiten, {"freqmin": freqmin, "freqmax": freqmax, "smooth": freqmin / 2}))
    steps.append(transform)

    read = ReadFiles(path, reader=read_waveforms, skip_broken=True)
    traces = Traces(component, rate, 2 * max_lag, window, step)
    prepare = create_iterative_chain(steps, Step, name_prefix="")
    pair = Pair()
    cross = create_iterative_chain([(correlate, {"max_lag": max_lag})], Step, name_prefix="")
    write = WriteRecords(os.path.join(output, "correlations"))
    plot = Plot(os.path.join(output, "correlations.png"))
    read.name, traces.name, pair.name, write.name, plot.name = "read", "traces", "pair", "write", "plot"

    graph = WorkflowGraph()
    graph.connect(read, "output", traces, "stream")
    graph.connect(traces, "trace", prepare, "input")
    graph.connect(prepare, "output", pair, "spectrum")
    graph.connect(pair, "pair", cross, "input")
    found = cross, "output"
    if window:
        stack = Stack()
        stack.name = "stack"
        graph.connect(*found, stack, "window")
        found = stack, "mean"
    graph.connect(*found, write, "input")
    graph.connect(*found, plot, "correlation")
    return graph


graph = make()
