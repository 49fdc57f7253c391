# shellcheck shell=bash
# Perl's Net::Stomp, which sends an order and gets it.

# order PORT
order() {
    put_client /srv/order.pl <<'PERL'
use Net::Stomp;
my ($port, $password) = @ARGV;
my $c = Net::Stomp->new({hostname => "10.20.0.2", port => $port, logger => undef});
my $answer = $c->connect({login => "alice", passcode => "letmein"});
eval { $c->disconnect };
$c = Net::Stomp->new({hostname => "10.20.0.2", port => $port});
$c->connect({login => "alice", passcode => $password});
$c->subscribe({destination => "/queue/orders", id => 1, ack => "client"});
$c->send_transactional({destination => "/queue/orders", body => "two bolts"});
my $frame = $c->receive_frame({timeout => 2});
$c->ack({frame => $frame});
$c->send({destination => "/topic/news", body => "sold", receipt => "r-1"});
$c->receive_frame({timeout => 2});
$c->unsubscribe({id => 1, destination => "/queue/orders"});
$c->disconnect;
PERL
    client perl /srv/order.pl "$1" "$PASSWORD"
}
