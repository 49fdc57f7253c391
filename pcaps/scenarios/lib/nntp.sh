# shellcheck shell=bash
# INN with two groups, where alice may post, and Python's nntplib as a reader.

# news PORT
news() {
    local s=$WORK/server file
    cp -a /etc/news "$s/etc/news"
    mkdir -p "$s"/srv/{spool/articles,spool/overview,spool/incoming,spool/outgoing,spool/archive,tmp,log,db,run}
    put /etc/news/inn.conf <<CONF
organization: Example
mta: /bin/true
pathhost: server.example.com
domain: example.com
hismethod: hisv6
enableoverview: true
ovmethod: tradindexed
pathnews: /usr/lib/news
pathetc: /etc/news
port: $1
bindaddress: $S4
pathdb: /srv/db
patharticles: /srv/spool/articles
pathincoming: /srv/spool/incoming
pathoutgoing: /srv/spool/outgoing
patharchive: /srv/spool/archive
pathoverview: /srv/spool/overview
pathlog: /srv/log
pathrun: /srv/run
pathtmp: /srv/tmp
pathspool: /srv/spool
CONF
    put /etc/news/readers.conf <<'CONF'
auth "alice" {
    hosts: "*"
    auth: "ckpasswd -f /srv/db/accounts"
    default: "<anonymous>"
}
access "everybody" {
    users: "*"
    newsgroups: "example.*"
    access: RP
}
access "nobody" {
    users: "<anonymous>"
    newsgroups: "example.test"
    access: R
}
CONF
    printf 'method tradspool {\n    newsgroups: *\n    class: 0\n}\n' | put /etc/news/storage.conf
    printf 'ME:*::\n' | put /etc/news/newsfeeds
    echo "alice:$(openssl passwd -6 -salt example "$PASSWORD")" | put /srv/db/accounts
    printf 'example.test 0000000000 0000000001 y\nexample.letters 0000000000 0000000001 y\ncontrol 0000000000 0000000001 n\ncontrol.cancel 0000000000 0000000001 n\njunk 0000000000 0000000001 n\n' | put /srv/db/active
    printf 'example.test\tTests\nexample.letters\tLetters\n' | put /srv/db/newsgroups
    for file in active.times history; do : | put "/srv/db/$file"; done
    chown -R news:news "$s/srv" "$s/etc/news"
    server su -s /bin/sh news -c '/usr/lib/news/bin/makedbz -i -o'
    serve su -s /bin/sh news -c '/usr/lib/news/bin/innd -d'
    listening tcp "$1"
    put_client /srv/read.py <<'PY'
import io, nntplib, sys
port, password = int(sys.argv[1]), sys.argv[2]
article = b"""From: Alice <alice@example.com>
Newsgroups: example.letters
Subject: A letter
Message-ID: <letter-1@example.com>

Dear all,
this is a letter.
"""
s = nntplib.NNTP("server", port, readermode=True)
print(s.getwelcome(), s.getcapabilities(), s.list())
try:
    s.login("alice", "letmein")
except nntplib.NNTPError as why:
    print(why)
s.quit()
s = nntplib.NNTP("server", port, "alice", password, readermode=True)
print(s.post(io.BytesIO(article)))
for group in "example.letters", "example.missing":
    try:
        print(s.group(group))
    except nntplib.NNTPError as why:
        print(why)
s.group("example.letters")
print(s.over((1, 1)), s.article("<letter-1@example.com>"))
try:
    s.head("<nothing@example.com>")
except nntplib.NNTPError as why:
    print(why)
s.quit()
PY
}
