#!/bin/bash
# One connection with four requests, a second apart, in two capture files: the second begins in the midst of the session.
# packages: nginx-light curl python3-minimal
# ports: tcp/80
# files: http-rotated-1.pcap http-rotated-2.pcap
# expect: 1 tcp.flags.syn==1 && tcp.flags.ack==0
# expect: 4 http.request.uri=="/new.html"

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/http.sh"
web 80
rm -f "$PCAPS/$NAME"-*.pcap
capture --every 2 tcp
visit --rate 1/s http://www.example.com/new.html{,,,}
captured
part=0
for file in "$PCAPS/$NAME"-*.pcap; do # named by their times
    part=$((part + 1))
    mv "$file" "$PCAPS/$NAME-$part.pcap"
done
