"""`d4p ui`: runs in the browser; and what `d4p run --ui` adds to a run."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import click

Watch = Callable[[dict[str, Any]], None]


@click.command(short_help="Show runs in your browser, live.")
@click.argument("run", required=False)
@click.option("--port", type=click.IntRange(0, 65535), default=0, metavar="N", help="Listen on this port.  [default: "
              "any that is free]")
@click.option("--no-open", is_flag=True, help="Print the address, and leave opening it to you.")
def ui(run: str | None, port: int, no_open: bool) -> None:
    """Show all runs in your browser, or RUN: a table of them with a filter, the page of each, live while it is on, and
    two of them side by side.

    It goes on until Ctrl-C. It is reached from this machine alone, by an address with a token that others don't know;
    from elsewhere through a tunnel: ssh -L N:127.0.0.1:N.
    """
    from d4p.describe.printable import complain, echo

    from ..runs.folder import find
    from ..ui.pages import Pages
    from ..ui.server import Server
    from .browse import browse

    path = f"run/{find(run).id}" if run else ""
    server: Server
    server = Server(Pages(lambda: server.closing), port)
    echo(f"{server.address}{path}")
    echo()
    if not no_open and not browse(f"{server.address}{path}"):
        complain("there is no screen here: open the address where there is one")
    complain("Ctrl-C ends it")
    try:
        while not server.closing.is_set():
            server.wait(3600)
    except KeyboardInterrupt:
        pass
    finally:
        server.close(1.0)


@contextlib.contextmanager
def beside(wanted: bool, watch: Watch) -> Iterator[Watch]:
    """Where that is wanted the page of a run is served and opened while the run is on; gives what is to watch it."""
    if not wanted:
        yield watch
        return
    from d4p.describe.printable import complain

    from ..ui.beside import Beside
    from .browse import browse

    served = Beside()
    complain(f"page: {served.address}")
    opened = browse(served.address)

    def both(event: dict[str, Any]) -> None:
        served.watch(event)
        watch(event)

    try:
        yield both
    finally:
        served.end(opened)
