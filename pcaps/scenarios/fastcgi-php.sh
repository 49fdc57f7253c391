#!/bin/bash
# nginx asks PHP by FastCGI: a page, one that is not there, one that breaks, and a form that is sent to a page.
# packages: php-cgi nginx-light curl
# ports: tcp/9000
# decode: tcp.port==9000,fcgi
# expect: fcgi.type==1
# expect: fcgi.type==6

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/fastcgi.sh"
fastcgi 9000
capture tcp
ask
