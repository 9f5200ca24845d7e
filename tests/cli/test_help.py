"""`d4p help`, and what the READMEs say."""

from __future__ import annotations

import json
import pydoc
import re
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

import d4p
import d4p_compile
from d4p.errors import Refused
from d4p_compile import topics
from d4p_compile.command import cli

ROOT = Path(__file__).parents[2]
FOLDERS = ("d4p_compile", "runtime", "conf", "examples", "tests")
TEXTS = [ROOT / "README.md", *(path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*.md")))]


def said(*words):
    done = CliRunner().invoke(cli.d4p, ["help", *words], catch_exceptions=False, standalone_mode=False)
    return done.output


def test_topics():
    listed = said()
    for name, title in topics.topics().items():
        assert re.search(rf"^  {name} +{re.escape(title)}$", listed, re.M)
        text = said(name)
        assert text == (ROOT / "d4p_compile" / "help" / f"{name}.md").read_text() and text.startswith(f"# {title}\n")
        assert f"[{name}](d4p_compile/help/{name}.md)" in (ROOT / "README.md").read_text()
    assert said("run").startswith("Usage: d4p run [OPTIONS] WORKFLOW")
    with pytest.raises(Refused, match="no topic 'clustr': the topics are cluster, command,.* did you mean cluster"):
        said("clustr")


def test_texts_lead_to_what_is_there():
    """Links, topics, folders of the examples and options of the command that texts name."""
    options = {option for command in cli.d4p.commands.values() for p in command.params for option in p.opts}
    options |= set(re.findall(r"--[a-z-]+", (ROOT / "runtime/d4p/hadoop/submit/options.py").read_text()))
    for path in TEXTS:
        text = path.read_text()
        for link in re.findall(r"\]\(([^)#]+)", text):
            assert "://" in link or (path.parent / link).exists(), f"{path}: {link}"
        for topic in re.findall(r"`d4p help ([a-z-]+)`", text):
            assert topic in topics.topics(), f"{path}: d4p help {topic}"
        for example in re.findall(r"examples/[\w/.]+\w", text):
            assert (ROOT / example).exists() or "NAME" in example, f"{path}: {example}"
        if path.parent.name == "help":
            for command, rest in re.findall(r"`d4p (run|plan|compile|submit)\b([^`]*)`", text):
                for option in re.findall(r"--[a-z-]+", rest):
                    assert option in options, f"{path}: d4p {command} {option}"


def test_the_reader_and_the_writer_of_the_text_are_the_examples():
    example = (ROOT / "examples" / "sensors" / "sensors.py").read_text()
    for block in re.findall(r"```python\n(.*?)```", said("own-pes"), re.S):
        shown = block[block.index("class "):].strip()
        assert shown in example


def test_the_first_workflow(tmp_path, monkeypatch):
    text = (ROOT / "README.md").read_text()
    workflow, sweep = re.findall(r"```python\n(.*?)```", text, re.S)
    monkeypatch.chdir(tmp_path)
    Path("words.py").write_text(workflow)
    Path("sweep.py").write_text(sweep)
    Path("book.txt").write_text("to be or not\nto be\n")
    command = ["plan", "words.py", "--target", "spark", "-n", "8"]
    plan = CliRunner().invoke(cli.d4p, command, catch_exceptions=False).output
    assert plan.startswith(text[text.index("words for spark-rdd: 3 PEs"):].partition("\n...\n")[0])
    assert set(d4p_compile.run("words.py")["Count2", "output"]) == {("to", 2), ("be", 2), ("or", 1), ("not", 1)}


@pytest.mark.parametrize("target", ["processes", "mpi"])
def test_all_cores(target, tmp_path, monkeypatch):
    """What the README says of its two workflows with `-n 4`: four are at work, and each has a part of it."""
    text = (ROOT / "README.md").read_text()
    words, sweep = re.findall(r"```python\n(.*?)```", text, re.S)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("D4P_RUNS", str(tmp_path / "runs"))
    Path("sweep.py").write_text(sweep.replace("100_000", "1_000"))
    Path("words.py").write_text(words)
    Path("book.txt").write_text("".join(f"word{n} word{n % 50}\n" for n in range(1000)))
    for workflow, busy in (("sweep.py", {"Walk"}), ("words.py", {"ReadLines", "Split", "Count"})):
        command = ["run", workflow, "--target", target, "-n", "4"]
        shown = CliRunner().invoke(cli.d4p, command, catch_exceptions=False).output
        if workflow == "sweep.py" and target == "processes":
            assert text[text.index("sweep for processes"):].partition("\n...\n")[0] in shown
        (summary,) = tmp_path.glob("runs/*/summary.json")
        instances = json.loads(summary.read_text())["instances"]
        shutil.rmtree(tmp_path / "runs")
        for name in busy:
            of_it = [each for each in instances if name in each["received"]]
            assert len(of_it) == len({each["process"] for each in of_it}) == 4
            assert all(each["received"][name] for each in of_it), (name, of_it)


def test_help_of_python():
    shown = pydoc.plain(pydoc.render_doc(d4p_compile))
    assert "run(workflow:" in shown and "d4p help python" in shown
    assert "ReadLines" in pydoc.plain(pydoc.render_doc(d4p))
