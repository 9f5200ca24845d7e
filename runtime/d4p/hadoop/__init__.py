"""The Java and the cluster that Spark programs run on: found, prepared, submitted to."""
