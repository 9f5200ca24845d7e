"""Settings that are secret reach spark-submit by a file that the user alone may read: all may see its words."""

from __future__ import annotations

import dataclasses
import os
import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from d4p.describe.secret_names import words
from d4p.hadoop.submit.command import Command
from d4p.hadoop.submit.settings import defaults_file
from d4p.hadoop.submit.spark_home import Spark


@contextmanager
def handed_over(command: Command, spark: Spark, environ: Mapping[str, str] = os.environ) -> Iterator[Command]:
    """The command with its secrets in a properties file, and with those for Java in a file of arguments, which are
    there while the block lasts.

    Spark reads such a file instead of its spark-defaults.conf, so the lines of that come first in it.
    """
    if not command.secret and not command.java:
        yield command
        return
    end = next((n for n, word in enumerate(command.words) if word.endswith("/job.py")), len(command.words))
    options, program = list(command.words[1:end]), command.words[end:]
    defaults = defaults_file(spark, options, environ)
    with tempfile.TemporaryDirectory(prefix="d4p-settings-") as folder:  # for this user alone
        found = dict(command.secret)
        for key, value in command.java.items():
            file = _written(f"{folder}/{key}", "".join(f"{_quoted(word)}\n" for word in words(value)).encode())
            found[key] = f"@{file}"
        before = defaults.read_bytes() + b"\n\n" if defaults.is_file() else b""  # it may end with a backslash
        lines = "".join(f"{_escaped(key, _IN_A_KEY)}={_escaped(value)}\n" for key, value in found.items())
        path = _written(f"{folder}/settings.conf", before + lines.encode())
        yield dataclasses.replace(command, words=(command.words[0], *_without_file(options), "--properties-file", path,
                                                  *program))


def _written(path: str, content: bytes) -> str:
    with open(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
        file.write(content)
    return path


def _without_file(options: list[str]) -> Iterator[str]:
    """Words for spark-submit but for the --properties-file, which is in ours."""
    words = iter(options)
    for word in words:
        if word == "--properties-file":
            next(words, None)
        elif not word.startswith("--properties-file="):
            yield word


#: What ends a key, and all that is no character of a line.
_IN_A_KEY, _IN_A_VALUE = r"[\\\s=:#!]", r"[\\\n\r\t\f]"
_LETTERS = {"\n": "n", "\r": "r", "\t": "t", "\f": "f"}


def _escaped(text: str, what: str = _IN_A_VALUE) -> str:
    """A text as a file of Java's properties has it."""
    return re.sub(what, lambda found: f"\\{_LETTERS.get(found[0], found[0])}", text)


def _quoted(word: str) -> str:
    """A word as a file of arguments for `java` has it."""
    return '"' + _escaped(word).replace('"', '\\"') + '"'
