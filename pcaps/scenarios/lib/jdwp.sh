# shellcheck shell=bash
# A small Java program that waits for its debugger, and jdb.

# debugged PORT
debugged() {
    put /srv/Letters.java <<'JAVA'
public class Letters {
    static int count = 0;
    static void send(String to) { count++; System.out.println("Dear " + to); }
    public static void main(String[] all) throws Exception {
        for (String to : new String[] {"Bob", "Carol"}) send(to);
    }
}
JAVA
    server javac -g -d /srv /srv/Letters.java
    serve java -Xshare:auto -cp /srv "-agentlib:jdwp=transport=dt_socket,server=y,suspend=y,address=*:$1" Letters
    listening tcp "$1"
}

# debug PORT
debug() {
    { sleep 2; for word in 'stop in Letters.send' run where locals 'print Letters.count' 'dump to' 'threads' 'clear Letters.send' cont; do echo "$word"; sleep 0.7; done; } |
        client jdb -attach "$S4:$1" >/dev/null 2>&1 || true
}
