"""The spark-submit command of a submission: its words, its environment, and what it ships."""

from __future__ import annotations

import os
import re
import shlex
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from d4p.describe.secret_names import PATTERN, is_java, is_secret, sparks_own
from d4p.errors import Refused
from d4p.hadoop.submit.options import LISTS, Request
from d4p.hadoop.submit.settings import Settings
from d4p.hadoop.submit.spark_home import Spark
from d4p.host.threads import KERNELS
from d4p.program.options import parser as program_parser

#: What a packed environment is called on the nodes.
ENV = "env"
LOG, DRIVER_LOG = "log4j2.properties", "d4p-log4j2.properties"
#: What Spark goes by when it shows settings, in its pages and logs.
_REDACTION = "spark.redaction.regex"

#: Whether spark-submit waits for the end, so that its exit status tells of it.
_WAITS = "spark.yarn.submit.waitAppCompletion"


@dataclass(frozen=True)
class Command:
    """What is run: spark-submit's words, what is added to the environment, and the files that go to the cluster.

    `before` is what is done first, as commands that do the same. `secret` are settings that aren't among the words,
    which every user of this machine can see, and `java` are such that hold options of the program's own Java:
    `d4p.hadoop.submit.secrets` hands them over.
    """

    words: tuple[str, ...]
    environment: Mapping[str, str]
    ships: tuple[Path, ...]
    notes: tuple[str, ...] = ()
    before: tuple[tuple[str, ...], ...] = ()
    secret: Mapping[str, str] = field(default_factory=dict)
    java: Mapping[str, str] = field(default_factory=dict)


def build(request: Request, settings: Settings, spark: Spark, bundle: Path, name: str, archive: Path | None,
          kept: str | None, java_home: str | None, environ: Mapping[str, str] = os.environ) -> Command:
    """The command for a bundle's job.py; `archive` is the packed environment, if there is to be one, and `kept` the URL
    of the same where it is kept."""
    program, named = _program(request, settings)
    files = list(named)
    on_a_node = settings.mode == "cluster"
    zips = [bundle / each for each in ("d4p.zip", "workflow.zip") if (bundle / each).exists()]
    conf = dict(settings.spark)
    also = {option: _listed(conf.pop(setting, None) or settings.defaults.get(setting)) for option, setting in LISTS}
    archives = list(also["--archives"])
    if archive is not None:
        archives.append(f"{kept or _url(archive)}#{ENV}")
    conf |= _python(settings, archive, conf)
    quiet = bundle / LOG if (bundle / LOG).exists() and environ.get("D4P_DEBUG") != "1" else None
    if on_a_node:
        conf |= _on_the_cluster(request, quiet, conf, environ) | ({_WAITS: "true"} if settings.yarn else {})
        if quiet:
            files.append(f"{_url(quiet)}#{DRIVER_LOG}")
    files += also["--files"]
    words = [str(spark.submit), *_where(settings)]
    words += ["--name", conf.pop("spark.app.name", None) or name, "--py-files"]
    words += [",".join([*map(str, zips), *also["--py-files"]])]
    words += ["--archives", ",".join(archives)] if archives else []
    words += ["--files", ",".join(files)] if files else []
    secret = {key: conf.pop(key) for key in sorted(conf) if is_secret(key, conf[key])}
    if _REDACTION not in settings.effective and not all(map(sparks_own, secret)):
        conf[_REDACTION] = PATTERN
    for key, value in secret.items():
        if value != value.strip(" \t"):
            raise Refused(f"the value of {key} begins or ends with a space, which Spark takes away from what it reads "
                          "in a file, and its name is that of a secret, which d4p hands over in no other way: set "
                          "one without")
    by_java = {key: secret.pop(key) for key in sorted(secret) if _of_a_java_here(key, settings)}
    for key in sorted(conf.keys() - {"spark.master", "spark.submit.deployMode"}):
        words += ["--conf", f"{key}={conf[key]}"]
    script = bundle / "job.py"
    words += [*request.spark, str(script), *program]
    ships = [script, *zips, *filter(None, [archive]), *map(Path, named), *([quiet] if on_a_node and quiet else []),
             *(Path(word.partition("#")[0]) for words in also.values() for word in words if "://" not in word)]
    return Command(tuple(words), _environment(settings, spark, quiet, java_home, request, environ), tuple(ships),
                   tuple(_notes(settings, spark, secret)), tuple(_before(archive, kept, settings)), secret,
                   by_java)  # fmt: skip


def _of_a_java_here(key: str, settings: Settings) -> bool:
    """Whether options are for the program's own Java, which spark-submit starts with them as its words."""
    return settings.mode == "client" and key.startswith("spark.driver.") and is_java(key)


def _program(request: Request, settings: Settings) -> tuple[list[str], list[str]]:
    """The program's options, and the files that they name and that have to travel with it."""
    asked, _ = program_parser("").parse_known_args(request.program)
    if settings.mode != "cluster" or not asked.file or "://" in asked.file:
        return list(request.program), []
    words = [*request.program, f"--file={Path(asked.file).name}"]  # the last one counts
    return words, [os.path.abspath(asked.file)]


def _python(settings: Settings, archive: Path | None, conf: Mapping[str, str]) -> dict[str, str]:
    """The nodes' Python, and the driver's where that runs here."""
    nodes = f"./{ENV}/bin/python" if archive is not None else settings.python
    found = {}
    if nodes is not None:
        found["spark.pyspark.python"] = nodes
    if settings.mode == "client" and "spark.pyspark.driver.python" not in conf:
        found["spark.pyspark.driver.python"] = sys.executable
    return found


def _on_the_cluster(request: Request, quiet: Path | None, conf: Mapping[str, str],
                    environ: Mapping[str, str]) -> dict[str, str]:
    """Settings for a program that runs on a node: quiet logs, and what it would find in its environment here."""
    found = {}
    if quiet and "spark.driver.defaultJavaOptions" not in conf:
        found["spark.driver.defaultJavaOptions"] = f"-Dlog4j2.configurationFile={DRIVER_LOG}"
    if request.source:
        found["spark.yarn.appMasterEnv.D4P_SOURCE"] = request.source
    if request.java_stack or environ.get("D4P_DEBUG") == "1":
        found["spark.yarn.appMasterEnv.D4P_DEBUG"] = "1"
    computing = {f"spark.yarn.appMasterEnv.{name}": environ[name] for name in KERNELS if name in environ}
    return found | {key: value for key, value in computing.items() if key not in conf}


def _environment(settings: Settings, spark: Spark, quiet: Path | None, java_home: str | None, request: Request,
                 environ: Mapping[str, str]) -> dict[str, str]:
    """What is added to the environment, where it isn't so already."""
    wanted = {"SPARK_HOME": str(spark.home)}
    if java_home:
        wanted["JAVA_HOME"] = java_home
    if quiet:
        option = f"-Dlog4j2.configurationFile={_url(quiet)}"
        wanted["SPARK_SUBMIT_OPTS"] = " ".join(filter(None, [environ.get("SPARK_SUBMIT_OPTS"), option]))
    if settings.mode == "client":
        wanted |= {"D4P_SOURCE": request.source} if request.source else {}
        wanted |= {"D4P_DEBUG": "1"} if request.java_stack else {}
    changed = {key: value for key, value in wanted.items() if environ.get(key) != value}
    return {"HADOOP_CONF_DIR": settings.hadoop, **changed} if settings.hadoop else changed


def _before(archive: Path | None, kept: str | None, settings: Settings) -> Iterator[tuple[str, ...]]:
    """The commands that make archives and keep them; they do nothing where these are there."""
    if settings.jars:
        yield (f"HADOOP_CONF_DIR={settings.hadoop}", sys.executable, "-m", "d4p.hadoop.submit.jars", settings.jars)
    if archive is not None:
        yield (sys.executable, "-m", "d4p.hadoop.submit.pack")
    if archive is not None and kept:
        share = (sys.executable, "-m", "d4p.hadoop.submit.share", str(archive), kept)
        yield (f"HADOOP_CONF_DIR={settings.hadoop}", *share)


def _where(settings: Settings) -> Iterator[str]:
    """The master and the mode, where somebody asked for them: else Spark knows best what its defaults are."""
    asked = settings.spark.get("spark.master")
    if asked:
        yield from ("--master", settings.master)
    if asked or settings.spark.get("spark.submit.deployMode"):
        yield from ("--deploy-mode", settings.mode)


def _listed(words: str | None) -> list[str]:
    return [word.strip() for word in (words or "").split(",") if word.strip()]


def _url(file: Path) -> str:
    """A file as Spark reads it also with a fragment (#name): a path with a space has to be a URL."""
    return str(file) if not re.search(r"[\s%\"]", str(file)) else file.absolute().as_uri()


def _notes(settings: Settings, spark: Spark, secret: Mapping[str, str]) -> Iterator[str]:
    if not settings.here and (seen := [key for key in secret if is_java(key)]):
        yield (f"{', '.join(seen)}: what is called like a secret there isn't seen on this machine, but Spark starts "
               "Java with it on the nodes, where their users see it; they don't see a setting, spark.hadoop.NAME")
    if settings.yarn and settings.mode == "cluster" and settings.effective.get(_WAITS, "true").lower() != "true":
        yield f"{_WAITS} is set aside: d4p waits for the end of what it submits, to say what came of it"
    if settings.yarn and not {"spark.yarn.jars", "spark.yarn.archive"} & settings.effective.keys():
        size = sum(file.stat().st_size for file in (spark.home / "jars").glob("*.jar"))
        yield (f"Spark's own jars, {size / 1e6:,.0f} MB, are uploaded for this run, since the profile sets neither "
               "spark.yarn.jars (where the nodes have Spark) nor spark.yarn.archive (one archive of them on HDFS): "
               "--keep-jars makes that archive, once")


def printed(command: Command, request: Request, bundle: Path) -> Iterator[str]:
    """A command as lines for a shell, and as comments what it ships. What is printed can be pasted."""

    def shown(word: str) -> str:
        name, equals, value = word.partition("=")
        if equals and name.isidentifier():  # quoted as a whole it would be no assignment for a shell
            return f"{name}={shown(value)}" if value else word
        if request.shown_as:
            word = word.replace(str(bundle), request.shown_as).replace(bundle.absolute().as_uri(), request.shown_as)
        return shlex.quote(word)

    if request.compiled_by:
        yield f"{shlex.join(request.compiled_by)} > /dev/null && \\"
    for words in command.before:
        yield f"PYTHONPATH={shown(str(bundle / 'd4p.zip'))} {' '.join(map(shown, words))} > /dev/null && \\"
    for key, value in command.environment.items():
        yield f"{key}={shown(value)} \\"
    lines = [[command.words[0]]]
    for word in command.words[1:]:
        if word.startswith("--") or word.endswith("/job.py"):
            lines.append([word])
        else:
            lines[-1].append(word)
    yield " \\\n  ".join(" ".join(map(shown, line)) for line in lines)
    if left := [*command.secret, *command.java]:
        yield f"# left out, since they are secret: {', '.join(left)}; put them into a file that you alone may"
        yield "# read, after the lines of spark-defaults.conf, and give it with --properties-file"
    yield ""
    width = max(len(path.name) for path in command.ships)
    for path in command.ships:
        yield f"# ships {path.name:<{width}}  {size(path)}"
    for note in command.notes:
        yield f"# note: {note}"


def size(path: Path) -> str:
    """How large a file is, in the unit that suits it."""
    try:
        number = float(path.stat().st_size)
    except OSError:
        return "not made yet"
    for unit in ("bytes", "KB", "MB"):
        if number < 1000 or unit == "MB":
            break
        number /= 1000
    return f"{number:,.0f} {unit}"
