"""What Spark, YARN and HDFS say when something goes wrong, and what that means in one sentence.

One table, from the particular to the general. A sentence says what happened, where that can be told on which host, and
which setting or command puts it right.
"""

from __future__ import annotations

import re
from collections.abc import Callable

_MEMORY = ("give executors more beside Java's with --conf spark.executor.memoryOverhead=2g, or fewer tasks at a time "
           "with --executor-cores 1")
#: What puts the nodes' Python right.
NODES_PYTHON = "--env pack sends the one that d4p runs in; with --env path, --python names the nodes' own"

#: For a PE that was refused memory.
OUT_OF_MEMORY = ("its Python may have no more memory: --conf spark.executor.pyspark.memory=4g allows more where that "
                 "was set, and --executor-cores 1 fewer tasks beside it")

#: (what is said, the sentence): its fields are the named groups, and {where}, the host if it is known.
CAUSES: tuple[tuple[str, str], ...] = (
    # the nodes' Java and Python
    (r"class file version (?P<needed_java>\d+)[.\d]*\)?, this version of the Java Runtime only recognizes class file "
     r"versions up to (?P<found_java>\d+)",
     "the Java{where} is {found_java} and what runs there needs {needed_java}: name a newer one with --conf "
     "spark.executorEnv.JAVA_HOME=DIR and --conf spark.yarn.appMasterEnv.JAVA_HOME=DIR"),
    (r"UnsupportedClassVersionError|Unsupported major\.minor version",
     "the Java{where} is too old for this Spark: name a newer one with --conf spark.executorEnv.JAVA_HOME=DIR and "
     "--conf spark.yarn.appMasterEnv.JAVA_HOME=DIR"),
    (r"Unrecognized option: --add-(?:modules|opens)|Unrecognized VM option",
     "the Java{where} is too old for this Spark, or isn't the one that it was set up for: name one with --conf "
     "spark.executorEnv.JAVA_HOME=DIR and --conf spark.yarn.appMasterEnv.JAVA_HOME=DIR"),
    (r"Python in worker has different version:? \(?(?P<worker>\d+[.,] ?\d+)\)? than that in driver:? "
     r"\(?(?P<driver>\d+[.,] ?\d+)",
     f"the executors' Python{{where}} is {{worker}} and the program's is {{driver}}, and the first two numbers must be "
     f"the same: {NODES_PYTHON}"),
    (r'Cannot run program "(?P<program>[^"]*python[^"/]*)"[^\n]*error=(?P<number>2|13), ',
     f"the executors' Python can't be run{{where}}: there is no program {{program}} (an environment's archive holds "
     f"packages, and its Python must be on the nodes): {NODES_PYTHON}"),
    (r'Cannot run program "(?P<program>[^"]+)"[^\n]*error=8, ',
     f"{{program}} can't be run{{where}}: it was made for another kind of processor: {NODES_PYTHON}"),
    (r"(?:ModuleNotFoundError: |ImportError: )?No module named '?(?P<module>[\w.]+)'?",
     f"the executors' Python{{where}} has no module {{module}}: install it there, or {NODES_PYTHON}; a module of yours "
     "travels with --include"),
    # memory
    (r"Container killed by YARN for exceeding (?:physical |virtual )?memory limits\. (?P<used>[\d.]+ [KMG]?B) of "
     r"(?P<limit>[\d.]+ [KMG]?B)",
     f"an executor{{where}} used {{used}} of the {{limit}} that it may, and YARN killed it: {_MEMORY}"),
    (r"is running (?:\d+B )?beyond the '?(?:PHYSICAL|physical|VIRTUAL|virtual)'? memory limit",
     f"a container{{where}} used more memory than it may, and YARN killed it: {_MEMORY}"),
    (r"above the max threshold \((?P<limit>\d+ MB)\) of this cluster",
     "the cluster has no container as large as what was asked for: no more than {limit} with the overhead; ask for "
     "less with --executor-memory (and --driver-memory), or have yarn.scheduler.maximum-allocation-mb raised"),
    (r"(?:exited with code|[Ee]xit(?: status| code is|Code)?:?) (?:137|143)\b|SIGKILL",
     f"an executor was killed{{where}}, as is done to one that uses more memory than it may: {_MEMORY}"),
    (r"OutOfMemoryError: (?P<what>Java heap space|GC overhead limit exceeded|Direct buffer memory)",
     "Java ran out of memory{where} ({what}): give more with --executor-memory, or, where the program itself did, with "
     "--driver-memory"),
    (r"Total size of serialized results of (?P<tasks>\d+) tasks \((?P<size>[^)]+)\) is bigger than",
     "the results of {tasks} tasks, {size}, are more than the program may take: raise it with --conf "
     "spark.driver.maxResultSize=4g"),
    (r"Python worker exited unexpectedly \(crashed\)",
     f"a Python worker died{{where}} without a word, as one does that the system kills for its memory, or that crashes "
     f"in native code: {_MEMORY}"),
    # disks
    (r"No space left on device",
     "a disk is full{where}: Spark's own data lies in spark.local.dir (on YARN in yarn.nodemanager.local-dirs)"),
    # HDFS and paths
    (r"Input path does not exist: (?P<path>\S+)|Path does not exist: (?P<path2>[^\s,;]+?)\.?(?=[\s,;]|$)",
     "there is no such file or folder: {path}"),
    (r"FileNotFoundException: File (?:does not exist: )?(?P<path>\S+?)(?: does not exist.*)?$",
     "there is no such file{where}: {path}; a path without hdfs:// must be on every node"),
    (r"Permission denied: user=(?P<user>[^,\s]+), access=(?P<access>\w+), inode=\"(?P<path>[^\"]+)\":(?P<owner>[^:]+):"
     r"(?P<group>[^:]+):(?P<mode>[-\w]+)",
     "the user {user} has no {access} permission for {path} on HDFS, which belongs to {owner}:{group} ({mode}): ask "
     "its owner for it, or log in as another"),
    (r"Name node is in safe mode",
     "HDFS takes no changes now: its NameNode is in safe mode, as after a start; wait, or ask its administrator"),
    (r"GSS initiate failed|No valid credentials provided|Client cannot authenticate via|"
     r"SIMPLE authentication is not enabled",
     "Kerberos knows no one here: run kinit, or give --principal and --keytab"),
    (r"Call From \S+ to (?P<address>\S+) failed on connection exception|to (?P<address2>\S+) failed on socket timeout",
     "nothing answers at {address}: is that server up, and is HADOOP_CONF_DIR that of the right cluster?"),
    # YARN
    (r"(?:unknown queue ?: ?|queue named |to unknown queue: )(?P<queue>\S+)",
     "YARN has no queue {queue}: name another with --queue"),
    (r"Max number of executor failures \((?P<number>\d+)\) reached",
     "executors failed {number} times and Spark gave up; what ended them is in their logs"),
    (r"has failed the maximum allowable number of times: (?P<number>\d+)\. Most recent failure reason:\s+\S*"
     r"FetchFailed",
     "executors were lost {number} times, and with them what they had written for the next stage, and Spark gave up: "
     f"YARN or the system ends those that use more memory than they may: {_MEMORY}"),
    (r"ExecutorLostFailure \(executor (?P<executor>\S+) exited (?:caused by one of the running tasks|unrelated[^)]*)\) "
     r"Reason: (?P<reason>[^\n]{1,300})",
     "executor {executor} was lost{where}, as often as Spark tries: {reason}"),
)  # fmt: skip

_JAVA: Callable[[str], str] = lambda number: str(int(number) - 44)  # noqa: E731  the class files of Java 8 are 52
_READ = {"needed_java": _JAVA, "found_java": _JAVA}
_WHERE = re.compile(r"\(TID \d+\) \((?P<host>[\w.:-]+) executor (?P<executor>\S+?)\)|on host:? (?P<host2>[\w.-]+)")


def cause(text: str) -> str | None:
    """The sentence for what was said, or None where the table has none.

    >>> cause("java.io.IOException: No space left on device").startswith("a disk is full")
    True
    """
    for pattern, sentence in CAUSES:
        if found := re.search(pattern, text, re.MULTILINE):
            named = {key: value for key, value in found.groupdict().items() if value is not None}
            fields = {key.rstrip("2"): _READ.get(key, str)(value) for key, value in named.items()}
            return sentence.format(**fields, where=_where(text))
    return None


def _where(text: str) -> str:
    found = _WHERE.search(text)
    if not found:
        return ""
    return f" on {found['host'] or found['host2']}"
