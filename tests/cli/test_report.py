"""`d4p report`: a page that is opened where there is a browser, and what limited the run in any case."""

from __future__ import annotations

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
