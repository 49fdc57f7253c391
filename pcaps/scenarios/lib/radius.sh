# shellcheck shell=bash
# FreeRADIUS with alice.

# access_server PORT starts it for authentication at PORT and for accounting at the next one.
access_server() {
    mkdir -p "$WORK/server/srv/log"
    put /srv/users <<CONF
alice Cleartext-Password := "$PASSWORD"
    Reply-Message := "Welcome, alice",
    Framed-IP-Address := 10.20.0.77
CONF
    put /srv/radiusd.conf <<CONF
prefix = /usr
logdir = /srv/log
run_dir = /srv/log
libdir = /usr/lib/freeradius
name = freeradius
max_requests = 256
log {
    destination = stderr
}
client all {
    ipaddr = 10.20.0.0/24
    secret = shared-secret
}
modules {
    pap {
    }
    files {
        filename = /srv/users
    }
    mschap {
    }
    eap {
        default_eap_type = peap
        tls-config own {
            private_key_file = /srv/key.pem
            certificate_file = /srv/cert.pem
            ca_file = /srv/cert.pem
            tls_min_version = "1.2"
            tls_max_version = "1.2"
            fragment_size = 600
        }
        tls {
            tls = own
        }
        peap {
            tls = own
            default_eap_type = mschapv2
            virtual_server = inner
        }
        mschapv2 {
        }
    }
    always ok {
        rcode = ok
    }
}
server outer {
    listen {
        type = auth
        ipaddr = *
        port = $1
    }
    listen {
        type = acct
        ipaddr = *
        port = $(($1 + 1))
    }
    authorize {
        eap {
            ok = return
        }
        files
        pap
    }
    authenticate {
        eap
        Auth-Type PAP {
            pap
        }
    }
    preacct {
        ok
    }
    accounting {
        ok
    }
}
server inner {
    authorize {
        eap {
            ok = return
        }
        mschap
        files
    }
    authenticate {
        eap
        Auth-Type MS-CHAP {
            mschap
        }
    }
}
CONF
    openssl req -x509 -newkey rsa:2048 -nodes -days 3650 -subj /CN=radius.example.com -keyout "$WORK/server/srv/key.pem" \
        -out "$WORK/server/srv/cert.pem" 2>/dev/null
    serve freeradius -f -l stdout -d /srv -n radiusd
    listening udp "$1"
}
