"""Spark's RDDs: one partition is one instance, exchanges are keyed shuffles."""

from d4p.engines.spark_rdd.exchange import shuffle, take
from d4p.engines.spark_rdd.run import execute

__all__ = ["execute", "shuffle", "take"]
