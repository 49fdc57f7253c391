#!/bin/bash
# Perl's client of TACACS+ asks whether alice may log in, and on an odd port for mallory; no package has a server, and nobody answers.
# packages: libauthen-tacacsplus-perl socat
# ports: tcp/49, tcp/4949
# expect: tacplus.type==1

. "${0%/*}/../lib.sh"
for port in 49 4949; do
    serve socat -u TCP-LISTEN:$port,fork,reuseaddr /dev/null
    listening tcp $port
done
capture tcp
ask() {
    client perl -e 'use Authen::TacacsPlus; my ($port, $user, $word) = @ARGV;
        my $tac = new Authen::TacacsPlus(Host => "server", Port => $port, Key => "a-shared-key", Timeout => 1);
        exit($tac && $tac->authen($user, $word) ? 0 : 1)' "$@"
}
fails ask 49 alice "$PASSWORD"
fails ask 4949 mallory wrong
