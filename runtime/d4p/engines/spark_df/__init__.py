"""The Spark engine for DataFrame programs: one partition is one instance, rows are batches of items in Arrow."""

from d4p.engines.spark_df.batches import BATCHES
from d4p.engines.spark_df.columns import KEYS, ddl, exact_sum
from d4p.engines.spark_df.exchange import shuffle
from d4p.engines.spark_df.run import Run, execute

__all__ = ["BATCHES", "KEYS", "Run", "ddl", "exact_sum", "execute", "shuffle"]
