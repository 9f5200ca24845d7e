"""`--limit K` on every target: no root writes more than K items, whatever it is made of, and each comes to its end."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from ..targets import TARGETS, answers, canonical

WORKFLOW = str(Path(__file__).parents[1] / "workflows" / "limits.py")


@pytest.mark.parametrize("target", TARGETS)
def test_no_root_writes_more(target, spark_session, tmp_path):
    path, noted = tmp_path / "lines.txt", tmp_path / "noted"
    path.write_text("".join(f"line {number}\n" for number in range(20)))
    found = answers(f"{WORKFLOW}:graph", target, session=spark_session, inputs=20, options=["--limit", "5"],
                    parameters={"path": str(path), "noted": str(noted)})
    expected = {
        "ofEndless": [("a", 0), ("b", 0), ("a", 1), ("b", 1), ("a", 2)],
        "ofEndlessProducer": [0, 1, 2, 3, 4],
        "ofOdd": [1, 3, 5, 7, 9],
        "ofBoth": [1, 1, 2, 2, 3],
        "ofReadLines": [f"line {number}" for number in range(5)],
        "ofLast": [0, 1, 2, 3, 4],
    }
    by_name = {pe.rstrip("0123456789"): items for (pe, _), items in found.items()}
    assert by_name == {name: Counter(map(canonical, items)) for name, items in expected.items()}
    assert sorted(noted.read_text().splitlines()) == ["Both 3", "Endless", "EndlessProducer", "Last", "Odd 9", "Sink 5"]
