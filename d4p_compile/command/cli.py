"""The command `d4p`: plan, compile, run, replay, submit, peek, targets, help.

What a command needs is imported when it runs, so that `d4p --help` is quick.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import io
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import click

from . import options
from .runs import report, runs
from .ui import beside, ui

FORMATS = ("text", "json", "mermaid", "dot", "html")


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit: 0 done, 1 it failed, 2 it was refused before it began, 3 done but for items that
    were left out, 130 interrupted."""
    from d4p.describe.boundary import kind, plain
    from d4p.describe.printable import complain, open_streams

    gc.set_threshold(50_000)  # nearly all that is made stays, and would be looked at every 700 objects
    open_streams()
    atexit.register(gc.freeze)  # or Python looks at all objects of all modules as it ends
    try:
        status = d4p.main(arguments, prog_name="d4p", standalone_mode=False)
        echo([])
    except click.ClickException as error:
        shown = io.StringIO()
        error.show(shown)
        complain(shown.getvalue().rstrip())
        status = error.exit_code
    except (click.Abort, KeyboardInterrupt) as error:
        status = 130
        if isinstance(error.__cause__, EOFError):  # click takes it for the end of typed input, and we ask for none
            _bug(error.__cause__)
            status = 1
    except Exception as error:
        known = plain(error)
        complain(f"{kind(known)}: {known}") if known else _bug(error)
        status = known.exit_status if known else 1
    sys.exit(status)


def echo(lines: str | Iterable[str] = "") -> None:
    """Print lines that may hold anything."""
    from d4p.describe.printable import echo

    echo(lines)


def _bug(error: Exception) -> None:
    from d4p.describe.printable import complain

    if os.environ.get("D4P_DEBUG") == "1":
        import traceback

        traceback.print_exception(error)
    hint = "D4P_DEBUG=1 shows where" if os.environ.get("D4P_DEBUG") != "1" else "the traceback is above"
    complain(f"failed: this is a bug in d4p and not in your workflow: {type(error).__name__}: {error} ({hint}; please "
             "report it with the workflow)")


class _Commands(click.Group):
    """Says what to type where dispel4py's order of words, or a workflow alone, was typed."""

    def resolve_command(self, context: click.Context, args: list[str]) -> Any:
        word = args[0]
        if self.get_command(context, word) is None:
            from ..targets import ALIASES, TARGETS

            if word in (*TARGETS, *ALIASES):
                context.fail(f"{word} is a target: d4p run {args[1] if len(args) > 1 else 'WORKFLOW'} --target {word}")
            if word.endswith(".py") or ".py:" in word:
                context.fail(f"{word} is a workflow: d4p run {word}, or d4p plan {word}")
        return super().resolve_command(context, args)


def _version(context: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted:
        from d4p import __version__

        click.echo(f"d4p {__version__}, Python {sys.version.split()[0]}")
        context.exit()


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.option("--version", is_flag=True, is_eager=True, expose_value=False, callback=_version, help="Show the version.")
def d4p() -> None:
    """Compile a dispel4py workflow to a readable program and run it: in one process, in many, or on Spark.

    WORKFLOW is a file or a module, either with :attribute. `d4p help` lists what else there is to read.
    """


@d4p.command()
@options.workflow("sequential")
@click.option("--format", "format_", type=click.Choice(FORMATS), default="text", show_default=True,
              help="How to show it.")
@click.option("--passes", is_flag=True, help="Show what each pass did before the plan.")
@options.on_error
def plan(workflow: str, target: str, width: int | None, fuse: bool, attribute: str | None, parameters: dict[str, Any],
         format_: str, passes: bool, on_error: tuple[str, ...]) -> None:
    """Print the plan of WORKFLOW; needs no engine."""
    if passes and format_ != "text":
        raise click.UsageError("--passes goes with --format text")
    from ..show import show
    from ..show.text import text
    from ..targets import target as engine

    source = _load(workflow, target, attribute, parameters, on_error)
    if passes:
        from ..show.passes import Steps

        steps = Steps()
        made = _plan(source, target, width, fuse, steps)
        echo([steps.text(), ""])
    else:
        made = _plan(source, target, width, fuse)
    echo(text(made, engine(made.target).width()) if format_ == "text" else show(made, format_))


@d4p.command(short_help="Write the program of WORKFLOW as a folder.")
@options.workflow(None)
@click.option("-o", "--output", metavar="DIR", help="The folder to write.  [default: NAME-TARGET]")
@options.include
@click.option("--overwrite", is_flag=True, help="Replace the folder if it exists.")
@options.on_error
def compile(workflow: str, target: str, width: int | None, fuse: bool, attribute: str | None,  # noqa: A001
            parameters: dict[str, Any], output: str | None, include: tuple[str, ...], overwrite: bool,
            on_error: tuple[str, ...]) -> None:
    """Write the program of WORKFLOW as a folder that runs without this compiler."""
    from pathlib import Path

    from .. import api
    from ..bundle.folder import check_place
    from ..show.text import text

    if output:  # refused before the workflow is imported
        check_place(Path(output).expanduser(), overwrite)
    source = _load(workflow, target, attribute, parameters, on_error)
    bundle = api.compile(source, target, width, output=output, include=include, overwrite=overwrite,
                         fuse=fuse or None)
    echo([text(bundle.plan), "", *(f"note: {note}" for note in bundle.notes), f"written: {bundle.folder}"])
    echo(_how_to_run(bundle))


@d4p.command()
@options.workflow("sequential")
@options.program()
@options.include
@options.verbose
@click.option("--ui", is_flag=True, help="Open the run's page in your browser, live until the run has ended; the page "
              "then stays as it is (d4p help runs).")
def run(workflow: str, target: str, width: int | None, fuse: bool, attribute: str | None, parameters: dict[str, Any],
        include: tuple[str, ...], verbose: bool, ui: bool, **given: Any) -> int:
    """Compile WORKFLOW and run the program in this folder."""
    if ui and given["no_record"]:
        raise click.UsageError("--ui shows the record of the run: leave --no-record out")
    if given["output"] is not None or given["overwrite"] and given["resume"]:
        from d4p.commit.run import check_asked

        check_asked(given["output"], overwrite=given["overwrite"], resume=given["resume"])
    source = _load(workflow, target, attribute, parameters, given["on_error"])
    return _run(source, target, width, fuse, include, verbose, given, ui)


def _run(source: Any, target: str, width: int | None, fuse: bool, include: tuple[str, ...], verbose: bool,
         given: dict[str, Any], ui: bool = False) -> int:
    """Compile a workflow that is loaded, and run it with the options that are `given`."""
    from pathlib import Path

    from d4p.describe.printable import complain
    from d4p.errors import Refused
    from d4p.program.options import words

    from ..bundle.temporary import temporary_bundle
    from ..launch.execute import check_checks, check_inputs, ended_by, execute, unpiped
    from ..progress import watching
    from ..show.brief import brief
    from ..show.text import text
    from ..targets import target as engine

    quiet, check = given["quiet"], given["check"]
    if verbose and quiet:
        raise click.UsageError("give one of -v and -q")
    if check:
        check_checks(target)
    made = _plan(source, target, width, fuse, apart=check)
    with unpiped(given["file"]) as piped:
        check_inputs(source.loaded, made, {**given, "file": piped or given["file"]})
        content = Path(piped).read_bytes() if piped else None
    available = engine(made.target).available()
    if not available.runs:
        raise Refused(f"{made.target} can't run here: {available.details}"
                      + (f". What makes it so: {available.remedy}" if available.remedy else ""))
    bundle, holder = temporary_bundle(source.loaded, made, [Path(p) for p in include])
    with holder:
        if content is not None:
            given["file"] = os.path.join(holder.name, "inputs.json")
            Path(given["file"]).write_bytes(content)
        if not quiet:
            shown = (text if verbose else brief)(made, engine(made.target).width())
            echo([shown, "", *(f"note: {note}" for note in bundle.notes)])
        with watching(made, quiet) as screen, beside(ui, screen.watch) as watch:
            status = execute(bundle, [*words(given)], holder, watch=watch, stdout=screen.stdout,
                             stderr=screen.stderr, environment={"D4P_SOURCE": str(source.loaded.folder)})
    if said := ended_by(status):
        complain(f"failed: {said}")
    return status


@d4p.command(short_help="Run the items again that a run set aside.")
@click.argument("folder")
@options.workflow("sequential")
@options.program("iterations", "data", "file", "limit", "resume", "check")
@options.include
@options.verbose
def replay(folder: str, workflow: str, target: str, width: int | None, fuse: bool, attribute: str | None,
           parameters: dict[str, Any], include: tuple[str, ...], verbose: bool, **given: Any) -> int:
    """Run the items again that a run of WORKFLOW set aside in FOLDER (a policy dead-letter:FOLDER).

    They go once more to the PE that failed, and what it writes goes on from there. The PE may be another by now; the
    graph must be the same.
    """
    import json
    import tempfile
    from pathlib import Path

    from .. import api
    from ..front.convert import to_graph
    from ..front.replay import replayed

    source = _load(workflow, target, attribute, parameters, ())
    loaded, items = replayed(folder, source.loaded)
    given |= {"iterations": None, "data": None, "file": None, "limit": None, "resume": False, "check": False}
    with tempfile.TemporaryDirectory(prefix="d4p-replay-") as inputs:
        if items:
            given["file"] = str(Path(inputs) / "inputs.json")
            Path(given["file"]).write_text(json.dumps(items))
        again = api.Source(loaded, to_graph(loaded, given["on_error"]))
        return _run(again, target, width, fuse, include, verbose, given)


@d4p.command(short_help="Compile WORKFLOW and submit it to a cluster.")
@options.workflow("spark")
@click.option("--profile", metavar="NAME", required=True, help="The settings to submit with: a file of conf/profiles.")
@options.program("quiet", "check", "profiled")  # its own --profile is another
@options.include
@options.verbose
@options.submit
def submit(workflow: str, target: str, width: int | None, fuse: bool, attribute: str | None, parameters: dict[str, Any],
           include: tuple[str, ...], **given: Any) -> int:
    """Compile WORKFLOW and submit it to a Spark cluster; wait for its end.

    Its exit status is the run's. Ctrl-C ends the run, on the cluster too.
    """
    from .submit import compile_words
    from .submit import submit as submit_workflow

    source = _load(workflow, target, attribute, parameters, given["on_error"])
    made = _plan(source, target, width, fuse)
    words = compile_words(workflow, target, width, fuse, attribute, parameters, include, given["on_error"])
    return submit_workflow(source, made, given, words, include)


@d4p.command(short_help="Show what is in a file or folder that a run wrote.")
@click.argument("path")
@click.option("-r", "--records", type=click.IntRange(min=0), default=5, show_default=True, metavar="N",
              help="How many records to show.")
def peek(path: str, records: int) -> None:
    """Show what is in PATH, a file or folder that a run wrote: fields, sizes and the first records.

    Arrow, Parquet, JSON lines, pickles or text; local or a URL. Of correlations also stations, lags and peaks.
    """
    from ..peek import peek as show

    show(path, records)


@d4p.command(short_help="List every target and whether it runs here.")
def targets() -> None:
    """List every target: what it needs, and whether it runs on this machine."""
    from .targets import table

    table()


@d4p.command(name="help", short_help="Print a text on a topic, or list the topics.")
@click.argument("topic", required=False)
@click.pass_context
def help_(context: click.Context, topic: str | None) -> None:
    """Print the text on TOPIC, or list the topics. The name of a command is as that with --help."""
    from .. import topics

    known = topics.topics()
    command = d4p.get_command(context, topic) if topic and topic not in known else None
    if command is not None:
        with click.Context(command, info_name=topic, parent=context.parent) as its:
            click.echo(command.get_help(its))
    elif topic:
        click.echo(topics.topic(topic), nl=False)
    else:
        width = max(map(len, known))
        click.echo("d4p help TOPIC\n\n" + "\n".join(f"  {name:{width}}  {title}" for name, title in known.items()))
        click.echo("\nd4p COMMAND --help lists a command's options. In Python, help(d4p.ReadLines), "
                   "help(d4p_compile.run)\nand so on say what a PE or a function takes.")


for _command in (runs, report, ui):
    d4p.add_command(_command)


def _load(workflow: str, target: str, attribute: str | None, parameters: dict[str, Any],
          on_error: tuple[str, ...]) -> Any:
    """The workflow, once the target is known to exist; what its module prints while it is imported isn't our output."""
    from ..targets import canonical

    canonical(target)
    from .. import api

    with contextlib.redirect_stdout(sys.stderr):
        return api.load(workflow, attribute, parameters, on_error)


def _plan(source: Any, target: str, width: int | None, fuse: bool, watch: Callable | None = None,
          apart: bool = False) -> Any:
    from .. import api

    return api.plan(source, target, width, watch=watch, fuse=False if apart else fuse or None)


def _how_to_run(bundle: Any) -> Iterator[str]:
    """The commands that run a bundle, as one types them."""
    import shlex
    from pathlib import Path

    from ..targets import target

    engine = target(bundle.target)
    words = [str(word) for word in engine.typed(bundle.script)]
    words = ["python" if word == sys.executable else word for word in words]
    words[0] = Path(words[0]).name
    yield f"run it: {shlex.join(words)}"
    submit = bundle.folder / "submit.sh"
    if submit.exists():
        yield f"on a cluster: {shlex.quote(str(submit))}"
    yield f"its options: {shlex.join(words)} --help"
