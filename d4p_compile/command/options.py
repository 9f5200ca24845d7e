"""The options that several commands have."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click


def _parameters(_: click.Context, __: click.Parameter, given: tuple[str, ...]) -> dict[str, Any]:
    """`name=value`: a Python literal where it is one, else a string."""
    import ast

    found = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals or not name.isidentifier():
            raise click.BadParameter(f"{text!r} must be name=value, such as -p stations=8")
        try:
            found[name] = ast.literal_eval(value)
        except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
            found[name] = value
    return found


def workflow(target: str | None) -> Callable[[Callable], Callable]:
    """The options of every command that takes a workflow; without a default the target must be given."""
    how: dict[str, Any] = {"default": target, "show_default": True} if target else {"required": True}
    options = [
        click.argument("workflow"),
        click.option("-t", "--target", metavar="T", help="What to compile for; `d4p targets` lists them.", **how),
        click.option("-n", "width", type=int, metavar="N", help="How many things may be done at once: the "
                     "run's width.  [default: the cores, MPI's ranks, Spark's default parallelism; sequential: 1]"),
        click.option("--fuse", is_flag=True,
                     help="Keep PEs in one process with what feeds them, where that is one instance."),
        click.option("-a", "--attribute", metavar="ATTR",
                     help="The name in the module of the graph, or of a function that makes it."),
        click.option("-p", "parameters", metavar="NAME=VALUE", multiple=True, callback=_parameters,
                     help="An argument of the function that makes the graph; may be repeated."),
    ]

    def add(command: Callable) -> Callable:
        for option in reversed(options):
            command = option(command)
        return command

    return add


def program(*without: str) -> Callable[[Callable], Callable]:
    """The options of the program, which a command hands on; not those that it goes without."""
    from d4p.program.options import OPTIONS

    def add(command: Callable) -> Callable:
        for option in reversed([option for option in OPTIONS if option.name not in without]):
            how: dict[str, Any] = {"is_flag": True}
            if option.metavar:
                how = {"metavar": option.metavar, "type": option.kind, "multiple": option.several}
            command = click.option(*option.spelled, option.name, help=option.help, **how)(command)
        return command

    return add


def on_error(command: Callable) -> Callable:
    """The option of a command that runs nothing."""
    from d4p.program.options import OPTIONS

    option = next(option for option in OPTIONS if option.name == "on_error")
    return click.option(*option.spelled, option.name, metavar=option.metavar, multiple=True, help=option.help)(command)


verbose = click.option("-v", "--verbose", is_flag=True, help="Print the whole plan before the run.")
include = click.option("--include", metavar="PATH", multiple=True,
                        help="A file or folder that travels with the program; may be repeated.")


def submit(command: Callable) -> Callable:
    """The options that submit.sh has, too."""
    from d4p.hadoop.submit import options as its

    options = [
        click.option("--env", type=click.Choice(its.ENVS), help=its.ENV_HELP),
        click.option("--python", metavar="PATH", help=its.PYTHON_HELP),
        click.option("--conf", "more", metavar="KEY=VALUE", multiple=True, help=its.CONF_HELP),
        *(click.option(option, metavar=metavar, help=text) for option, metavar, _, text in its.SPARK_OPTIONS),
        click.option("--keep-jars", is_flag=True, help=its.KEEP_JARS_HELP),
        click.option("--dry-run", is_flag=True, help=its.DRY_RUN_HELP),
        click.option("--java-stack", is_flag=True, help=its.JAVA_STACK_HELP),
    ]
    for option in reversed(options):
        command = option(command)
    return command
