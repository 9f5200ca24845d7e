"""The cause comes first: the program's own words, or the sentence for what Spark, YARN and HDFS say."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from d4p.hadoop.causes import cause
from d4p.hadoop.submit import cluster
from d4p.hadoop.submit.report import exit_status, own_words, printed_before, why

LOG = """\
Spark: WARN Something: hello
failed: an earlier attempt
Spark: ERROR X: y
failed: Divides (Divides), instance 0, item 8: ZeroDivisionError: division by zero
  the item: 7
Traceback (the PE's own):
  File "/home/me/faults.py", line 32, in _process
    return 12 / (data - 7)
ZeroDivisionError: division by zero
Spark: ERROR ApplicationMaster: User application exited with status 1
org.apache.spark.SparkUserAppException: User application exited with 1
\tat org.apache.spark.deploy.PythonRunner$.main(PythonRunner.scala:105)
"""


def test_a_run_that_is_done_but_for_some_items_is_told_by_what_it_says():
    assert exit_status("SUCCEEDED", "", "12 PEs\ndone, 1,204 items set aside\n") == 3
    assert exit_status("SUCCEEDED", "", "a PE logs: done, 3 items\n") == 0


def test_the_programs_own_words_without_javas():
    assert own_words(LOG).splitlines()[0].startswith("failed: Divides (Divides), instance 0, item 8")
    assert own_words(LOG).endswith("ZeroDivisionError: division by zero")
    assert own_words("all is well\n") is None
    assert own_words("refused: no\n26/11/24 05:00:00 ERROR X: y\n") == "refused: no"


PRINTED = """\
Picked up JAVA_TOOL_OPTIONS: -Xmx1g
starting
Divides [0]: divides by 1
Spark: ERROR TaskSetManager: Task 0 failed: no
org.apache.spark.SparkException: no
\tat org.apache.spark.X.y(X.scala:1)
\t... 3 more
Caused by: java.io.IOException: no
  at the end of its own line
Divides [0]: divides by 0
"""


@pytest.mark.parametrize("after", ["", LOG.partition("\n")[2].partition("\n")[2], "refused: no\n",
                                   'Traceback (most recent call last):\n  File "a.py", line 1\nNameError: x\n'],
                         ids=["killed", "failed", "refused", "a bug"])  # fmt: skip
def test_what_the_program_printed_before_without_javas(after):
    assert printed_before(PRINTED + after).splitlines() == [
        "starting", "Divides [0]: divides by 1", "  at the end of its own line", "Divides [0]: divides by 0"]
    assert printed_before(after) == ""


def test_without_them_the_cause_if_it_is_known_then_a_traceback_then_what_yarn_says():
    assert why(LOG, "") == own_words(LOG)
    assert why("java.lang.OutOfMemoryError: Java heap space\n", "x").startswith("failed: Java ran out of memory (Java")
    assert "memory" in why("", "Exit code is 143\n")
    traceback = 'Traceback (most recent call last):\n  File "a.py", line 1\n    x\nNameError: x\n'
    assert why(f"{traceback}Spark: ERROR", "d").endswith("exception of its own\n" + traceback.rstrip())
    assert why("", "\nApplication rejected\nmore") == "failed: Application rejected"
    assert why("", "") == "failed: YARN doesn't say why"


@pytest.mark.parametrize("before", ["Picked up JAVA_TOOL_OPTIONS: -Xmx1g", "WARNING: Using incubator modules: a.b",
                                    "26/11/24 05:00:00 WARN Utils: x", "SLF4J: y"])  # fmt: skip
def test_what_java_says_of_itself_is_not_the_cause(before):
    thrown = 'Exception in thread "main" org.apache.spark.SparkException: Bad key\n\tat org.apache.X.y(Z.scala:1)'
    assert why("", f"{before}\nother\n{thrown}") == "failed: org.apache.spark.SparkException: Bad key"
    assert why("", f"{before}\nError: no such class") == "failed: Error: no such class"
    assert why("", before) == f"failed: {before}"


@pytest.mark.parametrize(("final", "diagnostics", "log", "status"), [
    ("SUCCEEDED", "", "", 0), ("FAILED", "User application exited with status 1", LOG, 1),
    ("FAILED", "User application exited with status 2", "", 2), ("FAILED", "exitCode: 13", "", 1),
    ("FAILED", "User application exited with status 130", "", 130), ("FAILED", "", "refused: no\n", 2),
])  # fmt: skip
def test_the_exit_status_of_a_program_on_a_node(final, diagnostics, log, status):
    assert exit_status(final, diagnostics, log) == status


TASK = "Lost task 0.3 in stage 1.0 (TID 7) (node7 executor 2): "


@pytest.mark.parametrize(("said", "sentence"), [
    ("x has been compiled by a more recent version of the Java Runtime (class file version 61.0), this version of the "
     "Java Runtime only recognizes class file versions up to 52.0", "the Java is 8 and what runs there needs 17: "),
    (f"{TASK}[PYTHON_VERSION_MISMATCH] Python in worker has different version: 3.12 than that in driver: 3.11, PySpark",
     "the executors' Python on node7 is 3.12 and the program's is 3.11"),
    ("[PYTHON_VERSION_MISMATCH] Python in worker has different version (3.9) than that in driver 3.11, PySpark cannot",
     "the executors' Python is 3.9 and the program's is 3.11"),
    ("Python in worker has different version (3, 9) than that in driver (3, 11), PySpark cannot", "the executors' Py"),
    (f'{TASK}java.io.IOException: Cannot run program "./env/bin/python": error=2, No such file or directory',
     "the executors' Python can't be run on node7: there is no program ./env/bin/python"),
    (f"{TASK}ModuleNotFoundError: No module named 'obspy'", "the executors' Python on node7 has no module obspy: "),
    ("ExecutorLostFailure (executor 1 exited caused by one of the running tasks) Reason: Container killed by YARN for "
     "exceeding physical memory limits. 1.5 GB of 1.4 GB physical memory used.",
     "an executor used 1.5 GB of the 1.4 GB that it may, and YARN killed it: "),
    ("Container [pid=1] is running 5B beyond the 'PHYSICAL' memory limit.", "a container used more memory"),
    ("Required executor memory (9000 MB), offHeap memory (0) MB, overhead (900 MB), and PySpark memory (0 MB) is above "
     "the max threshold (8192 MB) of this cluster!", "the cluster has no container as large as what was asked for: no "
     "more than 8192 MB"),
    ("Reason: Command exited with code 137", "an executor was killed, as is done to one that uses more memory"),
    (f"{TASK}org.apache.spark.SparkException: Python worker exited unexpectedly (crashed)",
     "a Python worker died on node7 without a word"),
    ("Total size of serialized results of 9 tasks (1.2 GiB) is bigger than spark.driver.maxResultSize (1024.0 MiB)",
     "the results of 9 tasks, 1.2 GiB, are more than the program may take: "),
    ("java.io.IOException: No space left on device", "a disk is full: "),
    ("InvalidInputException: Input path does not exist: hdfs://h:9000/no", "there is no such file or folder: hdfs://h"),
    ("[PATH_NOT_FOUND] Path does not exist: hdfs://h:9000/no. SQLSTATE: 42K03", "there is no such file or folder: hdfs"
     "://h:9000/no"),
    ("java.io.FileNotFoundException: File file:/home/a.txt does not exist", "there is no such file: file:/home/a"),
    ('Permission denied: user=bob, access=READ, inode="/secret":root:super:drwx------',
     "the user bob has no READ permission for /secret on HDFS, which belongs to root:super (drwx------)"),
    ("Cannot create file/a. Name node is in safe mode.", "HDFS takes no changes now"),
    ("GSS initiate failed", "Kerberos knows no one here: run kinit"),
    ("java.net.ConnectException: Call From n1/1.2.3.4 to nn:9000 failed on connection exception: refused",
     "nothing answers at nn:9000: "),
    ("Application application_1 submitted by user root to unknown queue: science", "YARN has no queue science"),
    ("Max number of executor failures (4) reached", "executors failed 4 times"),
    ("ResultStage 2 (stage 2: x) has failed the maximum allowable number of times: 4. Most recent failure reason: "
     "org.apache.spark.shuffle.MetadataFetchFailedException: Missing", "executors were lost 4 times, and with them"),
    (f"{TASK}ExecutorLostFailure (executor 2 exited caused by one of the running tasks) Reason: worker lost",
     "executor 2 was lost on node7, as often as Spark tries: worker lost"),
])  # fmt: skip
def test_a_sentence_for_what_is_said(said, sentence):
    found = cause(f"org.apache.spark.SparkException: Job aborted.\n{said}\n\tat org.apache.X.y(Z.scala:1)")
    assert found and found.startswith(sentence) and "\n" not in found


def test_what_is_not_known_has_none():
    assert cause("java.lang.IllegalStateException: odd\n\tat x") is None


@pytest.mark.parametrize("log, status", [("12 PEs\ndone, 2 items skipped\n", 3), ("12 PEs\n", 0)])
def test_an_application_that_is_done_but_for_some_items_ends_with_3_here(log, status):
    """There it has ended with 0, or YARN would run it again."""
    yarn: Any = SimpleNamespace(driver_log=lambda name, stream: log)
    app: Any = SimpleNamespace(final="SUCCEEDED", diagnostics="")
    end = cluster._ended("application_1_1", "", yarn, 0, app)
    assert (end.status, end.printed, list(end.reasons(java_stack=True))) == (status, log, [])
