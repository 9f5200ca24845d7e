"""Profiles: files of Spark settings, one for each way to submit, in the folder `profiles` of a bundle."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

from d4p.errors import Refused

FOLDER, SUFFIX = "profiles", ".conf"


def read_profile(bundle: Path, name: str, variables: Mapping[str, str]) -> dict[str, str]:
    """The settings of a profile, with $SPARK_HOME, $HOME and $USER in place.

    Raises Refused for a name that isn't there, with those that are, and for a line that is no setting.
    """
    file = bundle / FOLDER / f"{name}{SUFFIX}"
    if not file.is_file() or os.sep in name:
        known = sorted(path.stem for path in (bundle / FOLDER).glob(f"*{SUFFIX}"))
        raise Refused(f"there is no profile {name!r}: the profiles are {', '.join(known) or 'none'} "
                      f"(files NAME{SUFFIX} in {bundle / FOLDER})")
    return read_properties(file, variables)


def read_properties(file: Path, variables: Mapping[str, str]) -> dict[str, str]:
    """The settings of a file that is written as spark-defaults.conf is: a setting, space or `=`, its value.

    Raises Refused, naming the line, where a value is missing or a setting isn't one of Spark's.
    """
    found = {}
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        key, *value = re.split(r"\s*=\s*|\s+", line, maxsplit=1)
        if not key.startswith("spark.") or not value or not value[0]:
            raise Refused(f"{file}, line {number}: a line must be a setting and its value, such as "
                          f"'spark.executor.memory  4g', or begin with #; it is {line!r}")
        found[key] = expand(value[0], variables)
    return found


def expand(value: str, variables: Mapping[str, str]) -> str:
    """A value with the variables that are known in place; others stay, since Spark has its own. In a URL, $USER is who
    one is for Hadoop.

    >>> expand("local:$SPARK_HOME/jars/*", {"SPARK_HOME": "/opt/spark"})
    'local:/opt/spark/jars/*'
    """
    if "://" in value:
        variables = {**variables, "USER": variables.get("HADOOP_USER_NAME") or variables.get("USER", "$USER")}
    return re.sub(r"\$(SPARK_HOME|HOME|USER)\b", lambda found: variables.get(found[1], found[0]), value)
