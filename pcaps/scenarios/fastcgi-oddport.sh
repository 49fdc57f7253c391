#!/bin/bash
# nginx asks PHP by FastCGI on an odd port: the same as fastcgi-php.
# packages: php-cgi nginx-light curl
# ports: tcp/19009
# decode: tcp.port==19009,fcgi
# expect: fcgi.type==1
# expect: fcgi.type==6

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/fastcgi.sh"
fastcgi 19009
capture tcp
ask
