#!/bin/bash
# Apache asks Tomcat by AJP: a page, one that is not there, one for a member who has logged in at Apache, and a form.
# packages: tomcat10 apache2 curl
# ports: tcp/8009
# expect: ajp13.method

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/ajp.sh"
tomcat 8009
capture tcp
ask
