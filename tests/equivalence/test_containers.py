"""Arrow files are the same records on every target, and --resume writes only the parts that are missing."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from d4p.errors import RunFailed
from d4p.seismo import Correlations

from ..targets import answers
from .test_outputs import ON_EVERY, here, paths, seen, session, traced  # noqa: F401

WORKFLOWS = Path(__file__).parents[1] / "workflows" / "containers.py"


def run(graph: str, target: str, session, *options: str, width: int | None = None, **parameters):  # noqa: F811
    return answers(f"{WORKFLOWS}:{graph}", target, session=session, width=width, options=list(options),
                   parameters=parameters)


def stored(folder: Path, dtype: str = "float32") -> bool:
    """Whether each of the 300 lines has given its record."""
    found = Counter((c.first, c.second, c.start, c.rate, c.first_lag, c.values.tobytes()) for c in Correlations(folder))
    lags = np.arange(11)
    return found == Counter((f"XX.S{n:03d}..BHZ", "XX.LAST..BHZ", 1.5e9, 4.0, -1.25, (lags - n).astype(dtype).tobytes())
                            for n in range(300))  # fmt: skip


@pytest.mark.parametrize("target", ON_EVERY)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_same_records_on_every_target(target, dtype, session, here):  # noqa: F811
    run("arrays", target, session, width=3, dtype=dtype, folder=str(here))
    assert stored(here / "out", dtype) and seen(here) == ["out"]
    assert Correlations(here / "out").records[0][5].dtype == dtype


@pytest.mark.parametrize("target", ["processes"])
def test_pyarrow_is_imported_once_for_all_forked_instances(target, session, here):  # noqa: F811
    run("looks", target, session, width=3, folder=str(here))
    assert {c.start for c in Correlations(here / "out")} == {1.0}


@pytest.mark.parametrize("target", ON_EVERY[1:])
@pytest.mark.parametrize("how", ["raise", "kill"])
def test_resume_writes_the_parts_that_are_missing(target, how, session, here):  # noqa: F811
    more = {"width": 4, "how": how, **paths(here)}
    with pytest.raises(RunFailed):
        run("dies", target, session, *(["--resume"] if how == "raise" else []), **more)
    assert seen(here) == [".out.d4p-unfinished"]
    run("dies", target, session, "--resume", **more)
    assert stored(here / "out") and seen(here) == ["out"]
    assert traced(here) == {"0": 1, "1": 1, "2": 2, "3": 1}


@pytest.mark.parametrize("target", ON_EVERY)
def test_pairs_in_batches_are_stored_as_pair_by_pair(target, session, here):  # noqa: F811
    found = {}
    for tiles in True, False:
        run("pairs", target, session, "--overwrite", width=5, folder=str(here), tiles=tiles)
        stored = Correlations(here / "out")
        found[tiles] = {c[:2]: (c[2:5], c.values.tobytes()) for c in stored}
        assert len(stored) == len(found[tiles]) == 190 and all(first < second for first, second in stored.pairs)
    assert found[True] == found[False]
    traces = {name: values for name, values in _traces(20)}
    for (first, second), (numbers, values) in found[True].items():
        assert numbers == (1.5e9, 4.0, -1.25) and values == (traces[first][::-1] * traces[second]).tobytes()


def _traces(count: int):
    rng = np.random.default_rng(3)
    for number in rng.permutation(count).tolist():
        yield f"XX.S{number:03d}..BHZ", rng.standard_normal(11).astype("float32")
