"""The Spark engine for RDD programs: one partition is one instance, exchanges are keyed shuffles."""

from d4p.engines.spark.hadoop import default_fs
from d4p.engines.spark_rdd.exchange import shuffle, take
from d4p.engines.spark_rdd.run import execute
from d4p.program.engine import Engine

__all__ = ["ENGINE", "shuffle", "take"]

ENGINE = Engine(execute, default_fs=default_fs)
