# shellcheck shell=bash
# CUPS with a printer that prints into nothing.

# printer PORT
printer() {
    local s=$WORK/server
    mkdir -p "$s"/srv/{spool/tmp,cache,log,state,root/ppd} "$s/run/cups"
    cat >"$s/srv/cups-files.conf" <<CONF
ServerRoot /srv/cups
RequestRoot /srv/spool
CacheDir /srv/cache
StateDir /srv/state
TempDir /srv/spool/tmp
AccessLog stderr
ErrorLog stderr
PageLog stderr
FileDevice Yes
User lp
Group lp
SystemGroup lpadmin
CONF
    cat >"$s/srv/cupsd.conf" <<CONF
Listen $S4:$1
Listen /run/cups/cups.sock
ServerName server.example.com
ServerAlias *
WebInterface No
Browsing No
LogLevel error
DefaultAuthType Basic
DefaultEncryption IfRequested
<Location />
  Order allow,deny
  Allow all
</Location>
<Policy default>
  <Limit Pause-Printer CUPS-Delete-Printer>
    AuthType Basic
    Require user alice
    Order deny,allow
  </Limit>
  <Limit All>
    Order deny,allow
  </Limit>
</Policy>
CONF
    echo '<DefaultPrinter letters>
Info Letters of Alice
Location Room 17
DeviceURI file:///dev/null
State Idle
Accepting Yes
</DefaultPrinter>' | put /srv/cups/printers.conf
    chown -R lp:lp "$s/srv" "$s/run/cups"
    chown root "$s"/srv/*.conf
    serve cupsd -f -c /srv/cupsd.conf -s /srv/cups-files.conf
    listening tcp "$1"
    # CUPS' commands tell which kernel they run on: this machine's is nobody's business.
    gcc -shared -fPIC -o "$WORK/client/srv/name.so" -x c - <<'C'
#include <string.h>
#include <sys/utsname.h>
int uname(struct utsname *name) {
    memset(name, 0, sizeof *name);
    strcpy(name->sysname, "Linux");
    strcpy(name->nodename, "client");
    strcpy(name->release, "6.1.0");
    strcpy(name->machine, "x86_64");
    return 0;
}
C
    echo 'Dear Bob,' | put_client /home/alice/letter.txt
}

# asks COMMAND... runs one of CUPS' commands.
asks() { client env LD_PRELOAD=/srv/name.so "$@"; }
