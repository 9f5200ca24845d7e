"""Synthetic seismograms beside observed ones, station by station.

    observed   read > window > detrend > taper > remove_response > filter_bandpass > resample > rotate > match
                             > assemble                                                       > rotate
    synthetic  read > window > detrend > taper > pre_filter > filter_bandpass > resample > rotate > match
                             > assemble                                                  > rotate
    both       match > compare > write
                               > draw
                               > report

Phase 1 prepares both in the same way, as processing.json says; phase 2 joins them by network, station and component
and says how far apart they are. What can't be used (a broken file, a gap, no response, no partner) goes into a list
with the reason, and stops nothing.
"""

import os

from misfit_measures import PEAKS, misfits
from misfit_processing import read_processing
from misfit_report import Draw, Report
from misfit_steps import Piece, Record, can_be_rotated, piece, resample, rotate, to_units, window

from d4p import GenericPE, SimpleFunctionPE, WorkflowGraph, WriteRecords, create_iterative_chain
from d4p.seismo import Incomplete, LeftOut, ReadWaveforms, merged

# -- phase 1: one record ---------------------------------------------------------------------------------------------


class Window(GenericPE):
    """Cuts each trace to the window. What has only a part of it is written as a piece; that there is a whole one is
    said there, too."""

    def __init__(self, **window):
        GenericPE.__init__(self)
        self._add_input("trace")
        self._add_output("whole")
        self._add_output("piece")
        self.window = window

    def process(self, inputs):
        trace = inputs["trace"]
        if isinstance(trace, LeftOut):
            self.write("whole", trace)
            return
        (trace,) = merged([trace])  # what isn't a number is missing
        try:
            self.write("whole", window(trace, **self.window))
            self.write("piece", Piece(trace.stats.network, trace.stats.station, trace.id, None))
        except Incomplete:
            self.write("piece", piece(trace, **self.window))
        except ValueError as reason:
            self.write("whole", LeftOut.of(trace.id, "", reason))


class Step(SimpleFunctionPE):
    """Applies a function to each record. One that it can't use becomes a `LeftOut` with the reason (ValueError), which
    later steps hand on as it is."""

    stateful = False  # a function may get a list from processing.json, and changes none

    def _process(self, item):
        return applied(item, self.compute_fn, self.params)


def applied(item, function, parameters):
    """A step applied to a record, or a `LeftOut`."""
    if isinstance(item, LeftOut):
        return item
    try:
        return function(item, **parameters)
    except ValueError as reason:
        return LeftOut.of(item.id, "", reason)


class Assemble(GenericPE):
    """Puts together at the end what several files have of a window, and takes all steps with it. It is left out where
    samples are missing."""

    any_order = True  # pieces are sorted before they are put together

    def __init__(self, steps):
        GenericPE.__init__(self)
        self._add_input("piece", grouping=["network", "station"])
        self._add_output("record")
        self.steps = steps
        self.pieces, self.whole = {}, set()

    def process(self, inputs):
        piece = inputs["piece"]
        if piece.trace is None:
            self.whole.add(piece.id)
        else:
            self.pieces.setdefault(piece.id, []).append(piece.trace)

    def postprocess(self):
        for id, traces in sorted(self.pieces.items()):
            if id not in self.whole:
                traces.sort(key=lambda trace: (trace.stats.starttime, trace.stats.npts, trace.data.tobytes()))
                found = merged([trace for trace in traces if trace.stats.npts] or traces[:1])
                item = found[0] if len(found) == 1 else LeftOut.of(
                    id, "", f"its {len(traces)} pieces have different rates or calibrations")
                for function, parameters in self.steps:
                    item = applied(item, function, parameters)
                self.write("record", item)


class Join(GenericPE):
    """Base of keyed joins: each two items with the same key meet, whichever comes first. An instance keeps the items of
    its keys; who had no partner is known at the end."""

    any_order = True

    def __init__(self):
        GenericPE.__init__(self)
        self.waiting = {}

    def met(self, key, side, item):
        """Keeps an item of one side (0 or 1), and gives those of the other that are there."""
        sides = self.waiting.setdefault(key, ([], []))
        sides[side].append(item)
        return sides[1 - side]

    def alone(self):
        """The items of keys of which one side never came, sorted: `(side, item)`."""
        for _, sides in sorted(self.waiting.items()):
            for side in (0, 1):
                if not sides[1 - side]:
                    yield from ((side, item) for item in sides[side])


class Rotate(Join):
    """Turns the two horizontal components of a station into radial and transverse, where that is wanted. Vertical ones
    go on as they are, and so do all of a station whose place isn't known, or whose sensors' directions aren't."""

    def __init__(self, wanted=True):
        Join.__init__(self)
        self._add_input("record", grouping=["network", "station"])
        self._add_output("record")
        self.wanted = wanted

    def process(self, inputs):
        record = inputs["record"]
        if not (self.wanted and isinstance(record, Record) and can_be_rotated(record)):
            self.write("record", record)
            return
        side = int(record.component in "E2Y")
        key = record.network, record.station, record.location, record.channel[:-1]
        for other in self.met(key, side, record):
            for turned in rotate(*((other, record) if side else (record, other))):
                self.write("record", turned)

    def postprocess(self):
        for _, record in self.alone():
            reason = "the other horizontal component is missing, so it can't be rotated"
            self.write("record", LeftOut.of(record.id, "", reason))


# -- phase 2: two records --------------------------------------------------------------------------------------------

SIDES = ("observed", "synthetic")


class Match(Join):
    """Writes each observed record with each synthetic of the same network, station and component."""

    def __init__(self):
        Join.__init__(self)
        for side in SIDES:
            self._add_input(side, grouping=["network", "station", "component"])
        self._add_output("pair")
        self._add_output("left_out")

    def process(self, inputs):
        for name, record in inputs.items():
            if isinstance(record, LeftOut):
                self.write("left_out", record._replace(what=record.what or name))
                continue
            side = SIDES.index(name)
            for other in self.met((record.network, record.station, record.component), side, record):
                self.write("pair", (other, record) if side else (record, other))

    def postprocess(self):
        for side, record in self.alone():
            reason = f"there is no {SIDES[1 - side]} record of this component of the station that can be used"
            self.write("left_out", LeftOut.of(record.id, SIDES[side], reason))


class Compare(GenericPE):
    """Takes an observed record with a synthetic one, writes their misfits: a row of the table, and the row with both
    records for the pictures."""

    fuse = False  # it takes most of the time: pairs go to whichever instance is free, however the join's keys fall

    def __init__(self, units, **parameters):
        GenericPE.__init__(self)
        self._add_input("pair")
        self._add_output("row")
        self._add_output("compared")
        self._add_output("left_out")
        self.units, self.parameters = units, parameters

    def process(self, inputs):
        observed, synthetic = inputs["pair"]
        try:
            found = misfits(observed.data, synthetic.data, observed.rate, self.units, **self.parameters)
        except ValueError as reason:
            self.write("left_out", LeftOut.of(observed.id, "observed", f"with {synthetic.id}: {reason}"))
            return
        row = {
            "network": observed.network, "station": observed.station, "component": observed.component,
            "observed": observed.id, "synthetic": synthetic.id, "latitude": observed.latitude,
            "longitude": observed.longitude, "distance_km": observed.distance_km, "azimuth": observed.azimuth,
            "back_azimuth": observed.back_azimuth, "start": observed.start, "rate_hz": observed.rate,
            "npts": len(observed.data), "units": self.units, **found,
        }  # fmt: skip
        self.write("row", row)
        self.write(
            "compared",
            {
                "network": observed.network,
                "station": observed.station,
                "row": row,
                "observed": observed.data,
                "synthetic": synthetic.data,
            },
        )


#: The columns of the table.
TEXTS = ("network", "station", "component", "observed", "synthetic", "units")
COLUMNS = {
    name: str if name in TEXTS else int if name == "npts" else float
    for name in (
        "network",
        "station",
        "component",
        "observed",
        "synthetic",
        "latitude",
        "longitude",
        "distance_km",
        "azimuth",
        "back_azimuth",
        "start",
        "rate_hz",
        "npts",
        "units",
        "l2",
        "delay_s",
        "coefficient",
        "gain",
        "envelope_misfit",
        "phase_misfit",
        *(f"{peak}_{of}" for peak in PEAKS for of in ("observed", "synthetic", "difference")),
    )
}


# -- the workflow ----------------------------------------------------------------------------------------------------


def steps_of(side, said):
    """What is done to each record of a side, from a trace to a `Record`: `(function, parameters)` each."""
    given, steps = ((said["output_units"], said["data_processing"]) if side == "observed" else
                    (said["synthetics_units"], said["synthetics_processing"]))
    units, window = said["output_units"], said["window"]
    changed = [] if given == units else [(to_units, {"given": given, "wanted": units})]
    last = {"start": window["start"], "seconds": window["seconds"], "rate": said["sampling_rate"]}
    return [*steps, *changed, (resample, last)]


def prepare(graph, side, path, stations, event, said):
    """Phase 1 of the observed or the synthetic records: adds it to the graph, gives the PE and port they come from."""
    steps = steps_of(side, said)
    read, cut = ReadWaveforms(path, stations, event), Window(**said["window"])
    chain = create_iterative_chain(steps, Step, name_prefix="", name_suffix=f"_{side}")
    assemble, rotating = Assemble([(window, said["window"]), *steps]), Rotate(said["rotate_to_ZRT"])
    for pe, name in ((read, "read"), (cut, "window"), (assemble, "assemble"), (rotating, "rotate")):
        pe.name = f"{name}_{side}"
    graph.connect(read, "output", cut, "trace")
    graph.connect(cut, "whole", chain, "input")
    graph.connect(cut, "piece", assemble, "piece")
    graph.connect(chain, "output", rotating, "record")
    graph.connect(assemble, "record", rotating, "record")
    return rotating, "record"


def make(
    observed="misfit-data/observed",
    synthetics="misfit-data/synthetics",
    stations="misfit-data/stations.xml",
    event="misfit-data/event.xml",
    processing=None,
    output="misfit-output",
    pictures=True,
):
    """The workflow: `d4p run misfit.py:make -p observed='/data/*.mseed' -p event=event.xml`.

    Args:
        observed, synthetics: of the records: a file, a folder, a glob, or a list of those.
        stations: the metadata of the stations, StationXML for instance, in the same way.
        event: QuakeML, for instance.
        processing: the JSON file that says what is done, or what is in it, a dict.
        output: the folder for what comes out.
        pictures: whether pictures are drawn.
    """
    said = read_processing(processing)
    graph = WorkflowGraph()
    match, compare = Match(), Compare(said["output_units"], **said["misfit"])
    for side, path in zip(SIDES, (observed, synthetics), strict=True):
        graph.connect(*prepare(graph, side, path, stations, event, said), match, side)
    write = WriteRecords(os.path.join(output, "misfits"), "parquet", schema=COLUMNS)
    report = Report(output, event, list(COLUMNS), pictures)
    match.name, compare.name, write.name, report.name = "match", "compare", "write", "report"
    graph.connect(match, "pair", compare, "pair")
    graph.connect(compare, "row", write, "input")
    graph.connect(compare, "row", report, "row")
    for pe in (match, compare):
        graph.connect(pe, "left_out", report, "left_out")
    if pictures:
        draw = Draw(os.path.join(output, "stations"), event)
        draw.name = "draw"
        graph.connect(compare, "compared", draw, "compared")
    return graph


#: For the records of generate.py: P of a distant, deep earthquake.
DISTANT = {
    "window": {"start": -20.0, "seconds": 75.0, "phase": "P", "model": "iasp91"},
    "sampling_rate": 4.0,
    "synthetics_units": "displacement",
    "data_processing": [
        {"type": "detrend", "parameters": {"method": "linear"}},
        {"type": "taper", "parameters": {"taper_type": "hann", "max_percentage": 0.1}},
        {"type": "remove_response", "parameters": {"pre_filt": [0.02, 0.05, 1.2, 1.6], "response_output": "VEL"}},
        {"type": "filter_bandpass", "parameters": {"min_frequency": 0.1, "max_frequency": 1.0, "corners": 2}},
    ],
    "synthetics_processing": [
        {"type": "taper", "parameters": {"taper_type": "hann", "max_percentage": 0.1}},
        {"type": "pre_filter", "parameters": {"pre_filt": [0.02, 0.05, 1.2, 1.6]}},
        {"type": "filter_bandpass", "parameters": {"min_frequency": 0.1, "max_frequency": 1.0, "corners": 2}},
    ],
    "misfit": {"max_delay": 10.0, "min_frequency": 0.1, "max_frequency": 1.0},
}

graph = make(processing=DISTANT)
