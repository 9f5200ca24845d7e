"""Settings that are secret reach spark-submit by a file that the user alone may read: all may see its words."""

from __future__ import annotations

import dataclasses
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from d4p.submit.command import Command
from d4p.submit.settings import defaults_file
from d4p.submit.spark_home import Spark


@contextmanager
def handed_over(command: Command, spark: Spark, environ: Mapping[str, str] = os.environ) -> Iterator[Command]:
    """The command with its secrets in a properties file, which is there while the block lasts.

    Spark reads such a file instead of its spark-defaults.conf, so the lines of that come first in it.
    """
    if not command.secret:
        yield command
        return
    end = next((n for n, word in enumerate(command.words) if word.endswith("/job.py")), len(command.words))
    options, program = list(command.words[1:end]), command.words[end:]
    defaults = defaults_file(spark, options, environ)
    handle, path = tempfile.mkstemp(prefix="d4p-settings-", suffix=".conf")  # for this user alone
    try:
        with os.fdopen(handle, "wb") as file:
            if defaults.is_file():
                file.write(defaults.read_bytes() + b"\n\n")  # two: the last line may end with a backslash
            file.write("".join(f"{key}={_escaped(value)}\n" for key, value in command.secret.items()).encode())
        words = [command.words[0], *_without_file(options), "--properties-file", path, *program]
        yield dataclasses.replace(command, words=tuple(words))
    finally:
        Path(path).unlink(missing_ok=True)


def _without_file(options: list[str]) -> Iterator[str]:
    """Words for spark-submit but for the --properties-file, which is in ours."""
    words = iter(options)
    for word in words:
        if word == "--properties-file":
            next(words, None)
        elif not word.startswith("--properties-file="):
            yield word


def _escaped(value: str) -> str:
    """A value as a file of Java's properties has it."""
    text = value.replace("\\", "\\\\").replace("\n", "\\n").replace("\t", "\\t")
    return f"\\{text}" if text.startswith(" ") else text
