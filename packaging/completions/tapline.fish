# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_tapline_global_optspecs
    string join \n c/config= r/read= i/interface= filter= snaplen= buffer= no-promiscuous queue= status-interval= o/output= format= no-redact no-file-hash file-hash-limit= services= facility= severity= hostname= pen= timeout= active-timeout= ignore-vlan community-id-seed= workers= memory= user= no-confine metrics= q/quiet v/verbose h/help V/version promiscuous redact file-hash no-ignore-vlan confine no-quiet
end

function __fish_tapline_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_tapline_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_tapline_using_subcommand
    set -l cmd (__fish_tapline_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c tapline -n "__fish_tapline_needs_command" -s c -l config -d 'Take options from a configuration file (TOML), as packaging/tapline.toml shows it. The command line overrides it' -r -F
complete -c tapline -n "__fish_tapline_needs_command" -s r -l read -d 'Read packets from files: pcap or pcapng, plain or as gzip, zstd or xz. A folder means all captures in it and below; \'-\' is standard input. Several are merged in time order' -r -F
complete -c tapline -n "__fish_tapline_needs_command" -s i -l interface -d 'Listen to an interface, until stopped by SIGTERM or SIGINT; \'any\' is all of them. Can be repeated' -r
complete -c tapline -n "__fish_tapline_needs_command" -l filter -d 'Look only at packets that this pcap-filter(7) expression lets pass' -r
complete -c tapline -n "__fish_tapline_needs_command" -l snaplen -d 'Bytes that are kept of each packet' -r
complete -c tapline -n "__fish_tapline_needs_command" -l buffer -d 'Memory for packets that wait to be looked at, in the kernel, for each interface' -r
complete -c tapline -n "__fish_tapline_needs_command" -l queue -d 'Lines that wait for each destination; what has no room is lost and counted, for capture never waits' -r
complete -c tapline -n "__fish_tapline_needs_command" -l status-interval -d 'How often the sensor tells of itself, in a STATUS line; 0 is never' -r
complete -c tapline -n "__fish_tapline_needs_command" -s o -l output -d 'Where the lines go: \'-\' (standard output), file:PATH, udp://HOST:PORT, tcp://HOST:PORT, tls://HOST:PORT, unix:PATH. Options may follow, as in \'tcp://siem:601?framing=newline&limit=4000\' or \'tls://siem?ca=ca.pem&cert=tap.pem&key=tap.key\'. Can be repeated: each destination gets every line' -r
complete -c tapline -n "__fish_tapline_needs_command" -l format -d 'How a session is written' -r -f -a "rfc5424\t'A syslog line with structured data'
json\t'A JSON object on a line'"
complete -c tapline -n "__fish_tapline_needs_command" -l file-hash-limit -d 'Hash files of up to this size; of a larger one name, size and type are told, and `cut` counts the hash that is not' -r
complete -c tapline -n "__fish_tapline_needs_command" -l services -d 'Add Internet applications: lines of `service: domain domain ...`. What a line says of a domain replaces what tapline knows' -r -F
complete -c tapline -n "__fish_tapline_needs_command" -l facility -d 'Facility of every line: kern, user, mail, daemon, auth, syslog, ..., local0 to local7' -r
complete -c tapline -n "__fish_tapline_needs_command" -l severity -d 'Severity of an ordinary session: emerg, alert, crit, err, warning, notice, info, debug. A session with flags is always a notice' -r
complete -c tapline -n "__fish_tapline_needs_command" -l hostname -d 'Name of this sensor, the HOSTNAME of every line [default: the host\'s name]' -r
complete -c tapline -n "__fish_tapline_needs_command" -l pen -d 'Private enterprise number, the N of [session@N ...]; the default is set aside for examples' -r
complete -c tapline -n "__fish_tapline_needs_command" -l timeout -d 'How long a session may be silent before it ends, as KIND=TIME,... tcp-embryonic: no handshake yet; tcp-closing: one side is done; tcp-closed: both are; answered: one question, one answer' -r
complete -c tapline -n "__fish_tapline_needs_command" -l active-timeout -d 'Tell of an open session every so often, in an UPDATE line [default: never]' -r
complete -c tapline -n "__fish_tapline_needs_command" -l community-id-seed -d 'Seed of the Community ID: that of your other tools' -r
complete -c tapline -n "__fish_tapline_needs_command" -l workers -d 'Threads that follow sessions [default: one per processor]' -r
complete -c tapline -n "__fish_tapline_needs_command" -l memory -d 'Memory for sessions, all workers together. Where it is full, sessions are understood less or end early, and that is told' -r
complete -c tapline -n "__fish_tapline_needs_command" -l user -d 'Become this user, with no group but its own, once everything is open; for root' -r
complete -c tapline -n "__fish_tapline_needs_command" -l metrics -d 'Show counters to Prometheus at http://ADDRESS:PORT/metrics [default: no]' -r
complete -c tapline -n "__fish_tapline_needs_command" -l no-promiscuous -d 'See only what the interface would receive anyway'
complete -c tapline -n "__fish_tapline_needs_command" -l no-redact -d 'Write secrets out, such as the values of password, token, key and session in URIs, instead of \'*\''
complete -c tapline -n "__fish_tapline_needs_command" -l no-file-hash -d 'Do not hash the files that move in sessions'
complete -c tapline -n "__fish_tapline_needs_command" -l ignore-vlan -d 'Let packets of different VLANs belong to one session'
complete -c tapline -n "__fish_tapline_needs_command" -l no-confine -d 'Keep every right. Otherwise, once everything is open, no program can be started, no socket made but for destinations, and no file opened that is not needed (no_new_privs, seccomp, Landlock)'
complete -c tapline -n "__fish_tapline_needs_command" -s q -l quiet -d 'Say nothing but errors: no progress, no summary'
complete -c tapline -n "__fish_tapline_needs_command" -s v -l verbose -d 'Say more: files that were passed over, and why'
complete -c tapline -n "__fish_tapline_needs_command" -s h -l help -d 'Print this help'
complete -c tapline -n "__fish_tapline_needs_command" -s V -l version -d 'Print the version'
complete -c tapline -n "__fish_tapline_needs_command" -l promiscuous
complete -c tapline -n "__fish_tapline_needs_command" -l redact
complete -c tapline -n "__fish_tapline_needs_command" -l file-hash
complete -c tapline -n "__fish_tapline_needs_command" -l no-ignore-vlan
complete -c tapline -n "__fish_tapline_needs_command" -l confine
complete -c tapline -n "__fish_tapline_needs_command" -l no-quiet
complete -c tapline -n "__fish_tapline_needs_command" -f -a "check" -d 'Tell what is wrong with a configuration file, or what it comes to together with the options given'
complete -c tapline -n "__fish_tapline_needs_command" -f -a "interfaces" -d 'Tell which interfaces packets can be captured on'
complete -c tapline -n "__fish_tapline_needs_command" -f -a "man" -d 'Write the manual page, as roff'
complete -c tapline -n "__fish_tapline_needs_command" -f -a "completions" -d 'Write what a shell needs to complete command lines'
complete -c tapline -n "__fish_tapline_using_subcommand check" -s c -l config -d 'Take options from a configuration file (TOML), as packaging/tapline.toml shows it. The command line overrides it' -r -F
complete -c tapline -n "__fish_tapline_using_subcommand check" -s r -l read -d 'Read packets from files: pcap or pcapng, plain or as gzip, zstd or xz. A folder means all captures in it and below; \'-\' is standard input. Several are merged in time order' -r -F
complete -c tapline -n "__fish_tapline_using_subcommand check" -s i -l interface -d 'Listen to an interface, until stopped by SIGTERM or SIGINT; \'any\' is all of them. Can be repeated' -r
complete -c tapline -n "__fish_tapline_using_subcommand check" -l filter -d 'Look only at packets that this pcap-filter(7) expression lets pass' -r
complete -c tapline -n "__fish_tapline_using_subcommand check" -l snaplen -d 'Bytes that are kept of each packet' -r
complete -c tapline -n "__fish_tapline_using_subcommand check" -l buffer -d 'Memory for packets that wait to be looked at, in the kernel, for each interface' -r
complete -c tapline -n "__fish_tapline_using_subcommand check" -l queue -d 'Lines that wait for each destination; what has no room is lost and counted, for capture never waits' -r
complete -c tapline -n "__fish_tapline_using_subcommand check" -l status-interval -d 'How often the sensor tells of itself, in a STATUS line; 0 is never' -r
complete -c tapline -n "__fish_tapline_using_subcommand check" -s o -l output -d 'Where the lines go: \'-\' (standard output), file:PATH, udp://HOST:PORT, tcp://HOST:PORT, tls://HOST:PORT, unix:PATH. Options may follow, as in \'tcp://siem:601?framing=newline&limit=4000\' or \'tls://siem?ca=ca.pem&cert=tap.pem&key=tap.key\'. Can be repeated: each destination gets every line' -r
complete -c tapline -n "__fish_tapline_using_subcommand check" -l format -d 'How a session is written' -r -f -a "rfc5424\t'A syslog line with structured data'
json\t'A JSON object on a line'"
complete -c tapline -n "__fish_tapline_using_subcommand check" -l file-hash-limit -d 'Hash files of up to this size; of a larger one name, size and type are told, and `cut` counts the hash that is not' -r
complete -c tapline -n "__fish_tapline_using_subcommand check" -l services -d 'Add Internet applications: lines of `service: domain domain ...`. What a line says of a domain replaces what tapline knows' -r -F
complete -c tapline -n "__fish_tapline_using_subcommand check" -l facility -d 'Facility of every line: kern, user, mail, daemon, auth, syslog, ..., local0 to local7' -r
complete -c tapline -n "__fish_tapline_using_subcommand check" -l severity -d 'Severity of an ordinary session: emerg, alert, crit, err, warning, notice, info, debug. A session with flags is always a notice' -r
complete -c tapline -n "__fish_tapline_using_subcommand check" -l hostname -d 'Name of this sensor, the HOSTNAME of every line [default: the host\'s name]' -r
complete -c tapline -n "__fish_tapline_using_subcommand check" -l pen -d 'Private enterprise number, the N of [session@N ...]; the default is set aside for examples' -r
complete -c tapline -n "__fish_tapline_using_subcommand check" -l timeout -d 'How long a session may be silent before it ends, as KIND=TIME,... tcp-embryonic: no handshake yet; tcp-closing: one side is done; tcp-closed: both are; answered: one question, one answer' -r
complete -c tapline -n "__fish_tapline_using_subcommand check" -l active-timeout -d 'Tell of an open session every so often, in an UPDATE line [default: never]' -r
complete -c tapline -n "__fish_tapline_using_subcommand check" -l community-id-seed -d 'Seed of the Community ID: that of your other tools' -r
complete -c tapline -n "__fish_tapline_using_subcommand check" -l workers -d 'Threads that follow sessions [default: one per processor]' -r
complete -c tapline -n "__fish_tapline_using_subcommand check" -l memory -d 'Memory for sessions, all workers together. Where it is full, sessions are understood less or end early, and that is told' -r
complete -c tapline -n "__fish_tapline_using_subcommand check" -l user -d 'Become this user, with no group but its own, once everything is open; for root' -r
complete -c tapline -n "__fish_tapline_using_subcommand check" -l metrics -d 'Show counters to Prometheus at http://ADDRESS:PORT/metrics [default: no]' -r
complete -c tapline -n "__fish_tapline_using_subcommand check" -l no-promiscuous -d 'See only what the interface would receive anyway'
complete -c tapline -n "__fish_tapline_using_subcommand check" -l no-redact -d 'Write secrets out, such as the values of password, token, key and session in URIs, instead of \'*\''
complete -c tapline -n "__fish_tapline_using_subcommand check" -l no-file-hash -d 'Do not hash the files that move in sessions'
complete -c tapline -n "__fish_tapline_using_subcommand check" -l ignore-vlan -d 'Let packets of different VLANs belong to one session'
complete -c tapline -n "__fish_tapline_using_subcommand check" -l no-confine -d 'Keep every right. Otherwise, once everything is open, no program can be started, no socket made but for destinations, and no file opened that is not needed (no_new_privs, seccomp, Landlock)'
complete -c tapline -n "__fish_tapline_using_subcommand check" -s q -l quiet -d 'Say nothing but errors: no progress, no summary'
complete -c tapline -n "__fish_tapline_using_subcommand check" -s v -l verbose -d 'Say more: files that were passed over, and why'
complete -c tapline -n "__fish_tapline_using_subcommand check" -s h -l help -d 'Print this help'
complete -c tapline -n "__fish_tapline_using_subcommand check" -s V -l version -d 'Print the version'
complete -c tapline -n "__fish_tapline_using_subcommand interfaces" -l format -d 'How they are told' -r -f -a "table\t'A table for people'
json\t'A JSON array'"
