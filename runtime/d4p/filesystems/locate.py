"""Which file system a path belongs to."""

from __future__ import annotations

import os
import posixpath
import re
from typing import Any

from d4p.errors import Refused
from d4p.filesystems.local import Local

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*(://|::)")
#: With one slash: how Hadoop and Java print a URL that names no host; and one of a scheme that must name one.
_HOSTLESS = re.compile(r"(hdfs|viewfs|webhdfs|swebhdfs|file):(/(?!/).*)", re.DOTALL | re.IGNORECASE)
_CUT = re.compile(r"(s3[an]?|gc?s|abfss?|wasbs?|adl|az|oss|memory|https?|s?ftp):/(?!/)", re.IGNORECASE)
_PARTS = re.compile(r"([a-z0-9+.-]+)://([^/]*)(.*)", re.DOTALL | re.IGNORECASE)
#: A URL that says all: its host or bucket, or other drivers that it goes through.
_NAMED = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*(://[^/]|::)")
_NATIVE, _WEB = ("hdfs", "viewfs"), ("webhdfs", "swebhdfs")


class LocalPath(str):
    """A path of this machine, whatever the default file system is: what a pathlib.Path becomes."""


class _Default:
    """The file system in which an engine looks for a path that is no URL, and the folder relative ones are in."""

    url: str | None = None
    home: str | None = None


def use_default(url: str | None, home: str | None = None) -> None:
    """Look for bare string paths in a file system, as Hadoop does with fs.defaultFS, in this process from now on.

    An engine whose workers read there calls it on the driver and on every worker. A `pathlib.Path` stays a path of this
    machine.

    Args:
        url: of the file system ("hdfs://host:8020"); None or "file:///" for this machine.
        home: the folder of relative paths; /user/<name> when not given.
    """
    if url is None or url.startswith("file:"):
        _Default.url = _Default.home = None
        return
    _Default.url, _Default.home = url if url.endswith("://") else url.rstrip("/"), home


def default() -> tuple[str | None, str | None]:
    """What `use_default` was given."""
    return _Default.url, _Default.home


def is_url(path: str) -> bool:
    return any(pattern.match(path) for pattern in (_URL, _HOSTLESS, _CUT))


def as_path(path: str | os.PathLike) -> str:
    """A path as a string that still says whether it was a `pathlib.Path`."""
    return path if isinstance(path, str) else LocalPath(os.fspath(path))


def locate(path: str | os.PathLike) -> tuple[Any, str]:
    """The file system of a path or URL, and the path as that file system calls it. Raises Refused."""
    path = as_path(path)
    hostless = _HOSTLESS.match(path)
    if isinstance(path, LocalPath):
        if hostless or _CUT.match(path):
            raise Refused(f"{path} is a pathlib.Path, which is a file of this machine and leaves one slash of a URL "
                          "out: give the URL as a string")
        return Local(), os.path.expanduser(path)
    if cut := _CUT.match(path):
        raise Refused(f"{path} must be a URL with two slashes: {cut[1]}://{path[cut.end():]}")
    if hostless:
        path = f"{hostless[1]}://{hostless[2]}"
    if not is_url(path):
        if _Default.url is None:
            return Local(), os.path.expanduser(path)
        path = _in_default(path)
    if "::" in path.partition("://")[0]:
        return _through_fsspec(path)
    parts: Any = _PARTS.match(path)
    scheme, host, name = parts.groups()
    scheme = scheme.lower()
    if scheme == "file":
        return _file(path, host, name)
    if scheme in _NATIVE:
        from d4p.filesystems.hdfs import Hdfs

        return Hdfs.of(scheme, host, path), _normal(name)
    if scheme in _WEB:
        from d4p.filesystems.webhdfs import WebHdfs

        return WebHdfs.of(scheme, host, path), _normal(name)
    return _through_fsspec(path)


def missing(path: str | os.PathLike) -> str:
    """What to add to the message that a path isn't there: it is on this machine, and was looked for elsewhere."""
    path = as_path(path)
    if _Default.url is None or isinstance(path, LocalPath) or is_url(path):
        return ""
    here = os.path.abspath(os.path.expanduser(path))
    found = f" in {_Default.url}"
    return f"{found}; it is on this machine: to take that, write file://{here}" if os.path.exists(here) else found


def written(fs: Any, name: str) -> str:
    """How to write a path of a file system so that `locate` finds it there."""
    if isinstance(fs, Local) and _Default.url is not None:
        return f"file://{os.path.abspath(name)}"
    return fs.unstrip_protocol(name)


def shown(path: str | os.PathLike) -> str:
    """A path for people to find again: as it was given where that is of this machine or names its file system; else the
    whole URL, of `out` or `hdfs:///out`, say."""
    path = as_path(path)
    if isinstance(path, LocalPath) or _NAMED.match(path):
        return path
    fs, name = locate(path)
    return path if isinstance(fs, Local) else fs.unstrip_protocol(name)


def _in_default(path: str) -> str:
    if path.startswith("/"):
        return f"{_Default.url}{path}"
    if _Default.home is None:
        from d4p.filesystems.configuration import home

        return f"{_Default.url}{home()}/{path}"
    return f"{_Default.url}{_Default.home.rstrip('/')}/{path}"


def _normal(name: str) -> str:
    """As Hadoop's `Path` makes it: no slash twice or at the end, no `..`, and nothing decoded."""
    return "/" + posixpath.normpath(f"/{name}").lstrip("/")


def _file(path: str, host: str, name: str) -> tuple[Local, str]:
    if host not in ("", "localhost"):
        raise Refused(f"{path} names the machine {host!r}: a file of this machine is file:///folder/file, with three "
                      "slashes")
    return Local(), name or "/"


def _through_fsspec(path: str) -> tuple[Any, str]:
    from d4p.filesystems.others import Other

    return Other.of(path)
