"""A folder of part files in the making."""

from __future__ import annotations

import os
import socket
from typing import BinaryIO

from d4p.errors import Refused, RunFailed
from d4p.library.filesystems import Local, locate

_WRITING = ".writer"  # in the temporary folder: who makes it


class Folder:
    """Written beside its place, `.name.d4p-unfinished`, and renamed when it is whole."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.fs, place = locate(path)
        self.place = place.rstrip("/") or place
        parent, _, name = (os.path.abspath(self.place) if self._local else self.place).rpartition("/")
        self.parent = parent
        self.temporary = f"{parent}/.{name}.d4p-unfinished"
        self.replaced = f"{parent}/.{name}.d4p-replaced"

    @property
    def _local(self) -> bool:
        return isinstance(self.fs, Local)

    def begin(self, overwrite: bool, writer: str) -> None:
        """Make the temporary folder. Raises Refused."""
        try:
            if self.fs.exists(self.place):
                self._may_replace(overwrite, writer)
            if self.fs.exists(self.temporary):
                self._may_remove(writer)
                self.fs.rm(self.temporary, recursive=True)
            self.fs.makedirs(self.temporary)
            with self.fs.open(f"{self.temporary}/{_WRITING}", "wb") as file:
                file.write(f"{socket.gethostname()} {os.getpid()}".encode())
        except OSError as error:
            raise Refused(f"the output {self.path}{_of(writer)} can't be made: {error.strerror or error}") from None

    def _may_replace(self, overwrite: bool, writer: str) -> None:
        if not overwrite:
            raise Refused(f"the output {self.path}{_of(writer)} exists: give another folder, or --overwrite to replace "
                          "it")
        if not self.fs.isdir(self.place):
            raise Refused(f"the output {self.path}{_of(writer)} must be a folder; it is a file")
        here = os.path.realpath(os.getcwd()) + "/"
        if self._local and here.startswith(os.path.realpath(self.place).rstrip("/") + "/"):
            raise Refused(f"the output {self.path}{_of(writer)} is the folder you are in or one above it")

    def _may_remove(self, writer: str) -> None:
        """The temporary folder is there: another writer's, at work now, or left by a run that was killed."""
        try:
            with self.fs.open(f"{self.temporary}/{_WRITING}", "rb") as file:
                host, pid = file.read().decode().rsplit(" ", 1)
        except (OSError, ValueError):
            return
        if host == socket.gethostname() and _runs(int(pid)):
            who = "another PE of this workflow" if int(pid) == os.getpid() else f"another run (process {pid})"
            raise Refused(f"the output {self.path}{_of(writer)} is being written by {who}: give each its own folder")

    def open(self, name: str) -> BinaryIO:
        """A new file in the temporary folder."""
        if not self.fs.exists(self.temporary):
            raise RunFailed(f"{self.temporary} isn't there on {socket.gethostname()}: an output must be begun by the "
                            "program, on a file system that it shares with all its workers")
        return self.fs.open(f"{self.temporary}/{name}", "wb")

    def keep(self, name: str, part: str) -> None:
        """Give a file of the temporary folder its final name."""
        self.fs.mv(f"{self.temporary}/{name}", f"{self.temporary}/{part}")

    def parts(self) -> list[str]:
        """The names of what is whole in the temporary folder."""
        self._forget_listings()
        names = [name.rpartition("/")[2] for name in self.fs.ls(self.temporary, detail=False)]
        return [name for name in names if name.startswith("part-")]

    def commit(self, writer: str, wanted: list[str]) -> None:
        """Put the folder in its place with the files `wanted` and nothing else. Raises RunFailed."""
        try:
            self._forget_listings()
            names = [name.rpartition("/")[2] for name in self.fs.ls(self.temporary, detail=False)]
            for name in names:
                if name not in wanted:
                    self.fs.rm(f"{self.temporary}/{name}")
            self.fs.touch(f"{self.temporary}/_SUCCESS")
            if self.fs.exists(self.place):
                self._remove(self.replaced)
                self.fs.mv(self.place, self.replaced, recursive=True)
            try:
                self.fs.mv(self.temporary, self.place, recursive=True)
            except OSError:
                if self.fs.exists(self.replaced):
                    self.fs.mv(self.replaced, self.place, recursive=True)
                raise
        except OSError as error:
            raise RunFailed(f"the output {self.path}{_of(writer)} can't be put in its place: "
                            f"{error.strerror or error}") from error
        self._remove(self.replaced)

    def abort(self) -> None:
        """Remove the temporary folder."""
        self._remove(self.temporary)

    def _forget_listings(self) -> None:
        if not self._local:
            self.fs.invalidate_cache()  # other processes have written there

    def _remove(self, path: str) -> None:
        try:
            if self.fs.exists(path):
                self.fs.rm(path, recursive=True)
        except OSError:
            pass  # it is hidden, and the next run tries again


def _of(writer: str) -> str:
    return f" of {writer}" if writer else ""


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
