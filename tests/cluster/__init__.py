"""Tests against real servers, and the Hadoop that they run on: its own NameNode, DataNodes, ResourceManager and
NodeManager, from Maven Central, in one JVM on loopback.

A person can use it too:

    export HADOOP_CONF_DIR=$(python -m tests.cluster up --quiet)
    ...
    python -m tests.cluster down
"""
