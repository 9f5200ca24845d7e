"""A session of a program's own, and its end."""

import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.spark
ENDED = """
import logging
from py4j import protocol
from pyspark import SparkContext
from d4p.engines.spark.session import session

with session("ended"):
    client = SparkContext._gateway._gateway_client


class Reset:
    def send_command(self, command):
        raise protocol.Py4JNetworkError("Error while sending or receiving", ConnectionResetError(), "receive")

    def close(self, reset):
        pass


client._get_connection = Reset  # as a thread of Py4J's finds it whose command was on its way when Java was ended
assert client.send_command("m") == protocol.ERROR
logging.error("the program's own")
"""


def test_py4j_says_nothing_of_a_java_that_was_ended_while_it_was_asked(tmp_path):
    env = os.environ | {"SPARK_LOCAL_DIRS": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", ENDED], env=env, capture_output=True, text=True, timeout=120)
    said = [line for line in done.stderr.splitlines() if line.startswith(("ERROR:", "Traceback", "py4j"))]
    assert done.returncode == 0 and said == ["ERROR:root:the program's own"], done.stderr
