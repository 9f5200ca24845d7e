"""The Spark engine for RDD programs: one partition is one instance, exchanges are keyed shuffles."""

from d4p.engines.spark.hadoop import default_fs
from d4p.engines.spark.session import tells_missing
from d4p.engines.spark_rdd.exchange import results, shuffle, take
from d4p.engines.spark_rdd.run import execute
from d4p.program.engine import Engine

__all__ = ["ENGINE", "results", "shuffle", "take"]

ENGINE = Engine("spark-rdd", execute, default_fs=default_fs, tells_missing=tells_missing,
                recovers_itself=True)
