"""An HDFS that asks for Kerberos, with a KDC of its own: tickets, none, and delegation tokens."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tests.cluster.jars import Missing
from tests.cluster.servers import launch

pytestmark = pytest.mark.cluster

PROGRAM = """
import sys
from d4p.filesystems import files
path = sys.argv[1]
try:
    with files.open(path, "w") as file:
        file.write("text")
    with files.open(path, "r") as file:
        print(file.read())
    print(files.list(path.rpartition("/")[0] + "/*"))
except OSError as error:
    print(f"{type(error).__name__}: {error.strerror}")
"""


@pytest.fixture(scope="module")
def secure():
    """The folder of SecureHdfs.java: conf, krb5.conf, and alice.ccache and expired.ccache, tickets of alice's."""
    folder = Path(tempfile.gettempdir(), f"d4p-secure-of-{os.getpid()}")
    try:
        process = launch("SecureHdfs", folder, os.getpid(), "ready")
    except Missing as missing:
        pytest.fail(str(missing)) if os.environ.get("CI") else pytest.skip(str(missing))
    yield folder
    process.terminate()
    process.wait(60)
    shutil.rmtree(folder, ignore_errors=True)


def said(secure: Path, url: str, ticket: str = "none", **env: str) -> str:
    """What a process of its own says that writes, reads and lists there: libkrb5 reads the environment once."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("HADOOP_", "KRB5"))}
    env = clean | {"HADOOP_CONF_DIR": str(secure / "conf"), "KRB5_CONFIG": str(secure / "krb5.conf"),
                   "KRB5CCNAME": f"FILE:{secure}/{ticket}.ccache"} | env
    done = subprocess.run([sys.executable, "-c", PROGRAM, url], capture_output=True, text=True, timeout=120, env=env)
    return done.stdout or done.stderr.splitlines()[-1]


@pytest.fixture(scope="module")
def tokens(secure):
    """A file with a delegation token of alice's, as YARN gives one to a container."""
    env = os.environ | {"HADOOP_CONF_DIR": str(secure / "conf"), "KRB5CCNAME": f"{secure}/alice.ccache",
                        "JAVA_TOOL_OPTIONS": f"-Djava.security.krb5.conf={secure}/krb5.conf"}
    subprocess.run([secure / "bin" / "hdfs", "fetchdt", "--renewer", "yarn", secure / "tokens"], env=env, check=True,
                   capture_output=True, timeout=300)
    return str(secure / "tokens")


def test_a_ticket(secure):
    assert re.fullmatch(r"text\n\['hdfs://localhost:\d+/tmp/a/one'\]\n", said(secure, "hdfs:///tmp/a/one", "alice"))
    assert said(secure, "hdfs:///one", "alice").startswith("PermissionError: permission denied: user=alice, ")


def test_no_ticket_and_one_that_has_ended(secure):
    sentence = (r"PermissionError: HDFS at hdfs://localhost:\d+ asks for Kerberos, and there is no valid ticket "
                r"\({}\): get one with kinit; klist shows those you have\n")
    none = f"No Kerberos credentials available .default cache: FILE:{secure}/none.ccache."
    assert re.fullmatch(sentence.format(none), said(secure, "hdfs:///tmp/x", "none"))
    assert re.fullmatch(sentence.format("Ticket expired"), said(secure, "hdfs:///tmp/x", "expired"))


def test_a_ticket_over_http_needs_a_package(secure):
    with_ticket, without = (said(secure, "webhdfs:///tmp/b/one", ticket) for ticket in ("alice", "none"))
    if importlib.util.find_spec("requests_kerberos"):
        assert re.fullmatch(r"text\n\['webhdfs://localhost:\d+/tmp/b/one'\]\n", with_ticket)
        assert re.match(r"PermissionError: HDFS at webhdfs://localhost:\d+ asks for Kerberos, and there is no valid ",
                        without)
    else:
        assert re.fullmatch(r"d4p\.errors\.Refused: webhdfs://localhost:\d+ asks for Kerberos, which needs the package "
                            r"requests-kerberos: pip install 'hdfs\[kerberos\]'", with_ticket)


@pytest.mark.parametrize("scheme", ["hdfs", "webhdfs"])
def test_a_delegation_token_stands_for_its_owner(secure, tokens, scheme):
    """As on a node of YARN, which has no ticket."""
    assert re.fullmatch(rf"text\n\['{scheme}://localhost:\d+/tmp/{scheme}/one'\]\n",
                        said(secure, f"{scheme}:///tmp/{scheme}/one", HADOOP_TOKEN_FILE_LOCATION=tokens))
    assert said(secure, f"{scheme}:///one", HADOOP_TOKEN_FILE_LOCATION=tokens).startswith(
        "PermissionError: permission denied: user=alice, ")
