"""What is done to each record before it is compared: the types of processing.json, and what stands around them.

Steps that obspy has are obspy's. Each takes a trace and returns it; ValueError says why it can't be used.
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
import obspy
from obspy.geodetics import kilometers2degrees
from obspy.signal.invsim import cosine_sac_taper
from obspy.signal.rotate import rotate2zne, rotate_ne_rt
from obspy.signal.util import _npts2nfft
from obspy.taup import TauPyModel
from scipy.fft import irfft, rfft, rfftfreq

from d4p.seismo import cut

#: What the instrument's input may be measured in, to be ground motion.
GROUND = (
    "M",
    "NM",
    "CM",
    "MM",
    "M/S",
    "NM/S",
    "CM/S",
    "MM/S",
    "M/S**2",
    "M/S/S",
    "M/(S**2)",
    "NM/S**2",
    "CM/S**2",
    "MM/S**2",
)
#: Names of units, and how often each is differentiated displacement.
UNITS = {"displacement": 0, "velocity": 1, "acceleration": 2}
#: What obspy calls them.
OUTPUTS = {"DISP": "displacement", "VEL": "velocity", "ACC": "acceleration"}

#: Samples on each side of which Lanczos' interpolation makes one. Its gain changes with where between two samples the
#: new one is: by 1e-5 with 20 samples, by 4e-7 with these.
WIDTH = 64


class Record(NamedTuple):
    """A record that is ready to be compared, or one of its components."""

    network: str
    station: str
    location: str
    channel: str
    component: str  # the last letter of the channel; R and T once it is rotated
    start: float  # s since 1970 (UTC)
    rate: float  # Hz
    orientation: float  # degrees from north, of a horizontal component
    latitude: float  # of the station, degrees; NaN where it isn't known, and so what follows
    longitude: float
    distance_km: float  # from the epicentre
    azimuth: float  # degrees, from the epicentre to the station
    back_azimuth: float  # and back
    data: np.ndarray  # (npts,), float64, in the units of the output

    @property
    def id(self):
        return f"{self.network}.{self.station}.{self.location}.{self.channel}"


# -- the window ------------------------------------------------------------------------------------------------------


def window(trace, start, seconds, phase=None, model="iasp91"):
    """The samples from `start` s after the reference on, for `seconds` s; the first is at that time or just before it.
    The reference is the origin, or when a phase arrives."""
    reference, stats = arrival(trace, phase, model), trace.stats
    first = reference + start
    late = (first - stats.starttime.timestamp) * stats.sampling_rate % 1
    between = 1e-3 < late < 1 - 1e-3
    whole = cut(trace, first - between * late * stats.delta, seconds + between * stats.delta)
    if np.ptp(whole.data) <= 1e-9 * np.abs(whole.data).max():
        raise ValueError("it is constant: is the channel dead?")
    whole.stats.reference = reference
    return whole


def arrival(trace, phase, model):
    """When a phase arrives at the trace's station, or, without one, when the event was: s since 1970."""
    origin = trace.stats.origin
    if phase is None:
        return origin.time
    if "distance" not in trace.stats:
        raise ValueError(f"the time of {phase} isn't known, since the place of its station isn't")
    degrees = kilometers2degrees(trace.stats.distance / 1000)
    seconds = travel_time(model, round(origin.depth / 1000, 3), round(degrees, 4), phase)
    if seconds is None:
        raise ValueError(f"{model} has no {phase} at {degrees:.1f} degrees")
    return origin.time + seconds


@lru_cache(maxsize=10_000)
def travel_time(model, depth, degrees, phase):
    """That of the first arrival of a phase, s; None where there is none. `depth` in km."""
    arrivals = earth(model).get_travel_times(depth, degrees, [phase])
    return float(arrivals[0].time) if arrivals else None


@lru_cache(maxsize=4)
def earth(model):
    """A model of TauP, loaded once in a process."""
    return TauPyModel(model)


class Piece(NamedTuple):
    """What a file has of a window that it doesn't have all of; without a trace: another file has all of it."""

    network: str
    station: str
    id: str
    trace: obspy.Trace | None


def piece(trace, start, seconds, phase=None, model="iasp91"):
    """The samples in the window, as far as they are there."""
    stats, first = trace.stats, obspy.UTCDateTime(arrival(trace, phase, model) + start)
    part = trace.slice(first - stats.delta, first + seconds + stats.delta)  # a sample more, as some are between others
    return Piece(stats.network, stats.station, trace.id, part)


# -- the types of processing.json ------------------------------------------------------------------------------------


def detrend(trace, method="linear"):
    """Takes away the straight line that fits best, or what else `obspy.Trace.detrend` can."""
    return trace.detrend(method)


def taper(trace, max_percentage=0.05, taper_type="hann"):
    """Tapers this share of the trace at each end."""
    return trace.taper(max_percentage=max_percentage, type=taper_type)


def remove_response(trace, pre_filt=(0.005, 0.01, 8.0, 10.0), response_output="VEL", water_level=60):
    """Takes the instrument's response out, between the corners of `pre_filt` (Hz). Units: m, m/s or m/s2."""
    if "response" not in trace.stats:
        raise ValueError("there is no response for it in the metadata")
    response = trace.stats.response
    units = response.instrument_sensitivity.input_units if response.instrument_sensitivity else None
    if units is None or units.upper() not in GROUND:
        raise ValueError(
            f"its units are {units or 'not known'}: its response must be to ground motion, in M, M/S or M/S**2"
        )
    try:
        return trace.remove_response(output=response_output, pre_filt=pre_filt, water_level=water_level,
                                     zero_mean=False, taper=False)
    except Exception as error:  # whatever obspy raises for a response that it can't use
        raise ValueError(f"its response can't be removed: {type(error).__name__}: {error}") from error


def pre_filter(trace, pre_filt=(0.005, 0.01, 8.0, 10.0)):
    """The filter of `remove_response` alone, for records without a response: what is compared sees the same."""
    nfft = _npts2nfft(trace.stats.npts)
    spectrum = rfft(trace.data, nfft) * cosine_sac_taper(rfftfreq(nfft, trace.stats.delta), flimit=pre_filt)
    trace.data = irfft(spectrum, nfft)[: trace.stats.npts]
    return trace


def filter_lowpass(trace, frequency, corners=4, zerophase=False):
    """Butterworth."""
    return trace.filter("lowpass", freq=frequency, corners=corners, zerophase=zerophase)


def filter_highpass(trace, frequency, corners=4, zerophase=False):
    """Butterworth."""
    return trace.filter("highpass", freq=frequency, corners=corners, zerophase=zerophase)


def filter_bandpass(trace, min_frequency, max_frequency, corners=4, zerophase=False):
    """Butterworth."""
    return trace.filter("bandpass", freqmin=min_frequency, freqmax=max_frequency, corners=corners, zerophase=zerophase)


STEPS = {
    step.__name__: step
    for step in (detrend, taper, remove_response, pre_filter, filter_lowpass, filter_highpass, filter_bandpass)
}


# -- the same times and units for all --------------------------------------------------------------------------------


def to_units(trace, given, wanted):
    """From displacement, velocity or acceleration to another of them."""
    for _ in range(UNITS[wanted] - UNITS[given]):
        trace.differentiate()
    for _ in range(UNITS[given] - UNITS[wanted]):
        trace.integrate()
    return trace


def resample(trace, start, seconds, rate):
    """Samples the trace at `rate` (Hz) from `start` s after the reference on, so that all have their samples at the
    same times: a `Record`. Lanczos interpolation; the filters before are those against aliasing."""
    first, npts, stats = trace.stats.reference + start, round(seconds * rate), trace.stats
    if stats.sampling_rate < 0.999 * rate:
        raise ValueError(f"its rate must be at least {rate:g} Hz; it is {stats.sampling_rate:g} Hz")
    same = abs(stats.sampling_rate - rate) < 1e-9 * rate and abs(stats.starttime.timestamp - first) * rate < 1e-3
    if not same:
        trace.interpolate(
            rate, method="lanczos", starttime=max(obspy.UTCDateTime(first), stats.starttime), npts=npts, a=WIDTH
        )
    return record(trace, first)


def record(trace, start):
    """What is known of the trace, as a `Record`."""
    stats = trace.stats
    place, component = stats.get("coordinates", {}), stats.channel[-1:]
    known = (
        stats.get("orientation", {"N": 0.0, "E": 90.0}.get(component)),
        place.get("latitude"),
        place.get("longitude"),
        stats.get("distance"),
        stats.get("azimuth"),
        stats.get("back_azimuth"),
    )
    orientation, latitude, longitude, distance, *azimuths = (np.nan if one is None else float(one) for one in known)
    return Record(
        stats.network,
        stats.station,
        stats.location,
        stats.channel,
        component,
        start,
        stats.sampling_rate,
        orientation,
        latitude,
        longitude,
        distance / 1000,
        *azimuths,
        np.ascontiguousarray(trace.data, float),
    )


# -- radial and transverse -------------------------------------------------------------------------------------------


def can_be_rotated(record):
    """Whether it is a horizontal one, and it is known where it points and where the event is."""
    return not (np.isnan(record.orientation) or np.isnan(record.back_azimuth))


def rotate(one, other):
    """The radial and the transverse component of two horizontal ones, whatever their directions. Radial is away from
    the event, transverse to the right of that."""
    nothing = np.zeros_like(one.data)
    _, north, east = rotate2zne(one.data, one.orientation, 0, other.data, other.orientation, 0, nothing, 0, -90)
    for letter, data in zip("RT", rotate_ne_rt(north, east, one.back_azimuth), strict=True):
        yield one._replace(channel=one.channel[:-1] + letter, component=letter, orientation=np.nan, data=data)
