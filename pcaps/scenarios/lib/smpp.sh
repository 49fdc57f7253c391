# shellcheck shell=bash
# Perl's Net::SMPP both sides: a message centre that knows alice, and who sends by it.

# centre PORT
centre() {
    put /srv/centre.pl <<'PERL'
use Net::SMPP;
my ($port, $password) = @ARGV;
my $centre = Net::SMPP->new_listen("10.20.0.2", port => $port) or die $!;
while (my $peer = $centre->accept) {
    next if fork;
    my $number = 700;
    while (my $pdu = $peer->read_pdu) {
        my %seq = (seq => $pdu->{seq});
        if ($pdu->{cmd} == Net::SMPP::CMD_bind_transceiver) {
            my $right = $pdu->{password} eq $password;
            $peer->bind_transceiver_resp(%seq, system_id => "centre", status => $right ? 0 : 14);
        } elsif ($pdu->{cmd} == Net::SMPP::CMD_submit_sm) {
            $peer->submit_sm_resp(%seq, message_id => $number++, status => $pdu->{destination_addr} =~ /^\d+$/ ? 0 : 11);
            $peer->deliver_sm(source_addr => $pdu->{destination_addr}, destination_addr => $pdu->{source_addr}, esm_class => 4,
                short_message => "id:700 stat:DELIVRD", data_coding => 0) if $pdu->{registered_delivery};
        } elsif ($pdu->{cmd} == Net::SMPP::CMD_enquire_link) {
            $peer->enquire_link_resp(%seq);
        } elsif ($pdu->{cmd} == Net::SMPP::CMD_query_sm) {
            $peer->query_sm_resp(%seq, message_id => $pdu->{message_id}, final_date => "", message_state => 2, error_code => 0);
        } elsif ($pdu->{cmd} == Net::SMPP::CMD_unbind) {
            $peer->unbind_resp(%seq);
            last;
        }
    }
    exit;
}
PERL
    put_client /srv/send.pl <<'PERL'
use Net::SMPP;
my ($port, $password) = @ARGV;
my ($c, $answer) = Net::SMPP->new_transceiver("10.20.0.2", port => $port, async => 0, system_id => "alice", password => "letmein", system_type => "shop");
($c, $answer) = Net::SMPP->new_transceiver("10.20.0.2", port => $port, async => 0, system_id => "alice", password => $password, system_type => "shop");
$c->submit_sm(source_addr_ton => 5, source_addr => "shop", destination_addr => "491700000017", short_message => "Your bolts are here", registered_delivery => 1);
my $delivered = $c->read_pdu;
$c->deliver_sm_resp(seq => $delivered->{seq}, message_id => "");
$c->submit_sm(source_addr => "shop", destination_addr => "nobody", short_message => "Hello");
$c->query_sm(message_id => "700", source_addr => "shop");
$c->enquire_link();
$c->unbind();
PERL
    serve perl /srv/centre.pl "$1" "$PASSWORD"
    listening tcp "$1"
}
