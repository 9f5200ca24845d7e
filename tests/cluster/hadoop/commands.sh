#!/bin/sh
# The commands `hdfs dfs|dfsadmin|fetchdt` and `yarn logs|application|node` of a Hadoop installation, on the jars of the test
# cluster. Named by what it is called as.
case "$(basename "$0") $1" in
    "hdfs dfs") class=org.apache.hadoop.fs.FsShell; shift ;;
    "hdfs dfsadmin") class=org.apache.hadoop.hdfs.tools.DFSAdmin; shift ;;
    "hdfs fetchdt") class=org.apache.hadoop.hdfs.tools.DelegationTokenFetcher; shift ;;
    "yarn logs") class=org.apache.hadoop.yarn.client.cli.LogsCLI; shift ;;
    "yarn application") class=org.apache.hadoop.yarn.client.cli.ApplicationCLI ;;
    "yarn node") class=org.apache.hadoop.yarn.client.cli.NodeCLI; shift ;;
    *) echo "$(basename "$0"): no command $1 here" >&2; exit 2 ;;
esac
exec "@java@" @options@ -cp "${HADOOP_CONF_DIR:-@conf@}:@classes@" "$class" "$@"
