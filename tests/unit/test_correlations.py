"""Stored correlations: by pair in either order, by station, as arrays and as obspy's traces."""

from __future__ import annotations

import itertools
import json
import pickle

import numpy as np
import pytest

import d4p.seismo
from d4p import WriteArrow
from d4p.errors import Refused
from d4p.items.batch import Batch
from d4p.seismo import Correlation, Correlations
from d4p.seismo.ids import joined, matching

from .byhand import ByHand

IDS = ["CI.CCA..BHN", "CI.HEC..BHN", "CI.HEC..BHZ", "E.AYHM.10.HNU", "E.ENZM.10.HNU"]
RATE, START, LAGS = 4.0, 1641081600.25, 41


def value(first: str, second: str, dtype: str = "float32") -> Correlation:
    """A correlation that no other pair has, with a peak at a lag of its own: not the same both ways round."""
    a, b = IDS.index(first), IDS.index(second)
    values = np.random.default_rng(10 * a + b).uniform(-0.5, 0.5, LAGS).astype(dtype)
    values[3 + 5 * a + b] = -2
    return Correlation(first, second, START, RATE, -(LAGS // 2) / RATE, values)


@pytest.fixture(params=["float32", "float64"])
def made(request) -> list[Correlation]:
    """Of all pairs; one of them is stored the other way round."""
    pairs = [(b, a) if (a, b) == (IDS[1], IDS[3]) else (a, b) for a, b in itertools.combinations(IDS, 2)]
    return [value(a, b, request.param) for a, b in pairs]


@pytest.fixture
def stored(made, tmp_path):
    """Three parts: one written by item, one in a batch, one empty."""
    run = ByHand(WriteArrow(tmp_path / "out"))
    batch = run.begin(1, 3)
    batch.process_batch({"input": Batch.stack(made[4:])})
    batch.postprocess()
    run.commit(run.instance(0, 3, made[:4]), batch.part, run.instance(2, 3, []))
    return Correlations(tmp_path / "out")


def equal(found: Correlation, expected: Correlation) -> bool:
    return found[:5] == expected[:5] and found.values.dtype == expected.values.dtype and np.array_equal(
        found.values, expected.values)  # fmt: skip


def test_pairs_in_either_order(made, stored):
    assert len(stored) == 10 and stored.ids == IDS and stored.pairs == [c[:2] for c in made]
    assert all(map(equal, stored, made))
    for expected in made:
        found, other = stored[expected[:2]], stored[expected.second, expected.first]
        assert isinstance(found, Correlation) and equal(found, expected)
        assert other[:2] == (expected.second, expected.first) and np.array_equal(other.values, expected.values[::-1])
        assert other.first_lag == -5 and equal(other.swapped(), expected)
        assert (IDS[0], expected.second) in stored or expected.second == IDS[0]
    assert (IDS[0], IDS[0]) not in stored and (IDS[0], "no") not in stored
    assert all(map(equal, pickle.loads(pickle.dumps(stored)), made))


def test_lags_and_peaks(made, stored):
    assert stored.lags.tolist() == [n / 4 for n in range(-20, 21)]
    one = stored[IDS[0], IDS[1]]
    peak, lag = one.peak()
    assert (peak, lag) == (-2, -4.0) and one.lags()[np.argmax(np.abs(one.values))] == lag
    assert one.swapped().peak() == (-2, 4.0)
    uneven = Correlation("a", "b", 0.0, 2.0, -1.0, np.arange(6.0))
    assert uneven.swapped().first_lag == -1.5 and uneven.swapped().lags().tolist() == (-uneven.lags()[::-1]).tolist()


def test_the_sign_is_that_of_obspy():
    from obspy.signal.cross_correlation import correlate

    rng = np.random.default_rng(1)
    b = rng.standard_normal(200)
    a = np.roll(b, 7)  # what is in both comes 7 samples later to the first
    one = Correlation("a", "b", 0.0, 4.0, -5.0, correlate(a, b, 20))
    assert one.peak()[1] == 7 / 4


def test_of_a_station(made, stored):
    found = list(stored.of("CI.HEC..BHZ"))
    assert [c.first for c in found] == ["CI.HEC..BHZ"] * 4
    assert [c.second for c in found] == [name for name in IDS if name != "CI.HEC..BHZ"]
    assert equal(found[0].swapped(), value("CI.CCA..BHN", "CI.HEC..BHZ", found[0].values.dtype.name))
    assert [c.first for c in stored.of("HEC")] == ["CI.HEC..BHN"] * 4 + ["CI.HEC..BHZ"] * 4
    assert len(list(stored.of("E.AYHM"))) == 4


def test_names_and_what_is_not_there(stored, made):
    assert equal(stored["CCA", "ENZM"], stored["CI.CCA..BHN", "E.ENZM.10.HNU"])
    assert [c[:2] for c in stored.between("HEC", "AYHM")] == [("CI.HEC..BHN", IDS[3]), ("CI.HEC..BHZ", IDS[3])]
    for pair, says in {
        ("HEC", "CCA"): "there are 2 correlations of HEC and CCA .*give whole ids, or take them all with between",
        ("CCA", "HEX"): "'HEX' must be the id of a trace .* of the 5 that there are, the most like it: ",
        ("CCA", "CCA"): "has both CCA and CCA, and not their correlation",
        "CCA": "a pair must be two ids",
    }.items():
        with pytest.raises(Refused, match=says):
            stored[pair]


def test_arrays(made, stored):
    found = stored.array()
    assert found.dtype == made[0].values.dtype and np.array_equal(found, np.stack([c.values for c in made]))
    some = stored.array([(IDS[1], IDS[0]), (IDS[0], IDS[4])])
    assert np.array_equal(some, [made[0].values[::-1], value(IDS[0], IDS[4], found.dtype.name).values])
    found[0, 0] = 7  # a copy
    batches = list(stored.batches())
    assert [batch.columns.values.shape for batch in batches] == [(4, LAGS), (6, LAGS)]
    assert batches[1].columns.first == [c.first for c in made[4:]] and equal(batches[1][5], made[9])


def test_windows_of_a_pair_and_lags_that_differ(tmp_path):
    first, later = value(IDS[0], IDS[1]), value(IDS[0], IDS[1])._replace(start=START + 3600)
    run = ByHand(WriteArrow(tmp_path / "out"))
    run.commit(run.instance(0, 1, [first, later, value(IDS[0], IDS[2])._replace(first_lag=0.0)]))
    stored = Correlations(tmp_path / "out")
    assert [c.start for c in stored.between(IDS[1], IDS[0])] == [START, START + 3600]
    with pytest.raises(Refused, match="there are 2 correlations of"):
        stored[IDS[0], IDS[1]]
    with pytest.raises(Refused, match="first_lag is -5.0 to 0.0: take the lags"):
        _ = stored.lags


def test_self_pairs_come_once(tmp_path):
    run = ByHand(WriteArrow(tmp_path / "out"))
    run.commit(run.instance(0, 1, [value(IDS[0], IDS[0]), value(IDS[0], IDS[1])]))
    stored = Correlations(tmp_path / "out")
    assert [c.second for c in stored.of(IDS[0])] == IDS[:2] and equal(stored[IDS[0], IDS[0]], value(IDS[0], IDS[0]))


def test_traces(stored, tmp_path):
    from obspy import UTCDateTime, read

    trace = stored.trace(IDS[0], IDS[1])
    assert trace.id == "CI.CCA-HEC..BHN" and trace.stats.sampling_rate == 4 and trace.stats.npts == LAGS
    assert trace.stats.starttime == UTCDateTime(0) - 5 and trace.data.dtype == stored[IDS[0], IDS[1]].values.dtype
    assert np.array_equal(trace.times() + trace.stats.d4p.first_lag, stored.lags)
    assert trace.slice(UTCDateTime(0), UTCDateTime(0)).data.tolist() == [trace.data[20]]  # lag 0
    assert (trace.stats.d4p.first, trace.stats.d4p.second) == (IDS[0], IDS[1])
    assert trace.stats.d4p.start == UTCDateTime("2022-01-02T00:00:00.250000Z")
    trace.filter("bandpass", freqmin=0.1, freqmax=1.0)  # its data are its own
    trace.write(str(tmp_path / "pair.sac"), "SAC")
    (sac,) = read(str(tmp_path / "pair.sac"))
    assert (sac.stats.sac.b, sac.stats.sac.e) == (-5, 5) and sac.stats.sac.kevnm.strip() == IDS[0]
    assert (sac.stats.sac.kuser0.strip(), sac.stats.sac.kuser1.strip()) == ("HEC", "CI")
    assert sac.stats.starttime == UTCDateTime(0) - 5
    assert stored.trace(IDS[0], IDS[3]).id == "CI-E.CCA-AYHM.-10.BHN-HNU"
    stored.trace(IDS[0], IDS[1]).write(str(tmp_path / "pair.mseed"), "MSEED")
    (again,) = read(str(tmp_path / "pair.mseed"))
    assert again.stats.starttime == UTCDateTime(0) - 5 and np.array_equal(again.data, stored[IDS[0], IDS[1]].values)


def test_streams(stored):
    assert [t.stats.station for t in stored.stream("CCA")] == ["CCA-HEC", "CCA-HEC", "CCA-AYHM", "CCA-ENZM"]
    assert len(stored.stream()) == 10
    stream = stored.stream([(IDS[1], IDS[0]), (IDS[3], IDS[4])])
    assert [t.stats.d4p.second for t in stream] == [IDS[0], IDS[4]]
    assert len(stored.stream().select(station="*-HEC")) == 4


def test_ids():
    assert matching("CI.HEC", IDS) == IDS[1:3] and matching("CI.HEC.", IDS) == IDS[1:3]
    assert joined("a", "b") == ("", "a-b", "", "") and joined(IDS[1], IDS[2]) == ("CI", "HEC-HEC", "", "BHN-BHZ")


def test_nothing_stored(tmp_path):
    run = ByHand(WriteArrow(tmp_path / "out"))
    run.commit(run.instance(0, 1, []))
    stored = Correlations(tmp_path / "out")
    assert (len(stored), list(stored), stored.ids, stored.pairs, stored.lags.tolist()) == (0, [], [], [], [])
    with pytest.raises(Refused, match="'a' must be the id of a trace"):
        stored["a", "b"]


def test_other_records_are_refused(tmp_path):
    run = ByHand(WriteArrow(tmp_path / "out"))
    run.commit(run.instance(0, 1, [("a", 1)]))
    with pytest.raises(Refused, match="must be Correlation, of first, second, .*; those in .* have 0: string"):
        Correlations(tmp_path / "out")
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        _ = d4p.seismo.Nothing


@pytest.mark.spark
def test_a_data_frame(stored, made, spark_session, tmp_path):
    frame = stored.dataframe(spark_session)
    kind = {"float32": "float", "float64": "double"}[made[0].values.dtype.name]
    assert frame.dtypes == [("first", "string"), ("second", "string"), ("start", "double"), ("rate", "double"),
                            ("first_lag", "double"), ("values", f"array<{kind}>")]  # fmt: skip
    rows = {(row["first"], row["second"]): row for row in frame.collect()}
    assert len(rows) == 10 and all(equal(c._replace(values=np.array(rows[c[:2]]["values"], c.values.dtype)), c)
                                   and rows[c[:2]]["start"] == START for c in made)  # fmt: skip
    assert frame.where("first = 'CI.CCA..BHN'").count() == 4
    assert json.loads((tmp_path / "out" / "_SUCCESS").read_text())["parts"]["part-00002.arrow"]["items"] == 0
