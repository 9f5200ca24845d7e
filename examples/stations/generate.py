"""Records of many stations that hear the same noise: miniSEED files whose delays are known.

    python examples/stations/generate.py stations-data --stations 1000 --seed 1

A plane wave of noise crosses the stations from one direction at one velocity, and each station adds noise of its own.
Station i hears the wave at the time t + delay_s, where delay_s is how far it lies along the wave's way, divided by
the velocity; the delay of a pair is the difference of two. Delays are exact: they are phase shifts of the spectrum.

The folder also gets stations.csv: id, x_km (to the east), y_km (to the north), delay_s. It is there whole or not at
all, and the same seed gives the same bytes.
"""

import argparse
import csv
import functools
import math
import multiprocessing
import os
import shutil
import sys
import time
from pathlib import Path

import numpy as np
import obspy
from scipy.fft import irfft, next_fast_len, rfftfreq

START = obspy.UTCDateTime("2020-01-01")
RATE = 40  # Hz
BAND = (0.1, 1.6)  # Hz
EXTENT = 50.0  # km, of the square in which the stations are
VELOCITY = 3.0  # km/s, of a Rayleigh wave in the upper crust
AZIMUTH = 30.0  # degrees from north: where the wave goes
COUNTS = 200.0  # standard deviation of what all stations hear


def place(stations, seed):
    """The ids of the stations, their places in km (stations, 2), and their delays in s, from 0 up."""
    xy = np.random.default_rng(seed).uniform(0, EXTENT, (stations, 2)).round(3)
    way = np.array([math.sin(math.radians(AZIMUTH)), math.cos(math.radians(AZIMUTH))])
    delays = xy @ way / VELOCITY
    digits = max(3, len(str(stations - 1)))
    return [f"XX.S{i:0{digits}d}..BHZ" for i in range(stations)], xy, delays


def band_noise(rng, count):
    """`count` coefficients of a spectrum of white noise: (count,), complex128."""
    return rng.standard_normal(count) + 1j * rng.standard_normal(count)


def record(delay, index, seed, seconds, noise):
    """What a station records: int32 counts. `noise` is the ratio of its own noise to the wave, of amplitudes."""
    npts = round(seconds * RATE)
    padded = next_fast_len(npts + round(2 * EXTENT / VELOCITY * RATE), real=True)  # what is late does not come round
    frequencies = rfftfreq(padded, 1 / RATE)
    first, last = np.searchsorted(frequencies, BAND)
    inside = frequencies[first:last]
    wave = band_noise(np.random.default_rng([seed, 0]), last - first) * np.exp(-2j * np.pi * inside * delay)
    own = band_noise(np.random.default_rng([seed, 1, index]), last - first)
    spectrum = np.zeros(len(frequencies), complex)
    spectrum[first:last] = wave + noise * own
    data = irfft(spectrum, padded)[:npts]
    return np.rint(data * (COUNTS * padded / (2 * math.sqrt(last - first)))).astype(np.int32)


def write(folder, seed, seconds, noise, station):
    """The file of a station: (its number, its id, its delay)."""
    index, name, delay = station
    network, code, location, channel = name.split(".")
    stats = {"network": network, "station": code, "location": location, "channel": channel, "sampling_rate": RATE,
             "starttime": START}
    trace = obspy.Trace(record(delay, index, seed, seconds, noise), stats)
    trace.write(os.path.join(folder, f"{name}.mseed"), format="MSEED", encoding="STEIM2", reclen=4096)


def generate(folder, stations=1000, seed=1, seconds=3600.0, noise=1.0, processes=None, progress=lambda done: None):
    """Writes the records and stations.csv. Raises FileExistsError where the folder is there and not empty."""
    folder = Path(folder)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise FileExistsError(f"{folder} must be a new or an empty folder; it exists: remove it, or give another")
    ids, xy, delays = place(stations, seed)
    unfinished = folder.with_name(f"{folder.name}.unfinished-{os.getpid()}")
    unfinished.mkdir(parents=True)
    try:
        make = functools.partial(write, unfinished, seed, seconds, noise)
        tasks = list(zip(range(stations), ids, delays, strict=True))
        with multiprocessing.Pool(processes) as pool:
            for done, _ in enumerate(pool.imap_unordered(make, tasks, chunksize=4), 1):
                progress(done)
        with open(unfinished / "stations.csv", "w", newline="") as file:
            table = csv.writer(file)
            table.writerow(["id", "x_km", "y_km", "delay_s"])
            for index, name, delay in tasks:
                table.writerow([name, *xy[index].tolist(), f"{delay:.6f}"])
        os.replace(unfinished, folder)
    except BaseException:
        shutil.rmtree(unfinished)
        raise


def main():
    options = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    options.add_argument("folder", help="to write to: a new one")
    options.add_argument("--stations", type=int, default=1000)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--seconds", type=float, default=3600.0, help="the length of the records")
    options.add_argument("--noise", type=float, default=1.0, help="a station's own noise, in amplitudes of the wave")
    args = options.parse_args()
    begun = time.monotonic()

    def progress(done):
        if sys.stderr.isatty() or done == args.stations:
            end = "\n" if done == args.stations else ""
            print(f"\r{done:,} of {args.stations:,} stations, {time.monotonic() - begun:.0f} s", end=end,
                  file=sys.stderr, flush=True)

    try:
        generate(args.folder, args.stations, args.seed, args.seconds, args.noise, progress=progress)
    except FileExistsError as error:
        sys.exit(f"refused: {error}")
    size = sum(path.stat().st_size for path in Path(args.folder).iterdir())
    print(f"written: {args.folder}, {size / 1e6:,.0f} MB")


if __name__ == "__main__":
    main()
