"""`python warm.py`: runs the compiled Spark program of each path that it reads, in one session, which programs find and
leave as it is, and prints the seconds of each run.

So two commits are compared without the start of Java, which takes longer than what is compared, and once it is warm.
"""

from __future__ import annotations

import os
import runpy
import sys
import time

SETTINGS = {"spark.ui.enabled": "false", "spark.log.level": "OFF", "spark.ui.showConsoleProgress": "false"}


def main() -> None:
    from pyspark.sql import SparkSession

    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # what programs print is nobody's
    os.environ["PYSPARK_PYTHON"] = sys.executable
    spark = SparkSession.builder.master("local[2]").config(map=SETTINGS).getOrCreate()
    try:
        for path in map(str.strip, sys.stdin):
            sys.argv, sys.path[0] = [path], os.path.dirname(path)  # as Python has them for a program
            begun = time.perf_counter()
            try:
                runpy.run_path(path, run_name="__main__")
            except SystemExit as ended:
                if ended.code:
                    raise
            print(time.perf_counter() - begun, file=answers)
    finally:
        spark.stop()


if __name__ == "__main__":
    main()
