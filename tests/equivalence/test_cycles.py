"""Every sentence of what a cycle means, on every target that runs cycles, fused and unfused."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

import d4p_compile
from d4p.errors import Refused, RunFailed
from d4p_compile.targets import TARGETS, running_cycles
from tests.targets import answers, canonical, definition

WORKFLOWS = Path(__file__).parents[1] / "workflows" / "cycles.py"


@pytest.fixture(params=running_cycles())
def run(request):
    """Run a graph of cycles.py on a target and give `{port of the result: multiset of items}`."""

    def call(attribute: str, **more):
        found = answers(f"{WORKFLOWS}:{attribute}", request.param, own_process=False, **more)
        return {f"{pe}.{port}": items for (pe, port), items in found.items()}

    call.target = request.param
    return call


def bag(*items):
    return Counter(canonical(item) for item in items)


def only(found):
    ((_, items),) = found.items()
    return items


def lists(items: Counter) -> list:
    return sorted(json.loads(text) for text in items.elements())


def steps(n: int) -> int:
    return 0 if n == 1 else 1 + steps(n // 2 if n % 2 == 0 else 3 * n + 1)


def is_prime(n: int) -> bool:
    return n > 1 and all(n % d for d in range(2, n))


@pytest.mark.parametrize("fuse", [None, True, False])
def test_a_sieve_that_feeds_back(run, fuse):
    assert only(run("sieve", fuse=fuse)) == bag(*filter(is_prime, range(101)))


@pytest.mark.parametrize("more", [{}, {"fuse": False}, {"parameters": {"count": 3}}])
def test_an_iteration_until_it_converges(run, more):
    assert only(run("collatz", **more)) == bag(*[(n, steps(n)) for n in range(1, 31)])


def test_newton(run):
    assert only(run("newton")) == bag(*[(n, round(n**0.5, 6)) for n in range(1, 21)])


def test_a_self_loop_and_another_consumer(run):
    ((_, got),) = lists(only(run("self_loop")))
    assert Counter(got) == Counter({0: 5, 1: 4, 2: 3, 3: 2, 4: 1})


@pytest.mark.parametrize("count", [1, 3])
def test_a_cycle_through_a_group_by(run, count):
    found = only(run("components", parameters={"count": count}))
    assert found == bag(*[(node, node % 6) for node in range(60)])


def test_a_cycle_with_all(run):
    heard = sum(n + 1 for n in range(1, 7))  # each of n hops, and the first time
    assert only(run("gossip")) == bag(*[(i, heard) for i in range(3)])


def test_much_goes_round_while_the_way_forward_is_full(run):
    found = run("flood")
    assert found["Burst1.sum"] == bag((2 * sum(range(50000)), True))
    grown = lists(found["Burst1.grown"] + found["Pass2.grown"])
    # What may be in memory: a channel's worth each way, and what a back edge holds before it spills
    assert all(megabytes < 80 for megabytes in grown), f"of 200 MB {grown} MB were in memory"


@pytest.mark.parametrize("more", [{}, {"fuse": False}, {"parameters": {"count": 2}}])
def test_what_postprocess_writes_goes_round_before_the_next(run, more):
    ((_, events),) = lists(only(run("postprocess_goes_round", **more)))
    of = {name: [tuple(e[1:]) for e in events if e[0] == name] for name in ("first", "second", "third")}
    firsts = more.get("parameters", {}).get("count", 1)
    written = [f"post of first {i}" for i in range(firsts)] + ["post of second 0", "post of third 0"]
    for seen in of.values():
        assert {said for _, _, said, _ in seen[:3]} == {"item"}
        order = [said for _, _, said, _ in seen if said.startswith("post of")]
        assert order == sorted(order, key=written.index), "each is processed to the end before the next"
    posts = {name: [rank for rank, _, said, _ in seen if said == "post"] for name, seen in of.items()}
    assert posts == {"first": list(range(firsts)), "second": [0], "third": [0]}
    for name, before in (("second", written[firsts - 1]), ("third", "post of second 0")):
        said = [said for _, _, said, _ in of[name]]
        assert said.index("post") > max(i for i, text in enumerate(said) if text == before)
    hops = {text: sorted(h for seen in of.values() for _, _, said, h in seen if said == text) for text in written}
    assert hops == {text: list(range({"f": 5, "s": 4, "t": 2}[text[8]] + 1)) for text in written}


@pytest.mark.parametrize("count", [1, 2])
def test_two_cycles_that_share_a_pe(run, count):
    assert only(run("two_cycles", parameters={"count": count})) == bag(*[n // 10 + n % 10 for n in range(41)])


def test_a_composite_with_a_cycle_inside(run):
    assert only(run("composite_inside")) == bag(*[(n, steps(n)) for n in range(1, 13)])


def test_a_composite_in_a_cycle(run):
    ((_, got),) = lists(only(run("composite_outside")))
    assert sorted(got) == sorted(n for start in range(2, 8) for n in range(start - 2, -1, -2))


@pytest.mark.parametrize("fuse", [None, True, False])
def test_what_goes_round_is_a_copy_of_its_own(run, fuse):
    ((_, got),) = lists(only(run("own_items", fuse=fuse)))
    assert sorted(got) == sorted([n, *range(1, k)] for n in (1, 2, 3) for k in (2, 3, 4))


def test_a_cycle_that_nothing_feeds_runs_on_what_its_own_phases_write(run):
    found = run("unfed")
    assert found["Ping0.seen"] == bag(*[(said, n) for said in ("pre", "post") for n in (2, 0, 2, 0)])
    assert found["Ping1.seen"] == bag(*[(said, n) for said in ("pre", "post") for n in (3, 1, 1)])
    (warning,) = d4p_compile.plan(f"{WORKFLOWS}:unfed", run.target).graph.warnings
    assert warning.startswith("nothing feeds the cycle of Ping0, Ping1")


def test_large_arrays_go_round(run):
    assert only(run("power")) == only(definition(f"{WORKFLOWS}:power"))


def test_a_failure_in_the_third_round_is_named(run):
    wanted = r"(?s)Failing \(Failing\), instance 0, item 3: ZeroDivisionError.*the item: 3\n"
    with pytest.raises(RunFailed, match=wanted):
        run("failing")


@pytest.mark.parametrize("target", [name for name in TARGETS if name not in running_cycles()])
def test_others_refuse_before_anything_starts(target):
    wanted = (f"cycle: Test -> Collatz -> Test, closed by Collatz.output -> Test.stepped .cycles.py:[0-9]+.. The "
              f"target {target} runs graphs without cycles only. The targets that run cycles: sequential, processes")
    with pytest.raises(Refused, match=wanted):
        d4p_compile.run(f"{WORKFLOWS}:collatz", target)


def test_an_item_of_a_root_is_done_with_before_the_next_on_the_sequential_target():
    found = d4p_compile.run(f"{WORKFLOWS}:rooted", inputs={"Given": [{"n": 3}, {"n": 1}, {"n": 2}]})
    ((_, items),) = found.items()
    assert list(items) == [3, 2, 1, 0, 1, 0, 2, 1, 0]


def test_check_goes_round_and_names_the_pe_that_changes_what_it_sent_back():
    assert only(answers(f"{WORKFLOWS}:collatz", "sequential", options=["--check"], fuse=False))
    with pytest.raises(RunFailed, match="Changing.* changed item 1 of Changing.* after writing it"):
        d4p_compile.run(f"{WORKFLOWS}:changing", options=["--check"], fuse=False)


@pytest.mark.parametrize("graph", ["components", "postprocess_goes_round", "flood"])
def test_processes_that_are_spawned_give_the_same(graph, monkeypatch):
    monkeypatch.setenv("D4P_START_METHOD", "spawn")
    parameters = {"items": 1, "many": 100} if graph == "flood" else None
    found = answers(f"{WORKFLOWS}:{graph}", "processes", parameters=parameters)
    expected = definition(f"{WORKFLOWS}:{graph}", parameters=parameters)
    assert {k: v for k, v in found.items() if k[1] != "grown"} == {k: v for k, v in expected.items() if k[1] != "grown"}


def test_a_hundred_stages_in_a_ring_share_processes():
    found = answers(f"{WORKFLOWS}:ring", "processes", fuse=False)
    assert only(found) == bag(*[1000 + n for n in range(1, 6)])


def test_an_item_that_is_skipped_is_lost_to_its_cycle_everywhere_alike(run):
    def reaches(n: int) -> bool:
        return n not in (7, 10) and (n == 1 or reaches(n // 2 if n % 2 == 0 else 3 * n + 1))

    found = answers(f"{WORKFLOWS}:climb", run.target, own_process=False)
    ((_, items),) = found.items()
    good = [n for n in range(1, 21) if reaches(n)]
    assert items == bag(*([n, 4] for n in good)) and 1 < len(good) < 20
    assert {pe: of["skipped"] for pe, of in found.failures.items()} == {"Climb": 20 - len(good)}
