"""A virtual environment for each system, made in a cache folder the first time."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import venv
from pathlib import Path


class NotInstalled(Exception):
    """A system that doesn't install here, with pip's own words."""


def environment(name: str, *requirements: str) -> Path:
    """The folder with the programs of an environment that has `requirements` (and pip's options). Raises NotInstalled.

    What pip chose stays until the requirements change."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "d4p-benchmarks"
    folder = cache / f"env-{name}-python{sys.version_info.major}.{sys.version_info.minor}"
    done = folder / "installed.txt"  # made last: an environment without it is made anew
    if not done.exists() or done.read_text() != "\n".join(requirements):
        venv.create(folder, clear=True, with_pip=True)
        command = [folder / "bin" / "python", "-m", "pip", "install", "-q", *requirements]
        with tempfile.TemporaryFile("w+") as said:
            status = subprocess.run(command, stdout=said, stderr=subprocess.STDOUT).returncode
            said.seek(0)
            errors = [line.strip() for line in said if line.startswith("ERROR")]
        if status:
            raise NotInstalled(f"it doesn't install: {errors[0] if errors else f'pip ended with {status}'}")
        done.write_text("\n".join(requirements))
    return folder / "bin"
