"""`d4p report`: a page that is opened where there is a browser, and what limited the run in any case."""

from __future__ import annotations

import base64
import gzip
import os
import re
import subprocess
import sys
import urllib.request
import webbrowser
from pathlib import Path

import pytest
from click.testing import CliRunner

from d4p_compile.command.cli import d4p
from tests.unit.test_runs import COUNT, READ, channel, make


@pytest.fixture
def opened(tmp_path, monkeypatch) -> list[str]:
    """Addresses that were opened, on a machine with a screen."""
    found: list[str] = []
    monkeypatch.setenv("D4P_RUNS", str(tmp_path / "runs"))
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.delenv("BROWSER", raising=False)
    monkeypatch.setattr("shutil.which", lambda name: None)
    monkeypatch.setattr(webbrowser, "open", lambda address: found.append(address) or True)
    make(tmp_path / "runs", "a1", [READ, (["fft"], [({"working": 9.4, "waiting": 0.6}, 500)]), COUNT],
         [channel("read", "fft"), channel("fft", "count")])
    return found


def report(*words: str) -> str:
    done = CliRunner().invoke(d4p, ["report", *words], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def test_it_opens_a_page_that_lies_in_the_record_and_says_where(opened, tmp_path):
    said = report()
    path = tmp_path / "runs" / "a1" / "report.html"
    assert opened == [path.as_uri()] and path.read_text().startswith("<!doctype html>")
    assert "fft limits the run" in said and f"opened: {path}" in said


def test_a_browser_that_may_not_read_the_record_is_handed_the_page(opened, tmp_path, monkeypatch):
    got = []

    def browser(address: str) -> bool:
        with urllib.request.urlopen(address, timeout=30) as answer:
            got.append(answer.read().decode())
        return True

    monkeypatch.setattr(webbrowser, "open", browser)
    monkeypatch.setattr("shutil.which", lambda name: f"/usr/bin/{name}")
    path = tmp_path / "runs" / "a1" / "report.html"
    assert f"opened: {path}" in report() and got == [path.read_text()]


@pytest.mark.parametrize("screen", ["no screen", "no browser"])
def test_where_nothing_can_be_opened_it_says_so_and_where_the_page_is(opened, tmp_path, monkeypatch, screen):
    if screen == "no screen":
        monkeypatch.delenv("DISPLAY")
        monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
        monkeypatch.setattr("sys.platform", "linux")
    else:
        monkeypatch.setattr(webbrowser, "open", lambda address: False)
    said = report("latest")
    assert opened == [] and "fft limits the run" in said
    assert f"written: {tmp_path / 'runs' / 'a1' / 'report.html'} (--text says" in said


def test_a_record_that_cannot_be_written_has_its_page_elsewhere(opened, monkeypatch):
    from d4p_compile.runs import file

    def replace(path: Path, content: str) -> None:
        if path.name == file.NAME:
            raise OSError
        path.write_text(content)

    monkeypatch.setattr(file, "replace", replace)
    path = Path(report().split("opened: ")[1].strip())
    assert opened == [path.as_uri()] and path.name == "a1.html" and path.exists()


def test_a_page_is_kept_where_it_is_wanted_and_text_is_said_here(opened, tmp_path):
    for option in ("--output", "-o", "--html"):
        assert report(option, str(tmp_path / "page.html")) == f"written: {tmp_path / 'page.html'}\n"
        (tmp_path / "page.html").unlink()
    assert "x blocked" in report("--text") and "instance 0" in report("--instances") and opened == []
    assert CliRunner().invoke(d4p, ["report", "--text", "-o", "x"]).exit_code == 2


SECRETIVE = """
from d4p import ProducerPE, WorkflowGraph


class Ask(ProducerPE):
    def _process(self, inputs):
        return 1


def make(password, place):
    graph = WorkflowGraph()
    ask = Ask()
    ask.password = password
    graph.add(ask)
    return graph
"""


def test_a_page_has_no_secrets_that_a_run_was_given(tmp_path, monkeypatch):
    """By a name that says so, or in a URL; in the words of the command too."""
    (tmp_path / "asking.py").write_text(SECRETIVE)
    done = subprocess.run(
        [sys.executable, "-m", "d4p_compile", "run", "asking.py:make", "-p", "password=hunter2", "-p",
         "place=s3://me:hunter2@bucket/a", "-d", '{"Ask": [{"api_key": "hunter2"}]}'],
        cwd=tmp_path, env={**os.environ, "D4P_RUNS": str(tmp_path / "runs")}, capture_output=True, timeout=120)
    assert done.returncode == 0
    monkeypatch.setenv("D4P_RUNS", str(tmp_path / "runs"))
    page = tmp_path / "page.html"
    report("-o", str(page))
    report("--text")
    text = page.read_text()
    packed = re.search('id="figures">(.*?)<', text)
    figures = gzip.decompress(base64.b64decode(packed[1])).decode()
    assert "api_key" in text and "s3://***@bucket/a" in text
    assert "hunter2" not in text and "hunter2" not in figures
