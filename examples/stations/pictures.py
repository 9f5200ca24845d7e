"""Two pictures of what stations.py stored: a record section, and the delay of every pair.

    python examples/stations/pictures.py stations-output stations-data/stations.csv

record-section.png: the correlations over the lag, sorted by the distance of their stations, averaged in bins of it.
delays.png: the lag of the peak of each pair, a row and a column for each station, sorted by how late it is.

The table has the columns id, x_km, y_km and, where the answer is known, delay_s; without a table there is no record
section. The correlations are read once, a batch at a time.
"""

import argparse
import csv
import io
import os
import sys
import time

import numpy as np

from d4p import files
from d4p.errors import Refused, RunFailed
from d4p.seismo import Correlations

BINS = 120  # of distance, at most
FEWEST = 20  # pairs in a bin that is shown
LINES = 60  # pairs that are drawn one by one; more are averaged


class Stations:
    """Where stations are and, if it is known, when they hear the noise.

    `number` is a dict from id to row; xy_km is (stations, 2), delay_s (stations,) or None.
    """

    def __init__(self, path):
        with open(path, newline="") as file:
            rows = list(csv.DictReader(file))
        missing = {"id", "x_km", "y_km"} - set(rows[0] if rows else ())
        if missing:
            raise Refused(f"{path} must be a table with the columns id, x_km and y_km; of them {sorted(missing)} are "
                          "missing")
        self.number = {row["id"]: i for i, row in enumerate(rows)}
        self.xy_km = np.array([[float(row["x_km"]), float(row["y_km"])] for row in rows])
        self.delay_s = np.array([float(row["delay_s"]) for row in rows]) if "delay_s" in rows[0] else None

    def distance(self, first, second):
        """Between the stations of pairs, in km: (pairs,)."""
        try:
            a, b = ([self.number[id] for id in ids] for ids in (first, second))
        except KeyError as error:
            raise Refused(f"the table must have all stations; {error} isn't in it, of {len(self.number):,}") from None
        return np.linalg.norm(self.xy_km[a] - self.xy_km[b], axis=1)


def peaks(values):
    """Where the largest value in size of each row is, in samples, to a fraction of one by a parabola: (rows,)."""
    rows = np.arange(len(values))
    high, low = values.argmax(axis=1), values.argmin(axis=1)
    at = np.where(values[rows, high] >= -values[rows, low], high, low)
    inside = np.clip(at, 1, values.shape[1] - 2)
    left, middle, right = (values[rows, inside + k].astype(float) for k in (-1, 0, 1))
    bend = left - 2 * middle + right
    part = np.where(bend != 0, 0.5 * (left - right) / np.where(bend != 0, bend, 1), 0)
    return np.where(at == inside, inside + np.clip(part, -0.5, 0.5), at)


class Seen:
    """What the pictures need of all correlations: the lag of each peak, and the mean of each bin of distance."""

    def __init__(self, stations):
        self.stations = stations
        self.pairs, self.lags_s, self.few = [], [], []
        if stations:
            self.width = max(np.linalg.norm(np.ptp(stations.xy_km, axis=0)) / BINS, 1e-9)  # of a bin, km
            self.sums, self.counts = None, np.zeros(BINS + 1, int)  # (bins, lags), (bins,)

    def add(self, batch):
        """A batch of correlations."""
        c = batch.columns
        self.rate, self.first_lag = float(c.rate[0]), float(c.first_lag[0])
        self.pairs += zip(c.first, c.second, strict=True)
        self.lags_s.append(self.first_lag + peaks(c.values) / self.rate)
        if self.stations:
            self.stack(c.values, self.stations.distance(c.first, c.second))

    def stack(self, values, km):
        """Adds correlations to the bins of their distances; keeps them, too, while they are few."""
        if self.sums is None:
            self.sums = np.zeros((BINS + 1, values.shape[1]), values.dtype)
        for row, bin in zip(values, (km / self.width).astype(int), strict=True):
            self.sums[bin] += row
            self.counts[bin] += 1
        if len(self.pairs) <= LINES:
            self.few += zip(km, values.copy(), self.lags_s[-1], strict=True)

    def means(self):
        """The mean of each bin, and the edges of the bins in km: (bins, lags), (bins + 1,). Up to the last bin that has
        enough pairs; those with fewer are NaN."""
        enough = max(1, min(FEWEST, len(self.pairs) // (4 * BINS)))
        bins = 1 + np.flatnonzero(self.counts >= enough)[-1]
        counts = np.where(self.counts >= enough, self.counts, np.nan)
        return self.sums[:bins] / counts[:bins, None], self.width * np.arange(bins + 1)


def record_section(seen, velocity=None):
    """Correlations over the lag, by distance: a line for each pair, or the means of bins where they are many. Dashed is
    where what travels at `velocity` (km/s) would be."""
    from matplotlib.figure import Figure

    lags = seen.first_lag + np.arange(seen.sums.shape[1]) / seen.rate
    all_lags = np.concatenate(seen.lags_s)
    shown = np.abs(lags) <= 1.25 * np.quantile(np.abs(all_lags), 0.995) + 8 / seen.rate
    figure = Figure(figsize=(8, 7), layout="constrained")
    axes = figure.add_subplot(xlabel="lag (s)", ylabel="distance between the stations (km)")
    if len(seen.pairs) <= LINES:
        largest = max(np.abs(values).max() for _, values, _ in seen.few)
        reach = max(km for km, _, _ in seen.few)
        for km, values, lag in seen.few:
            axes.plot(lags[shown], km + 0.06 * reach / largest * values[shown], color="black", linewidth=0.6)
            axes.plot(lag, km, "|", color="tab:red", markersize=8)
        axes.set_title(f"{len(seen.pairs)} pairs, largest {largest:.2f}; red: the lag of the peak", fontsize=10)
    else:
        axes.set_facecolor("lightgrey")
        means, edges = seen.means()
        reach = edges[-1]
        image = means[:, shown]
        limit = np.nanquantile(np.abs(image), 0.995)
        half = 0.5 / seen.rate
        drawn = axes.pcolormesh([*(lags[shown] - half), lags[shown][-1] + half], edges, image, cmap="RdBu_r",
                                vmin=-limit, vmax=limit, rasterized=True)
        figure.colorbar(drawn, label="mean correlation coefficient", extend="both")
        axes.set_title(f"{len(seen.pairs):,} pairs, averaged in bins of {seen.width:.2g} km", fontsize=10)
    if velocity:
        for sign in (-1, 1):
            axes.plot([0, sign * reach / velocity], [0, reach], "--", color="tab:green", linewidth=1,
                      label=f"{velocity:g} km/s" if sign > 0 else None)
        axes.legend(loc="lower right", fontsize=8)
    axes.set_xlim(lags[shown][0], lags[shown][-1])
    return figure


def delay_matrix(seen):
    """The ids, sorted by how late they are, and the lag of the peak of each pair, s: (stations, stations), NaN on the
    diagonal and where a pair is missing. Element (i, j) is positive where i is later."""
    ids = sorted({id for pair in seen.pairs for id in pair})
    number = {id: i for i, id in enumerate(ids)}
    matrix = np.full((len(ids), len(ids)), np.nan)
    first = [number[a] for a, _ in seen.pairs]
    second = [number[b] for _, b in seen.pairs]
    lags = np.concatenate(seen.lags_s)
    matrix[first, second], matrix[second, first] = lags, -lags
    late = np.nanmedian(matrix, axis=1)
    if seen.stations and seen.stations.delay_s is not None:
        late = np.array([seen.stations.delay_s[seen.stations.number[id]] for id in ids])
    order = np.argsort(late, kind="stable")
    return [ids[i] for i in order], matrix[np.ix_(order, order)]


def delays(seen):
    """The matrix of delays; beside it the true one and the difference, where the truth is known."""
    from matplotlib.figure import Figure

    ids, matrix = delay_matrix(seen)
    known = seen.stations is not None and seen.stations.delay_s is not None
    panels = [("measured: lag of the peak", matrix, "s")]
    if known:
        late = np.array([seen.stations.delay_s[seen.stations.number[id]] for id in ids])
        truth = np.where(np.isnan(matrix), np.nan, late[:, None] - late[None, :])
        off = 1000 * (matrix - truth)
        panels += [("true", truth, "s"), (f"measured less true, rms {np.sqrt(np.nanmean(off**2)):.1f} ms; "
                                   f"a sample: {1000 / seen.rate:g} ms", off, "ms")]
    figure = Figure(figsize=(1 + 4.6 * len(panels), 4.6), layout="constrained")
    largest = np.nanquantile(np.abs(panels[-2 if known else 0][1]), 1)
    for at, (title, image, unit) in enumerate(panels):
        limit = largest if unit == "s" else max(np.nanquantile(np.abs(image), 0.999), 1e-3)
        axes = figure.add_subplot(1, len(panels), at + 1)
        drawn = axes.imshow(image, cmap="RdBu_r" if unit == "s" else "PuOr_r", vmin=-limit, vmax=limit,
                            interpolation="nearest" if len(ids) < 300 else "antialiased")
        figure.colorbar(drawn, label=unit, shrink=0.8)
        axes.set_title(title, fontsize=10)
        if len(ids) <= 40:
            names = [id.split(".")[1] for id in ids]
            axes.set_xticks(range(len(ids)), names, rotation=90, fontsize=7)
            axes.set_yticks(range(len(ids)), names, fontsize=7)
        else:
            axes.set_xlabel("station, from early to late")
            axes.set_ylabel("station" if at == 0 else "")
    return figure


def draw(batches, output, stations=None, velocity=None, progress=lambda pairs: None):
    """Writes the pictures of batches of correlations into a folder; their paths."""
    seen = Seen(stations)
    for batch in batches:
        seen.add(batch)
        progress(len(seen.pairs))
    if not seen.pairs:
        raise Refused(f"pictures need correlations, and there are none in {output}")
    pictures = {"delays.png": delays(seen)}
    if stations:
        pictures["record-section.png"] = record_section(seen, velocity)
    paths = []
    for name, figure in pictures.items():
        image = io.BytesIO()
        figure.savefig(image, format="png", dpi=150)
        paths.append(os.path.join(output, name))
        files.write(paths[-1], image.getvalue())  # whole or not at all
    return paths


def main():
    options = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    options.add_argument("output", help="the folder that stations.py wrote")
    options.add_argument("stations", nargs="?", help="the table of stations")
    options.add_argument("--velocity", type=float, help="km/s: draws a dashed line into the record section")
    args = options.parse_args()
    begun = time.monotonic()
    try:
        correlations = Correlations(os.path.join(args.output, "correlations"))
        stations = Stations(args.stations) if args.stations else None

        def progress(pairs):
            if sys.stderr.isatty():
                print(f"\r{pairs:,} of {len(correlations):,} pairs", end="", file=sys.stderr)

        paths = draw(correlations.records.batches(), args.output, stations, args.velocity, progress)
    except (Refused, RunFailed, OSError) as error:
        sys.exit(f"refused: {error}")
    print(f"\r{len(correlations):,} pairs, {time.monotonic() - begun:.0f} s: {' '.join(paths)}")


if __name__ == "__main__":
    main()
