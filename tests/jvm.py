"""How the Javas of tests are started: each lives for seconds, so that what makes one fast in the long run is left out.

The second compiler of HotSpot and a garbage collector of many threads take as much of a processor as such a program
itself. What is run is the same, and so is what it answers.
"""

from __future__ import annotations

BRIEF = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
#: For spark-submit, what it starts before that, and the program where that runs in it: `local` and client mode.
SUBMITTING = {"SPARK_SUBMIT_OPTS": BRIEF, "SPARK_LAUNCHER_OPTS": BRIEF}
#: For a master and workers of Spark's own.
DAEMONS = {"SPARK_DAEMON_JAVA_OPTS": BRIEF, "SPARK_LAUNCHER_OPTS": BRIEF}
EXECUTORS = ["--conf", f"spark.executor.extraJavaOptions={BRIEF}"]
#: Executors, and what YARN has beside them: in cluster mode the program.
ON_YARN = [*EXECUTORS, "--conf", f"spark.driver.extraJavaOptions={BRIEF}", "--conf",
           f"spark.yarn.am.extraJavaOptions={BRIEF}"]  # fmt: skip
