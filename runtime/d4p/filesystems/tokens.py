"""Delegation tokens: what a task of YARN has instead of a Kerberos ticket, in the file that Hadoop names for it."""

from __future__ import annotations

import base64
import os
import socket
from typing import NamedTuple

_MAGIC = b"HDTS\0"
_KINDS = ("HDFS_DELEGATION_TOKEN", "WEBHDFS delegation", "SWEBHDFS delegation")


class Token(NamedTuple):
    """A token: its kind, the service it is for, and the whole as WebHDFS takes it (`delegation=...`)."""

    kind: str
    service: str
    text: str


def delegation_token(service: str) -> Token | None:
    """The token for a NameNode.

    Args:
        service: "ha-hdfs:NAME" or the "host:port" of its RPC; "" where that isn't known, for the only one there is.
    """
    place = os.environ.get("HADOOP_TOKEN_FILE_LOCATION")
    if not place or not os.path.exists(place):
        return None
    with open(place, "rb") as file:
        tokens = [token for token in read(file.read()) if token.kind in _KINDS]
    if not service:
        return tokens[0] if len(tokens) == 1 else None
    names = (service, _numeric(service))
    return next((token for token in tokens if token.service in names), None)


def read(content: bytes) -> list[Token]:
    """The tokens of a file in the format of Hadoop's `Credentials`, version 0."""
    if not content.startswith(_MAGIC):
        return []  # version 1 is for files that people look at
    data = _Data(content[len(_MAGIC):])
    tokens = []
    for _ in range(data.number()):
        data.bytes()  # its alias
        start = data.at
        for _ in ("identifier", "password"):
            data.bytes()
        kind, service = data.bytes().decode(), data.bytes().decode()
        text = base64.urlsafe_b64encode(data.content[start:data.at]).rstrip(b"=").decode()
        tokens.append(Token(kind, service, text))
    return tokens


class _Data:
    """Bytes in the format of Hadoop's `WritableUtils`."""

    def __init__(self, content: bytes) -> None:
        self.content, self.at = content, 0

    def number(self) -> int:
        """A vint: itself from -112 to 127, else its length, then its bytes."""
        first = int.from_bytes(self.content[self.at:self.at + 1], "big", signed=True)
        self.at += 1
        if first >= -112:
            return first
        length = -112 - first if first >= -120 else -120 - first
        value = int.from_bytes(self.content[self.at:self.at + length], "big")
        self.at += length
        return value if first >= -120 else ~value

    def bytes(self) -> bytes:
        length = self.number()
        self.at += length
        return self.content[self.at - length:self.at]


def _numeric(service: str) -> str:
    """A token names the address of its service."""
    host, _, port = service.partition(":")
    try:
        return f"{socket.gethostbyname(host)}:{port}" if port.isdigit() else service
    except OSError:
        return service
