# shellcheck shell=bash
# softflowd tells a collector what it finds in a capture that is there already.

# report VERSION TO [OPTIONS...]: the sessions of dns-records, http-visits and icmp-ping.
report() {
    local version=$1 to=$2 file
    shift 2
    for file in dns-edns http-visits icmp-ping; do
        client softflowd -v "$version" -n "$to" -p /run/softflowd.pid -c /run/softflowd.ctl "$@" -r "/mnt/$file.pcap" -d
    done
}

# collect PORT: nfcapd takes them.
collect() {
    mkdir -p "$WORK/server/srv/flows"
    serve nfcapd -p "$1" -w /srv/flows -t 60
    listening udp "$1"
}
