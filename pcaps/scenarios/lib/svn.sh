# shellcheck shell=bash
# svnserve with a repository that alice may write to and others may read, and a working life with it.

# repository PORT
repository() {
    server svnadmin create /srv/letters
    printf '[general]\nanon-access = read\nauth-access = write\npassword-db = passwd\nrealm = letters\n' | put /srv/letters/conf/svnserve.conf
    printf '[users]\nalice = %s\n' "$PASSWORD" | put /srv/letters/conf/passwd
    serve svnserve -d --foreground -r /srv --listen-port "$1"
    listening tcp "$1"
}

# work PORT
work() {
    local url=svn://server:$1/letters as
    as=(--non-interactive --no-auth-cache --username alice --config-dir /srv/config)
    client svn checkout -q --non-interactive --config-dir /srv/config "$url" /srv/copy
    client sh -c 'echo "Dear Bob," >/srv/copy/bob.txt && svn add -q /srv/copy/bob.txt'
    fails client svn commit -q "${as[@]}" --password letmein -m "A letter" /srv/copy 2>/dev/null
    client svn commit -q "${as[@]}" --password "$PASSWORD" -m "A letter" /srv/copy
    client svn log --non-interactive --config-dir /srv/config "$url" >/dev/null
    client svn list --non-interactive --config-dir /srv/config "$url" >/dev/null
    client svn cat --non-interactive --config-dir /srv/config "$url/bob.txt" >/dev/null
    fails client svn cat --non-interactive --config-dir /srv/config "$url/carol.txt" 2>/dev/null
}
