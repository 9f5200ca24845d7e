import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Properties;
import java.util.Random;
import java.util.concurrent.Executors;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.permission.FsPermission;
import org.apache.hadoop.hdfs.MiniDFSCluster;
import org.apache.hadoop.hdfs.protocol.HdfsConstants.SafeModeAction;
import org.apache.hadoop.yarn.api.records.NodeState;
import org.apache.hadoop.yarn.client.api.YarnClient;
import org.apache.hadoop.yarn.conf.YarnConfiguration;
import org.apache.hadoop.yarn.server.MiniYARNCluster;

/**
 * Hadoop's own NameNode, DataNodes, ResourceManager and NodeManager in this JVM, on loopback and on free ports.
 *
 * <pre>java -cp 'jars/*' MiniCluster.java FOLDER PARENT</pre>
 *
 * Everything lies under FOLDER. When HDFS and YARN answer, FOLDER/conf holds the client configuration and
 * FOLDER/ready.properties the addresses. PARENT is the process that the cluster goes with, or 0. The address
 * `control` takes POST /namenode/stop, /namenode/start, /safemode/enter, /safemode/leave and /exit.
 */
public class MiniCluster {
    private static final String HOST = "localhost";
    private static final int DATANODES = 2;

    private final Path folder;
    private final Random random = new Random();
    private final List<ServerSocket> held = new ArrayList<>();
    private MiniDFSCluster hdfs;
    private MiniYARNCluster yarn;
    private boolean ended;

    private MiniCluster(Path folder) {
        this.folder = folder;
    }

    public static void main(String[] arguments) throws Exception {
        MiniCluster cluster = new MiniCluster(Path.of(arguments[0]).toAbsolutePath());
        cluster.endWith(Long.parseLong(arguments[1]));
        Runtime.getRuntime().addShutdownHook(new Thread(cluster::end));
        try {
            cluster.start();
        } catch (Throwable error) {
            error.printStackTrace();
            Runtime.getRuntime().halt(1); // the servers' threads would keep the JVM alive; the log stays
        }
    }

    private void start() throws Exception {
        Configuration conf = settings();
        conf.setBoolean("dfs.permissions.enabled", true);
        int rpc = port(conf, "dfs.namenode.rpc-address");
        int http = port(conf, "dfs.namenode.http-address");
        YarnConfiguration yarnConf = new YarnConfiguration(conf);
        for (String server : List.of("address", "scheduler.address", "resource-tracker.address", "admin.address",
                "webapp.address")) {
            port(yarnConf, "yarn.resourcemanager." + server);
        }
        int control = port(conf, "control");
        release();

        hdfs = new MiniDFSCluster.Builder(conf).nameNodePort(rpc).nameNodeHttpPort(http).numDataNodes(DATANODES).build();
        hdfs.waitActive();
        folders();
        yarnConf.set("fs.defaultFS", hdfs.getURI().toString());
        yarn = new MiniYARNCluster("d4p", 1, 1, 1);
        yarn.init(yarnConf);
        yarn.start();
        Configuration running = yarn.getConfig();
        waitForNodes(running);
        clientConfiguration(running, rpc, http);
        control(control);
        ready(running, rpc, http, control);
    }

    /** What a client needn't know, and a YARN that gives its whole node to one application. */
    private Configuration settings() {
        Configuration conf = new Configuration();
        conf.set("hadoop.tmp.dir", folder.resolve("tmp").toString());
        conf.set("hdfs.minidfs.basedir", folder.resolve("hdfs").toString());
        conf.setInt("dfs.replication", 1);
        conf.setInt("dfs.client.block.write.locateFollowingBlock.initial.delay.ms", 20); // a close asks again sooner
        conf.setBoolean("dfs.namenode.delegation.token.always-use", true);
        String user = System.getProperty("user.name");
        conf.set("hadoop.proxyuser." + user + ".hosts", "*");
        conf.set("hadoop.proxyuser." + user + ".groups", "*");

        conf.setBoolean("yarn.minicluster.fixed.ports", true);
        conf.set("yarn.resourcemanager.hostname", HOST);
        for (String server : List.of("address", "localizer.address", "collector-service.address", "webapp.address")) {
            conf.set("yarn.nodemanager." + server, HOST + ":0");
        }
        conf.setInt("yarn.nodemanager.resource.memory-mb", 6144);
        conf.setInt("yarn.nodemanager.resource.cpu-vcores", 16);
        conf.setInt("yarn.scheduler.minimum-allocation-mb", 256);
        conf.setInt("yarn.scheduler.maximum-allocation-mb", 6144);
        conf.setBoolean("yarn.nodemanager.vmem-check-enabled", false);
        conf.setBoolean("yarn.nodemanager.pmem-check-enabled", false);
        conf.set("yarn.nodemanager.disk-health-checker.max-disk-utilization-per-disk-percentage", "100");
        conf.set("yarn.nodemanager.env-whitelist", "JAVA_HOME,PATH,LANG,TZ");
        conf.setBoolean("yarn.log-aggregation-enable", true);
        conf.set("yarn.nodemanager.remote-app-log-dir", "/tmp/logs");
        conf.set("yarn.scheduler.capacity.root.queues", "default");
        conf.set("yarn.scheduler.capacity.maximum-am-resource-percent", "1");
        String queue = "yarn.scheduler.capacity.root.default.";
        conf.set(queue + "capacity", "100");
        conf.set(queue + "maximum-capacity", "100");
        conf.set(queue + "user-limit-factor", "1");
        conf.set(queue + "state", "RUNNING");
        conf.set(queue + "acl_submit_applications", "*");
        conf.set(queue + "acl_administer_queue", "*");
        return conf;
    }

    /**
     * Sets an address to a port that is free, from below those that systems give to outgoing connections: one of these
     * may be taken before its server comes up. All are held until the last is found, or two would be the same.
     */
    private int port(Configuration conf, String name) throws IOException {
        while (true) {
            int port = 15000 + random.nextInt(15000);
            ServerSocket socket = new ServerSocket();
            try {
                socket.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
            } catch (BindException taken) {
                socket.close();
                continue;
            }
            held.add(socket);
            conf.set(name, HOST + ":" + port);
            return port;
        }
    }

    private void release() throws IOException {
        for (ServerSocket socket : held) {
            socket.close();
        }
    }

    /** The folders that an administrator makes: /tmp for everybody, a home for the one who started the cluster. */
    private void folders() throws IOException {
        FileSystem fs = hdfs.getFileSystem();
        fs.mkdirs(new org.apache.hadoop.fs.Path("/tmp"));
        fs.setPermission(new org.apache.hadoop.fs.Path("/tmp"), new FsPermission((short) 01777));
        fs.mkdirs(fs.getHomeDirectory());
        org.apache.hadoop.fs.Path hello = new org.apache.hadoop.fs.Path("/tmp/.hello");
        fs.create(hello).close();
        fs.open(hello).close();
        fs.delete(hello, false);
    }

    private void waitForNodes(Configuration running) throws Exception {
        try (YarnClient client = YarnClient.createYarnClient()) {
            client.init(running);
            client.start();
            while (running.get("yarn.resourcemanager.address").endsWith(":0")
                    || client.getNodeReports(NodeState.RUNNING).isEmpty()) {
                Thread.sleep(100);
            }
        }
    }

    private void clientConfiguration(Configuration running, int rpc, int http) throws IOException {
        Path conf = Files.createDirectories(folder.resolve("conf"));
        Configuration core = new Configuration(false);
        core.set("fs.defaultFS", "hdfs://" + HOST + ":" + rpc);
        write(core, conf.resolve("core-site.xml"));
        Configuration site = new Configuration(false);
        site.set("dfs.replication", "1");
        site.set("dfs.namenode.rpc-address", HOST + ":" + rpc);
        site.set("dfs.namenode.http-address", HOST + ":" + http);
        write(site, conf.resolve("hdfs-site.xml"));
        Configuration client = new Configuration(false);
        for (String name : List.of("hostname", "address", "scheduler.address", "resource-tracker.address",
                "admin.address", "webapp.address")) {
            client.set("yarn.resourcemanager." + name, running.get("yarn.resourcemanager." + name));
        }
        for (String name : List.of("yarn.log-aggregation-enable", "yarn.nodemanager.remote-app-log-dir",
                "yarn.nodemanager.vmem-check-enabled", "yarn.nodemanager.pmem-check-enabled",
                "yarn.scheduler.minimum-allocation-mb", "yarn.scheduler.maximum-allocation-mb")) {
            client.set(name, running.get(name));
        }
        write(client, conf.resolve("yarn-site.xml"));
    }

    private static void write(Configuration conf, Path file) throws IOException {
        try (OutputStream out = Files.newOutputStream(file)) {
            conf.writeXml(out);
        }
    }

    /** Written under another name and renamed: who sees it sees all of it. */
    private void ready(Configuration running, int rpc, int http, int control) throws IOException {
        Properties found = new Properties();
        found.setProperty("pid", Long.toString(ProcessHandle.current().pid()));
        found.setProperty("fs", "hdfs://" + HOST + ":" + rpc);
        found.setProperty("webhdfs", "webhdfs://" + HOST + ":" + http);
        found.setProperty("rm", running.get("yarn.resourcemanager.address"));
        found.setProperty("rm_web", "http://" + running.get("yarn.resourcemanager.webapp.address"));
        found.setProperty("control", "http://" + HOST + ":" + control);
        Path unfinished = folder.resolve(".ready.properties");
        StringBuilder text = new StringBuilder();
        found.stringPropertyNames().stream().sorted()
                .forEach(name -> text.append(name).append('=').append(found.getProperty(name)).append('\n'));
        Files.writeString(unfinished, text);
        Files.move(unfinished, folder.resolve("ready.properties"), StandardCopyOption.ATOMIC_MOVE);
    }

    private interface Action {
        void run() throws Exception;
    }

    private void control(int port) throws IOException {
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 0);
        server.setExecutor(Executors.newCachedThreadPool());
        on(server, "/namenode/stop", () -> hdfs.shutdownNameNode(0));
        on(server, "/namenode/start", () -> hdfs.restartNameNode(0));
        on(server, "/safemode/enter", () -> hdfs.getFileSystem().setSafeMode(SafeModeAction.SAFEMODE_ENTER));
        on(server, "/safemode/leave", () -> hdfs.getFileSystem().setSafeMode(SafeModeAction.SAFEMODE_LEAVE));
        on(server, "/exit", () -> new Thread(() -> {
            end();
            Runtime.getRuntime().halt(0);
        }).start());
        server.start();
    }

    private static void on(HttpServer server, String path, Action action) {
        server.createContext(path, exchange -> {
            int status = 200;
            byte[] answer = new byte[0];
            try {
                action.run();
            } catch (Throwable error) {
                status = 500;
                answer = error.toString().getBytes(StandardCharsets.UTF_8);
            }
            exchange.sendResponseHeaders(status, answer.length == 0 ? -1 : answer.length);
            exchange.getResponseBody().write(answer);
            exchange.close();
        });
    }

    /** Ends when the process that started this one is gone, however it went: an orphan gets another parent. */
    private void endWith(long parent) {
        if (parent == 0) {
            return;
        }
        Thread watch = new Thread(() -> {
            try {
                while (ProcessHandle.current().parent().map(ProcessHandle::pid).orElse(0L) == parent) {
                    Thread.sleep(500);
                }
            } catch (InterruptedException error) {
                return;
            }
            end();
            Runtime.getRuntime().halt(0);
        });
        watch.setDaemon(true);
        watch.start();
    }

    /** Stops the servers, the containers of YARN first, and removes the folder. */
    private synchronized void end() {
        if (ended) {
            return;
        }
        ended = true;
        try {
            if (yarn != null) {
                yarn.stop();
            }
            if (hdfs != null) {
                hdfs.shutdown();
            }
        } catch (Throwable error) {
            error.printStackTrace();
        }
        try (var found = Files.walk(folder)) {
            found.sorted(Comparator.reverseOrder()).forEach(path -> path.toFile().delete());
        } catch (IOException error) {
            error.printStackTrace();
        }
    }
}
