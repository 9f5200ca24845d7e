"""Waveforms of files with their metadata, and windows of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from d4p.errors import Refused
from d4p.seismo import Incomplete, LeftOut, Metadata, ReadWaveforms, cut, longest, merged, origin_of, sliding

obspy = pytest.importorskip("obspy")
CORE = Path(obspy.__file__).parent
START = obspy.UTCDateTime("2020-01-01")


def trace(data, station="A", rate=10.0, start=0.0, channel="BHZ"):
    return obspy.Trace(np.asanyarray(data, float), {"network": "XX", "station": station, "channel": channel,
                                                 "sampling_rate": rate, "starttime": START + start})


def read(path, **more):
    pe = ReadWaveforms(str(path), **more)
    return [item for split in pe.plan_splits() for item in pe.read(split)]


# -- windows ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("late", [0.0, 0.03])
def test_a_window_has_the_samples_from_its_start_up_to_its_end(late):
    whole = trace(np.arange(1000), start=late)
    found = cut(whole, START.timestamp + 20, 30)
    assert found.data.tolist() == list(range(200, 500)) and found.stats.npts == 300
    assert found.stats.starttime == START + 20 + late and found.id == whole.id
    found.data[:] = 0
    assert whole.data[200] == 200 and whole.stats.npts == 1000


@pytest.mark.parametrize(("start", "seconds", "said"), [(-1, 30, "290 of the 300"), (80, 30, "200 of the 300"),
                                                        (500, 30, "0 of the 300"), (-100, 30, "0 of the 300")])
def test_a_window_that_is_not_all_there_says_how_much_is(start, seconds, said):
    with pytest.raises(Incomplete, match=f"it has {said} samples from 20"):
        cut(trace(np.arange(1000)), START.timestamp + start, seconds)


def test_pieces_are_put_together_and_what_is_missing_is_masked():
    data = np.arange(1000.0)
    data[500] = np.nan
    gap = [trace(data[:300]), trace(data[310:], start=31), trace(data, station="B"), trace(data[:10], rate=5.0)]
    first, second, third = merged(gap)
    assert [first.stats.npts, second.stats.npts, third.stats.npts] == [1000, 1000, 10]
    assert np.flatnonzero(np.ma.getmaskarray(first.data)).tolist() == [*range(300, 310), 500]
    assert np.flatnonzero(np.ma.getmaskarray(second.data)).tolist() == [500]
    assert not np.ma.isMaskedArray(third.data)
    with pytest.raises(Incomplete, match="it has 289 of the 300"):
        cut(first, START.timestamp + 25, 30)
    best, count = longest(first)
    assert count == 3 and best.data.tolist() == data[501:].tolist()
    assert longest(trace(np.ma.masked_all(5)))[0] is None


def test_windows_that_slide_begin_at_the_same_times_for_all_records():
    """Those with a gap in them are left out."""
    data = np.ma.masked_equal(np.arange(1200), 555)
    record = trace(data, start=7.0)
    record.data = data.astype(float)
    found = list(sliding(record, 20.0))
    assert [start - START.timestamp for start, _ in found] == [20, 40, 80, 100]
    assert [piece.data[0] for _, piece in found] == [130, 330, 730, 930]
    half = [start - START.timestamp for start, _ in sliding(record, 20.0, 10.0)]
    assert half == [10, 20, 30, 40, 70, 80, 90, 100]
    late = trace(np.arange(1200), start=0.004)  # less than a sample later: from 0 on all the same
    assert [start - START.timestamp for start, _ in sliding(late, 60.0)] == [0, 60]


# -- files with their metadata ---------------------------------------------------------------------------------------


def test_traces_come_with_response_place_and_the_way_from_the_event(tmp_path):
    obspy.read().write(str(tmp_path / "a.mseed"), format="MSEED")  # BW.RJOB, whose metadata obspy has, too
    obspy.read_inventory().write(str(tmp_path / "stations.xml"), format="STATIONXML")
    catalog = obspy.read_events()
    catalog.write(str(tmp_path / "event.xml"), format="QUAKEML")
    found = {one.stats.channel: one for one in read(tmp_path / "a.mseed", stations=str(tmp_path / "stations.xml"),
                                                    event=str(tmp_path / "event.xml"))}
    assert set(found) == {"EHZ", "EHN", "EHE"}
    origin = catalog[0].preferred_origin() or catalog[0].origins[0]
    for channel, one in found.items():
        wanted = obspy.read_inventory().get_response(one.id, one.stats.starttime)
        assert one.stats.response.instrument_sensitivity.value == wanted.instrument_sensitivity.value
        assert one.stats.coordinates.latitude == pytest.approx(47.737167)
        assert one.stats.get("orientation") == {"EHN": 0.0, "EHE": 90.0}.get(channel)
        away, azimuth, back = obspy.geodetics.gps2dist_azimuth(origin.latitude, origin.longitude, 47.737167, 12.795714)
        assert (one.stats.distance, one.stats.azimuth, one.stats.back_azimuth) == pytest.approx((away, azimuth, back))
        assert one.stats.origin.time == origin.time.timestamp


def test_headers_have_places_and_metadata_has_better_ones(tmp_path):
    found = read(CORE / "io/ah/tests/data/ah1.f")
    assert [round(one.stats.coordinates.latitude) for one in found] == [36, 62, 44, 45]
    plain = trace(np.zeros(10))
    plain.stats.sac = {"stla": 10.0, "stlo": 20.0, "stel": 5.0}
    plain.write(str(tmp_path / "a.sac"), format="SAC")
    inventory = obspy.core.inventory.Inventory([obspy.core.inventory.Network("XX", stations=[
        obspy.core.inventory.Station("A", 11.0, 21.0, 0.0)])], source="made")  # fmt: skip
    inventory.write(str(tmp_path / "s.xml"), format="STATIONXML")
    (header,), (both,) = read(tmp_path / "a.sac"), read(tmp_path / "a.sac", stations=str(tmp_path / "s.xml"))
    assert header.stats.coordinates.latitude == 10 and both.stats.coordinates.latitude == 11
    assert "response" not in both.stats


def test_a_response_without_a_place_gives_none():
    record = trace(np.zeros(10), station="CRLZ", channel="HHZ")
    record.stats.network, record.stats.location = "NZ", "10"
    Metadata(str(CORE / "signal/tests/data/RESP.NZ.CRLZ.10.HHZ")).attach(record)
    assert "response" in record.stats and "coordinates" not in record.stats


def test_synthetics_count_from_the_origin_and_columns_of_text_are_read(tmp_path):
    obspy.read_events().write(str(tmp_path / "event.xml"), format="QUAKEML")
    origin = origin_of(str(tmp_path / "event.xml"))
    np.savetxt(tmp_path / "IV.AQU.HXZ.semv", np.column_stack([-2 + 0.05 * np.arange(100), np.arange(100)]))
    (one,) = read(tmp_path / "IV.AQU.HXZ.semv", event=str(tmp_path / "event.xml"))
    assert one.id == "IV.AQU..HXZ" and one.stats.sampling_rate == pytest.approx(20)
    assert one.stats.starttime.timestamp == pytest.approx(origin.time - 2) and one.data.tolist() == list(range(100))
    trace(np.zeros(10)).write(str(tmp_path / "b.mseed"), format="MSEED")
    (other,) = read(tmp_path / "b.mseed", event=str(tmp_path / "event.xml"))
    assert other.stats.starttime == START


def test_a_file_that_cannot_be_read_is_left_out_by_name(tmp_path):
    (tmp_path / "x").write_bytes(b"not a seismogram")
    (left,) = read(tmp_path / "x")
    assert isinstance(left, LeftOut) and (left.what, left.id) == ("x", "")
    assert left.reason.startswith("obspy can't read it")


@pytest.mark.parametrize(("content", "said"), [
    (None, "the event must be a file, QuakeML for instance; .*: No such file"),
    ("<a/>", "the event must be a file that obspy reads"),
    ('<q:quakeml xmlns="http://quakeml.org/xmlns/bed/1.2" xmlns:q="http://quakeml.org/xmlns/quakeml/1.2">'
     '<eventParameters publicID="smi:a/b"/></q:quakeml>', "must have an origin .* has 0 events"),
])  # fmt: skip
def test_an_event_without_an_origin_is_refused(tmp_path, content, said):
    (tmp_path / "a.mseed").touch()
    if content is not None:
        (tmp_path / "event.xml").write_text(content)
    with pytest.raises(Refused, match=said):
        ReadWaveforms(str(tmp_path / "a.mseed"), event=str(tmp_path / "event.xml")).check_input()


def test_metadata_that_is_not_there_or_cannot_be_read_is_refused(tmp_path):
    (tmp_path / "a.mseed").touch()
    pe = ReadWaveforms(str(tmp_path / "a.mseed"), stations=str(tmp_path / "none.xml"))
    with pytest.raises(Refused, match="for metadata, looked for .*none.xml"):
        pe.check_input()
    (tmp_path / "none.xml").write_text("<a/>")
    with pytest.raises(Refused, match="metadata must be in a format that obspy reads, .*none.xml"):
        pe.check_input()
    assert [Path(name.removeprefix("file://")).name for name, *_ in pe.input_files()] == ["a.mseed", "none.xml"]
