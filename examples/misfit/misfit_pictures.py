"""Pictures of misfits: the records of a station over each other, and all misfits by distance and azimuth."""

import io

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

#: What each component is drawn in.
COLOURS = {"Z": "tab:blue", "R": "tab:orange", "T": "tab:green", "N": "tab:orange", "E": "tab:green"}
SYMBOLS = {"displacement": "m", "velocity": "m/s", "acceleration": "m/s²"}
#: Rows of the picture of all: a column of the table, its name, whether its axis is logarithmic, and its neutral value.
MEASURES = (
    ("delay_s", "delay (s)", False, 0.0),
    ("gain", "amplitude ratio", True, 1.0),
    ("envelope_misfit", "envelope misfit", False, 0.0),
    ("phase_misfit", "phase misfit", False, 0.0),
)


def png(figure):
    """Its bytes: the same for the same figure."""
    picture = io.BytesIO()
    figure.savefig(picture, format="png", dpi=110, metadata={"Software": None})
    return picture.getvalue()


def of_station(compared, origin_time):
    """The observed record of each component (black) with the synthetic one (red), and their misfits.

    Args:
        compared: `(row, observed, synthetic)` of each component: a row of the table and the records, (npts,) each.
        origin_time: of the event, s since 1970.
    """
    compared = sorted(compared, key=_order)
    row = compared[0][0]
    largest = max(max(np.abs(observed).max(), np.abs(synthetic).max()) for _, observed, synthetic in compared)
    factor, prefix = prefixed(largest)
    figure = Figure(figsize=(9, 0.7 + 1.7 * len(compared)), layout="constrained")
    axes = figure.subplots(len(compared), sharex=True, sharey=True, squeeze=False)[:, 0]
    for ax, (row, observed, synthetic) in zip(axes, compared, strict=True):
        seconds = row["start"] - origin_time + np.arange(row["npts"]) / row["rate_hz"]
        ax.plot(seconds, factor * observed, color="black", linewidth=0.9, label="observed")
        ax.plot(seconds, factor * synthetic, color="tab:red", linewidth=0.9, label="synthetic")
        ax.set_title(told(row), fontsize=8, loc="left")
        ax.set_ylabel(f"{row['observed'].split('.')[-1]}\n{prefix}{SYMBOLS[row['units']]}", fontsize=8)
        ax.tick_params(labelsize=8)
        ax.margins(x=0)
        ax.set_ylim(-1.1 * factor * largest, 1.1 * factor * largest)
    axes[0].legend(loc="upper right", fontsize=8, ncols=2, frameon=False)
    axes[-1].set_xlabel("time since the origin (s)", fontsize=9)
    where = (
        "" if np.isnan(row["distance_km"]) else f", {row['distance_km']:,.1f} km away, azimuth {row['azimuth']:.0f}°"
    )
    figure.suptitle(f"{row['network']}.{row['station']}{where}", fontsize=11)
    return figure


def _order(compared):
    row = compared[0]
    return "ZRTNE".find(row["component"]) % 9, row["observed"], row["synthetic"]


def told(row):
    """The misfits of a row, in a line."""
    return (
        f"delay {row['delay_s']:+.3g} s   coefficient {row['coefficient']:.2f}   amplitude ratio "
        f"{row['gain']:.3g}   L2 {row['l2']:.2f}   envelope {row['envelope_misfit']:.2f}   phase "
        f"{row['phase_misfit']:.2f}"
    )


def prefixed(largest):
    """The factor and the prefix of the unit with which the largest value is a number from 1 to 1,000.

    >>> prefixed(0.00002)
    (1000000.0, 'µ')
    """
    fitting = (pair for pair in ((1.0, ""), (1e3, "m"), (1e6, "µ")) if pair[0] * largest >= 1)
    return next(fitting, (1e9, "n"))


def of_all(rows, name_of_event):
    """Misfits by distance, by azimuth, and where both are, as seen from the epicentre. None where no place is known."""
    rows = [row for row in rows if not np.isnan(row["distance_km"])]
    if not rows:
        return None
    stations = {(row["network"], row["station"]) for row in rows}
    figure = Figure(figsize=(13, 2.7 * len(MEASURES) + 0.5))
    figure.suptitle(f"{name_of_event}: {len(rows)} pairs of records, {len(stations)} stations", fontsize=12)
    grid = figure.add_gridspec(len(MEASURES), 3, width_ratios=(3, 3, 2.2), left=0.07, right=0.95, bottom=0.06, top=0.94,
                               wspace=0.16, hspace=0.3)
    for at, (name, title, logarithmic, neutral) in enumerate(MEASURES):
        for column, (across, label, limits) in enumerate(
            (("distance_km", "distance (km)", None), ("azimuth", "azimuth (°)", (0, 360)))
        ):
            ax = figure.add_subplot(grid[at, column])
            ax.axhline(neutral, color="grey", linewidth=0.8)
            for component in sorted({row["component"] for row in rows}, key="ZRTNE".find):
                those = [row for row in rows if row["component"] == component]
                ax.plot(
                    [row[across] for row in those],
                    [row[name] for row in those],
                    "o",
                    markersize=4,
                    alpha=0.8,
                    color=COLOURS.get(component, "grey"),
                    label=component,
                )
            if logarithmic:
                values = [row[name] for row in rows if row[name] > 0] or [1.0]
                ax.set_yscale("log")
                ax.set_ylim(min(0.45, 0.8 * min(values)), max(2.2, 1.25 * max(values)))
                ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
                ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
                ax.yaxis.set_minor_formatter(NullFormatter())
            ax.set_xlim(limits)
            if limits:
                ax.set_xticks(range(0, 361, 60))
            ax.set_ylabel(title if column == 0 else "")
            ax.set_xlabel(label if at == len(MEASURES) - 1 else "")
            ax.grid(alpha=0.3)
            if at == 0 and column == 0:
                ax.legend(fontsize=8)
        _around(figure, grid[at, 2], rows, name, title, logarithmic, neutral)
    return figure


def _around(figure, cell, rows, name, title, logarithmic, neutral):
    """The mean of each station over its components, where the station is as seen from the epicentre."""
    stations = {}
    for row in rows:
        stations.setdefault((row["azimuth"], row["distance_km"]), []).append(row[name])
    azimuths, distances = np.array(list(stations)).T
    values = np.array([np.mean(several) for several in stations.values()])
    if logarithmic:
        values, title = np.log10(np.maximum(values, 1e-30)), f"log10 of the {title}"
        neutral = np.log10(neutral)
    signed = values.min() < neutral or logarithmic
    limit = max(np.abs(values - neutral).max(), 1e-9)
    ax = figure.add_subplot(cell, projection="polar", theta_offset=np.pi / 2, theta_direction=-1)
    shown = ax.scatter(
        np.radians(azimuths),
        distances,
        c=values,
        s=28,
        edgecolors="black",
        linewidths=0.4,
        cmap="RdBu_r" if signed else "viridis",
        vmin=neutral - limit if signed else 0,
        vmax=neutral + limit,
    )
    ax.set_ylim(0, 1.08 * distances.max())
    ax.set_xticks(np.radians(range(0, 360, 90)), ["N", "E", "S", "W"])
    ax.tick_params(labelsize=7, pad=0)
    ax.set_rlabel_position(_emptiest(azimuths))
    ax.yaxis.set_major_locator(MaxNLocator(3))
    figure.colorbar(shown, ax=ax, shrink=0.85, pad=0.1).set_label(f"mean {title}", fontsize=8)


def _emptiest(azimuths):
    """The middle of the widest gap between azimuths, degrees: where the labels of distances hide no station."""
    around = np.sort(azimuths)
    gaps = np.diff(np.append(around, around[0] + 360))
    widest = int(np.argmax(gaps))
    return float(around[widest] + gaps[widest] / 2) % 360
