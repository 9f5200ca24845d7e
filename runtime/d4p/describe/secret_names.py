"""What is called like a secret: settings whose values nobody else is to see."""

from __future__ import annotations

import re

#: As Spark itself has it.
_SPARKS = r"(?i)secret|password|token|access[.]?key"
#: And what it leaves out: object stores, databases, services. Not `fs.s3a.aws.credentials.provider`, `fs.gs.auth.type`,
#: `spark.authenticate`, `spark.io.encryption.keySizeBits` and the like, which hold none. Java reads it, too.
PATTERN = (rf"{_SPARKS}|account[.]key\b|(access|api|auth|encryption|license|private|signing)[._-]?key\b|azure[.]sas[.]|"
           r"pass(wd|phrase|code)|pwd|(^|[._-])pass$|auth$|auth[._-]?(header|info|string)|authorization$|bearer|"
           r"credentials?$")  # fmt: skip
_NAME, _SPARKS_NAME = re.compile(PATTERN), re.compile(_SPARKS)
#: A user and a password in a URL.
_IN_URL = re.compile(r"://[^/@:\s]*:[^/@\s]+@")
_JAVA = re.compile(r"java_?-?opt(ion)?s$", re.IGNORECASE)


def is_secret(name: str, value: str = "") -> bool:
    """Whether nobody else is to see the value: by its name, or by what it holds.

    >>> is_secret("spark.hadoop.my.apikey"), is_secret("spark.executorEnv.API_KEY"), is_secret("spark.authenticate")
    (True, True, False)
    >>> is_secret("spark.driver.extraJavaOptions", "-Xss4m -Ddb.pwd=swordfish"), is_secret("a.url", "ftp://me:pw@host")
    (True, True)
    """
    return bool(_NAME.search(name) or _IN_URL.search(value)) or (is_java(name) and any(
        _NAME.search(word.partition("=")[0]) for word in words(value) if word.startswith("-D")))


def is_java(name: str) -> bool:
    """Whether a setting holds options of Java."""
    return bool(_JAVA.search(name))


def sparks_own(name: str) -> bool:
    """Whether Spark knows by itself that it is to hide a setting."""
    return bool(_SPARKS_NAME.search(name))


def words(options: str) -> list[str]:
    """The options of Java in a setting."""
    import shlex  # here, as few programs have any

    try:
        return shlex.split(options)
    except ValueError:  # a quote too many: what Spark makes of it, it says
        return options.split()
