"""examples/misfit: misfits that are known in advance, its figures against obspy's, and what real records are like."""

from __future__ import annotations

import csv
import importlib
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import d4p_compile
from d4p.errors import Refused
from tests.seismograms import COUNTS, observe
from tests.targets import answers, definition

obspy = pytest.importorskip("obspy")
from obspy.signal import tf_misfit  # noqa: E402
from obspy.signal.cross_correlation import correlate, xcorr_max  # noqa: E402
from obspy.signal.freqattributes import peak_ground_motion  # noqa: E402
from obspy.signal.rotate import rotate_ne_rt  # noqa: E402

FOLDER = Path(__file__).parents[2] / "examples" / "misfit"
WORKFLOW = f"{FOLDER / 'misfit.py'}:make"
#: Nothing but what is the same for a record that is later: no edge is tapered, no line taken away.
BAND = {"type": "filter_bandpass", "parameters": {"min_frequency": 0.4, "max_frequency": 2.0, "corners": 3}}
EXACT = {"window": {"start": -10, "seconds": 86}, "sampling_rate": 20, "data_processing": [BAND],
         "synthetics_processing": [BAND], "misfit": {"frequencies": 4}}  # fmt: skip


@pytest.fixture(scope="module")
def example():
    """Its modules, by name."""
    sys.path.insert(0, str(FOLDER))
    try:
        yield {name: importlib.import_module(name) for name in ("misfit", "misfit_steps", "misfit_measures",
                                                                 "misfit_processing", "generate")}
    finally:
        sys.path.remove(str(FOLDER))


def run(folder, output, target="sequential", **more):
    """The rows of the table, by station and component, and what was left out, by id."""
    parameters = {"observed": str(folder / "observed"), "synthetics": str(folder / "synthetics"),
                  "stations": str(folder / "stations.xml"), "event": str(folder / "event.xml"), "output": str(output),
                  "pictures": False}
    if target == "sequential":
        definition(WORKFLOW, parameters=parameters | more)
    else:
        answers(WORKFLOW, target, parameters=parameters | more)
    rows = {(f"{row['network']}.{row['station']}", row["component"]): row for row in table(output / "misfits.csv")}
    return rows, {row["id"]: row for row in table(output / "left-out.csv")}


def table(path):
    with open(path, newline="") as file:
        return [{name: number(value) for name, value in row.items()} for row in csv.DictReader(file)]


def number(text):
    try:
        return float(text)
    except ValueError:
        return text


# -- misfits that are known in advance -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def italy(data, tmp_path_factory):
    """The folder of all 129 traces, without noise, and what was done to each station."""
    folder = tmp_path_factory.mktemp("italy")
    return folder, observe(data, folder)


def test_known_delays_and_gains_of_all_traces(italy, tmp_path):
    """To a hundredth of a sample of 50 ms, and to 1e-6, whatever the time between samples."""
    folder, known = italy
    rows, left_out = run(folder, tmp_path / "out", "processes", processing=EXACT)
    assert len(rows) == 129 and not left_out and {component for _, component in rows} == {"Z", "R", "T"}
    for (station, _), row in rows.items():
        made = known[station]
        assert row["delay_s"] == pytest.approx(made.delay, abs=0.01 / 20)
        assert row["gain"] / COUNTS == pytest.approx(made.gain, rel=1e-6)
        assert row["coefficient"] == pytest.approx(1, abs=1e-6)
        assert row["azimuth"] == pytest.approx(made.azimuth, abs=1)


def test_known_delays_of_all_traces_in_whole_samples(italy, tmp_path):
    folder, known = italy
    whole = {"subsample": False, "frequencies": 4}
    rows, left_out = run(folder, tmp_path / "out", processing=EXACT | {"misfit": whole})
    assert len(rows) == 129 and not left_out
    for (station, _), row in rows.items():
        assert row["delay_s"] == pytest.approx(known[station].delay, abs=0.5 / 20 + 1e-9)
        assert row["delay_s"] * 20 == pytest.approx(round(row["delay_s"] * 20), abs=1e-9)


def test_known_delays_of_noisy_records_as_processing_json_has_them(data, tmp_path):
    """To half a sample; the response is taken out."""
    known = observe(data, tmp_path, stations=6, noise=0.03)
    rows, left_out = run(tmp_path, tmp_path / "out", processing=str(FOLDER / "processing.json"))
    assert len(rows) == 18 and not left_out
    for (station, _), row in rows.items():
        assert row["delay_s"] == pytest.approx(known[station].delay, abs=0.5 / 20)
        assert row["gain"] == pytest.approx(known[station].gain, rel=0.1)


def test_known_amplitudes(example):
    """Of a record that is another, many times as large, every number is known."""
    noise = np.convolve(np.random.default_rng(1).standard_normal(400), np.hanning(15), "same")
    synthetic = np.pad((noise - noise.mean()) * np.hanning(400), 100)
    found = example["misfit_measures"].misfits(2.5 * synthetic, synthetic, 10.0, "velocity", 5.0, max_frequency=2.0)
    assert found["l2"] == pytest.approx(0.6) and found["envelope_misfit"] == pytest.approx(0.6)
    assert found["delay_s"] == pytest.approx(0, abs=1e-9) and found["coefficient"] == pytest.approx(1)
    assert found["gain"] == pytest.approx(2.5) and found["phase_misfit"] == pytest.approx(0, abs=1e-9)
    for peak in example["misfit_measures"].PEAKS:
        assert found[f"{peak}_observed"] == pytest.approx(2.5 * found[f"{peak}_synthetic"])
        assert found[f"{peak}_difference"] == pytest.approx(1.5 * found[f"{peak}_synthetic"])
    shifted = np.roll(synthetic, 13)
    later = example["misfit_measures"].misfits(shifted, synthetic, 10.0, "velocity", 5.0, max_frequency=2.0)
    assert later["delay_s"] == pytest.approx(1.3, abs=1e-4) and later["phase_misfit"] > 0.2


# -- figures against obspy's -----------------------------------------------------------------------------------------


def by_hand(folder, station, said):
    """Both records of a station, Z, R and T, as obspy prepares them: {component: (observed, synthetic)}."""
    origin = obspy.read_events(str(folder / "event.xml"))[0].origins[0]
    inventory = obspy.read_inventory(str(folder / "stations.xml"))
    first = origin.time + said["window"]["start"]
    sides = []
    for side, pattern in (("observed", f"{station}..HH?.mseed"), ("synthetics", f"{station}.HX?.semv.sac")):
        stream = obspy.Stream()
        for path in sorted((folder / side).glob(pattern)):
            (trace,) = obspy.read(str(path))
            trace.data = trace.data.astype(float)
            trace.stats.network, trace.stats.station = station.split(".")
            if side == "synthetics":
                trace.stats.channel = path.name.split(".")[2]
                trace.stats.starttime += origin.time.timestamp
            stream.append(trace.slice(first, first + said["window"]["seconds"], nearest_sample=False))
        for trace in stream:
            before = obspy.read(str(folder / side / (f"{trace.id}.mseed" if side == "observed" else
                                f"{station}.{trace.stats.channel}.semv.sac")))[0]
            start = before.stats.starttime + (origin.time.timestamp if side == "synthetics" else 0)
            late = (first - start) * 200 % 1
            count = round(said["window"]["seconds"] * 200) + (late > 1e-3)
            skipped = int((first - start) * 200 + 1e-3)
            trace.data = before.data[skipped : skipped + count].astype(float)
            trace.stats.starttime = start + skipped / 200
        stream.detrend("linear").taper(max_percentage=0.05, type="hann")
        if side == "observed":
            stream.remove_response(inventory, "VEL", pre_filt=(0.005, 0.01, 8, 10), zero_mean=False, taper=False)
        sides.append(stream)
    return sides, inventory, first


def test_preparation_and_misfits_agree_with_obspy(example, data, tmp_path):
    """What the workflow writes is what obspy's own functions give, called one by one, to 1e-9."""
    observe(data, tmp_path, stations=1, noise=0.01)
    said = json.loads((FOLDER / "processing.json").read_text())
    rows, _ = run(tmp_path, tmp_path / "out", processing=said)
    (station,) = {station for station, _ in rows}
    (observed, synthetic), inventory, first = by_hand(tmp_path, station, said)
    for trace in synthetic:  # the filter of remove_response with a response of 1
        trace.stats.response = obspy.core.inventory.Response.from_paz([], [], 1.0, input_units="M/S")
        trace.remove_response(output="VEL", pre_filt=(0.005, 0.01, 8, 10), zero_mean=False, taper=False)
    back = None
    prepared = {}
    for stream in (observed, synthetic):
        stream.filter("bandpass", freqmin=0.1, freqmax=2.0, corners=3)
        for trace in stream:
            trace.interpolate(20, method="lanczos", starttime=max(first, trace.stats.starttime), npts=1100, a=64)
        at, event = inventory[0][0], obspy.read_events(str(tmp_path / "event.xml"))[0].origins[0]
        _, _, back = obspy.geodetics.gps2dist_azimuth(event.latitude, event.longitude, at.latitude, at.longitude)
        north, east, up = (stream.select(component=c)[0].data for c in "NEZ")
        for component, values in zip("RTZ", [*rotate_ne_rt(north, east, back), up], strict=True):
            prepared.setdefault(component, []).append(values)
    for component, (a, b) in prepared.items():
        row = rows[station, component]
        lag, coefficient = xcorr_max(correlate(a, b, 100), abs_max=False)
        fine = row["delay_s"] * 20
        assert abs(fine - lag) <= 0.5 + 1e-9 and row["coefficient"] >= coefficient
        wanted = {"l2": np.linalg.norm(a - b) / np.linalg.norm(a), "back_azimuth": back,
                  "envelope_misfit": tf_misfit.em(b, a, 0.05, 0.1, 2.0, 32),
                  "phase_misfit": tf_misfit.pm(b, a, 0.05, 0.1, 2.0, 32)}
        for side, values in (("observed", a), ("synthetic", b)):
            trace = obspy.Trace(values, {"sampling_rate": 20})
            ground = trace.copy().integrate()
            wanted |= {f"pgd_{side}": np.abs(ground.data).max(), f"pgv_{side}": np.abs(values).max(),
                       f"pga_{side}": np.abs(trace.copy().differentiate().data).max()}
            wanted |= {f"psa_{f:g}hz_{side}": peak_ground_motion(ground.data, 0.05, f, damp=0.05)[0]
                       for f in (0.3, 1, 3)}
        for name, value in wanted.items():
            assert row[name] == pytest.approx(value, rel=1e-9), (component, name)


def test_without_the_estimate_between_samples_delays_are_obspys(example):
    rng = np.random.default_rng(3)
    synthetic = np.convolve(rng.standard_normal(500), np.hanning(15), "same")
    observed = np.roll(synthetic, -7) + 0.1 * rng.standard_normal(500)
    lag, coefficient, gain = example["misfit_measures"].aligned(observed, synthetic, 20, subsample=False)
    assert (lag, coefficient) == xcorr_max(correlate(observed, synthetic, 20), abs_max=False) and lag == -7
    a, b = observed - observed.mean(), synthetic - synthetic.mean()
    assert gain == pytest.approx((a[:-7] @ b[7:]) / (b @ b), rel=1e-9)


# -- records as they are ---------------------------------------------------------------------------------------------


def change(path, function):
    """Reads a record, and writes what the function makes of it: one trace or several."""
    made = function(obspy.read(str(path))[0])
    (obspy.Stream(made) if isinstance(made, list) else made).write(str(path), format="MSEED", encoding="FLOAT64")


def test_what_cannot_be_used_is_listed_with_the_reason_and_stops_nothing(data, tmp_path):
    known = observe(data, tmp_path, stations=4)
    of = {name: tmp_path / "observed" / f"{name}..HHZ.mseed" for name in known}
    gap, split, nan, dead = of.values()
    middle = obspy.read(str(gap))[0].stats.starttime + 40

    def in_two(trace, missing=0.0):
        return [trace.slice(endtime=middle), trace.slice(middle + 0.005 + missing)]

    change(gap, lambda trace: in_two(trace, missing=1.0))
    for number, part in enumerate(in_two(obspy.read(str(split))[0])):  # two files
        part.write(str(split.with_name(f"{number}.mseed")), format="MSEED", encoding="FLOAT64")
    split.unlink()
    values = obspy.read(str(nan))[0]
    values.data[9000] = np.nan
    values.write(str(nan), format="MSEED", encoding="FLOAT64")
    change(dead, lambda trace: trace.__class__(np.full(trace.stats.npts, 7.0), trace.stats))
    names = list(known)
    (tmp_path / "observed" / f"{names[0]}..HHE.mseed").unlink()
    (tmp_path / "synthetics" / f"{names[1]}.HXN.semv.sac").unlink()
    (tmp_path / "observed" / "notes.txt").write_text("not a seismogram")
    late = obspy.read(str(of[names[1]].with_name(f"{names[1]}..HHN.mseed")))[0]
    late.stats.station = "ALONE"
    late.write(str(tmp_path / "observed" / "alone.mseed"), format="MSEED", encoding="FLOAT64")
    inventory = obspy.read_inventory(str(tmp_path / "stations.xml"))
    channels = {channel.code: channel for channel in inventory[0][2]}
    channels["HHN"].response.instrument_sensitivity.input_units = "PA"
    channels["HHE"].response = None
    (broken,) = (channel for channel in inventory[0][0] if channel.code == "HHN")
    broken.response.response_stages = []
    inventory.write(str(tmp_path / "stations.xml"), format="STATIONXML")

    rows, left_out = run(tmp_path, tmp_path / "out")
    assert {key for key in rows} == {(names[1], "Z"), (names[3], "R"), (names[3], "T")}
    assert rows[names[1], "Z"]["delay_s"] == pytest.approx(known[names[1]].delay, abs=0.001)  # put together
    reasons = {id: row["reason"] for id, row in left_out.items()}
    alone = "the other horizontal component is missing, so it can't be rotated"
    for id, reason in {
        f"{names[0]}..HHZ": "it has 10,801 of the 11,001 samples from 2013-02-16T21:16:09.28",
        f"{names[0]}..HHN": "its response can't be removed: ", f"{names[1]}..HXE": alone,
        f"{names[2]}..HHZ": "it has 11,000 of the 11,001 samples", f"{names[3]}..HHZ": "it is constant: is the channel",
        f"{names[2]}..HHN": "its units are PA: its response must be to ground motion",
        f"{names[2]}..HHE": "there is no response for it in the metadata",
        "IV.ALONE..HHN": "there is no response for it in the metadata",
        f"{names[0]}..HXZ": "there is no observed record of this component of the station that can be used",
        f"{names[1]}..HHR": "there is no synthetic record of this component of the station that can be used",
    }.items():  # fmt: skip
        assert reasons[id].startswith(reason), id
    assert reasons[""].startswith("obspy can't read it") and left_out[""]["what"] == "notes.txt"
    assert left_out[f"{names[0]}..HXZ"]["what"] == "synthetic" and left_out[f"{names[0]}..HHN"]["what"] == "observed"


def test_nothing_to_compare_is_a_table_without_rows(data, tmp_path):
    first, second = observe(data, tmp_path, stations=2)
    for path in [*tmp_path.glob(f"synthetics/{first}*"), *tmp_path.glob(f"observed/{second}*")]:
        path.unlink()
    rows, left_out = run(tmp_path, tmp_path / "out")
    assert not rows and len(left_out) == 6 and (tmp_path / "out" / "misfits" / "_SUCCESS").exists()


def test_without_metadata_components_are_compared_as_they_are(data, tmp_path):
    """And so they are where rotating isn't wanted."""
    known = observe(data, tmp_path, stations=2)
    first, second = known
    inventory = obspy.read_inventory(str(tmp_path / "stations.xml"))
    inventory.remove(network="IV", station=second.split(".")[1]).write(str(tmp_path / "stations.xml"), "STATIONXML")
    rows, left_out = run(tmp_path, tmp_path / "out", processing=EXACT)
    assert not left_out and {c for s, c in rows if s == second} == set("ZNE")
    assert rows[second, "N"]["distance_km"] == "" and rows[second, "N"]["delay_s"] == pytest.approx(
        known[second].delay, abs=0.001)
    features = json.loads((tmp_path / "out" / "misfits.geojson").read_text())["features"]
    assert [f["geometry"] is None for f in features] == [False, False, True]
    assert features[1]["properties"]["HHR_delay_s"] == rows[first, "R"]["delay_s"]
    rows, _ = run(tmp_path, tmp_path / "plain", processing=EXACT | {"rotate_to_ZRT": False})
    assert {component for _, component in rows} == set("ZNE") and len(rows) == 6


@pytest.mark.parametrize("turned", [0.0, 30.0])
def test_sensors_in_any_direction_are_rotated(example, turned):
    """Radial motion is radial, whichever way the sensors point."""
    steps = example["misfit_steps"]
    wave, back = np.sin(np.arange(100) / 5), 70.0
    towards = back + 180  # away from the event
    record = steps.Record("XX", "A", "", "HH1", "1", 0.0, 1.0, turned, 0.0, 0.0, 1.0, 0.0, back,
                          wave * np.cos(np.radians(towards - turned)))
    other = record._replace(channel="HH2", component="2", orientation=turned + 90,
                            data=wave * np.cos(np.radians(towards - turned - 90)))
    radial, transverse = steps.rotate(record, other)
    assert (radial.channel, transverse.channel) == ("HHR", "HHT")
    np.testing.assert_allclose(radial.data, wave, atol=1e-12)
    np.testing.assert_allclose(transverse.data, 0, atol=1e-12)


@pytest.mark.parametrize("seed", range(4))
def test_who_comes_first_changes_nothing(example, seed):
    """Items in any order, keys dealt to any instances: the same pairs, and the same without a partner."""
    workflow, steps = example["misfit"], example["misfit_steps"]
    record = steps.Record("XX", "A", "", "HHZ", "Z", 0.0, 1.0, np.nan, 0.0, 0.0, 1.0, 0.0, 70.0, np.arange(3.0))
    records = [record._replace(station=station, channel=f"{band}{letter}", component=letter,
                               orientation={"N": 0.0, "E": 90.0}.get(letter, np.nan))
               for station in "ABCD" for band in ("HH", "HN") for letter in "ZNE"
               if (station, band, letter) != ("B", "HN", "E")]
    synthetic = [one for one in records if one.station != "C" and one.channel[:2] == "HH"]

    def fed(pe, items, port_of):
        written = []
        instances = {}
        order = np.random.default_rng(seed).permutation(len(items))
        for at in order:
            side, item = items[at]
            key = item.network, item.station, *([item.component] if pe is workflow.Match else [])
            number = 0 if seed == 0 else sum(map(ord, "".join(key))) % seed
            if number not in instances:
                instances[number] = pe()
                instances[number].write = lambda port, item: written.append((port, item))
            instances[number].process({port_of(side): item})
        for instance in instances.values():
            instance.postprocess()
        return written

    turned = {side: [item for _, item in fed(workflow.Rotate, [(side, one) for one in items], lambda side: "record")]
              for side, items in (("observed", records), ("synthetic", synthetic))}
    found = fed(workflow.Match, [(side, one) for side, items in turned.items() for one in items], lambda side: side)
    pairs = sorted((a.station, a.component, a.channel, b.channel) for port, (a, b) in (
        (port, item) for port, item in found if port == "pair"))
    assert pairs == sorted((station, c, f"{band}{c}", f"HH{c}") for station in "ABD" for band in ("HH", "HN")
                           for c in "ZRT" if (station, band) != ("B", "HN") or c == "Z")
    left = sorted((item.station, item.channel, item.what) for port, item in found if port == "left_out")
    assert left == sorted([("B", "HNN", "observed"), *(("C", f"{band}{c}", "observed") for band in ("HH", "HN")
                                                       for c in "ZRT")])


# -- bad input -------------------------------------------------------------------------------------------------------

BAD = [
    ({"data_processing": [{"type": "detrand"}]},
     r"data_processing, step 1: there is no type 'detrand' \(did you mean detrend\?\); there are detrend, taper"),
    ({"data_procesing": []}, r"processing has no 'data_procesing' \(did you mean data_processing\?\)"),
    ({"data_processing": {"type": "detrend"}}, "data_processing must be a list of steps"),
    ({"data_processing": [{"type": "taper", "parameters": {"percentage": 5}}]}, "taper has no parameter 'percentage'"),
    ({"synthetics_processing": [{"type": "filter_lowpass"}]}, "filter_lowpass must have frequency; it has none"),
    ({"synthetics_processing": [{"type": "remove_response"}]}, "must not have remove_response: synthetics have no"),
    ({"data_processing": [{"type": "remove_response", "parameters": {"response_output": "ACC"}}]},
     r"response_output must be that of the output_units, velocity \(DISP is displacement"),
    ({"data_processing": [BAND], "sampling_rate": 4}, "filter_bandpass must end at 0.4 of the sampling_rate, 1.6 Hz"),
    ({"output_units": "speed"}, "output_units must be one of displacement, velocity, acceleration; it is 'speed'"),
    ({"window": {"seconds": "long"}}, "window.seconds must be a number; it is 'long'"),
    ({"window": {"seconds": 0.1}}, "the window must have 16 samples at least; 0.1 s at 20 Hz have 2"),
    ({"window": {"length": 5}}, "window has no 'length'"),
    ({"misfit": {"max_delay": 40}}, "max_delay must be from 0 to less than half the window, 27.5 s; it is 40 s"),
    ({"misfit": {"min_frequency": 3}}, "misfit must have 0 < min_frequency < max_frequency <= half the sampling_rate"),
    ("none.json", "processing must be the path of a JSON file; none.json: No such file"),
    ([], "processing must be the path of a JSON file with an object in it"),
]  # fmt: skip


@pytest.mark.parametrize(("processing", "said"), BAD)
def test_processing_that_makes_no_sense_is_refused(processing, said):
    with pytest.raises(Refused, match=said):
        d4p_compile.load(WORKFLOW, parameters={"processing": processing})


def test_a_file_of_verces_rapid_assessment_is_taken_as_it_is(example):
    filters = [{"type": f"filter_{kind}", "parameters": {"frequency": f, "zerophase": False, "corners": 3}}
               for kind, f in (("lowpass", 2.0), ("highpass", 0.1))]
    begin = [{"type": "detrend", "parameters": {"method": "linear"}},
             {"type": "taper", "parameters": {"taper_type": "hann", "max_percentage": 0.05}}]
    corners = {"pre_filt": [0.005, 0.01, 8.0, 10.0]}
    said = example["misfit_processing"].read_processing({
        "output_units": "velocity", "rotate_to_ZRT": True,
        "data_processing": [*begin, {"type": "remove_response", "parameters": {**corners, "response_output": "VEL"}},
                            *filters],
        "synthetics_processing": [*begin, {"type": "pre_filter", "parameters": corners}, *filters]})  # fmt: skip
    names = [function.__name__ for function, _ in said["data_processing"]]
    assert names == ["detrend", "taper", "remove_response", "filter_lowpass", "filter_highpass"]


def test_a_processing_file_that_is_no_json_is_refused(tmp_path):
    (tmp_path / "p.json").write_text("{'a': 1}")
    with pytest.raises(Refused, match="must be a file of JSON; .*p.json: Expecting property name"):
        d4p_compile.load(WORKFLOW, parameters={"processing": str(tmp_path / "p.json")})


def test_the_file_beside_the_workflow_is_what_is_done_without_one(example):
    processing = example["misfit_processing"]
    assert processing.loaded(str(FOLDER / "processing.json")) == processing.PROCESSING


def test_input_that_is_not_there_is_refused_before_anything_runs(example, tmp_path):
    example["generate"].generate(tmp_path / "data")
    with pytest.raises(Refused, match="the event must be a file, QuakeML for instance; none.xml: No such file"):
        run(tmp_path / "data", tmp_path / "out", event="none.xml")
    assert not (tmp_path / "out").exists()


# -- the example that needs nothing ----------------------------------------------------------------------------------


def test_the_example_runs_as_its_readme_says(tmp_path):
    subprocess.run([sys.executable, FOLDER / "generate.py", "misfit-data"], cwd=tmp_path, check=True, timeout=120)
    done = subprocess.run([sys.executable, "-m", "d4p_compile", "run", FOLDER / "misfit.py"], cwd=tmp_path, text=True,
                          capture_output=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "4 pairs compared, 0 left out" in done.stdout
    out = tmp_path / "misfit-output"
    assert sorted(path.stem for path in out.glob("stations/*.png")) == ["SR.RSCP", "SR.RSNT", "SR.RSNY", "SR.RSSD"]
    assert (out / "misfits.png").read_bytes()[:4] == b"\x89PNG"
    rows = table(out / "misfits.csv")
    assert len(rows) == 4 and all(abs(row["delay_s"]) < 0.6 and row["coefficient"] > 0.5 for row in rows)
    import pyarrow.parquet

    stored = pyarrow.parquet.read_table(out / "misfits").to_pylist()
    assert sorted(row["station"] for row in stored) == [row["station"] for row in rows]
    assert {row["station"]: row["l2"] for row in stored} == {row["station"]: row["l2"] for row in rows}
