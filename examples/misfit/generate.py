"""The example's records, from what obspy brings along: nothing is downloaded.

    python examples/misfit/generate.py misfit-data

Observed are four stations of the Regional Seismic Test Network in North America, 20 April 1984, which are among obspy's
own test data (`obspy/io/ah/tests/data/ah1.f`, in AH format): P waves of an earthquake 580 km under the Sea of Okhotsk,
180 s at 4 Hz. The places of the stations and the poles and zeros of their instruments are in the file; they become
StationXML. The origin isn't: it is one that fits these arrivals to half a second, and becomes QuakeML.

The synthetics are pulses of displacement, as such an earthquake sends them out, at the times at which TauP has P in the
model iasp91. So delays are residuals of travel time. Their size is arbitrary, the same for all.

The folder is there whole or not at all.
"""

import argparse
import os
import shutil
import sys
from pathlib import Path

import numpy as np
import obspy
from obspy.core.event import Catalog, Event, EventDescription, Origin
from obspy.core.inventory import Channel, Inventory, Network, Response, Station
from obspy.geodetics import locations2degrees
from obspy.taup import TauPyModel

RECORDS = Path(obspy.__file__).parent / "io/ah/tests/data/ah1.f"
NETWORK = "SR"
TIME, LATITUDE, LONGITUDE, DEPTH = obspy.UTCDateTime("1984-04-20T06:31:12.7"), 50.1, 148.7, 580.0  # km
#: Of the pulse: its length (s), its largest value (m; first motions were downwards), and samples a second.
LENGTH, LARGEST, RATE = 3.0, -3e-6, 20.0


def generate(folder):
    """Writes observed/, synthetics/, stations.xml and event.xml. Raises FileExistsError where the folder isn't new."""
    folder = Path(folder)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise FileExistsError(f"{folder} must be a new or an empty folder; it exists: remove it, or give another")
    unfinished = folder.with_name(f"{folder.name}.unfinished-{os.getpid()}")
    for name in ("observed", "synthetics"):
        (unfinished / name).mkdir(parents=True)
    try:
        traces = obspy.read(str(RECORDS))
        for trace in traces:
            trace.stats.network = NETWORK
            trace.write(str(unfinished / "observed" / f"{trace.id}.mseed"), format="MSEED")
            one = synthetic(trace)
            one.write(str(unfinished / "synthetics" / f"{one.id}.sac"), format="SAC")
        stations(traces).write(str(unfinished / "stations.xml"), format="STATIONXML")
        event().write(str(unfinished / "event.xml"), format="QUAKEML")
        os.replace(unfinished, folder)
    except BaseException:
        shutil.rmtree(unfinished)
        raise


def synthetic(trace):
    """The displacement at the station of an observed trace: nothing but P."""
    at = trace.stats.ah.station
    degrees = locations2degrees(LATITUDE, LONGITUDE, at.latitude, at.longitude)
    (arrival, *_) = TauPyModel("iasp91").get_travel_times(DEPTH, degrees, ["P"])
    start = trace.stats.starttime - 10
    time = np.arange(round(200 * RATE)) / RATE - (TIME + arrival.time - start)
    pulse = np.where((time > 0) & (time < LENGTH), LARGEST * np.sin(np.pi * time / LENGTH) ** 2, 0.0)
    stats = {"network": NETWORK, "station": at.code, "channel": "MXZ", "sampling_rate": RATE, "starttime": start}
    return obspy.Trace(pulse, stats)


def stations(traces):
    """What the AH file says of stations and instruments, as an inventory. How large its counts are it doesn't say: they
    are taken for those of a micrometre."""
    return Inventory([Network(NETWORK, stations=[station(trace) for trace in traces])], source="obspy's ah1.f")


def station(trace):
    """A station with its one channel."""
    at = trace.stats.ah.station
    turn = 2j * np.pi  # at 1 Hz, where the gain is told
    size = at.normalization * np.prod(turn - np.array(at.zeros)) / np.prod(turn - np.array(at.poles))
    response = Response.from_paz(at.zeros, at.poles, 1e6 * abs(size), stage_gain_frequency=1.0, input_units="M",
                                 normalization_frequency=1.0, normalization_factor=at.normalization / abs(size))
    where = {"latitude": at.latitude, "longitude": at.longitude, "elevation": at.elevation}
    channel = Channel(at.channel, "", depth=0.0, azimuth=0.0, dip=-90.0, sample_rate=trace.stats.sampling_rate,
                      response=response, **where)
    return Station(at.code, channels=[channel], **where)


def event():
    """The earthquake, as a catalogue."""
    origin = Origin(time=TIME, latitude=LATITUDE, longitude=LONGITUDE, depth=1000 * DEPTH)
    return Catalog([Event(origins=[origin], event_descriptions=[EventDescription("Sea of Okhotsk, 580 km deep")])])


def main():
    options = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    options.add_argument("folder", help="to write to: a new one")
    try:
        generate(folder := options.parse_args().folder)
    except FileExistsError as error:
        sys.exit(f"refused: {error}")
    print(f"written: {folder}")


if __name__ == "__main__":
    main()
