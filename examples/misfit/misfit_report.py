"""What is written beside the Parquet table: pictures, the same table as CSV, a map, and what was left out."""

import csv
import io
import json
import math
import os

from d4p import GenericPE, files
from d4p.seismo import origin_of

#: What the map has of each component.
MAPPED = ("l2", "delay_s", "coefficient", "gain", "envelope_misfit", "phase_misfit")


class Draw(GenericPE):
    """Draws the records of each station over each other, with their misfits: a picture each, `NET.STA.png`."""

    any_order = True  # what is drawn is sorted before

    def __init__(self, folder, event):
        GenericPE.__init__(self)
        self._add_input("compared", grouping=["network", "station"])
        self.folder, self.event = folder, event
        self.stations = {}

    def process(self, inputs):
        item = inputs["compared"]
        self.stations.setdefault(f"{item['network']}.{item['station']}", []).append(
            (item["row"], item["observed"], item["synthetic"])
        )

    def postprocess(self):
        from misfit_pictures import of_station, png  # here, so that only processes that draw load matplotlib

        for name, compared in self.stations.items():
            figure = of_station(compared, origin_of(self.event).time)
            files.write(os.path.join(self.folder, f"{name}.png"), png(figure))  # whole or not at all


class Report(GenericPE):
    """Writes the table, the map, what was left out and, with `pictures`, that of all. All are sorted: the same bytes,
    whoever comes first."""

    any_order = True

    def __init__(self, folder, event, columns, pictures):
        GenericPE.__init__(self)
        self._add_input("row", grouping="global")
        self._add_input("left_out", grouping="global")
        self.folder, self.event, self.columns, self.pictures = folder, event, columns, pictures
        self.rows, self.left_out = [], []

    def process(self, inputs):
        for name, item in inputs.items():
            (self.rows if name == "row" else self.left_out).append(item)

    def postprocess(self):
        rows = sorted(
            self.rows,
            key=lambda row: (row["network"], row["station"], row["component"], row["observed"], row["synthetic"]),
        )
        left_out = sorted((left.id, left.what, left.reason) for left in self.left_out)
        self.write_file("misfits.csv", table(self.columns, ([row[name] for name in self.columns] for row in rows)))
        self.write_file("left-out.csv", table(("id", "what", "reason"), left_out))
        origin = origin_of(self.event)
        self.write_file("misfits.geojson", json.dumps(features(rows, origin), indent=1))
        if self.pictures:
            self.draw(rows, origin)
        self.log(f"{len(rows)} pairs compared, {len(left_out)} left out: {self.folder}")

    def draw(self, rows, origin):
        from misfit_pictures import of_all, png

        if figure := of_all(rows, origin.name):
            self.write_file("misfits.png", png(figure))

    def write_file(self, name, content):
        files.write(os.path.join(self.folder, name), content.encode() if isinstance(content, str) else content)


def table(columns, rows):
    """CSV; what isn't known (NaN) is empty."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(["" if value != value else value for value in row] for row in rows)
    return text.getvalue()


def features(rows, origin):
    """GeoJSON: a point for the event, one for each station, which has the misfits of its channels, `HHZ_delay_s`."""
    points = [
        feature(
            origin.longitude,
            origin.latitude,
            {"event": origin.name, "time": origin.time, "depth_m": origin.depth, "magnitude": known(origin.magnitude)},
        )
    ]
    stations = {}
    for row in rows:
        stations.setdefault((row["network"], row["station"]), []).append(row)
    for (network, station), several in stations.items():
        first = several[0]
        properties = {
            "id": f"{network}.{station}",
            "distance_km": known(first["distance_km"]),
            "azimuth": known(first["azimuth"]),
        }
        for row in several:
            channel = row["observed"].split(".", 2)[2].lstrip(".")
            properties |= {f"{channel}_{name}": known(row[name]) for name in MAPPED}
        points.append(feature(first["longitude"], first["latitude"], properties))
    return {"type": "FeatureCollection", "features": points}


def feature(longitude, latitude, properties):
    """A point; one whose place isn't known has no geometry."""
    geometry = None if math.isnan(longitude) else {"type": "Point", "coordinates": [longitude, latitude]}
    return {"type": "Feature", "geometry": geometry, "properties": properties}


def known(value):
    """JSON has no NaN."""
    return None if value != value else value
