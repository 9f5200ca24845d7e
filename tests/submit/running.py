"""Run `d4p submit` as a user does, and the parts of it on a machine that is made up."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from d4p.hadoop.submit.settings import Settings
from d4p.hadoop.submit.spark_home import Spark
from tests import jvm

ROOT = Path(__file__).resolve().parents[2]
WORKFLOWS = Path(__file__).with_name("workflows")
WORDCOUNT = ROOT / "examples" / "wordcount" / "wordcount.py"
#: What no test is to take over from whoever runs it.
_FOREIGN = ("SPARK", "PYSPARK", "HADOOP", "YARN", "D4P", "JAVA_HOME", "PYTHONPATH")


def environment(**more: str) -> dict[str, str]:
    """The environment of a user's shell, without settings of Spark, Hadoop and d4p but those given."""
    return {key: value for key, value in os.environ.items() if not key.startswith(_FOREIGN)} | more


def submit(*words: str | Path, cwd: Path, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess:
    """`d4p submit WORDS`, to its end."""
    env = dict(env or environment(**jvm.submitting()))
    return subprocess.run([sys.executable, "-m", "d4p_compile", "submit", *map(str, words)], cwd=cwd, env=env,
                          capture_output=True, text=True, timeout=300)  # fmt: skip


def spark(home: Path | str = "/opt/spark", version: str = "4.0.1") -> Spark:
    """A Spark that isn't there."""
    return Spark(version, Path(home), "SPARK_HOME")


def settings(**more: object) -> Settings:
    """Settings as if they had been read."""
    given = {"spark": {}, "master": "yarn", "mode": "cluster", **dict.fromkeys(("env", "python", "keep", "hadoop"))}
    return Settings(**(given | more))


def hadoop_conf(folder: Path, **properties: str) -> Path:
    """A client configuration of Hadoop: core-site.xml and a yarn-site.xml with some properties."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = [f"<property><name>{name.replace('_', '.')}</name><value>{value}</value></property>"
             for name, value in properties.items()]  # fmt: skip
    (folder / "yarn-site.xml").write_text(f"<configuration>{''.join(lines)}</configuration>")
    (folder / "core-site.xml").write_text("<configuration/>")
    return folder


def another_python(folder: Path) -> tuple[str, str]:
    """A Python of another minor version than this one, and that version: a real one where this machine has one; else
    this one, which says of itself that it is another."""
    mine = sys.version_info[1]
    kept = sorted(Path.home().glob(".pyenv/versions/3.*/bin/python"))
    named = [shutil.which(f"python3.{minor}") for minor in range(10, 16) if minor != mine]
    for program in [*named, *map(str, kept)]:
        said = program and _version(program)
        if said and said != f"3.{mine}" and int(said.partition(".")[2]) >= 10:
            return program, said
    (folder / "sitecustomize.py").write_text(
        "import sys\nfrom collections import namedtuple\n"
        "Version = namedtuple('Version', 'major minor micro releaselevel serial')\n"
        "sys.version_info = Version(3, 99, 0, 'final', 0)\n"
    )
    program = folder / "python3"
    program.write_text(f'#!/bin/sh\nPYTHONPATH="{folder}:$PYTHONPATH" exec "{sys.executable}" "$@"\n')
    program.chmod(0o755)
    return str(program), "3.99"


def _version(program: str) -> str | None:
    code = "import sys; print('%d.%d' % sys.version_info[:2])"
    done = subprocess.run([program, "-c", code], capture_output=True, text=True, timeout=120)
    return done.stdout.strip() if done.returncode == 0 else None
