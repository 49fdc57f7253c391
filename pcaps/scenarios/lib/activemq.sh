# shellcheck shell=bash
# ActiveMQ's broker in a small program, with alice as an account, and a shop that uses it by its client library.

CLASSES=/srv:$(printf '%s:' /usr/share/java/{activemq-broker,activemq-client,activemq-openwire-legacy,activemq-stomp,activemq-jaas,slf4j-api,slf4j-nop,hawtbuf,geronimo-j2ee-management-1.1-spec,geronimo-jms_1.1_spec}.jar)

# broker PORT STOMP_PORT
broker() {
    put /srv/Broker.java <<'JAVA'
import java.util.*;
import org.apache.activemq.broker.*;
import org.apache.activemq.security.*;
public class Broker {
    public static void main(String[] all) throws Exception {
        BrokerService broker = new BrokerService();
        broker.setBrokerName("letters");
        broker.setPersistent(false);
        broker.setUseJmx(false);
        broker.setSchedulerSupport(false);
        broker.setDataDirectory("/srv/data");
        broker.setPlugins(new BrokerPlugin[] {new SimpleAuthenticationPlugin(List.of(new AuthenticationUser("alice", all[2], "users")))});
        broker.addConnector("tcp://10.20.0.2:" + all[0]);
        broker.addConnector("stomp://10.20.0.2:" + all[1]);
        broker.start();
        Thread.sleep(60000);
    }
}
JAVA
    put_client /srv/Shop.java <<'JAVA'
import javax.jms.*;
import org.apache.activemq.*;
public class Shop {
    public static void main(String[] all) throws Exception {
        for (String password : new String[] {"letmein", all[1]}) {
            ActiveMQConnection c = (ActiveMQConnection) new ActiveMQConnectionFactory("alice", password, "tcp://10.20.0.2:" + all[0]).createConnection();
            try {
                c.setClientID("shop");
                c.start();
                Session s = c.createSession(false, Session.AUTO_ACKNOWLEDGE);
                Queue orders = s.createQueue("orders");
                MessageConsumer inbox = s.createConsumer(orders);
                s.createProducer(orders).send(s.createTextMessage("two bolts"));
                System.out.println(((TextMessage) inbox.receive(3000)).getText());
                s.createProducer(s.createTopic("news")).send(s.createTextMessage("sold"));
            } catch (JMSException e) {
                System.out.println(e);
            }
            c.close();
        }
        System.exit(0);
    }
}
JAVA
    server javac -cp "$CLASSES" -d /srv /srv/Broker.java
    client javac -cp "$CLASSES" -d /srv /srv/Shop.java
    serve java -cp "$CLASSES" Broker "$1" "$2" "$PASSWORD"
    listening tcp "$2"
}

# shop PORT
shop() { client java -cp "$CLASSES" Shop "$1" "$PASSWORD"; }
