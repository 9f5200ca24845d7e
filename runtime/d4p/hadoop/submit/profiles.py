"""Profiles: files of Spark settings, one for each way to submit, in the folder `profiles` of a bundle."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

from d4p.errors import Refused
from d4p.hadoop.submit.properties import lines

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
    for number, key, value in lines(file.read_text(encoding="utf-8")):
        if not key.startswith("spark.") or not value:
            raise Refused(f"{file}, line {number}: a line must be a setting and its value, such as "
                          f"'spark.executor.memory  4g', or begin with #; {begins(f'{key} {value}')}")
        found[key] = expand(value, variables)
    return found


def begins(text: str) -> str:
    """What to show of a line that is no setting: the name that it begins with. The rest, and what is no name, may be a
    secret.

    >>> begins("fs.s3a.secret.key  swordfish"), begins("swordfish")
    ("it begins with 'fs.s3a.secret.key'", 'it begins with no name of a setting')
    """
    name = re.match(r"[A-Za-z][\w-]*(\.[\w-]+)+(?=\s*[\s=:]\S)|spark\.[\w.-]+(?=[\s=:]|$)", text.strip())
    return f"it begins with {name[0]!r}" if name else "it begins with no name of a setting"


def expand(value: str, variables: Mapping[str, str]) -> str:
    """A value with the variables that are known in place; others stay, since Spark has its own. In a URL, $USER is who
    one is for Hadoop.

    >>> expand("local:$SPARK_HOME/jars/*", {"SPARK_HOME": "/opt/spark"})
    'local:/opt/spark/jars/*'
    """
    if "://" in value:
        variables = {**variables, "USER": variables.get("HADOOP_USER_NAME") or variables.get("USER", "$USER")}
    return re.sub(r"\$(SPARK_HOME|HOME|USER)\b", lambda found: variables.get(found[1], found[0]), value)
