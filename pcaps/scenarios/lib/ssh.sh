# shellcheck shell=bash
# An OpenSSH server, alice's key, and a client that knows the server.

SSH_OPTIONS=(-F none -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR)

# sshd PORT [OPTION...] starts the server; options as in sshd_config.
sshd() {
    local port=$1 home=$WORK/client/home/alice/.ssh option
    shift
    mkdir -p "$home" "$WORK/server/home/alice/.ssh"
    ssh-keygen -q -t ed25519 -N '' -C host -f "$WORK/server/srv/host"
    ssh-keygen -q -t ed25519 -N '' -C alice@example.com -f "$home/id"
    cp "$home/id.pub" "$WORK/server/home/alice/.ssh/authorized_keys"
    {
        printf '%s\n' "Port $port" 'HostKey /srv/host' 'UsePAM no' 'UseDNS no' 'PidFile none' 'StrictModes no' 'PrintLastLog no'
        for option in "$@"; do echo "$option"; done
    } | put /srv/sshd_config
    serve /usr/sbin/sshd -D -e -f /srv/sshd_config
    listening tcp "$port"
}

# login [OPTION...] COMMAND... runs a command on the server as alice. If it asks for a password, /srv/askpass of the client answers.
login() { client env SSH_ASKPASS=/srv/askpass SSH_ASKPASS_REQUIRE=force ssh "${SSH_OPTIONS[@]}" "$@"; }
