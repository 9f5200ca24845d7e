"""What is looked at before anything is started: a submission that can't succeed is refused in a sentence."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from d4p.errors import Refused
from d4p.hadoop.java import spark_needs
from d4p.hadoop.submit import hadoop
from d4p.hadoop.submit.cluster_java import cluster_java
from d4p.hadoop.submit.options import Request
from d4p.hadoop.submit.settings import Settings
from d4p.hadoop.submit.spark_home import Spark
from d4p.program.options import parser as program_parser


def check(request: Request, settings: Settings, spark: Spark, bundle: Path,
          environ: Mapping[str, str] = os.environ) -> None:
    """Raises Refused for the first thing that is wrong."""
    _mode(settings)
    if settings.yarn:
        _hadoop(settings)
    _python(settings)
    _kerberos(settings)
    if settings.mode == "cluster":
        _on_a_node(request, settings, bundle, environ)
    if settings.yarn:
        _java(settings, spark, environ)


def _mode(settings: Settings) -> None:
    if settings.mode not in ("client", "cluster"):
        raise Refused(f"the deploy mode must be client or cluster; it is {settings.mode!r}")
    if settings.mode == "cluster" and settings.here:
        raise Refused(f"the master {settings.master} is this machine, and the deploy mode is cluster: leave "
                      "--deploy-mode out, or give a cluster's master, such as --master yarn")
    if settings.mode == "cluster" and settings.master.startswith("spark://"):
        raise Refused("a standalone cluster of Spark doesn't run Python programs in deploy mode cluster: give "
                      "--deploy-mode client")
    known = ("local", "spark://", "k8s://")
    if not settings.yarn and not settings.master.startswith(known):
        raise Refused("the master must be yarn, spark://HOST:PORT, k8s://URL, local[N] or local-cluster[N,CORES,MB]; "
                      f"it is {settings.master!r}")


def _hadoop(settings: Settings) -> None:
    what = "the folder of the cluster's core-site.xml and yarn-site.xml (ask its administrator; on a node of the " \
           "cluster it is often /etc/hadoop/conf)"
    if not settings.hadoop:
        raise Refused(f"the master is yarn, and HADOOP_CONF_DIR isn't set: set it to {what}, or write it into the "
                      "profile as spark.d4p.hadoopConfDir")
    if not Path(settings.hadoop).is_dir():
        raise Refused(f"HADOOP_CONF_DIR is {settings.hadoop}, where there is no folder: it must be {what}")
    if not Path(settings.hadoop, "yarn-site.xml").is_file():
        found = ", ".join(sorted(path.name for path in Path(settings.hadoop).glob("*.xml"))) or "no XML files"
        raise Refused(f"HADOOP_CONF_DIR is {settings.hadoop}, which has no yarn-site.xml (it has {found}): it must be "
                      f"{what}")


def _python(settings: Settings) -> None:
    if settings.env == "path" and not settings.python:
        raise Refused("--env path takes the nodes' own Python and nobody says which: give --python PATH, or write "
                      "spark.d4p.python into the profile")


def _kerberos(settings: Settings) -> None:
    principal, keytab = (settings.effective.get(f"spark.kerberos.{name}") for name in ("principal", "keytab"))
    if bool(principal) != bool(keytab):
        have, lack = ("--principal", "--keytab") if principal else ("--keytab", "--principal")
        raise Refused(f"there is {have} and no {lack}: Kerberos needs both, or neither and a ticket (kinit)")
    if keytab and not os.access(keytab, os.R_OK):
        raise Refused(f"the keytab {keytab} {'may not be read' if os.path.exists(keytab) else 'does not exist'}")


def _on_a_node(request: Request, settings: Settings, bundle: Path, environ: Mapping[str, str]) -> None:
    """In cluster mode the program sees nothing of this machine."""
    if (bundle / "graph.pickle").exists():
        raise Refused("a live graph runs in deploy mode client only: put the workflow in a file to submit it to the "
                      "cluster as a whole")
    asked, _ = program_parser("").parse_known_args(request.program)
    output = asked.output
    if output and "://" not in output and not os.path.isabs(output) and not hadoop.default_fs(settings.hadoop):
        user = environ.get("USER", "me")
        raise Refused(f"--output {output} is a path of this folder, and in deploy mode cluster the program runs on a "
                      f"node: give a URL, such as --output hdfs:///user/{user}/{output}")
    if asked.file and "://" not in asked.file and not os.path.isfile(asked.file):
        raise Refused(f"-f {asked.file}: there is no such file")


def _java(settings: Settings, spark: Spark, environ: Mapping[str, str]) -> None:
    """The nodes' Java must be new enough for Spark, as far as it can be known from here."""
    oldest, newest = spark_needs(spark.version)
    for found in cluster_java(settings):
        if found.version < oldest or (newest is not None and found.version > newest):
            wanted = f"{oldest} or newer" if newest is None else f"{oldest} to {newest}"
            raise Refused(f"{spark} needs Java {wanted} on the nodes, and theirs is {found.version} ({found.source}): "
                          "name another with --conf spark.executorEnv.JAVA_HOME=DIR and --conf "
                          "spark.yarn.appMasterEnv.JAVA_HOME=DIR, or submit with a Spark for that Java (SPARK_HOME)")
