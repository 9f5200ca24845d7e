"""Folders of this machine whose names anyone can guess: used and emptied only where they are this user's own.

Whoever may write to the folder above can have put something there: a link to a folder whose content is to be lost, or
one of their own, in which they change what is written. So such a folder is opened without following a link, its owner
is looked at, and what is removed from it is named from there on by what was opened and not by its path.
"""

from __future__ import annotations

import errno
import os
import uuid
from collections.abc import Callable

from d4p.filesystems.together import many, together

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def check(path: str) -> None:
    """Raises PermissionError where something is there that isn't a folder of this user's own."""
    try:
        os.close(_opened(path))
    except FileNotFoundError:
        pass


def clear(path: str, below: str = "", keep: Callable[[str], bool] = lambda name: False) -> None:
    """Remove what is in a folder of this user's own, or in a folder `below` it, but for names that are to be kept.
    Raises PermissionError as `check`, and OSError; there may be no such folder."""
    try:
        folder = _opened(path)
        for name in filter(None, below.split("/")):
            above, folder = folder, -1
            try:
                folder = os.open(name, _FOLDER, dir_fd=above)
            finally:
                os.close(above)
    except FileNotFoundError:
        return
    try:
        _clear(folder, keep)
    finally:
        os.close(folder)


def remove(path: str) -> None:
    """Remove a folder of this user's own with what is in it, if it is there."""
    clear(path)
    try:
        os.rmdir(path)
    except FileNotFoundError:
        pass


def _opened(path: str) -> int:
    try:
        folder = os.open(path, _FOLDER)
    except OSError as error:
        if error.errno not in (errno.ELOOP, errno.ENOTDIR):
            raise
        what = "a link" if os.path.islink(path) else "a file"
        raise _not_ours(path, f"it is {what}") from None
    try:
        owner = os.fstat(folder).st_uid
        if owner != os.geteuid() and owner != _owner_of_new(folder):
            raise _not_ours(path, f"it belongs to {_called(owner)}")
    except BaseException:
        os.close(folder)
        raise
    return folder


def _owner_of_new(folder: int) -> int | None:
    """Whose a file is that this process makes in a folder: file systems from elsewhere may call us otherwise."""
    name = f".{uuid.uuid4().hex}"
    try:
        file = os.open(name, _FILE, 0o600, dir_fd=folder)
    except OSError:
        return None
    try:
        return os.fstat(file).st_uid
    finally:
        os.close(file)
        os.unlink(name, dir_fd=folder)


def _not_ours(path: str, what: str) -> PermissionError:
    return PermissionError(errno.EPERM, f"{path}, where what isn't finished is kept, must be a folder of your own, and "
                           f"{what}: move it away, or give another folder")


def _called(uid: int) -> str:
    import pwd

    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"the user with the number {uid}"


def _clear(folder: int, keep: Callable[[str], bool], by_threads: bool = True) -> None:
    with os.scandir(folder) as entries:
        found = [(entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries if not keep(entry.name)]
    threads = by_threads and many(len(found))

    def remove(entry: tuple[str, bool]) -> None:
        name, is_folder = entry
        if is_folder:
            inner = os.open(name, _FOLDER, dir_fd=folder)
            try:
                _clear(inner, lambda name: False, by_threads and not threads)
            finally:
                os.close(inner)
        _remove(name, is_folder, folder)

    if threads:
        together(remove, found)
    else:
        for entry in found:
            remove(entry)


def _remove(name: str, is_folder: bool, folder: int) -> None:
    try:
        (os.rmdir if is_folder else os.unlink)(name, dir_fd=folder)
    except FileNotFoundError:
        pass
