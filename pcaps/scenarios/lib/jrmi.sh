# shellcheck shell=bash
# Java's registry of objects with a letter box in it, and one who asks for it.

# letterbox PORT
letterbox() {
    put /srv/Box.java <<'JAVA'
public interface Box extends java.rmi.Remote {
    String send(String to, int copies) throws java.rmi.RemoteException;
}
JAVA
    put /srv/BoxServer.java <<'JAVA'
import java.rmi.registry.*;
public class BoxServer extends java.rmi.server.UnicastRemoteObject implements Box {
    BoxServer(int port) throws java.rmi.RemoteException { super(port); }
    public String send(String to, int copies) { return "Dear " + to + " " + copies; }
    public static void main(String[] all) throws Exception {
        int port = Integer.parseInt(all[0]);
        LocateRegistry.createRegistry(port).bind("letters", new BoxServer(port + 1));
    }
}
JAVA
    put /srv/BoxClient.java <<'JAVA'
import java.rmi.registry.*;
public class BoxClient {
    public static void main(String[] all) throws Exception {
        Registry registry = LocateRegistry.getRegistry("10.20.0.2", Integer.parseInt(all[0]));
        System.out.println(String.join(" ", registry.list()));
        Box box = (Box) registry.lookup("letters");
        System.out.println(box.send("Bob", 2));
        try { registry.lookup("parcels"); } catch (java.rmi.NotBoundException e) { System.out.println("none"); }
        try { registry.rebind("letters", box); } catch (Exception e) { System.out.println("refused"); }
        System.exit(0);
    }
}
JAVA
    server sh -c 'javac -d /srv /srv/Box*.java'
    cp "$WORK"/server/srv/*.class "$WORK/client/srv/"
    serve java -Djava.rmi.server.hostname="$S4" -cp /srv BoxServer "$1"
    listening tcp "$1"
    sleep 1
}

# send PORT
send() { client java -cp /srv BoxClient "$1" >/dev/null; }
