# shellcheck shell=bash
# git's daemon with a repository, songs.git.

repository() { # repository FOLDER: by Alice, with dates that are always the same
    local as=(env HOME="$WORK" GIT_AUTHOR_NAME=Alice GIT_AUTHOR_EMAIL=alice@example.com GIT_COMMITTER_NAME=Alice GIT_COMMITTER_EMAIL=alice@example.com
        GIT_AUTHOR_DATE=2023-11-14T22:13:20Z GIT_COMMITTER_DATE=2023-11-14T22:13:20Z /usr/bin/git -C "$WORK/new" -c init.defaultBranch=main)
    mkdir "$WORK/new"
    "${as[@]}" init -q
    seq -f 'line %g of a song' 50 >"$WORK/new/song.txt"
    "${as[@]}" add song.txt
    "${as[@]}" commit -q -m 'A song'
    "${as[@]}" tag v1
    "${as[@]}" clone -q --bare "$WORK/new" "$1"
}

# git_server PORT starts it; whoever comes may push.
git_server() {
    repository "$WORK/server/srv/songs.git"
    serve /usr/bin/git -c safe.directory='*' daemon --base-path=/srv --export-all --enable=receive-pack --port="$1" --reuseaddr /srv
    listening tcp "$1"
}
