#!/bin/bash
# The same on the ports of MySQL and of HTTPS.
# packages: uhub ncdc
# ports: tcp/3306, tcp/443
# expect: tcp.port==3306 && tcp.payload contains "BINF"
# expect: tcp.port==443 && tcp.payload contains "CSUP"

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/directconnect.sh"
hub 3306
capture tcp
meet 3306 443
