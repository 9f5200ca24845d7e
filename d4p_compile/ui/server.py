"""The server of `d4p ui`: over loopback alone, to whoever knows the token in its address.

Other users of the machine can reach its port, and a page that is open in the same browser can have it asked: neither
knows the token. A name of the attacker's that is made to mean this machine (DNS rebinding) is no name that is answered
to.
"""

from __future__ import annotations

import hmac
import secrets
import threading
from collections.abc import Callable, Iterable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from d4p.errors import Refused

#: Names of this machine that it answers to, whatever the port: a tunnel (`ssh -L`) may have another.
NAMES = ("127.0.0.1", "localhost", "[::1]")
_HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer",
            "X-Frame-Options": "DENY", "Content-Security-Policy": "frame-ancestors 'none'"}  # fmt: skip


class Answer:
    """What is answered: a page, another address, or events as they come."""

    def __init__(self, page: str = "", *, to: str = "", events: Iterable[str] | None = None,
                 status: HTTPStatus = HTTPStatus.OK) -> None:
        self.page, self.to, self.events, self.status = page, to, events, status


#: Gives the answer to a path, in parts, and a query.
Route = Callable[[list[str], dict[str, str]], Answer]


class Server:
    """Answers until it is closed.

    Args:
        route: asked with the path below the token.
        port: to listen on; 0 for any. Raises Refused where it is taken.

    Attributes:
        address: of the first page, with the token; ends with a slash.
    """

    def __init__(self, route: Route, port: int = 0) -> None:
        self.token = secrets.token_urlsafe(24)
        self.closing = threading.Event()
        self._open = _Open()
        handler = type("Handler", (_Handler,), {"route": staticmethod(route), "token": self.token, "open": self._open})
        try:
            self._http = _Http(("127.0.0.1", port), handler)
        except OSError as error:
            raise Refused(f"port {port} can't be listened on: {error.strerror or error}; leave --port out and any free "
                          "one is taken") from None
        self.address = f"http://127.0.0.1:{self._http.server_address[1]}/{self.token}/"
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.1,), daemon=True, name="d4p-ui")
        self._thread.start()

    def wait(self, seconds: float | None = None) -> None:
        """Until it is closed."""
        self.closing.wait(seconds)

    def close(self, patience: float = 0.0) -> None:
        """Answer no more, once those that follow events have had the last of them, or after so many seconds."""
        self.closing.set()
        self._open.none(patience)
        self._http.shutdown()
        self._http.server_close()


class _Open:
    """How many answers are on their way."""

    def __init__(self) -> None:
        self.count, self.changed = 0, threading.Condition()

    def __enter__(self) -> None:
        with self.changed:
            self.count += 1

    def __exit__(self, *exc: object) -> None:
        with self.changed:
            self.count -= 1
            self.changed.notify_all()

    def none(self, seconds: float) -> bool:
        """Wait until there are none."""
        with self.changed:
            return self.changed.wait_for(lambda: self.count == 0, seconds)


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Whoever asked has gone: that is no fault."""


class _Handler(BaseHTTPRequestHandler):
    route: Route
    token: str
    open: _Open
    timeout = 60  # seconds that somebody may take to say what is asked

    def do_GET(self) -> None:
        asked = urlsplit(self.path)
        parts = [unquote(part) for part in asked.path.split("/")[1:]]
        if not self._known(parts[0] if parts else ""):
            self._send(HTTPStatus.FORBIDDEN, "This address isn't known here: the right one has the token that `d4p ui` "
                       "printed.\n", "text/plain")
            return
        if len(parts) == 1:
            self._send(HTTPStatus.FOUND, "", "text/plain", {"Location": f"/{self.token}/"})
            return
        with self.open:
            try:
                answer = self.route(parts[1:], {name: found[-1] for name, found in parse_qs(asked.query).items()})
            except Refused as error:
                self._send(HTTPStatus.NOT_FOUND, f"{error}\n", "text/plain")
                return
            self._answer(answer)

    def _known(self, token: str) -> bool:
        host = self.headers.get("Host", "")
        name = host[: host.rindex("]") + 1] if "]" in host else host.partition(":")[0]
        return name.lower() in NAMES and hmac.compare_digest(token.encode(errors="replace"), self.token.encode())

    def _answer(self, answer: Answer) -> None:
        if answer.to:
            self._send(HTTPStatus.FOUND, "", "text/plain", {"Location": f"/{self.token}/{answer.to}"})
        elif answer.events is None:
            self._send(answer.status, answer.page, "text/html")
        else:
            self._begin(HTTPStatus.OK, {"Content-Type": "text/event-stream"})
            for event in answer.events:
                self.wfile.write(event.encode(errors="replace"))
                self.wfile.flush()

    def _send(self, status: HTTPStatus, text: str, kind: str, more: dict[str, str] | None = None) -> None:
        body = text.encode(errors="backslashreplace")
        its = {"Content-Type": f"{kind}; charset=utf-8", "Content-Length": str(len(body))}
        self._begin(status, its | (more or {}))
        self.wfile.write(body)

    def _begin(self, status: HTTPStatus, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in (_HEADERS | headers).items():
            self.send_header(name, value)
        self.end_headers()

    def version_string(self) -> str:
        return "d4p"

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  as the library calls it
        """Nothing: the token stands in what would be logged."""
