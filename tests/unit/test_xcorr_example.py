"""examples/xcorr: its figures against obspy's, and what real records are like."""

from __future__ import annotations

import importlib.util
import json
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

import d4p_compile
from d4p.errors import Refused, RunFailed
from d4p.seismo import read_waveforms

obspy = pytest.importorskip("obspy")
from obspy.signal.cross_correlation import correlate  # noqa: E402

FILE = Path(__file__).parents[2] / "examples" / "xcorr" / "xcorr.py"


@pytest.fixture(scope="module")
def xcorr():
    spec = importlib.util.spec_from_file_location("xcorr_example", FILE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def records(folder: Path) -> list[dict]:
    """What WriteRecords wrote."""
    return [json.loads(line) for part in sorted(folder.glob("part-*")) for line in part.read_text().splitlines()]


def run(folder, **parameters):
    d4p_compile.run(FILE, attribute="make", parameters={"output": str(folder), **parameters})
    return records(folder / "correlations")


def prepared(xcorr, rate, freqmin, freqmax, normalised, whitened, **_):
    """The example's own record before `transform`."""
    traces = {}
    for trace in read_waveforms(str(xcorr.RECORD)).select(channel="*Z"):
        trace.data = trace.data.astype(float)
        trace = xcorr.decimate(xcorr.bandpass(xcorr.demean(xcorr.detrend(trace)), freqmin, freqmax), rate)
        trace = xcorr.normalise(trace, 0.5 / freqmin) if normalised else trace
        traces[trace.id] = xcorr.whiten(trace, freqmin, freqmax, freqmin / 2) if whitened else trace
    return traces


@pytest.mark.parametrize("parameters", [
    {"normalised": False, "whitened": False, "rate": 25.0, "freqmin": 1.0, "freqmax": 5.0, "max_lag": 5.0},
    {"normalised": True, "whitened": True, "rate": 20.0, "freqmin": 0.5, "freqmax": 8.0, "max_lag": 24.0},
])  # fmt: skip
def test_figures_agree_with_obspy(xcorr, tmp_path, parameters):
    traces = prepared(xcorr, **parameters)
    found = run(tmp_path / "out", **parameters)
    stations = sorted(traces, key=lambda id: id.split(".")[1])
    assert [(c["first"], c["second"]) for c in found] == list(combinations(stations, 2))
    assert len(found) == 28
    shift = round(parameters["max_lag"] * parameters["rate"])
    for c in found:
        wanted = correlate(traces[c["first"]], traces[c["second"]], shift)
        np.testing.assert_allclose(c["correlation"], wanted, rtol=0, atol=1e-6 * np.abs(wanted).max())
        assert c["peak"] == c["correlation"][shift + round(c["peak_lag_s"] * c["rate_hz"])]
        assert abs(c["peak"]) == np.abs(c["correlation"]).max() <= 1
    assert (tmp_path / "out" / "correlations.png").read_bytes()[:4] == b"\x89PNG"


# -- records as they are ---------------------------------------------------------------------------------------------

START = obspy.UTCDateTime("2020-01-01T00:00:00")
SMALL = {"rate": 20.0, "freqmin": 1.0, "freqmax": 5.0, "max_lag": 2.0, "normalised": False, "whitened": False}


def wave(station, rate=20.0, seconds=60.0, later=0.0, begin=0.0, channel="BHZ"):
    """The same wandering signal at every station, `later` seconds later, on record from `begin`."""
    t = begin + np.arange(round(seconds * rate)) / rate - later
    pulses = np.random.default_rng(1)
    centres, widths = pulses.uniform(-5, 65, 300), pulses.uniform(0.05, 0.15, 300)
    signs = pulses.choice([-1.0, 1.0], 300)
    data = (signs[:, None] * np.exp(-(((t - centres[:, None]) / widths[:, None]) ** 2))).sum(axis=0)
    return obspy.Trace(1000 * data, {"network": "XX", "station": station, "channel": channel, "sampling_rate": rate,
                                     "starttime": START + begin})


def save(folder, name, *traces):
    obspy.Stream(list(traces)).write(str(folder / name), format="MSEED")


def test_delays_come_out_whatever_rate_start_and_length(tmp_path):
    """A peak at a positive lag says that the first is later."""
    save(tmp_path, "a", wave("A"))
    save(tmp_path, "b", wave("B", rate=50.0, later=0.5))
    save(tmp_path, "c", wave("C", rate=33.3, later=-1.0, begin=3.017, seconds=40.0))
    found = {(c["first"][3], c["second"][3]): c for c in run(tmp_path / "out", path=str(tmp_path / "?"), **SMALL)}
    lags = {pair: c["peak_lag_s"] for pair, c in found.items()}
    assert lags == {("A", "B"): -0.5, ("A", "C"): 1.0, ("B", "C"): 1.5}
    assert min(c["peak"] for c in found.values()) > 0.8 and found["A", "B"]["peak"] > 0.95
    assert found["A", "B"]["seconds"] == 60.0 and 39.9 < found["A", "C"]["seconds"] <= 40.0
    assert found["A", "C"]["start"] == "2020-01-01T00:00:03.050000Z"


def test_what_cannot_be_used_is_named_and_stops_nothing(tmp_path, capfd):
    save(tmp_path, "1good", wave("A"), wave("A", channel="BHN"))
    save(tmp_path, "2late", wave("B", later=0.5))
    nan = wave("NAN")
    nan.data[:300] = np.nan
    save(tmp_path, "3nan", nan)
    gap = wave("GAP")
    save(tmp_path, "4gap", gap.slice(START, START + 20), gap.slice(START + 25, START + 59.95))
    dead = wave("DEAD")
    dead.data[:] = 7
    save(tmp_path, "5dead", dead)
    empty = wave("NONE")
    empty.data[:] = np.inf
    save(tmp_path, "6none", empty)
    save(tmp_path, "7slow", wave("SLOW", rate=10.0))
    save(tmp_path, "8short", wave("SHORT", seconds=3.0))
    save(tmp_path, "9twice", wave("B", seconds=30.0))
    (tmp_path / "broken").write_bytes(b"not a seismogram")
    (tmp_path / "cut").write_bytes((tmp_path / "1good").read_bytes()[:100])
    d4p_compile.run(FILE, attribute="make", quiet=False,
                    parameters={"path": str(tmp_path), "output": str(tmp_path / "out" / "x"), **SMALL})
    said = capfd.readouterr().out
    for line in ("XX.GAP..BHZ has gaps: of 2 stretches the longest is used, 700 of 1,101",
                 "XX.DEAD..BHZ left out: it is constant", "XX.NONE..BHZ left out: 0.00 s without a gap are less",
                 "XX.SLOW..BHZ left out: 10 Hz are less than 20 Hz", "XX.SHORT..BHZ left out: 3.00 s without a gap",
                 "XX.B..BHZ of 2020-01-01T00:00:00.000000Z left out: there is a longer one",
                 f"left out {tmp_path}/broken: ", f"left out {tmp_path}/cut: ",
                 "the picture of 6 correlations"):  # fmt: skip
        assert line in said
    pairs = {(c["first"], c["second"]): c for c in records(tmp_path / "out" / "x" / "correlations")}
    ids = [f"XX.{s}..BHZ" for s in ("A", "B", "GAP", "NAN")]
    assert list(pairs) == list(combinations(ids, 2))
    assert pairs["XX.A..BHZ", "XX.B..BHZ"]["peak_lag_s"] == -0.5
    assert pairs["XX.A..BHZ", "XX.GAP..BHZ"]["peak"] > 0.95 and pairs["XX.A..BHZ", "XX.GAP..BHZ"]["seconds"] == 35.0
    assert pairs["XX.A..BHZ", "XX.NAN..BHZ"]["peak"] > 0.95 and pairs["XX.A..BHZ", "XX.NAN..BHZ"]["seconds"] == 45.0


@pytest.mark.parametrize("step", [None, 20.0])
def test_windows_are_stacked_by_pair(xcorr, tmp_path, step):
    """As the mean of what obspy gives for each window; a gap costs the windows that it lies in."""
    records = {"A": wave("A", seconds=200.0), "B": wave("B", seconds=200.0, later=0.5), "C": wave("C", seconds=200.0)}
    noise = np.random.default_rng(2)
    for trace in records.values():
        trace.data += 200 * noise.standard_normal(len(trace.data))
    save(tmp_path, "a1", records["A"].slice(endtime=START + 99.95))  # a record of two files
    save(tmp_path, "a2", records["A"].slice(START + 100))
    save(tmp_path, "b", records["B"])
    save(tmp_path, "c", records["C"].slice(endtime=START + 50), records["C"].slice(START + 55))
    found = {(c["first"][3], c["second"][3]): c for c in run(tmp_path / "out", path=str(tmp_path / "[abc]*"),
                                                             window=40.0, step=step, **SMALL)}
    begins = np.arange(0, 161, step or 40.0)
    of_a, of_c = ((begins + 40 <= gap) | (begins >= end) for gap, end in ((100, 100), (50.05, 55)))
    assert {pair: c["windows"] for pair, c in found.items()} == {
        ("A", "B"): of_a.sum(), ("A", "C"): (of_a & of_c).sum(), ("B", "C"): of_c.sum()}  # fmt: skip
    wanted = []
    for begin in begins[of_c]:
        pair = [record.slice(START + begin, START + begin + 39.95).copy() for record in (records["B"], records["C"])]
        pair = [xcorr.decimate(xcorr.bandpass(xcorr.demean(xcorr.detrend(one)), 1.0, 5.0), 20.0) for one in pair]
        wanted.append(correlate(*pair, 40))
    np.testing.assert_allclose(found["B", "C"]["correlation"], np.mean(wanted, axis=0), rtol=0, atol=1e-6)
    assert found["B", "C"]["seconds"] == 40.0
    assert found["A", "B"]["peak_lag_s"] == -0.5


def test_a_stack_is_the_same_to_the_last_bit_whoever_comes_first(xcorr):
    rng = np.random.default_rng(4)
    windows = [xcorr.correlation("A", "B", f"{n}", 60.0, 5.0, rng.uniform(-1, 1, 11)) for n in range(50)]
    found = []
    for order in (windows, windows[::-1], sorted(windows, key=lambda c: c["peak"])):
        pe = xcorr.Stack()
        pe.write = lambda port, item: found.append(item)
        for window in order:
            pe.process({"window": window})
        pe.postprocess()
    assert found[0] == found[1] == found[2] and found[0]["windows"] == 50
    wanted = np.mean([c["correlation"] for c in windows], axis=0)
    np.testing.assert_allclose(found[0]["correlation"], wanted, rtol=0, atol=1e-12)


def test_traces_that_share_too_little_are_not_correlated(tmp_path, capfd):
    save(tmp_path, "a", wave("A"))
    save(tmp_path, "b", wave("B", begin=57.0))
    save(tmp_path, "c", wave("C"))
    d4p_compile.run(FILE, attribute="make", quiet=False,
                    parameters={"path": str(tmp_path / "?"), "output": str(tmp_path / "out"), **SMALL})
    said = capfd.readouterr().out
    assert "XX.A..BHZ with XX.B..BHZ left out: they share 3.00 s, less than twice the longest lag, 2 s" in said
    (found,) = records(tmp_path / "out" / "correlations")
    assert (found["first"], found["second"]) == ("XX.A..BHZ", "XX.C..BHZ") and found["peak"] == pytest.approx(1)


def test_nothing_to_correlate_is_an_error_that_leaves_nothing(tmp_path):
    save(tmp_path, "a", wave("A"))
    with pytest.raises(RunFailed, match="two usable traces"):
        run(tmp_path / "out", path=str(tmp_path / "a"), **SMALL)
    assert not any(path.is_file() for path in (tmp_path / "out").rglob("*"))


@pytest.mark.parametrize(("parameters", "said"), [
    ({"freqmin": 5.0, "freqmax": 2.0}, "the band must be"),
    ({"freqmax": 20.0}, "the band must be 0 < freqmin < freqmax <= 0.4 rate = 10 Hz"),
    ({"max_lag": 0.0}, "max_lag must be at least a sample"),
    ({"window": 8.0}, "window must be at least twice max_lag, 10 s; it is 8 s"),
    ({"window": 60.0, "step": 90.0}, "step must be more than 0 and at most the window, 60.0 s; it is 90 s"),
    ({"step": 10.0}, "step must be more than 0 and at most the window, None s"),
])  # fmt: skip
def test_senseless_parameters_are_refused(parameters, said):
    with pytest.raises(Refused, match=said):
        d4p_compile.plan(FILE, attribute="make", parameters=parameters)


def test_stations_without_a_name_get_the_files(tmp_path):
    trace = wave("")
    trace.stats.network = trace.stats.channel = ""
    for name, wanted in (("IV.AQU.HXZ.semv.sac", "IV.AQU..HXZ"), ("sum[mit].sac", ".sum[mit]..")):
        trace.write(str(tmp_path / name), format="SAC")
        assert [t.id for t in read_waveforms(str(tmp_path / name))] == [wanted]
