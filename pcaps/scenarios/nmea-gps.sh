#!/bin/bash
# gpsd with a receiver whose lines are in a file, asked by gpspipe for what it makes of it and for the receiver's own lines; and these by UDP, as plotters get them.
# packages: gpsd gpsd-clients gpsd-tools socat
# ports: tcp/2947, udp/10110
# expect: tcp.port==2947
# expect: udp.port==10110

. "${0%/*}/../lib.sh"
put /srv/walk.nmea <<'NMEA'
$GPRMC,120000.00,A,4807.038,N,01131.000,E,002.4,084.4,230326,,,A*57
$GPGGA,120000.00,4807.038,N,01131.000,E,1,08,0.9,545.4,M,46.9,M,,*67
$GPRMC,120001.00,A,4807.039,N,01131.002,E,002.4,084.4,230326,,,A*55
$GPGGA,120001.00,4807.039,N,01131.002,E,1,08,0.9,545.5,M,46.9,M,,*64
NMEA
serve gpsd -N -G -n udp://127.0.0.1:9999
serve bash -c 'sleep 1; while sleep 0.2; do while read -r line; do printf "%s\r\n" "$line"; sleep 0.1; done </srv/walk.nmea; done | socat -u - UDP:127.0.0.1:9999'
listening tcp 2947
serve socat -u UDP-LISTEN:10110 /dev/null
listening udp 10110
capture
client gpspipe -w -n 8 server:2947 >/dev/null
client gpspipe -r -n 12 server:2947 >/dev/null
client bash -c "gpspipe -r -n 16 server:2947 | grep --line-buffered '^\\$' | socat -u - UDP:server:10110"
