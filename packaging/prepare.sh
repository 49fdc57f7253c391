#!/usr/bin/env bash
# Installs what building (prepare.sh build) or testing (prepare.sh test) needs and the machine lacks.
# On Debian and its relatives it installs packages; elsewhere it says what to install.
set -eu

lacking=()

# need PACKAGE TEST...: PACKAGE is lacking where TEST fails.
need() {
    local package=$1
    shift
    "$@" >/dev/null 2>&1 || lacking+=("$package")
}

compiles_with() {
    printf '#include <%s>\nint main(void){return 0;}\n' "$1" | "${CC:-cc}" -fsyntax-only -x c -
}

need gcc command -v "${CC:-cc}"
need libpcap-dev compiles_with pcap/pcap.h
command -v cargo >/dev/null || {
    echo "prepare: cargo is not installed; install Rust from https://rustup.rs or your distribution" >&2
    exit 1
}

# The receivers that the tests send to. A test whose receiver is missing says so and is skipped.
# Valgrind counts instructions for the test that holds what a packet costs.
wanted=()
if [ "${1:-build}" = test ]; then
    [ -x /usr/sbin/rsyslogd ] || wanted+=(rsyslog)
    # Its drivers for TLS, wherever the machine's kind has it put them.
    for driver in gtls:rsyslog-gnutls ossl:rsyslog-openssl; do
        compgen -G "/usr/lib/*/rsyslog/lmnsd_${driver%%:*}.so" >/dev/null || wanted+=("${driver#*:}")
    done
    command -v openssl >/dev/null || wanted+=(openssl)
    command -v valgrind >/dev/null || wanted+=(valgrind)
fi
# What the tests of listening run between network namespaces; where it is missing they say so and are skipped. Servers are started by
# the tests alone: on this machine they neither run nor will.
servers=()
if [ "${1:-build}" = test ]; then
    for tool in ip:iproute2 ping:iputils-ping curl:curl tcpreplay:tcpreplay python3:python3-minimal ssh:openssh-client \
        smbclient:smbclient dig:bind9-dnsutils; do
        PATH=$PATH:/usr/sbin:/sbin command -v "${tool%%:*}" >/dev/null || wanted+=("${tool#*:}")
    done
    for tool in sshd:openssh-server:ssh nginx:nginx-light:nginx smbd:samba:smbd,nmbd,samba-ad-dc named:bind9:named; do
        IFS=: read -r program package units <<<"$tool"
        PATH=$PATH:/usr/sbin:/sbin command -v "$program" >/dev/null || {
            wanted+=("$package")
            IFS=, read -ra units <<<"$units"
            servers+=("${units[@]}")
        }
    done
fi

sudo=
[ "$(id -u)" -eq 0 ] || sudo=sudo

can_install() {
    command -v apt-get >/dev/null && { [ -z "$sudo" ] || command -v sudo >/dev/null; }
}

install() {
    echo "prepare: installing $*" >&2
    $sudo env DEBIAN_FRONTEND=noninteractive apt-get update -qq &&
        $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

if [ "${#lacking[@]}" -gt 0 ]; then
    if can_install; then
        install "${lacking[@]}"
    else
        echo "prepare: please install what this system calls ${lacking[*]} (Fedora: gcc, libpcap-devel)" >&2
        exit 1
    fi
fi
# As install, for servers that shall not run.
install_stopped() {
    local policy=/usr/sbin/policy-rc.d made=
    if [ ! -e "$policy" ]; then
        made=$policy
        printf '#!/bin/sh\nexit 101\n' | $sudo tee "$policy" >/dev/null && $sudo chmod 755 "$policy"
    fi
    local status=0
    install "$@" || status=$?
    [ -z "$made" ] || $sudo rm -f "$made"
    if [ "${#servers[@]}" -gt 0 ] && [ -d /run/systemd/system ]; then
        $sudo systemctl disable --quiet "${servers[@]}" 2>/dev/null || true
    fi
    return "$status"
}

if [ "${#wanted[@]}" -gt 0 ]; then
    { can_install && install_stopped "${wanted[@]}"; } || echo "prepare: no ${wanted[*]}; its tests will be skipped" >&2
fi

if [ "${1:-build}" = test ] && [ -x tests/install-receivers.sh ]; then
    tests/install-receivers.sh || echo "prepare: no second receiver (syslog-ng); its tests will be skipped" >&2
fi
