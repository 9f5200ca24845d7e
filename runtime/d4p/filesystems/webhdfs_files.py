"""Open files of HDFS over HTTP, for `d4p.filesystems.webhdfs`."""

from __future__ import annotations

import io
import os
import queue
import threading
import time
from collections.abc import Iterator
from typing import Any

from d4p.filesystems import errors
from d4p.filesystems.remote import Seekable, same_process

#: How long the next piece of a file may take.
DATA_SECONDS = 120
_ATTEMPTS, _AGAIN_SECONDS = 4, 1  # to read
_AHEAD = 4  # buffers of a file that wait to be sent


class Reader(Seekable):
    """A file that is read: one answer of the server's for as long as nobody seeks."""

    def __init__(self, fs: Any, path: str, size: int) -> None:
        self._fs, self._path, self._size, self._pid = fs, path, size, os.getpid()
        self._at = self._stream_at = 0
        self._stream: Any = None

    def readinto(self, buffer: Any) -> int:
        length = min(len(buffer), max(self._size - self._at, 0))
        if not length:
            return 0
        same_process(self._pid, self._path)
        data = self._read(length)
        if not data:
            raise OSError(5, f"it ended {self._size - self._at} bytes too soon", self._path)
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)

    def _read(self, length: int) -> bytes:
        """When the NameNode has been away, each DataNode finds out by an answer that fails: ask again."""
        for left in reversed(range(_ATTEMPTS)):
            try:
                return self._fs._call(self._path, lambda client: self._next(client, length), data=True)
            except ConnectionError:
                if not left:
                    raise
            time.sleep(_AGAIN_SECONDS)
        raise AssertionError

    def _next(self, client: Any, length: int) -> bytes:
        import urllib3

        try:
            if self._stream is None or self._stream_at != self._at:
                self._end()
                context = client.read(self._path, offset=self._at)
                self._stream, self._context, self._stream_at = context.__enter__(), context, self._at
            data = self._stream.read(length)
        except urllib3.exceptions.HTTPError as error:
            self._end()
            raise errors.unreachable(f"the connection broke: {error}", self._fs.root, self._path) from None
        self._stream_at += len(data)
        return data

    def _end(self) -> None:
        if self._stream is not None:
            self._context.__exit__(None, None, None)
            self._stream = None

    def close(self) -> None:
        if not self.closed:
            self._end()
            super().close()


class Writer(io.RawIOBase):
    """A file that is written: a thread sends it in one request, a few buffers behind the writer."""

    def __init__(self, fs: Any, path: str, append: bool) -> None:
        self._fs, self._path, self._append, self._pid = fs, path, append, os.getpid()
        self._pieces: queue.Queue[bytes | None] = queue.Queue(_AHEAD)
        self._thread: threading.Thread | None = None
        self._error: BaseException | None = None

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        same_process(self._pid, self._path)
        if self._thread is None:
            self._thread = threading.Thread(target=self._send, name="d4p-webhdfs", daemon=True)
            self._thread.start()
        content = bytes(data)
        if content:  # an empty piece would end the request
            self._put(content)
        return len(content)

    def close(self) -> None:
        if self.closed:
            return
        super().close()
        if self._thread is None or self._pid != os.getpid():
            return
        self._put(None)
        self._thread.join(DATA_SECONDS)
        if self._thread.is_alive():
            raise errors.silent(DATA_SECONDS, self._fs.root, self._path)
        if self._error is not None:
            raise self._error

    def _put(self, piece: bytes | None) -> None:
        for _ in range(DATA_SECONDS * 10):
            if self._error is not None:
                raise self._error
            try:
                return self._pieces.put(piece, timeout=0.1)
            except queue.Full:
                if self._thread is None or not self._thread.is_alive():
                    continue  # it failed just now
        raise errors.silent(DATA_SECONDS, self._fs.root, self._path)

    def _send(self) -> None:
        try:
            self._fs._call(self._path, lambda client: client.write(
                self._path, self._taken(), overwrite=not self._append, append=self._append), data=True)
        except BaseException as error:
            self._error = error

    def _taken(self) -> Iterator[bytes]:
        while (piece := self._pieces.get()) is not None:
            yield piece
