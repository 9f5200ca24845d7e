"""Properties over random graphs: fused equals unfused, every target equals the sequential definition."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from d4p.host.threads import cores
from d4p_compile.targets import running_cycles
from tests.mpi.starting import world
from tests.targets import answers, definition

GRAPHS = f"{Path(__file__).parent / 'randomgraph.py'}:make"
CYCLES = f"{Path(__file__).parent / 'randomcycles.py'}:make"


@st.composite
def graphs(draw) -> str:
    """A connected or unconnected graph of up to 7 PEs whose answer doesn't depend on how producers' items meet.

    A PE that keeps state and runs as several instances without a grouping sees what its producers send in turn; it
    is only put behind a single producer instance, where that is the same everywhere.
    """
    count = draw(st.integers(2, 7))
    nodes, edges, calm = [], [], []
    for j in range(count):
        kinds = ["source"] if j == 0 else ["source", "map", "map", "expand", "odd", "sum", "sum"]
        kind = draw(st.sampled_from(kinds))
        outputs = draw(st.sampled_from([["out"], ["out", "more"]]))
        if kind == "source":
            nodes.append([f"n{j}", kind, 0, [], outputs])
            calm.append(True)
            continue
        ports = []
        feeders = draw(st.lists(st.integers(0, j - 1), min_size=1, max_size=2, unique=True))
        for number, i in enumerate(feeders):
            port = draw(st.sampled_from(["left", "right"])) if number == 0 else ["left", "right"][ports[0][0] == "left"]
            if port not in [p for p, _ in ports]:
                ports.append([port, draw(st.sampled_from([None, None, [0], [0, 1], "all", "global"]))])
            edges.append([i, draw(st.sampled_from(nodes[i][4])), j, port])
        asked = draw(st.sampled_from([0, 0, 2, 3]))
        one_calm_feeder = len(feeders) == 1 and calm[feeders[0]]
        if kind == "sum" and not one_calm_feeder and any(g is None for _, g in ports):
            asked = 0
        nodes.append([f"n{j}", kind, asked, ports, outputs])
        calm.append(one_calm_feeder and asked in (0, 1) and kind != "sum")
    return json.dumps({"nodes": nodes, "edges": edges})


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(graphs(), st.sampled_from([None, None, 1, 2, 3]))
def test_processes_and_unfused_equal_sequential(spec: str, width: int | None) -> None:
    parameters = {"spec": spec}
    expected = definition(GRAPHS, parameters=parameters, width=width or cores())
    assert definition(GRAPHS, parameters=parameters, width=width or cores(), fuse=False) == expected
    assert answers(GRAPHS, "processes", parameters=parameters, width=width) == expected


@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(graphs())
def test_what_stays_with_its_source_gives_the_same(spec: str) -> None:
    parameters = {"spec": spec}
    expected = definition(GRAPHS, parameters=parameters, width=cores(), fuse=True)
    assert answers(GRAPHS, "processes", parameters=parameters, fuse=True) == expected


@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(graphs(), st.integers(1, 4), st.sampled_from(["1", "100000", ""]))
def test_mpi_equals_sequential(spec: str, ranks: int, credit: str) -> None:
    parameters = {"spec": spec}
    expected = definition(GRAPHS, parameters=parameters, width=ranks)
    with world(ranks, **({"D4P_MPI_CREDIT": credit} if credit else {})):
        assert answers(GRAPHS, "mpi", parameters=parameters) == expected


@pytest.mark.spark
@pytest.mark.parametrize("target", ["spark-rdd", "spark-df"])
@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(graphs())
def test_spark_equals_sequential(spark_session, target: str, spec: str) -> None:
    parameters = {"spec": spec}
    expected = definition(GRAPHS, parameters=parameters, width=spark_session.sparkContext.defaultParallelism)
    assert answers(GRAPHS, target, parameters=parameters, session=spark_session) == expected


@st.composite
def tangles(draw) -> str:
    """A root and up to 5 PEs behind it, any of which may feed any, itself too.

    A PE that keeps state is one instance, or all its inputs are grouped: which of its instances got what would depend
    on how items of different producers meet.
    """
    count = draw(st.integers(2, 6))
    nodes, edges = [["n0", "source", 0, []]], []
    for j in range(1, count):
        kind = draw(st.sampled_from(["map", "shift", "sum"]))
        groupings = [[0], [0, 1], "global"] if kind == "sum" else [None, None, [0], "all", "global"]
        ports = [[port, draw(st.sampled_from(groupings))] for port in ("in", "more")]
        nodes.append([f"n{j}", kind, draw(st.sampled_from([0, 0, 2, 3])), ports])
        edges.append([draw(st.integers(0, j - 1)), j, "in"])
    pairs = st.tuples(st.integers(1, count - 1), st.integers(1, count - 1), st.sampled_from(["in", "more"]))
    edges += [list(pair) for pair in draw(st.lists(pairs, min_size=1, max_size=3))]
    if draw(st.booleans()):
        edges.reverse()
    return json.dumps({"nodes": nodes, "edges": edges})


@pytest.mark.parametrize("target", running_cycles()[1:])
@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(tangles())
def test_cycles_unfused_and_on_other_targets_equal_sequential(target: str, spec: str) -> None:
    parameters = {"spec": spec}
    expected = definition(CYCLES, parameters=parameters)
    assert definition(CYCLES, parameters=parameters, fuse=False) == expected
    assert answers(CYCLES, target, parameters=parameters) == expected
