"""The runtime as a zip: its sources, and their byte code for the Python that compiles."""

from __future__ import annotations

import functools
import importlib.util
import io
import marshal
import zipfile
from collections.abc import Mapping
from pathlib import Path

import d4p

#: The last version of marshal's format in which bytes don't depend on what else refers to an object: the same runtime
#: and Python give the same bytes.
_FORMAT = 2
#: Of a .pyc whose source isn't asked whether it has changed (PEP 552): the zip's digest answers for it.
_UNCHECKED = (0b01).to_bytes(4, "little")


@functools.cache
def runtime_zip(name: str) -> bytes:
    """The runtime that is imported as a zip with fixed dates, which is to be called `name`. Beside a source lies its
    byte code, without which Python compiles it at every start, twice; another version of Python than this one takes the
    sources."""
    folder = Path(d4p.__file__).parent
    files = {}
    for file in folder.rglob("*.py"):
        inside = f"d4p/{file.relative_to(folder).as_posix()}"
        files[inside] = file.read_bytes()
        code = _byte_code(files[inside], f"{name}/{inside}")
        if code is not None:
            files[f"{inside}c"] = code
    return zipped(files)


def zipped(files: Mapping[str, bytes]) -> bytes:
    """A zip of files by their names, with fixed dates: the same files give the same bytes."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(files):
            info = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            info.external_attr = 0o644 << 16
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, files[name])
    return made.getvalue()


def _byte_code(source: bytes, name: str) -> bytes | None:
    """A .pyc, or None where the format can't hold the code: from Python 3.14 on constants may be slices."""
    code = compile(source, name, "exec", dont_inherit=True, optimize=0)
    header = importlib.util.MAGIC_NUMBER + _UNCHECKED + importlib.util.source_hash(source)
    try:
        return header + marshal.dumps(code, _FORMAT)
    except ValueError:
        return None
