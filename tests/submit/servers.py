"""Web servers on loopback that answer as YARN's do, for what a real cluster of one ResourceManager can't show."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Server:
    """Answers by path: text, something for JSON, or a status. Notes what it was asked, and what was sent."""

    def __init__(self) -> None:
        self.answers: dict[str, Any] = {}
        self.asked: list[tuple[str, str, str]] = []
        self.address = ""


@contextmanager
def serving() -> Iterator[Server]:
    """A server on a free port, while the block lasts."""
    server = Server()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            sent = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
            server.asked.append((self.command, self.path, sent))
            answer = server.answers.get(self.path.partition("?")[0], 404)
            if isinstance(answer, int):
                self.send_error(answer)
                return
            if isinstance(answer, str) and answer.startswith("http"):
                self.send_response(307)
                self.send_header("Location", answer)
                self.end_headers()
                return
            body = (answer if isinstance(answer, str) else json.dumps(answer)).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_PUT = do_GET

        def log_message(self, *words: Any) -> None:
            pass

    listening = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.address = f"127.0.0.1:{listening.server_port}"
    thread = threading.Thread(target=listening.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        listening.shutdown()
        listening.server_close()
        thread.join()
