#!/bin/bash
# Records the captures of this folder from real programs, checks them with tshark and keeps README.md's table.
#
#     pcaps/record.sh [NAME...]         all scenarios, or those named (`ssh-key`, `http-*`); as root, on Debian
#     pcaps/record.sh --check [NAME...] records nothing, only checks the captures that are there
#
# A scenario is scenarios/NAME.sh. The head of its comment says what is run; then come, each at the beginning of a comment line:
#
#     packages: Debian's packages it runs; installed when missing, their versions go into the table
#     ports:    where the server listens
#     files:    what it records, if not NAME.pcap
#     decode:   port=protocol pairs that tshark needs told (`tcp.port==8443,ssh`)
#     expect:   [COUNT] a tshark display filter that must match (COUNT frames; at least one)
#     accept:   a default check that this capture need not pass (`_ws.malformed`: what tshark says of lost segments and part files)
#     never:    a tshark display filter that must match nothing
#
# A recording has new times, keys and ports each time: whatever was derived from the old bytes has to be looked at again.

set -eu -o pipefail
shopt -s nullglob
PCAPS=$(cd "$(dirname "$0")" && pwd)
LIMIT_BYTES=150000 # one capture
LIMIT_SECONDS=90   # one scenario
BASE=(ethtool iproute2 openssl procps tcpdump tshark)

COMPLAINTS=$(mktemp)
trap 'rm -f "$COMPLAINTS"' EXIT

head_of() { sed -n '2,/^$/s/^# \{0,1\}//p' "$1"; }
field() { head_of "$1" | sed -n "s/^$2: *//p"; }
what() { head_of "$1" | sed '/^[a-z]*: /d' | tr '\n' ' ' | sed 's/ *$//; s/|/\\|/g'; }
files() { local f; f=$(field "$1" files); echo "${f:-$2.pcap}"; }

install_missing() {
    local package missing=()
    for package in "$@"; do
        dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
    done
    [ ${#missing[@]} = 0 ] && return
    echo "installing ${missing[*]}"
    local guard=/usr/sbin/policy-rc.d made=
    if [ ! -e $guard ]; then # no service of these packages shall start on this machine
        printf '#!/bin/sh\nexit 101\n' >$guard
        chmod +x $guard
        made=1
    fi
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends -o DPkg::Lock::Timeout=300 "${missing[@]}" >/dev/null
    [ -z "$made" ] || rm $guard
}

matches() { # matches SCENARIO FILE FILTER: how many frames
    local decode options=(-o tcp.check_checksum:TRUE -o udp.check_checksum:TRUE -o ip.check_checksum:TRUE -o tcp.reassemble_out_of_order:TRUE)
    while read -r decode; do
        [ -z "$decode" ] || options+=(-d "$decode")
    done < <(field "$1" decode | tr ' ' '\n')
    if ! tshark -2 -n -r "$2" "${options[@]}" -Y "$3" 2>"$COMPLAINTS" | wc -l; then
        cat "$COMPLAINTS" >&2
        exit 2
    fi
}

check() { # check SCENARIO NAME
    local file filter count want bad=0 path
    for file in $(files "$1" "$2"); do
        path=$PCAPS/$file
        if [ ! -s "$path" ]; then
            echo "$2: no $file"
            return 1
        fi
        if [ "$(stat -c %s "$path")" -gt $LIMIT_BYTES ]; then echo "$file: more than $LIMIT_BYTES bytes" && bad=1; fi
        while read -r filter; do
            count=$(matches "$1" "$path" "$filter")
            if [ "$count" != 0 ]; then echo "$file: has ($count) $filter" && bad=1; fi
        done < <(
            echo 'arp || icmpv6.type in {133..136,143} && !teredo'
            echo 'tcp.checksum.status == "Bad" || udp.checksum.status == "Bad" || ip.checksum.status == "Bad"'
            if [ "$(field "$1" accept)" != _ws.malformed ]; then echo _ws.malformed; fi
            field "$1" never
        )
    done
    while read -r filter; do
        want=
        if [[ $filter =~ ^([0-9]+)\ (.*) ]]; then want=${BASH_REMATCH[1]} filter=${BASH_REMATCH[2]}; fi
        count=0
        for file in $(files "$1" "$2"); do
            count=$((count + $(matches "$1" "$PCAPS/$file" "$filter")))
        done
        if [ "$count" = 0 ] || [ "$count" != "${want:-$count}" ]; then
            echo "$2: $count frames, not ${want:-some}, of $filter" && bad=1
        fi
    done < <(field "$1" expect)
    return $bad
}

row() { # row SCENARIO NAME: its line of the table
    local file package made='' size=0 frames=0
    for package in $(field "$1" packages); do
        made="$made${made:+, }$package $(dpkg-query -W -f '${Version}' "$package")"
    done
    for file in $(files "$1" "$2"); do
        size=$((size + $(stat -c %s "$PCAPS/$file")))
        frames=$((frames + $(tshark -n -r "$PCAPS/$file" 2>/dev/null | wc -l)))
    done
    echo "| $2 | $(what "$1") | $(field "$1" ports) | $frames | $size | $made |"
}

keep() { # keep NAME ROW puts the row into the table
    local readme=$PCAPS/README.md rows
    rows=$( { grep '^| [a-z0-9][a-z0-9]*-[a-z0-9-]* |' "$readme" | grep -vF "| $1 |" || true; echo "$2"; } | sort )
    sed -i '/^| [a-z0-9][a-z0-9]*-[a-z0-9-]* |/d' "$readme"
    awk -v rows="$rows" '{ print } /^\| --- \|/ { print rows }' "$readme" >"$readme.new"
    mv "$readme.new" "$readme"
}

only_check=
if [ "${1:-}" = --check ]; then only_check=1 && shift; fi
scenarios=()
for name in "${@:-*}"; do
    for scenario in "$PCAPS/scenarios/"$name.sh; do
        [ -e "$scenario" ] || { echo "no scenario $name" >&2 && exit 2; }
        scenarios+=("$scenario")
    done
done
[ ${#scenarios[@]} -gt 0 ] || { echo "no scenario of that name" >&2 && exit 2; }
if [ -z "$only_check" ]; then
    [ "$(id -u)" = 0 ] || { echo "namespaces want root" >&2 && exit 2; }
    # shellcheck disable=SC2046 # package names, to be split
    install_missing "${BASE[@]}" $(for scenario in "${scenarios[@]}"; do field "$scenario" packages; done | tr ' ' '\n' | sort -u)
fi

failed=()
for scenario in "${scenarios[@]}"; do
    name=$(basename "$scenario" .sh)
    if [ -z "$only_check" ] && ! timeout $LIMIT_SECONDS bash "$scenario" >"$COMPLAINTS" 2>&1; then
        cat "$COMPLAINTS" >&2
        failed+=("$name")
        continue
    fi
    if check "$scenario" "$name"; then
        echo "$name: as expected"
        [ -n "$only_check" ] || keep "$name" "$(row "$scenario" "$name")"
    else
        failed+=("$name")
    fi
done
[ ${#failed[@]} = 0 ] || { echo "not as expected: ${failed[*]}" >&2 && exit 1; }
