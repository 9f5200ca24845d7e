"""`hdfs://` and `viewfs://`, over Hadoop's own RPC, by hdfs-native."""

from __future__ import annotations

import io
import itertools
import os
import time
from collections.abc import Callable
from functools import cache
from typing import Any, BinaryIO

from d4p.errors import Refused
from d4p.filesystems import configuration, errors
from d4p.filesystems.deadline import Deadline
from d4p.filesystems.remote import PerProcess, Remote, Seekable, keep, same_process
from d4p.filesystems.tokens import delegation_token

PORT = 8020
#: How long the NameNode may take to answer, and a DataNode to take or give a piece of a file.
CALL_SECONDS, DATA_SECONDS = 20, 120
_BUFFER = 1 << 20
_PAGE = 1000  # of a listing: what the NameNode gives at once
_ENVIRONMENT = ("HADOOP_USER_NAME", "HADOOP_PROXY_USER", "HADOOP_TOKEN_FILE_LOCATION", "KRB5CCNAME")


class Hdfs(Remote):
    """See `d4p.filesystems`. A rename is HDFS's own `rename2`: atomic, and never into a folder that is there."""

    def __init__(self, root: str) -> None:
        self.root = root
        self._process = PerProcess(lambda: (Deadline(), _client(root)))

    @classmethod
    def of(cls, scheme: str, host: str, url: str) -> Hdfs:
        """The file system of a URL. Raises Refused."""
        host = host or configuration.default_host()
        if not host:
            raise Refused(f"{url} doesn't say which HDFS, and {configuration.here()} has no fs.defaultFS that does: "
                          f"write {scheme}://host:port/..., or set HADOOP_CONF_DIR")
        if scheme == "hdfs" and ":" not in host and not configuration.nameservice(host):
            host = f"{host}:{PORT}"
        return _opened(f"{scheme}://{host}", _identity())

    def __reduce__(self) -> tuple[Any, ...]:
        return _here, (self.root,)

    def info(self, path: str) -> dict[str, Any]:
        return _info(self._call(path, lambda client: client.get_file_info(path)))

    def ls(self, path: str, detail: bool = True) -> list[Any]:
        found: list[Any] = []
        listing = self._call(path, lambda client: client.list_status(path, False))
        while page := self._call(path, lambda client: list(itertools.islice(listing, _PAGE))):
            found += map(_info, page) if detail else [status.path for status in page]
        return found

    def open(self, path: str, mode: str = "rb") -> BinaryIO:
        if mode == "rb":
            return io.BufferedReader(_Reader(self, path, self._call(path, lambda client: client.read(path))), _BUFFER)
        if mode == "ab" and self.exists(path):
            writer = self._call(path, lambda client: client.append(path))
        elif mode in ("wb", "ab", "xb"):
            writer = self._call(path, lambda client: client.create(path, _options(mode == "wb")))
        else:
            raise ValueError(f"a file of HDFS is opened with rb, wb, ab or xb; not with {mode}")
        return io.BufferedWriter(_Writer(self, path, writer), _BUFFER)

    def _mkdirs(self, path: str) -> None:
        self._call(path, lambda client: client.mkdirs(path, 0o755, True))

    def rename(self, source: str, dest: str) -> None:
        self._call(source, lambda client: client.rename(source, dest, False))

    def replace(self, source: str, dest: str) -> None:
        self._call(source, lambda client: client.rename(source, dest, True))

    def rm(self, path: str, recursive: bool = False) -> None:
        if not self._call(path, lambda client: client.delete(path, recursive)):
            raise FileNotFoundError(2, os.strerror(2), path)

    def _call(self, path: str, function: Callable[[Any], Any], seconds: float | None = None) -> Any:
        seconds = CALL_SECONDS if seconds is None else seconds
        deadline, client = self._process.get()
        try:
            return deadline.call(seconds, function, client)
        except TimeoutError as error:
            if error.args:
                raise errors.native(error, self.root, path) from None
            raise errors.silent(seconds, self.root, path) from None
        except (OSError, RuntimeError) as error:
            raise errors.native(error, self.root, path) from None


class _Reader(Seekable):
    """A file that is read. Its place is ours: a read asks for a range."""

    def __init__(self, fs: Hdfs, path: str, file: Any) -> None:
        self._fs, self._path, self._file, self._at = fs, path, file, 0
        self._size, self._pid = len(file), os.getpid()

    def close(self) -> None:
        if not self.closed:
            super().close()
            if self._pid != os.getpid():
                keep(self._file)

    def readinto(self, buffer: Any) -> int:
        length = min(len(buffer), max(self._size - self._at, 0))
        if not length:
            return 0
        same_process(self._pid, self._path)
        _Connections.wait()
        data = self._fs._call(self._path, lambda _: self._file.read_range(self._at, length), DATA_SECONDS)
        _Connections.used()
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)


class _Writer(io.RawIOBase):
    """A file that is written. It has its length when it is closed."""

    def __init__(self, fs: Hdfs, path: str, file: Any) -> None:
        self._fs, self._path, self._file, self._pid = fs, path, file, os.getpid()

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        same_process(self._pid, self._path)
        content = bytes(data)  # the buffer is used again while the call may still run
        return self._fs._call(self._path, lambda _: self._file.write(content), DATA_SECONDS)

    def close(self) -> None:
        if not self.closed:
            super().close()
            if self._pid == os.getpid():
                self._fs._call(self._path, lambda _: self._file.close(), DATA_SECONDS)
            else:
                keep(self._file)


class _Connections:
    """When this process last read. hdfs-native keeps its connections to DataNodes for 3 seconds, in a place that a
    forked process inherits and where they are dead: the fork's first read comes when they have been given up."""

    _KEPT = 3.1
    _pid, _at = 0, -_KEPT

    @classmethod
    def used(cls) -> None:
        cls._pid, cls._at = os.getpid(), time.monotonic()

    @classmethod
    def wait(cls) -> None:
        if cls._pid != os.getpid():
            time.sleep(max(0.0, cls._at + cls._KEPT - time.monotonic()))


@cache
def _opened(root: str, identity: tuple[Any, ...]) -> Hdfs:
    """One connection to a file system for each one a process says it is."""
    return Hdfs(root)


def _here(root: str) -> Hdfs:
    return _opened(root, _identity())


def _identity() -> tuple[Any, ...]:
    return configuration.folder(), *map(os.environ.get, _ENVIRONMENT)


def _client(root: str) -> Any:
    try:
        from hdfs_native import Client
    except ImportError:
        raise Refused(f"{root} needs the package hdfs-native: pip install hdfs-native") from None
    if os.environ.get("HADOOP_PROXY_USER") and not configuration.kerberos():
        raise Refused("HADOOP_PROXY_USER works with hdfs:// on a cluster with Kerberos alone: set HADOOP_USER_NAME, or "
                      "write webhdfs://")
    settings = configuration.read()
    scheme, _, host = root.partition("://")
    several = len(configuration.nameservice(host)) > 1
    url = root
    if not several and configuration.kerberos() and (token := delegation_token(host)):
        url = f"{scheme}://{token.service}"  # hdfs-native compares names, and Hadoop writes the address into a token
    # Hadoop's own defaults go on for minutes. Where there are two NameNodes one may be taking over from the other.
    bounds = {
        "dfs.client.failover.max.attempts": "8" if several else "3",
        "dfs.client.failover.sleep.base.millis": "250",
        "dfs.client.failover.sleep.max.millis": "4000" if several else "1000",
    }
    try:
        return Client(url, {name: value for name, value in bounds.items() if name not in settings},
                      str(folder) if (folder := configuration.folder()) else None)
    except (OSError, RuntimeError) as error:
        raise errors.native(error, root, "/") from None


def _options(overwrite: bool) -> Any:
    from hdfs_native import WriteOptions

    return WriteOptions(overwrite=overwrite)


def _info(status: Any) -> dict[str, Any]:
    return {"name": status.path, "type": "directory" if status.isdir else "file", "size": status.length,
            "mtime": status.modification_time / 1000}
