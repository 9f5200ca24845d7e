"""A process that a PE forks is no second run: whether it comes back out of the PE, exits or raises, the answer is that
of the parent alone."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from tests.targets import TARGETS, answers, canonical, on_spark

WORKFLOW = Path(__file__).parents[1] / "workflows" / "forks.py"
STATUS = {0: 1, 1: 3, 2: 1, 3: 4}
EXPECTED = Counter(canonical((item, STATUS[item % 4])) for item in range(8))


@pytest.mark.parametrize("made", ["make", "fused"])
@pytest.mark.parametrize(
    "target", [pytest.param(t, marks=pytest.mark.spark if on_spark(t) else ()) for t in TARGETS]
)
def test_what_a_pe_forks_does_no_work_of_the_run(target, made, request, tmp_path):
    session = request.getfixturevalue("spark_session") if on_spark(target) else None
    options = ["--output", str(tmp_path / "out")]
    (found,) = answers(f"{WORKFLOW}:{made}", target, session=session, options=options).values()
    assert found == EXPECTED
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
