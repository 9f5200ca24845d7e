"""What a NameNode or the way to it says, as the OSError that it is, in one sentence."""

from __future__ import annotations

import errno
import os
import re

_RPC = re.compile(r'(?:Fatal)?RPCError\("([\w.$]+)", "(.*)"\)', re.DOTALL)
_DENIED = ("AccessControlException", "AuthorizationException")
_NUMBERS = {
    "FileNotFoundException": errno.ENOENT,
    "FileAlreadyExistsException": errno.EEXIST,
    "AlreadyBeingCreatedException": errno.EEXIST,
    "ParentNotDirectoryException": errno.ENOTDIR,
    "PathIsNotEmptyDirectoryException": errno.ENOTEMPTY,
    "DSQuotaExceededException": errno.EDQUOT,
    "NSQuotaExceededException": errno.EDQUOT,
    "QuotaByStorageTypeExceededException": errno.EDQUOT,
}
# What a rename of a file onto a folder says, or of a folder onto a file.
_IN_THE_WAY = re.compile(r"^Source .* and destination .* must both be (directories|files)", re.DOTALL)
# What a DataNode says over HTTP that can't reach the NameNode.
_LOST = ("ConnectException", "ConnectTimeoutException", "EOFException", "NoRouteToHostException", "RetriableException",
         "SocketTimeoutException")
_TICKET = re.compile(r"GSS|SASL|[Kk]erberos|krb5|No valid credentials|AccessControlException.*SIMPLE")


def as_os_error(exception: str | None, message: str, root: str, path: str) -> OSError:
    """The error for a Java exception of a server's.

    Args:
        exception: its class, with or without a package.
        root: the URL of the file system.
    """
    name = (exception or "").rpartition(".")[2].rpartition("$")[2]
    text = _first(message)
    if "SafeModeException" in name or "safe mode" in text:
        return OSError(errno.EROFS, f"HDFS at {root} is in safe mode, in which nothing can be written: wait until it "
                       "has left it (hdfs dfsadmin -safemode get)", path)
    if name in _DENIED and "SIMPLE" not in text:
        return PermissionError(errno.EACCES, f"permission denied{_after(text, 'Permission denied')}", path)
    if name == "StandbyException":
        return OSError(errno.EAGAIN, f"HDFS at {root} has no active NameNode: all are standby", path)
    if name in _LOST:
        return unreachable("connection refused" if name == "ConnectException" else text, root, path)
    if "InvalidToken" in name or _TICKET.search(f"{name} {text}"):
        return ticket(text, root, path)
    if text.startswith("Path is not a file"):
        return IsADirectoryError(errno.EISDIR, "it is a folder", path)
    if _IN_THE_WAY.search(text):
        return FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), path)
    if name in _NUMBERS:
        number = _NUMBERS[name]
        return OSError(number, text if number == errno.EDQUOT else os.strerror(number), path)
    return OSError(errno.EIO, f"{name}: {text}" if name else text, path)


def ticket(reason: str, root: str, path: str) -> PermissionError:
    """Kerberos lets nobody in."""
    return PermissionError(errno.EACCES, f"HDFS at {root} asks for Kerberos, and there is no valid ticket ({reason}): "
                           "get one with kinit; klist shows those you have", path)


def native(error: BaseException, root: str, path: str) -> OSError:
    """The error for what hdfs-native raises, which is an OSError, or a RuntimeError whose text says what it is."""
    text = str(error.args[0]) if error.args else str(error)
    if isinstance(error, FileNotFoundError):
        return as_os_error("FileNotFoundException", text, root, path)
    if isinstance(error, FileExistsError):
        return as_os_error("FileAlreadyExistsException", text, root, path)
    if found := _RPC.search(text):
        return as_os_error(found.group(1), found.group(2).replace("\\n", "\n").replace('\\"', '"'), root, path)
    if "libgssapi" in text:
        return PermissionError(errno.EACCES, f"HDFS at {root} asks for Kerberos, whose library isn't on this machine: "
                               "apt install libgssapi-krb5-2, or dnf install krb5-libs", path)
    if _TICKET.search(text):
        return ticket(_gss(_first(text)), root, path)
    if "No NameNode hosts found" in text:
        return unreachable("its configuration names no NameNode", root, path)
    return unreachable(_first(text), root, path) if isinstance(error, OSError) else OSError(errno.EIO, _first(text),
                                                                                          path)


def unreachable(reason: str, root: str, path: str) -> ConnectionError:
    """HDFS is down, or isn't where it was looked for."""
    reason = re.sub(r" \(os error \d+\)$", "", reason.strip().removesuffix("."))
    return ConnectionRefusedError(errno.ECONNREFUSED, f"there is no HDFS at {root} ({reason}): is its NameNode up, and "
                                  "are the host and the port right?", path)


def silent(seconds: float, root: str, path: str) -> TimeoutError:
    """It took the connection and said nothing."""
    return TimeoutError(errno.ETIMEDOUT, f"HDFS at {root} hasn't answered for {seconds:g} seconds: is its NameNode "
                        "well, and is the port that of its RPC or web server?", path)


def _first(text: str) -> str:
    """The first line, which is the message; the rest is Java's stack."""
    return text.strip().split("\n")[0].strip()


def _gss(text: str) -> str:
    """What GSSAPI says in words, without its numbers and the first clause, which says it in general."""
    found = re.search(r'"([^"]{10,})"\)*$', text)
    words = found.group(1) if found else text
    return re.sub(r"^[^:]*(No credentials were supplied|may provide more information)[^:]*: ", "", words)


def _after(text: str, start: str) -> str:
    rest = text.partition(start)[2] if start in text else f": {text}"
    return rest if rest.startswith((":", " ")) else f": {rest}"
