"""processing.json: which steps are done with records, with which parameters, and how they are compared."""

import difflib
import inspect
import json

from misfit_measures import misfits
from misfit_steps import OUTPUTS, STEPS, UNITS

from d4p import files
from d4p.errors import Refused

#: What is done where no file says otherwise.
PROCESSING = {
    "output_units": "velocity",
    "synthetics_units": "velocity",
    "rotate_to_ZRT": True,
    "window": {"start": 0.0, "seconds": 55.0},
    "sampling_rate": 20.0,
    "data_processing": [
        {"type": "detrend", "parameters": {"method": "linear"}},
        {"type": "taper", "parameters": {"taper_type": "hann", "max_percentage": 0.05}},
        {"type": "remove_response", "parameters": {"pre_filt": [0.005, 0.01, 8.0, 10.0], "response_output": "VEL"}},
        {"type": "filter_bandpass", "parameters": {"min_frequency": 0.1, "max_frequency": 2.0, "corners": 3}},
    ],
    "synthetics_processing": [
        {"type": "detrend", "parameters": {"method": "linear"}},
        {"type": "taper", "parameters": {"taper_type": "hann", "max_percentage": 0.05}},
        {"type": "pre_filter", "parameters": {"pre_filt": [0.005, 0.01, 8.0, 10.0]}},
        {"type": "filter_bandpass", "parameters": {"min_frequency": 0.1, "max_frequency": 2.0, "corners": 3}},
    ],
    "misfit": {"max_delay": 5.0, "subsample": True, "min_frequency": 0.1, "max_frequency": 2.0, "frequencies": 32},
}


def read_processing(given):
    """What a file says (its path or URL), or a dict of the same form; each step becomes `(function, parameters)`. What
    isn't said is as in PROCESSING. Raises Refused."""
    said = loaded(given) if isinstance(given, str) else {} if given is None else given
    if not isinstance(said, dict):
        raise Refused(f"processing must be the path of a JSON file with an object in it; it is {said!r:.200}")
    _known("processing has no", said, PROCESSING)
    said = PROCESSING | said
    steps = {
        name: [_step(step, f"{name}, step {n}") for n, step in enumerate(_list(said, name), 1)]
        for name in ("data_processing", "synthetics_processing")
    }
    said |= steps
    for name in ("output_units", "synthetics_units"):
        if said[name] not in UNITS:
            raise Refused(f"{name} must be one of {', '.join(UNITS)}; it is {said[name]!r}")
    said["window"] = _filled(said, "window", ("start", "seconds", "phase", "model"))
    said["misfit"] = _filled(said, "misfit", list(inspect.signature(misfits).parameters)[4:])
    _check_numbers(said)
    _check_response(said)
    return said


def loaded(path):
    """What is in a JSON file. Raises Refused."""
    try:
        with files.open(path) as file:
            return json.load(file)
    except OSError as error:
        raise Refused(f"processing must be the path of a JSON file; {path}: {error.strerror or error}") from error
    except ValueError as error:
        raise Refused(f"processing must be a file of JSON; {path}: {error}") from error


def _list(said, name):
    if not isinstance(said[name], list):
        raise Refused(
            f'{name} must be a list of steps, [{{"type": "detrend", "parameters": {{...}}}}, ...]; it is '
            f"{said[name]!r:.200}"
        )
    return said[name]


def _step(step, where):
    """The function of a step with its parameters."""
    if not isinstance(step, dict) or "type" not in step or set(step) - {"type", "parameters"}:
        raise Refused(f'{where} must be {{"type": ..., "parameters": {{...}}}}; it is {step!r:.200}')
    _known(f"{where}: there is no type", [step["type"]], STEPS)
    parameters = step.get("parameters") or {}
    takes = dict(list(inspect.signature(STEPS[step["type"]]).parameters.items())[1:])
    _known(f"{where}: {step['type']} has no parameter", parameters, takes)
    missing = [name for name, one in takes.items() if one.default is one.empty and name not in parameters]
    if missing:
        raise Refused(
            f"{where}: {step['type']} must have {', '.join(missing)}; it has {', '.join(parameters) or 'none'}"
        )
    return STEPS[step["type"]], dict(parameters)


def _known(what, given, existing):
    """Refuses names that don't exist."""
    for name in given:
        if name not in existing:
            close = difflib.get_close_matches(str(name), list(existing), 1)
            hint = f" (did you mean {close[0]}?)" if close else ""
            raise Refused(f"{what} {name!r}{hint}; there are {', '.join(existing)}")


def _filled(said, name, existing):
    """The parameters of a part, those that aren't given as in PROCESSING."""
    if not isinstance(said[name], dict):
        raise Refused(f"{name} must be an object with {', '.join(existing)}; it is {said[name]!r:.200}")
    _known(f"{name} has no", said[name], existing)
    return PROCESSING[name] | said[name]


def _check_numbers(said):
    """Refuses windows, rates and frequencies that make no sense together."""
    window, rate, misfit = said["window"], said["sampling_rate"], said["misfit"]
    seconds = window["seconds"]
    numbers = {
        "sampling_rate": rate,
        **{f"window.{n}": window[n] for n in ("start", "seconds")},
        **{f"misfit.{n}": v for n, v in misfit.items() if n != "subsample"},
    }
    for name, value in numbers.items():
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise Refused(f"{name} must be a number; it is {value!r}")
    if rate <= 0 or seconds * rate < 16:
        raise Refused(
            f"the window must have 16 samples at least; {seconds:g} s at {rate:g} Hz have {max(0, seconds * rate):.0f}"
        )
    if not 0 <= misfit["max_delay"] < seconds / 2:
        raise Refused(
            f"misfit.max_delay must be from 0 to less than half the window, {seconds / 2:g} s; it is "
            f"{misfit['max_delay']:g} s"
        )
    if not 0 < misfit["min_frequency"] < misfit["max_frequency"] <= 0.5 * rate or misfit["frequencies"] < 2:
        raise Refused(
            "misfit must have 0 < min_frequency < max_frequency <= half the sampling_rate, "
            f"{0.5 * rate:g} Hz, and 2 frequencies at least; it has {misfit['min_frequency']:g} to "
            f"{misfit['max_frequency']:g} Hz and {misfit['frequencies']}"
        )
    for name in ("data_processing", "synthetics_processing"):
        for step, parameters in said[name]:
            highest = parameters.get("max_frequency", parameters.get("frequency", 0))
            if highest > 0.4 * rate and step.__name__ != "filter_highpass":
                raise Refused(
                    f"{name}: {step.__name__} must end at 0.4 of the sampling_rate, {0.4 * rate:g} Hz, or "
                    f"what is above would be aliased; it is {highest:g} Hz"
                )


def _check_response(said):
    """The response must be taken out to the units of the output."""
    for step, parameters in said["data_processing"]:
        if step is STEPS["remove_response"]:
            output = parameters.get("response_output", "VEL")
            if OUTPUTS.get(output) != said["output_units"]:
                raise Refused(
                    f"response_output must be that of the output_units, {said['output_units']} "
                    f"({', '.join(f'{a} is {b}' for a, b in OUTPUTS.items())}); it is {output!r}"
                )
    if any(step is STEPS["remove_response"] for step, _ in said["synthetics_processing"]):
        raise Refused(
            "synthetics_processing must not have remove_response: synthetics have no instrument; pre_filter is "
            "the same filter without one"
        )
