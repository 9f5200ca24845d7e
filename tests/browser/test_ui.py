"""`d4p ui`: who is answered, the table of runs, two side by side, and a run that is on."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import platform
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from d4p.errors import Refused
from d4p.record.record import LOOKS_ON
from d4p_compile.runs.folder import Run
from d4p_compile.ui.pages import Pages
from d4p_compile.ui.server import Server
from tests.chaos.programs import until
from tests.unit.test_runs import COUNT, READ, channel, make

STAGES = [READ, (["fft"], [({"working": 9.4, "waiting": 0.6}, 500)]), COUNT]
CHANNELS = [channel("read", "fft"), channel("fft", "count")]
HOSTILE = "</script><img src=x onerror=alert(1)>"


@pytest.fixture
def server(runs) -> Iterator[Server]:
    found: Server
    found = Server(Pages(lambda: found.closing))
    yield found
    found.close(5)


def asked(server: Server, path: str, host: str | None = None, method: str = "GET") -> tuple[int, str]:
    where = urlsplit(server.address)
    connection = http.client.HTTPConnection(where.hostname, where.port, timeout=30)
    connection.request(method, path, headers={"Host": host} if host else {})
    answer = connection.getresponse()
    try:
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def test_who_has_no_token_or_comes_by_another_name_is_refused(server, runs):
    make(runs, "a1", STAGES, CHANNELS)
    token = f"/{server.token}"
    port = urlsplit(server.address).port
    for path in ("/", "/run/a1", "//", f"/{server.token[:-1]}/", f"/x{token}/", "/favicon.ico", "/%00/", "/%C3%A9/"):
        status, said = asked(server, path)
        assert status == 403 and "a1" not in said, path
    for host in ("evil.example", f"evil.example:{port}", "127.0.0.1.evil.example", "", "[::2]", "[", "0.0.0.0"):
        assert asked(server, f"{token}/", host or " ")[0] in (400, 403), host
    for host in ("localhost", f"localhost:{port}", f"127.0.0.1:{port}", "127.0.0.1:1", "[::1]:80", "LOCALHOST"):
        assert asked(server, f"{token}/", host)[0] == 200, host
    assert asked(server, token)[0] == 302
    for path in ("run/..%2Fa1", "run/%2Fetc", "run/nope", "events/..", "diff?a=a1", "diff", "x", "run", "run/a1/x"):
        assert asked(server, f"{token}/{path}")[0] == 404, path
    assert asked(server, f"{token}/run/a1")[0] == 200 and asked(server, f"{token}/run/latest")[0] == 302
    assert asked(server, f"{token}/", method="POST")[0] == 501
    with pytest.raises(Refused, match=f"port {port} can't be listened on.*leave --port out"):
        Server(Pages(lambda: server.closing), port)


def ids(tab: Any) -> list[str]:
    return tab.locator("#runs tbody tr code").all_inner_texts()


def test_the_table_is_filtered_and_sorted_is_live_and_leads_to_two_side_by_side(tab, server, runs):
    make(runs, "a1", STAGES, CHANNELS, parameters={"n": 1})
    make(runs, "a2", STAGES, CHANNELS, parameters={"n": 2}, seconds=99.0)
    make(runs, "a3", name=HOSTILE, state="failed", target="mpi", parameters={"x": HOSTILE})
    tab.goto(server.address)
    tab.locator("#live", has_text="live").wait_for()
    assert ids(tab) == ["a3", "a2", "a1"] and HOSTILE in tab.inner_text("#runs") and tab.locator("img").count() == 0
    tab.locator("#runs th button", has_text="took").click()
    assert ids(tab)[0] == "a2"
    tab.locator("#runs th button", has_text="begun").click()
    tab.keyboard.press("/")
    tab.keyboard.type("words n=2")
    assert ids(tab) == ["a2"] and tab.inner_text("#how-many") == "1 of 3"
    tab.fill("#filter", "")
    tab.select_option("#state", "failed")
    assert ids(tab) == ["a3"]
    tab.select_option("#state", "")
    make(runs, "a4", STAGES)
    tab.locator("#runs code", has_text="a4").wait_for()
    assert ids(tab) == ["a4", "a3", "a2", "a1"] and tab.is_disabled("#compare")
    for name in ("a1", "a2"):
        tab.check(f'tr[data-id="{name}"] input')
    tab.click("#compare")
    assert "parameters   n: 1 -> 2" in tab.inner_text("pre") and "fft busy, seconds" in tab.inner_text("pre")
    assert tab.locator(".pair svg.d4p-graph").count() == 2
    tab.locator(".pair a", has_text="words").first.click()
    assert "fft limits the run" in tab.inner_text("#verdict")
    tab.locator("nav a", has_text="all runs").click()
    tab.locator("#runs code", has_text="a4").wait_for()
    assert ids(tab)[0] == "a4"
    where = urlsplit(server.address).netloc
    assert {urlsplit(url).netloc for url in tab.asked} == {where}


def test_a_page_follows_its_run_and_says_so_when_it_is_over(tab, server, runs):
    run = make(runs, "a1", [(["read"], [({"working": 1.0}, 10)])], state="running", host=platform.node(),
               process=os.getpid(), seconds=None)
    tab.goto(f"{server.address}run/a1")
    tab.locator("#live", has_text="live").wait_for()
    until(lambda: (run.folder / LOOKS_ON).exists(), seconds=30)
    tab.click("#stage-1 button.open")
    replaced(run, "summary.json", run.summary | {"edges": {"read.output -> x.input": {"items": 777}}})
    tab.locator("#edges", has_text="777").wait_for()
    assert "1 instance" in tab.inner_text("tr.about-instances")  # what was opened is so still
    make(runs, "b1", STAGES, CHANNELS)
    for name in ("plan.json", "summary.json"):
        replaced(run, name, json.loads((runs / "b1" / name).read_text()))
    replaced(run, "run.json", run.about | {"state": "done", "seconds": 10.0})
    tab.locator("#live", has_text="the run is over").wait_for()
    assert "fft limits the run" in tab.inner_text("#verdict") and tab.locator("#stage-3").count() == 1


def replaced(run: Run, name: str, content: Any) -> None:
    (run.folder / ".new").write_text(json.dumps(content))
    os.replace(run.folder / ".new", run.folder / name)


#: 100 items, of which half wait for a file.
WAITING = """
import time
from pathlib import Path
from d4p import IterativePE, ProducerPE, WorkflowGraph


class Give(ProducerPE):
    def _process(self, inputs):
        for number in range(100):
            while number == 50 and not Path("go").exists():
                time.sleep(0.01)
            self.write("output", number)


class Take(IterativePE):
    def __init__(self):
        IterativePE.__init__(self)
        self.numprocesses = 2

    def _process(self, number):
        return number


graph = WorkflowGraph()
graph.connect(Give(), "output", Take(), "input")
"""


@contextlib.contextmanager
def running(tmp_path: Path) -> Iterator[Any]:
    """`d4p run --ui`, with a browser that notes the address."""
    (tmp_path / "waiting.py").write_text(WAITING)
    noting = tmp_path / "noting"
    noting.write_text(f'#!/bin/sh\necho "$1" > {tmp_path}/new && mv {tmp_path}/new {tmp_path}/address\n')
    noting.chmod(0o755)
    program = subprocess.Popen(
        [sys.executable, "-m", "d4p_compile", "run", "waiting.py", "--ui"], text=True, cwd=tmp_path,
        env={**os.environ, "BROWSER": str(noting)}, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)  # fmt: skip
    try:
        until((tmp_path / "address").exists, seconds=60)
        yield program
        _, said = program.communicate(timeout=60)
        assert program.returncode == 0 and "page: http://127.0.0.1:" in said
    finally:
        program.kill()
        program.wait(timeout=60)


def test_a_run_shows_itself_while_it_is_on_and_its_page_stays(tab, runs, tmp_path):
    """Figures come every second, since somebody looks on; the last ones come before the server goes."""
    with running(tmp_path):
        tab.goto((tmp_path / "address").read_text().strip())
        tab.locator(".badge", has_text="running").wait_for()
        tab.locator("#stage-2").wait_for()
        tab.locator("#edges td", has_text="50").wait_for()
        assert "running" in tab.inner_text("#heading")
        (tmp_path / "go").touch()
    tab.locator("#live", has_text="the run is over").wait_for()
    assert "done" in tab.inner_text("#heading") and "100" in tab.inner_text("#edges")


def test_a_page_that_comes_when_its_run_is_over_has_all_of_it(tab, runs, tmp_path):
    (tmp_path / "go").touch()
    with running(tmp_path):
        until(lambda: [*runs.glob("*/run.json")] and '"done"' in [*runs.glob("*/run.json")][0].read_text(), seconds=60)
        tab.goto((tmp_path / "address").read_text().strip())
        assert tab.locator("#stage-2").count() == 1 and "done" in tab.inner_text("#heading")
