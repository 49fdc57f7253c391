//! Real programs between two hosts, and a sensor on a third leg: at a port to which a switch copies what passes, with no address of its own.
//!
//! Each on a port that is not its own. A program that is not installed (packaging/prepare.sh test) is said, and the test passes.

// A helper that fails is a failing test.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::string_slice, clippy::unwrap_used)]

mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt;

use support::net::{Net, Sensor, is_event, number, until};
use support::told::Told;

/// Two hosts, the third leg, and the sensor there.
fn watched(programs: &[&str]) -> Option<(Net, Sensor)> {
    let net = Net::new(programs)?;
    // Servers become somebody else, who has to see their files.
    fs::set_permissions(net.path(""), fs::Permissions::from_mode(0o755)).unwrap();
    net.mirror().then(|| {
        let sensor = net.sensor_at("c", "tap0", "--timeout tcp-closed=100ms,answered=100ms", &[]);
        (net, sensor)
    })
}

/// The session that a sensor tells of a program, and that it is whole.
fn whole(sensor: &Sensor, app: &str) -> Told {
    let told = sensor.wait_for(app, |told| told.app() == app);
    let flags = told.session("flags");
    for wrong in ["gap", "oneway", "midstream", "checksum"] {
        assert!(!flags.contains(wrong), "{flags}: {told:?}");
    }
    assert_eq!((told.session("src"), told.session("dst")), ("10.98.0.1", "10.98.0.2"));
    told
}

/// Nothing was lost on the way.
fn stop(sensor: Sensor) {
    let (told, said) = sensor.stop();
    let last = told.last().unwrap();
    assert!(is_event("stop")(last) && number(last, "kernel_drops") == 0 && number(last, "bytes_missed") == 0, "{said}");
    assert_eq!(number(last, "opened"), number(last, "told"));
}

#[test]
fn openssh() {
    let Some((net, sensor)) = watched(&["sshd", "ssh", "ssh-keygen"]) else { return };
    let at = |name: &str| net.path(name).display().to_string();
    for key in ["host", "id"] {
        let mut command = net.command("a", "ssh-keygen", &format!("-q -t ed25519 -C key -f {} -N", at(key)));
        assert!(command.arg("").status().unwrap().success());
    }
    fs::copy(net.path("id.pub"), net.path("keys")).unwrap();
    // Where it puts its unprivileged half, on Debian.
    let _ = fs::create_dir_all("/run/sshd");
    let config = format!(
        "Port 8443\nHostKey {}\nAuthorizedKeysFile {}\nUsePAM no\nUseDNS no\nPidFile none\nStrictModes no\nPermitRootLogin yes\n",
        at("host"),
        at("keys")
    );
    fs::write(net.path("sshd_config"), config).unwrap();
    // It starts itself anew for each connection, and wants to be called by its whole name.
    let _server = net.serve("sshd", &format!("-D -f {}", at("sshd_config")), 8443);
    let options = "-F none -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o BatchMode=yes";
    let said = net.on("a", "ssh", &format!("{options} -i {} -p 8443 root@10.98.0.2 echo it works", at("id")));
    assert!(said.contains("it works"), "{said}");
    let told = whole(&sensor, "ssh");
    assert!(told.values["ssh.client_banner"].starts_with("SSH-2.0-OpenSSH"), "{told:?}");
    assert_eq!((told.values["ssh.authenticated"].as_str(), told.session("dst_port")), ("yes", "8443"));
    stop(sensor);
}

#[test]
fn nginx() {
    let Some((net, sensor)) = watched(&["nginx", "curl"]) else { return };
    fs::write(net.path("page.html"), vec![b'x'; 200_000]).unwrap();
    let folder = net.path("").display().to_string();
    let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
    let temporary: String = temporary.iter().map(|name| format!("{name}_temp_path {folder}/{name};")).collect();
    let config = format!(
        "daemon off; master_process off; pid {folder}/pid; error_log stderr; events {{}}\n\
         http {{ access_log off; {temporary} server {{ listen 2222; root {folder}; }} }}\n"
    );
    fs::write(net.path("nginx.conf"), config).unwrap();
    let _server = net.serve("nginx", &format!("-e stderr -c {folder}/nginx.conf"), 2222);
    net.on("a", "curl", "-s -o /dev/null http://10.98.0.2:2222/page.html http://10.98.0.2:2222/none");
    let told = whole(&sensor, "http");
    assert_eq!(
        (told.values["http.status"].as_str(), told.values["file.size"].split(',').next()),
        ("200,404", Some("200000"))
    );
    assert!(told.values["http.server"].starts_with("nginx/"), "{told:?}");
    stop(sensor);
}

#[test]
fn samba() {
    let Some((net, sensor)) = watched(&["smbd", "smbclient"]) else { return };
    for folder in ["state", "files"] {
        fs::create_dir(net.path(folder)).unwrap();
        fs::set_permissions(net.path(folder), fs::Permissions::from_mode(0o777)).unwrap();
    }
    let (state, files) = (net.path("state").display().to_string(), net.path("files").display().to_string());
    let folders = ["private dir", "lock directory", "state directory", "cache directory", "pid directory"];
    let folders: String = folders.iter().map(|name| format!("{name} = {state}\n")).collect();
    let config = format!(
        "[global]\nworkgroup = EXAMPLE\nsmb ports = 5353\nmap to guest = Bad User\nguest account = nobody\nload printers = no\n\
         printing = bsd\ndisable spoolss = yes\nrpc start on demand helpers = yes\nncalrpc dir = {state}/rpc\nlog file = {state}/log\n\
         {folders}[public]\npath = {files}\nguest ok = yes\nread only = no\n"
    );
    fs::write(net.path("smb.conf"), config).unwrap();
    fs::write(net.path("letter.txt"), "Dear Bob,\n".repeat(1000)).unwrap();
    let config = net.path("smb.conf").display().to_string();
    let _server = net.serve("smbd", &format!("--foreground --no-process-group --configfile={config}"), 5353);
    let put = format!("--configfile={config} -N -p 5353 //10.98.0.2/public -c");
    let mut client = net.command("a", "smbclient", &put);
    let output = client.arg("put letter.txt; ls").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    let told = whole(&sensor, "smb");
    assert!(told.values["smb.tree"].contains("public") && told.values["smb.file"].contains("letter.txt"), "{told:?}");
    assert_eq!((told.values["file.name"].as_str(), told.values["file.size"].as_str()), ("letter.txt", "10000"));
    stop(sensor);
}

#[test]
fn bind() {
    let Some((net, sensor)) = watched(&["named", "dig"]) else { return };
    let folder = net.path("").display().to_string();
    let config = format!(
        "options {{ directory \"{folder}\"; pid-file none; session-keyfile \"{folder}/key\"; dnssec-validation no; recursion no;\n\
         listen-on port 4455 {{ any; }}; listen-on-v6 {{ none; }}; managed-keys-directory \"{folder}\"; }};\ncontrols {{}};\n\
         zone \"example.com\" {{ type primary; file \"{folder}/zone\"; }};\n"
    );
    fs::write(net.path("named.conf"), config).unwrap();
    let zone = "$TTL 60\n@ SOA ns hostmaster 1 60 60 60 60\n NS ns\nns A 10.98.0.2\nwww A 192.0.2.7\n";
    fs::write(net.path("zone"), zone).unwrap();
    let _server = net.serve("named", &format!("-g -u root -c {folder}/named.conf"), 4455);
    // It listens before it has read its zone, and answers SERVFAIL until then: asked where the sensor does not hear it.
    let ask = "-p 4455 +tries=1 +timeout=5 www.example.com A";
    until("the zone is loaded", || net.on("b", "dig", &format!("@127.0.0.1 +tcp {ask}")).contains("192.0.2.7"));
    let said = net.on("a", "dig", &format!("@10.98.0.2 {ask}"));
    assert!(said.contains("192.0.2.7"), "{said}");
    let told = whole(&sensor, "dns");
    assert_eq!(
        (told.values["dns.query"].as_str(), told.values["dns.answer"].as_str()),
        ("www.example.com", "192.0.2.7")
    );
    assert_eq!((told.session("end"), told.session("dst_port")), ("answered", "4455"));
    stop(sensor);
}
