"""`d4p submit`: compile into a temporary bundle and hand it to what a bundle's submit.sh runs, too."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from d4p.describe.printable import echo
from d4p.errors import Refused
from d4p.hadoop.submit.options import SPARK_OPTIONS, Request, as_settings
from d4p.hadoop.submit.profiles import read_properties
from d4p.hadoop.submit.settings import hadoop_folder, variables
from d4p.hadoop.submit.spark_home import find_spark
from d4p.hadoop.submit.submit import submit as submit_bundle
from d4p.program.options import words

from ..api import Source
from ..bundle.temporary import temporary_bundle
from ..conf import known_profile, profiles
from ..ir.plan import Plan
from ..launch.execute import check_inputs
from ..progress import watching
from ..show.brief import brief
from ..show.text import text
from ..targets import target as engine


def submit(source: Source, plan: Plan, given: Mapping[str, Any], compiled_by: Sequence[str],
           include: Iterable[str] = ()) -> int:
    """Submit a workflow; gives the run's exit status. `given` holds the options of the command by name, `compiled_by`
    is the command that would write its bundle.

    Raises Refused before anything is started, RunFailed where it can't be.
    """
    profile = profiles()[known_profile(given["profile"])]
    if not engine(plan.target).archive:
        raise Refused(f"{plan.target} runs on this machine alone, and only Spark programs are submitted to a cluster: "
                      "give --target spark, or d4p run")  # fmt: skip
    with _hadoop(_conf(given), profile):
        check_inputs(source.loaded, plan, given)
    bundle, holder = temporary_bundle(source.loaded, plan, [Path(p) for p in include])
    with holder:
        _copy_profile(profile, bundle.folder)
        folder = f"{plan.graph.name}-{plan.target}"
        request = Request(
            profile=given["profile"], conf=_conf(given), env=given["env"], python=given["python"],
            program=tuple(words(given)), dry_run=given["dry_run"], java_stack=given["java_stack"],
            compiled_by=(*compiled_by, "-o", folder, "--overwrite"), shown_as=folder, source=str(source.loaded.folder),
        )  # fmt: skip
        if not request.dry_run:
            echo([(text if given["verbose"] else brief)(plan), "", *(f"note: {note}" for note in bundle.notes)])
        return submit_bundle(bundle.folder, plan.graph.name, request, lambda: watching(plan))


@contextlib.contextmanager
def _hadoop(conf: Mapping[str, str], profile: Path) -> Iterator[None]:
    """Have inputs be looked for where the program will: with the client configuration of Hadoop that it is given."""
    found = hadoop_folder(conf, read_properties(profile, variables(os.environ, find_spark())))
    before = os.environ.get("HADOOP_CONF_DIR")
    if found is None or found == before:
        yield
        return
    os.environ["HADOOP_CONF_DIR"] = found
    try:
        yield
    finally:
        del os.environ["HADOOP_CONF_DIR"]
        os.environ.update({"HADOOP_CONF_DIR": before} if before is not None else {})


def _copy_profile(profile: Path, bundle: Path) -> None:
    """The profile for this one submission; it may be the user's own and hold secrets."""
    copy = bundle / "profiles" / profile.name
    copy.unlink(missing_ok=True)
    copy.touch(mode=0o600)
    copy.write_bytes(profile.read_bytes())


def compile_words(workflow: str, target: str, width: int | None, fuse: bool, attribute: str | None,
                  parameters: Mapping[str, Any], include: Iterable[str], on_error: Iterable[str]) -> list[str]:
    """The command that writes the bundle of a workflow, but for where to."""
    words = [sys.executable, "-m", "d4p_compile", "compile", workflow, "--target", target]
    words += ["-n", str(width)] if width is not None else []
    words += ["--fuse"] if fuse else []
    words += ["-a", attribute] if attribute else []
    words += [word for name, value in parameters.items() for word in ("-p", f"{name}={value!r}")]
    words += [f"--on-error={text}" for text in on_error]
    return words + [word for path in include for word in ("--include", path)]


def _conf(given: Mapping[str, Any]) -> dict[str, str]:
    """The settings that options stand for."""
    by_setting = {setting: given[option[2:].replace("-", "_")] for option, _, setting, _ in SPARK_OPTIONS}
    return as_settings(by_setting, given["more"], given["keep_jars"])
