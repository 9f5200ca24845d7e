"""The Spark engine for DataFrame programs: one partition is one instance, rows are batches of items in Arrow."""

from d4p.engines.spark.hadoop import default_fs
from d4p.engines.spark.session import tells_missing
from d4p.engines.spark_df.batches import BATCHES
from d4p.engines.spark_df.columns import KEYS, ddl, exact_sum
from d4p.engines.spark_df.exchange import results, shuffle, take
from d4p.engines.spark_df.run import Run, execute
from d4p.program.engine import Engine

__all__ = ["BATCHES", "ENGINE", "KEYS", "Run", "ddl", "exact_sum", "results", "shuffle", "take"]

ENGINE = Engine("spark-df", execute, default_fs=default_fs, tells_missing=tells_missing,
                recovers_itself=True)
