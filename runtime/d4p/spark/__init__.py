"""The Spark engine for RDD programs: one partition is one instance, exchanges are shuffles of batches."""

from d4p.spark.exchange import shuffle, take
from d4p.spark.run import Run, execute

__all__ = ["Run", "execute", "shuffle", "take"]
