#!/bin/bash
# Ghostscript makes pages for a laser printer, and CUPS' backend for such printers sends them, on their own port and on an odd one; nobody answers.
# packages: ghostscript cups socat
# ports: tcp/9100, tcp/19100
# expect: tcp.port==9100

. "${0%/*}/../lib.sh"
put_client /srv/page.ps <<'PS'
%!PS
<< /PageSize [200 100] >> setpagedevice
/Helvetica findfont 12 scalefont setfont 20 50 moveto (A page of nobody's) show showpage
PS
for port in 9100 19100; do
    serve socat -u TCP-LISTEN:$port,fork,reuseaddr /dev/null
    listening tcp $port
done
client gs -q -dBATCH -dNOPAUSE -sDEVICE=pxlmono -r100 -sOutputFile=/srv/page.pxl /srv/page.ps
capture tcp
print() { client env DEVICE_URI="socket://$S4:$1/?waiteof=false&snmp=false" /usr/lib/cups/backend/socket 7 alice page 1 '' "$2" 2>/dev/null; }
print 9100 /srv/page.pxl
print 19100 /srv/page.pxl
