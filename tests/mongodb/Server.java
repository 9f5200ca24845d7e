import de.bwaldvogel.mongo.MongoServer;
import de.bwaldvogel.mongo.MongoVersion;
import de.bwaldvogel.mongo.backend.memory.MemoryBackend;
import java.util.List;

/** A server on a port of its own, which it prints; it holds all in memory, and ends with its standard input. */
public class Server {
    /** Says that it is as new as the driver wants it; it knows what is sent. */
    static class Version implements MongoVersion {
        public List<Integer> getVersionArray() {
            return List.of(5, 0, 0);
        }

        public int getWireVersion() {
            return 13;
        }
    }

    public static void main(String[] arguments) throws Exception {
        MongoServer server = new MongoServer(new MemoryBackend().version(new Version()));
        System.out.println(server.bind().getPort());
        while (System.in.read() >= 0) {
        }
        server.shutdownNow();
    }
}
