"""examples/stations: its figures against obspy's, the delays it was given, tiles against pairs, what can't be used."""

from __future__ import annotations

import csv
import importlib.util
import subprocess
import sys
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

import d4p_compile
from d4p.errors import Refused
from d4p.items.batch import Batch
from d4p.pairs.tile import Tile
from d4p.seismo import Correlations, read_waveforms

obspy = pytest.importorskip("obspy")
from obspy.signal.cross_correlation import correlate  # noqa: E402
from obspy.signal.invsim import cosine_sac_taper, cosine_taper  # noqa: E402

FOLDER = Path(__file__).parents[2] / "examples" / "stations"
WORKFLOW = f"{FOLDER / 'stations.py'}:make"
SECONDS, MAX_LAG, SHIFT = 600.0, 200.0, 800


def loaded(name):
    spec = importlib.util.spec_from_file_location(f"stations_example_{name}", FOLDER / f"{name}.py")
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)  # its processes import it by name
    spec.loader.exec_module(module)
    return module


stations, generate, pictures = map(loaded, ("stations", "generate", "pictures"))


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """The folder of records of eight stations."""
    folder = tmp_path_factory.mktemp("stations") / "data"
    generate.generate(folder, stations=8, seed=3, seconds=SECONDS, processes=1)
    return folder


def delays(folder):
    with open(folder / "stations.csv", newline="") as file:
        return {row["id"]: float(row["delay_s"]) for row in csv.DictReader(file)}


def run(folder, output, target="sequential", **more):
    parameters = {"path": f"{folder}/*.mseed", "output": str(output), "seconds": SECONDS, "max_lag": MAX_LAG}
    d4p_compile.run(WORKFLOW, target, parameters=parameters | more)
    return Correlations(output / "correlations")


def prepared(folder):
    """The records as they are transformed, by id."""
    found, band = {}, {"freqmin": 0.1, "freqmax": 1.5}
    window = stations.Window("Z", generate.START.timestamp, SECONDS, 4.0)
    window.write = lambda port, record: found.setdefault(record.id, record)
    for path in sorted(folder.glob("*.mseed")):
        window.process({"stream": read_waveforms(str(path))})
    for name, record in found.items():
        record = stations.decimate(stations.detrend(record), generate.START.timestamp, SECONDS, 4.0, **band)
        found[name] = stations.whiten(stations.normalise(record, window=5.0), smooth=0.05, **band)
    return found


@pytest.fixture(scope="module")
def spectra(data):
    def made(dtype):
        return [stations.transform(record, SHIFT, dtype) for record in prepared(data).values()]

    return {dtype: made(dtype) for dtype in ("float32", "float64")}


# -- figures ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("dtype", "off"), [("float32", 1e-5), ("float64", 1e-12)])
def test_figures_agree_with_obspy_and_the_delays_are_found(data, tmp_path, dtype, off):
    records, late = prepared(data), delays(data)
    found = run(data, tmp_path / "out", dtype=dtype)
    assert sorted(found.pairs) == list(combinations(sorted(records), 2)) and len(found) == 28
    for c in found:
        wanted = correlate(records[c.first].data, records[c.second].data, SHIFT)
        np.testing.assert_allclose(c.values, wanted, rtol=0, atol=off * np.abs(wanted).max())
        assert c.values.dtype == dtype and c.values.shape == (2 * SHIFT + 1,)
        assert (c.start, c.rate, c.first_lag) == (generate.START.timestamp, 4.0, -MAX_LAG)
        (peak,) = pictures.peaks(c.values[None])
        assert c.first_lag + peak / c.rate == pytest.approx(late[c.first] - late[c.second], abs=0.05)  # 0.2 samples


@pytest.mark.parametrize("npts", [60, 100, 2400, 2401, 12_000])
def test_the_tapers_are_those_of_obspy(npts):
    np.testing.assert_allclose(stations.taper(npts), cosine_taper(npts, 0.05), rtol=0, atol=1e-12)
    wanted = cosine_sac_taper(np.fft.rfftfreq(npts, 0.25), (0.05, 0.1, 1.5, 1.8))
    np.testing.assert_allclose(stations.passband(npts, 4.0, 0.1, 1.5), wanted, rtol=0, atol=1e-12)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_tile_gives_what_its_pairs_give(spectra, dtype):
    left, right = Batch.stack(spectra[dtype][:5]), Batch.stack(spectra[dtype])
    tile = Tile(left, right, [1, 2, 3, 8, 5], [8, 8, 4, 8, 8])
    pe = stations.Correlate(SHIFT)
    batches = [given["output"] for given in pe.process_batch({"input": tile})]
    found, wanted = [c for batch in batches for c in batch], [pe._process(pair) for pair in tile]
    assert len(found) == len(tile) == 7 + 6 + 1 + 0 + 3
    for c, one in zip(found, wanted, strict=True):
        assert c[:-1] == one[:-1] and type(c) is type(one) and c.values.dtype == one.values.dtype == dtype
        np.testing.assert_allclose(c.values, one.values, rtol=0, atol=10 * np.finfo(dtype).eps)


def test_no_product_is_aliased_within_the_lags():
    """Two pulses as far apart as can be: at the lags that are kept there is nothing."""
    npts, shift = 1000, 300
    data = np.zeros((2, npts))
    data[0, 0] = data[1, -1] = 1.0
    first, last = (stations.transform(stations.Record("", 0.0, 1.0, row), shift, "float64") for row in data)
    pe = stations.Correlate(shift)
    for pair in ((first, last), (last, first)):
        wanted = correlate(*(data if pair[0] is first else data[::-1]), shift)
        np.testing.assert_allclose(pe._process(pair).values, wanted, rtol=0, atol=1e-12)


def test_ducc0_gives_what_scipy_gives(spectra, monkeypatch):
    pytest.importorskip("ducc0")
    assert stations.c2r is not None
    tile = Tile(Batch.stack(spectra["float32"][:1]), Batch.stack(spectra["float32"]), [0], [8])
    pe = stations.Correlate(SHIFT)
    found = [batch["output"].columns.values for batch in pe.process_batch({"input": tile})]
    monkeypatch.setattr(stations, "c2r", None)
    wanted = [batch["output"].columns.values for batch in pe.process_batch({"input": tile})]
    assert found[0].dtype == wanted[0].dtype == np.float32
    np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-6)


# -- records as they are ---------------------------------------------------------------------------------------------


def save(folder, name, *traces):
    folder.mkdir(exist_ok=True)
    obspy.Stream(list(traces)).write(str(folder / name), format="MSEED")


def trace(data, station, rate=40.0, start=0.0, channel="BHZ"):
    stats = {"network": "XX", "station": station, "channel": channel, "sampling_rate": rate,
             "starttime": generate.START + start}
    return obspy.Trace(data, stats)


def wave(rate, start=0.0, seconds=SECONDS + 20):
    """The same noise at any rate, from any time on."""
    rng = np.random.default_rng(5)
    t = start + np.arange(round(seconds * rate)) / rate
    frequencies = np.arange(0.1, 1.5, 1 / 800)[:, None]
    phases = rng.uniform(0, 2 * np.pi, frequencies.shape)
    return sum(1000 * np.cos(2 * np.pi * f * t + p) for f, p in zip(frequencies[:, 0], phases[:, 0], strict=True))


def test_what_cannot_be_used_is_named_and_the_rest_is_correlated(tmp_path, capfd):
    folder = tmp_path / "data"
    save(folder, "1.mseed", trace(wave(40.0, -3.0), "A", start=-3.0), trace(wave(40.0), "A", channel="BHN"))
    save(folder, "2.mseed", trace(wave(50.0, -3.007), "B", rate=50.0, start=-3.007))
    begun = wave(40.0)
    save(folder, "3.mseed", trace(begun[:8000], "C"), trace(begun[8000:], "C", start=200.0))
    save(folder, "4.mseed", trace(begun[:8000], "GAP"), trace(begun[8400:], "GAP", start=210.0))
    broken = begun.copy()
    broken[500] = np.nan
    save(folder, "5.mseed", trace(broken, "NAN"))
    save(folder, "6.mseed", trace(np.full(len(begun), 7.0), "DEAD"))
    save(folder, "7.mseed", trace(begun[:-1000], "SHORT"))
    save(folder, "8.mseed", trace(wave(2.0), "SLOW", rate=2.0))
    (folder / "9.mseed").write_bytes(b"not a seismogram")
    d4p_compile.run(WORKFLOW, quiet=False, parameters={
        "path": f"{folder}/*.mseed", "output": str(tmp_path / "out"), "seconds": SECONDS, "max_lag": MAX_LAG})
    said = capfd.readouterr().out
    for line in (f"left out {folder}/9.mseed: ",
                 "XX.GAP..BHZ left out: it has 23,600 of the 24,000 samples from 2020-01-01T00:00:00.000000Z on",
                 "XX.NAN..BHZ left out: it has 23,999 of the 24,000", "XX.DEAD..BHZ left out: it is constant",
                 "XX.SHORT..BHZ left out: it has 23,800 of", "XX.SLOW..BHZ left out: its rate must be at least 4 Hz"):
        assert line in said  # fmt: skip
    found = Correlations(tmp_path / "out" / "correlations")
    assert sorted(found.pairs) == list(combinations(["XX.A..BHZ", "XX.B..BHZ", "XX.C..BHZ"], 2))
    for c in found:  # whatever their rates, and samples at other times
        (peak,) = pictures.peaks(c.values[None])
        assert c.first_lag + peak / c.rate == pytest.approx(0, abs=0.002) and c.values.max() > 0.99


@pytest.mark.parametrize(("parameters", "said"), [
    ({"freqmin": 5.0, "freqmax": 2.0}, "the band must be 0 < freqmin < freqmax <= 0.4 rate = 1.6 Hz"),
    ({"max_lag": 0.1}, "max_lag must be from a sample, 0.25 s, to less than the window, 3600 s; it is 0.1 s"),
    ({"max_lag": 3600.0}, "max_lag must be"),
    ({"dtype": "float16"}, "dtype must be float32 or float64; it is 'float16'"),
])  # fmt: skip
def test_parameters_that_make_no_sense_are_refused(parameters, said):
    with pytest.raises(Refused, match=said.replace("(", r"\(")):
        d4p_compile.load(WORKFLOW, parameters=parameters)


# -- the records and the pictures ------------------------------------------------------------------------------------


def test_the_same_seed_gives_the_same_records_whoever_makes_them(data, tmp_path):
    again, other = tmp_path / "again", tmp_path / "other"
    generate.generate(again, stations=8, seed=3, seconds=SECONDS, processes=2)
    generate.generate(other, stations=8, seed=4, seconds=SECONDS, processes=1)
    names = sorted(path.name for path in data.iterdir())
    assert len(names) == 9 and names == sorted(path.name for path in again.iterdir())
    for name in names:
        assert (data / name).read_bytes() == (again / name).read_bytes() != (other / name).read_bytes()


def test_records_are_never_mixed_with_others(data, tmp_path):
    before = sorted(data.iterdir())
    with pytest.raises(FileExistsError, match="a new or an empty folder"):
        generate.generate(data, stations=2)
    with pytest.raises(ZeroDivisionError):
        generate.generate(tmp_path / "new", stations=2, seconds=10.0, processes=1, progress=lambda done: 1 / 0)
    assert sorted(data.iterdir()) == before and not any(tmp_path.iterdir())


def test_pictures(data, tmp_path):
    run(data, tmp_path / "out")
    script = [sys.executable, str(FOLDER / "pictures.py")]
    done = subprocess.run([*script, tmp_path / "out", data / "stations.csv", "--velocity", "3"], capture_output=True,
                          text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    for name in ("delays.png", "record-section.png"):
        assert (tmp_path / "out" / name).read_bytes()[:4] == b"\x89PNG" and name in done.stdout
    (tmp_path / "short.csv").write_text("id,x_km,y_km\nXX.S000..BHZ,1,2\n")
    for folder, table, said in ((tmp_path / "out", tmp_path / "short.csv", "the table must have all stations"),
                                (tmp_path / "out", tmp_path / "none.csv", "No such file"),
                                (tmp_path / "nothing", data / "stations.csv", "nothing")):
        refused = subprocess.run([*script, folder, table], capture_output=True, text=True, timeout=120)
        assert refused.returncode == 1 and refused.stderr.startswith("refused: ") and said in refused.stderr


def test_a_picture_of_many_pairs_averages_them_by_distance(tmp_path):
    """Each mean is that of the pairs whose stations are so far apart; the matrix has every lag twice, once negative."""
    rng = np.random.default_rng(1)
    ids = [f"XX.S{i:03d}..BHZ" for i in range(60)]
    xy = rng.uniform(0, 10, (60, 2))
    table = tmp_path / "stations.csv"
    table.write_text("id,x_km,y_km\n" + "".join(f"{id},{x},{y}\n" for id, (x, y) in zip(ids, xy, strict=True)))
    seen = pictures.Seen(pictures.Stations(table))
    pairs = list(combinations(range(60), 2))
    km = np.array([np.linalg.norm(xy[a] - xy[b]) for a, b in pairs])
    values = rng.standard_normal((len(pairs), 41)).astype(np.float32)
    for at in range(0, len(pairs), 100):
        some, rows = pairs[at : at + 100], values[at : at + 100]
        seen.add(Batch(stations.Correlation([ids[a] for a, _ in some], [ids[b] for _, b in some], [0.0] * len(rows),
                                            [2.0] * len(rows), [-10.0] * len(rows), rows)))
    means, edges = seen.means()
    for mean, low, high in zip(means, edges[:-1], edges[1:], strict=True):
        inside = (km >= low) & (km < high)
        if np.isnan(mean).any():
            assert inside.sum() < 4 and np.isnan(mean).all()
        else:
            np.testing.assert_allclose(mean, values[inside].mean(axis=0), atol=1e-5)
    assert np.count_nonzero(~np.isnan(means[:, 0])) > 50
    names, matrix = pictures.delay_matrix(seen)
    first, second = names.index(ids[3]), names.index(ids[7])
    at = pairs.index((3, 7))
    assert matrix[first, second] == -matrix[second, first]
    assert abs(matrix[first, second] - (np.abs(values[at]).argmax() / 2 - 10)) <= 0.25
    assert np.isnan(np.diag(matrix)).all() and np.isfinite(matrix).sum() == 60 * 59


def test_peaks_to_a_part_of_a_sample():
    t = np.arange(41)
    values = np.stack([np.cos(0.2 * (t - 17.3)) * np.exp(-(((t - 17.3) / 8) ** 2)), -np.exp(-(((t - 30.6) / 3) ** 2)),
                       t, np.zeros(41)])  # fmt: skip
    assert pictures.peaks(values) == pytest.approx([17.3, 30.6, 40, 0], abs=0.02)
