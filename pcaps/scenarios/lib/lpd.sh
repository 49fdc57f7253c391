# shellcheck shell=bash
# CUPS' line printer daemon, in front of a CUPS with a printer, and CUPS' backend that speaks to such daemons.

# daemon PORT
daemon() {
    printer 6310
    serve socat "TCP-LISTEN:$1,reuseaddr,fork" "EXEC:/usr/lib/cups/daemon/cups-lpd -h $S4\:6310"
    listening tcp "$1"
}

# print PORT
print() {
    client env "DEVICE_URI=lpd://$S4:$1/letters" /usr/lib/cups/backend/lpd 1 alice 'A letter' 1 '' /home/alice/letter.txt 2>/dev/null
    client env "DEVICE_URI=lpd://$S4:$1/missing?contimeout=1" timeout 3 /usr/lib/cups/backend/lpd 2 alice 'A letter' 1 '' /home/alice/letter.txt 2>/dev/null || true
    client sh -c "printf '\\003letters\\n' | nc -q 1 $S4 $1; printf '\\004letters alice\\n' | nc -q 1 $S4 $1; printf '\\005letters alice 1\\n' | nc -q 1 $S4 $1" >/dev/null
}
