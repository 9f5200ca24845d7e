"""A run's page in a browser: opened from a file and offline, clicked through, by keyboard, in the dark."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

from d4p_compile.runs.file import written
from d4p_compile.runs.folder import Run
from tests.unit.test_runs import READ, big, channel, make

HOSTILE = "</script><img src=x onerror=alert(1)>"


def opened(tab: Any, run: Run) -> Any:
    """The run's page, from a file, without a network."""
    tab.context.set_offline(True)
    tab.goto(written(run).as_uri())
    tab.locator("canvas").first.wait_for()
    return tab


def pipeline(runs: Path, fft: str = "fft") -> Run:
    counts = (["count"], [({"working": (1 + at) / 10, "waiting": 8.0}, 10 * at) for at in range(6)])
    run = make(runs, "a1", [READ, ([fft], [({"working": 9.4, "waiting": 0.6}, 500)]), counts],
               [channel("read", fft), channel(fft, "count", "hash", [0])], target="sequential")
    samples = [{"at": at, "instances": [[2, 0, {"working": at * 0.9}, 50 * at, {"memory": 10**7}]]}
               for at in range(1, 10)]  # fmt: skip
    (run.folder / "samples.jsonl").write_text("".join(f"{json.dumps(each)}\n" for each in samples))
    return Run(run.folder)


def column(tab: Any, table: str, at: int) -> list[str]:
    return tab.locator(f"{table} > tbody > tr:not(.about-instances) > td:nth-child({at})").all_inner_texts()


def test_it_opens_from_a_file_and_asks_for_nothing(tab, runs):
    opened(tab, pipeline(runs))
    assert "fft limits the run" in tab.inner_text("#verdict") and "limits the run" in tab.inner_text("#graph")
    assert tab.locator(".uplot").count() == 2  # throughput and memory
    assert tab.locator(".graph .tip").count() == 2  # the tips of its arrows
    assert tab.asked == [(runs / "a1" / "report.html").as_uri()]


def test_a_stage_of_the_graph_opens_its_instances_and_columns_sort(tab, runs):
    opened(tab, pipeline(runs))
    tab.locator('.graph a[href="#stage-3"]').press("Enter")
    assert tab.get_attribute("#stage-3 button.open", "aria-expanded") == "true"
    assert "6 instances" in tab.inner_text("tr.about-instances")
    assert "median 0.35 s, largest 0.60 s, 1.7 times the median" in tab.inner_text("tr.about-instances")
    items = tab.locator("tr.about-instances th button", has_text="items")
    items.press("Enter")  # numbers: the largest first
    assert column(tab, "tr.about-instances table", 6) == ["50", "40", "30", "20", "10", "0"]
    items.click()
    assert column(tab, "tr.about-instances table", 6) == ["0", "10", "20", "30", "40", "50"]
    tab.locator("#stages thead button", has_text="items").first.click()
    assert column(tab, "#stages > div > table", 8)[:2] == ["500", "150"]
    below = tab.evaluate("document.getElementById('stage-3').nextElementSibling.className")
    assert below == "about-instances"  # what is open goes with its row


def test_the_timeline_zooms_by_keyboard_by_drag_and_by_buttons_and_the_charts_with_it(tab, runs):
    opened(tab, pipeline(runs))
    lanes = tab.locator("#lanes canvas")

    def shown() -> str:
        tab.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
        return lanes.get_attribute("aria-label").partition(" from ")[2].partition(";")[0]

    assert shown() == "0 s to 10.0 s"
    lanes.press("+")
    assert shown() == "2.50 s to 7.50 s"
    lanes.press("ArrowRight")
    assert shown() == "3.50 s to 8.50 s"
    lanes.press("0")
    box = lanes.bounding_box()
    start, wide = box["x"] + 178, box["width"] - 190
    tab.mouse.move(start + wide * 0.2, box["y"] + 60)
    tab.mouse.down()
    tab.mouse.move(start + wide * 0.4, box["y"] + 60)
    tab.mouse.up()
    assert shown().startswith(("2.00 s", "1.99 s", "2.01 s"))
    lanes.dblclick(position={"x": 600, "y": 60})
    assert shown() == "0 s to 10.0 s"
    tab.click("#zoom-in")
    tab.click("#zoom-left")
    assert shown() == "1.00 s to 6.00 s"
    tab.mouse.move(start + wide * 0.5, box["y"] + 110)
    assert "working" not in tab.inner_text(".hint") and "fft" in tab.inner_text(".hint")
    before = lanes.get_attribute("style")
    tab.click("#fold")
    assert shown() and lanes.get_attribute("style") != before  # fewer lines


def forked(runs: Path, count: int) -> Run:
    """A graph of so many PEs with forks, edges past others, and edges that say much; the fifth limits the run."""
    chance = random.Random(count)
    fields = [[0], [0, 1, 2], ["station", "day"], ["a_long_name_of_a_field"]]
    ends = [(chance.randrange(max(0, at - 3), at), at) for at in range(1, count)]
    ends += [tuple(sorted(chance.sample(range(count), 2))) for _ in range(count // 3)]
    kinds = [("hash", each) for each in fields] + [("round robin", []), ("forward", [])]
    edges = [channel(f"pe{a}", f"pe{b}", *chance.choice(kinds)) for a, b in ends]
    busy = [10.0 if at == 4 else chance.random() for at in range(count)]
    stages = [([f"pe{at}"], [({"working": each, "waiting": 10 - each}, 9)]) for at, each in enumerate(busy)]
    run = make(runs, "a1", stages, edges)
    counts = {f"pe{a}.output -> pe{b}.input": {"items": chance.randrange(10**9), "bytes": chance.randrange(10**13)}
              for a, b in ends}
    (run.folder / "summary.json").write_text(json.dumps(run.summary | {"edges": counts}))
    return Run(run.folder)


@pytest.mark.parametrize("count", [8, 50])
def test_what_edges_say_lies_under_no_box_and_no_other_text(tab, runs, count):
    opened(tab, forked(runs, count))
    found = tab.evaluate("""() => {
        const all = what => [...document.querySelectorAll(`.graph ${what}`)].map(each => {
            const {left, top, right, bottom} = each.getBoundingClientRect();
            return {left, top, right, bottom, said: each.textContent};
        });
        const meet = (a, b) => a !== b && a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
        const said = all("text.said"), others = [...all(".box"), ...all("text.tag"), ...said];
        const wrong = said.filter(each => others.some(other => meet(each, other)));
        return {count: said.length, wrong: wrong.map(each => each.said)};
    }""")
    assert found["wrong"] == [] and found["count"] >= count
    assert tab.locator(".graph text.tag").count() == 1


@pytest.mark.parametrize(("stages", "whole"), [(2, False), (4, True), (12, False)])
def test_a_graph_a_little_wider_than_the_page_is_shown_whole(tab, runs, stages, whole):
    """One that is much wider can be read, and scrolls."""
    names = [f"pe{at}" for at in range(stages)]
    opened(tab, make(runs, "a1", [([name], [({"working": 1.0, "waiting": 1.0}, 9)]) for name in names],
                     [channel(a, b) for a, b in zip(names, names[1:], strict=False)]))
    shown = """() => {
        const graph = document.querySelector(".graph"), drawn = graph.querySelector("svg");
        return [drawn.viewBox.baseVal.width > graph.clientWidth, graph.scrollWidth > graph.clientWidth];
    }"""
    wider = stages > 2
    assert tab.evaluate(shown) == [wider, wider and not whole]
    assert tab.locator("#fit").get_attribute("aria-pressed") == ("true" if whole else "false")
    tab.click("#fit")
    assert tab.evaluate(shown) == [wider, wider and whole]


def test_light_and_dark_and_what_is_printed(tab, runs):
    opened(tab, pipeline(runs))

    def paper() -> str:
        return tab.evaluate("getComputedStyle(document.body).backgroundColor")

    assert paper() == "rgb(255, 255, 255)"
    tab.click("#theme")
    dark = paper()
    assert dark != "rgb(255, 255, 255)"
    tab.reload()
    assert paper() == dark  # it is kept
    tab.click("#theme")
    tab.emulate_media(color_scheme="dark")
    assert paper() == "rgb(255, 255, 255)"
    tab.evaluate("localStorage.clear()")
    tab.reload()
    assert paper() == dark
    tab.emulate_media(media="print", color_scheme="dark")
    tab.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert paper() == "rgb(255, 255, 255)" and not tab.locator("nav").is_visible()
    assert tab.locator("details:not([open])").count() == 0 and tab.locator("#stage-2 button").is_visible()
    tab.evaluate("dispatchEvent(new Event('afterprint'))")
    assert paper() == dark and tab.locator("details[open]").count() == 0


def test_a_command_is_copied(tab, runs):
    tab.context.grant_permissions(["clipboard-read", "clipboard-write"])
    opened(tab, pipeline(runs))
    assert tab.inner_text(".command code") == "d4p run words.py --target processes"
    tab.click("[data-copy]")
    tab.locator(".toast", has_text="copied").wait_for()
    assert tab.evaluate("navigator.clipboard.readText()") == "d4p run words.py --target processes"


def test_nothing_of_a_record_is_run(tab, runs):
    run = pipeline(runs, HOSTILE)
    (run.folder / "log.txt").write_text(HOSTILE)
    opened(tab, run)
    assert f"{HOSTILE} limits the run" in tab.inner_text("#verdict")
    tab.locator('.graph a[href="#stage-2"]').click()
    tab.locator("#lanes canvas").hover(position={"x": 500, "y": 110})
    assert HOSTILE in tab.inner_text(".hint")
    assert tab.locator("img").count() == 0 and len(tab.asked) == 1


@pytest.mark.parametrize("stages, width", [(4, 250)])
def test_a_thousand_instances_are_a_few_elements(tab, runs, stages, width):
    """Whatever is scrolled to is drawn then; the page has no element for each line."""
    opened(tab, big(runs, "a1", stages, width, 10))
    assert tab.evaluate("document.querySelectorAll('*').length") < 2500
    assert "1,000 instances" in tab.locator("#lanes canvas").get_attribute("aria-label")

    def picture() -> bytes:
        tab.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
        return tab.locator("#lanes canvas").screenshot()

    first = picture()
    tab.evaluate("document.getElementById('lanes').scrollTop = 1e6")
    assert picture() != first
    tab.click("#stage-1 button.open")
    assert tab.locator("tr.about-instances tbody tr").count() == 200
    tab.click("tr.about-instances button:has-text('show all 250')")
    assert tab.locator("tr.about-instances tbody tr").count() == 250


def test_a_record_without_figures_has_a_page(tab, runs):
    run = make(runs, "a1", state="failed", cause={"message": "no"})
    for name in ("plan.json", "summary.json"):
        (run.folder / name).unlink()
    tab.goto(written(Run(run.folder)).as_uri())
    assert "failed" in tab.inner_text("#heading")
