"""`d4p runs` and `d4p report`: what runs left behind."""

from __future__ import annotations

from typing import Any

import click


def _echo(lines: Any) -> None:
    from d4p.describe.printable import echo

    echo(lines)


@click.group(short_help="List, show, compare and remove the records of runs.")
def runs() -> None:
    """What runs left behind in $D4P_RUNS (`d4p help runs`).

    RUN is `latest`, an id, or its beginning as far as no other run has the same.
    """


@runs.command(name="list", short_help="List runs, the newest first.")
@click.option("--workflow", metavar="NAME", help="Those of this workflow.")
@click.option("--failed", is_flag=True, help="Those that failed, were interrupted or were lost.")
@click.option("-t", "--target", metavar="T", help="Those on this target.")
@click.option("--most", type=click.IntRange(min=1), metavar="N", help="The last N.")
def list_(workflow: str | None, failed: bool, target: str | None, most: int | None) -> None:
    """List runs, the newest first: id, begin, state, time, target, workflow and parameters."""
    from ..runs.folder import folder
    from ..runs.index import lines

    if target and target != "spark":
        from ..targets import canonical

        target = canonical(target)
    found = list(lines(workflow, target, failed, most))
    _echo(found or f"there are no such runs in {folder()}")


@runs.command(short_help="Show what is known of a run.")
@click.argument("run", default="latest")
def show(run: str) -> None:
    """Show what is known of RUN (the latest); its figures are in `d4p report`."""
    from ..runs.folder import find
    from ..runs.table import shown

    _echo(shown(find(run)))


@runs.command(short_help="Show in what two runs differ.")
@click.argument("first")
@click.argument("second", default="latest")
def diff(first: str, second: str) -> None:
    """Show in what FIRST and SECOND (the latest) differ: what was asked for, plan, program, figures."""
    from ..runs.folder import find
    from ..runs.table import differences

    _echo(differences(find(first), find(second)))


@runs.command(short_help="Remove the records of runs.")
@click.argument("run", nargs=-1, required=True)
def rm(run: tuple[str, ...]) -> None:
    """Remove the record of each RUN. What the run wrote stays."""
    from ..runs.folder import find, remove, remove_unused_programs

    found = [find(name) for name in run]
    for each in found:
        remove(each)
        _echo(f"removed: {each.folder}")
    remove_unused_programs()


@runs.command(short_help="Put the records of runs into MongoDB.")
@click.argument("run", nargs=-1)
@click.option("--to", metavar="URL", required=True, help="mongodb://HOST/DATABASE.")
def export(run: tuple[str, ...], to: str) -> None:
    """Put the records of each RUN, by default of all, into a database: what its files hold, in the collections runs,
    plans, summaries, samples, inputs, errors and logs. To do it again replaces what is there."""
    from ..runs.export import export as put
    from ..runs.folder import Run, find, folder, ids

    found = [find(name) for name in run] or [Run(folder() / name) for name in ids()]
    _echo(f"exported: {name}" for name in put(found, to))


@runs.command(short_help="Copy the records of runs that are elsewhere.")
@click.argument("url")
def fetch(url: str) -> None:
    """Copy the records at URL (hdfs:///user/me/.d4p/runs, a folder) that aren't here yet, or whose runs were on."""
    from d4p.describe.boundary import reason
    from d4p.errors import Refused

    from ..runs.fetch import fetch as copied

    try:
        _echo(f"copied: {name}" for name in copied(url))
    except OSError as error:
        raise Refused(f"the records at {url} can't be copied: {reason(error)}") from error


@runs.command(short_help="Make the index of runs anew.")
def reindex() -> None:
    """Make the index of runs anew; it holds nothing that the records don't."""
    from ..runs.folder import folder
    from ..runs.index import reindex as again

    _echo(f"{again():,} runs in {folder()}")


@click.command(short_help="Say what limited a run, and show it on a page.")
@click.argument("run", default="latest")
@click.option("--text", is_flag=True, help="Say it here, on the terminal.")
@click.option("--instances", is_flag=True, help="With --text: show every instance.")
@click.option("-o", "--output", "--html", metavar="FILE", help="Write the page there, and don't open it.  [default: "
              "report.html in the run's record, which is opened in your browser]")
@click.option("--trace", metavar="FILE", help="Write a trace there, for https://ui.perfetto.dev, and nothing else.")
def report(run: str, text: bool, instances: bool, output: str | None, trace: str | None) -> None:
    """Say what limited RUN (the latest) and what would help, and show it: a page with the graph, a timeline of all
    instances, tables, errors, the plan and the program (`d4p help runs`).

    The page is one file, from which no request leaves: it opens offline and may be sent to anybody. Where there is no
    screen its path is printed.
    """
    from ..runs.folder import find
    from ..runs.report import limits
    from ..runs.report import text as said

    found = find(run)
    if trace:
        from ..runs.trace import write

        write(found, trace)
        _echo(f"written: {trace}; https://ui.perfetto.dev shows it")
        return
    if text or instances:
        if output:
            raise click.UsageError("give one of --text and --output")
        _echo(said(found, instances))
        return
    from ..runs.file import written

    if output:
        _echo(f"written: {written(found, output)}")
        return
    from ..ui.once import handed, is_out_of_reach
    from .browse import browse

    path = written(found)
    _echo([*limits(found), ""])
    opened = handed(path, browse) if is_out_of_reach(path) else browse(path.as_uri())
    _echo(f"{'opened' if opened else 'written'}: {path}" + ("" if opened else " (--text says the same here)"))
