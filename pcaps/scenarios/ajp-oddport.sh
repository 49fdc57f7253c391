#!/bin/bash
# Apache asks Tomcat by AJP on an odd port: the same as ajp-tomcat.
# packages: tomcat10 apache2 curl
# ports: tcp/18009
# decode: tcp.port==18009,ajp13
# expect: ajp13.method

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/ajp.sh"
tomcat 18009
capture tcp
ask
