import java.io.File;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.Properties;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.permission.FsPermission;
import org.apache.hadoop.hdfs.MiniDFSCluster;
import org.apache.hadoop.minikdc.MiniKdc;
import org.apache.hadoop.security.UserGroupInformation;
import org.apache.kerby.kerberos.kerb.client.KrbClient;
import org.apache.kerby.kerberos.kerb.type.KerberosTime;
import org.apache.kerby.kerberos.kerb.type.ticket.TgtTicket;

/**
 * An HDFS that asks for Kerberos, with its own KDC, on loopback.
 *
 * <pre>java -cp 'jars/*' SecureHdfs.java FOLDER PARENT</pre>
 *
 * FOLDER/conf holds the client configuration, FOLDER/krb5.conf that of Kerberos, FOLDER/alice.ccache a
 * ticket, FOLDER/expired.ccache one that has ended.
 */
public class SecureHdfs {
    public static void main(String[] arguments) throws Exception {
        Path folder = Path.of(arguments[0]).toAbsolutePath();
        long parent = Long.parseLong(arguments[1]);
        try {
            start(folder);
        } catch (Throwable error) {
            error.printStackTrace();
            Runtime.getRuntime().halt(1);
        }
        while (ProcessHandle.current().parent().map(ProcessHandle::pid).orElse(0L) == parent) {
            Thread.sleep(500);
        }
        try (var found = Files.walk(folder)) {
            found.sorted(Comparator.reverseOrder()).forEach(path -> path.toFile().delete());
        }
        Runtime.getRuntime().halt(0);
    }

    private static void start(Path folder) throws Exception {
        Files.createDirectories(folder.resolve("kdc"));
        MiniKdc kdc = new MiniKdc(MiniKdc.createConf(), folder.resolve("kdc").toFile());
        kdc.start();
        File servers = folder.resolve("servers.keytab").toFile();
        File alice = folder.resolve("alice.keytab").toFile();
        kdc.createPrincipal(servers, "hdfs/localhost", "HTTP/localhost");
        kdc.createPrincipal(alice, "alice");
        String realm = kdc.getRealm();

        Configuration conf = new Configuration();
        conf.set("hadoop.security.authentication", "kerberos");
        conf.set("hadoop.tmp.dir", folder.resolve("tmp").toString());
        conf.set("hdfs.minidfs.basedir", folder.resolve("hdfs").toString());
        conf.setInt("dfs.replication", 1);
        for (String server : new String[] {"namenode", "datanode"}) {
            conf.set("dfs." + server + ".kerberos.principal", "hdfs/localhost@" + realm);
            conf.set("dfs." + server + ".keytab.file", servers.toString());
        }
        conf.set("dfs.web.authentication.kerberos.principal", "HTTP/localhost@" + realm);
        conf.set("dfs.web.authentication.kerberos.keytab", servers.toString());
        conf.set("hadoop.http.authentication.type", "kerberos");
        conf.set("hadoop.http.authentication.kerberos.principal", "HTTP/localhost@" + realm);
        conf.set("hadoop.http.authentication.kerberos.keytab", servers.toString());
        conf.setBoolean("dfs.block.access.token.enable", true);
        conf.set("dfs.data.transfer.protection", "authentication");
        conf.setBoolean("ignore.secure.ports.for.testing", true);
        conf.set("hadoop.http.authentication.signature.secret.file", secret(folder));
        UserGroupInformation.setConfiguration(conf);
        UserGroupInformation.loginUserFromKeytab("hdfs/localhost@" + realm, servers.toString());

        MiniDFSCluster hdfs = new MiniDFSCluster.Builder(conf).numDataNodes(1).build();
        hdfs.waitActive();
        FileSystem fs = hdfs.getFileSystem();
        fs.mkdirs(new org.apache.hadoop.fs.Path("/tmp"));
        fs.setPermission(new org.apache.hadoop.fs.Path("/tmp"), new FsPermission((short) 01777));

        tickets(kdc, alice, folder);
        Files.copy(kdc.getKrb5conf().toPath(), folder.resolve("krb5.conf"));
        Files.createDirectories(folder.resolve("conf"));
        Configuration client = new Configuration(false);
        client.set("fs.defaultFS", "hdfs://localhost:" + hdfs.getNameNodePort());
        client.set("hadoop.security.authentication", "kerberos");
        client.set("dfs.namenode.kerberos.principal", conf.get("dfs.namenode.kerberos.principal"));
        client.set("dfs.namenode.http-address", "localhost:" + hdfs.getNameNode().getHttpAddress().getPort());
        client.set("dfs.data.transfer.protection", "authentication");
        try (OutputStream out = Files.newOutputStream(folder.resolve("conf/core-site.xml"))) {
            client.writeXml(out);
        }
        Files.writeString(folder.resolve("ready"), "");
    }

    private static String secret(Path folder) throws IOException {
        Path file = folder.resolve("secret");
        Files.writeString(file, "secret");
        return file.toString();
    }

    /** One that is good, and one that ended an hour ago. */
    private static void tickets(MiniKdc kdc, File keytab, Path folder) throws Exception {
        KrbClient client = new KrbClient();
        client.setKdcHost("localhost");
        client.setKdcRealm(kdc.getRealm());
        client.setKdcTcpPort(kdc.getPort());
        client.setAllowUdp(false);
        client.init();
        TgtTicket ticket = client.requestTgt("alice@" + kdc.getRealm(), keytab);
        client.storeTicket(ticket, folder.resolve("alice.ccache").toFile());
        long now = System.currentTimeMillis();
        ticket.getEncKdcRepPart().setStartTime(new KerberosTime(now - 7_200_000));
        ticket.getEncKdcRepPart().setAuthTime(new KerberosTime(now - 7_200_000));
        ticket.getEncKdcRepPart().setEndTime(new KerberosTime(now - 3_600_000));
        client.storeTicket(ticket, folder.resolve("expired.ccache").toFile());
    }
}
