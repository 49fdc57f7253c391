//! Certificates for tests, made by the `openssl` command when they run: nothing that could expire or be mistaken for a secret is kept.

// Each test uses some of it, and a helper that fails is a failing test.
#![allow(dead_code, missing_docs, clippy::expect_used, clippy::panic, clippy::unwrap_used)]

use std::path::PathBuf;
use std::process::{Command, Stdio};

/// What certificates are for, as openssl has it.
const CONFIGURATION: &str = "\
[req]
distinguished_name = nobody
[nobody]
[ca]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign
subjectKeyIdentifier = hash
[server]
basicConstraints = critical,CA:FALSE
extendedKeyUsage = serverAuth
subjectAltName = $ENV::NAMES
[client]
basicConstraints = critical,CA:FALSE
extendedKeyUsage = clientAuth
";

/// A folder of certificates and keys: `NAME.pem` and `NAME.key`.
pub struct Certificates {
    folder: tempfile::TempDir,
}

impl Certificates {
    /// An empty folder; `None`, and a word about it, where there is no `openssl`.
    pub fn new() -> Option<Self> {
        if Command::new("openssl").arg("version").stdout(Stdio::null()).status().is_err() {
            println!("skipped: openssl is not installed (apt-get install openssl)");
            return None;
        }
        let made = Self { folder: tempfile::tempdir().unwrap() };
        std::fs::write(made.path("configuration"), CONFIGURATION).unwrap();
        Some(made)
    }

    /// What most tests need: `ca` with `server` (for localhost, 127.0.0.1 and siem.example) and `client`, and another, `other`, with
    /// `stranger`, a client.
    pub fn usual() -> Option<Self> {
        let made = Self::new()?;
        for (ca, client) in [("ca", "client"), ("other", "stranger")] {
            made.authority(ca);
            made.client(client, ca, 30);
        }
        made.server("server", "ca", "DNS:localhost,IP:127.0.0.1,DNS:siem.example", 30);
        Some(made)
    }

    pub fn path(&self, file: &str) -> PathBuf {
        self.folder.path().join(file)
    }

    /// The folder of all of them, as text.
    pub fn folder(&self) -> String {
        self.folder.path().display().to_string()
    }

    /// A CA.
    pub fn authority(&self, name: &str) {
        self.make(name, "ca", None, "", 30);
    }

    /// A certificate of a server, with its names as in `DNS:a,IP:127.0.0.1`; one of 0 days has expired a second later.
    pub fn server(&self, name: &str, ca: &str, names: &str, days: i32) {
        self.make(name, "server", Some(ca), names, days);
    }

    /// A certificate of a server that signed itself.
    pub fn self_signed(&self, name: &str) {
        self.make(name, "server", None, "DNS:nobody.example", 30);
    }

    /// A certificate of a client.
    pub fn client(&self, name: &str, ca: &str, days: i32) {
        self.make(name, "client", Some(ca), "", days);
    }

    /// The fingerprint of a certificate, as `openssl` tells it.
    pub fn fingerprint(&self, name: &str) -> String {
        let told = self.openssl(&format!("x509 -in {name}.pem -noout -fingerprint -sha256"), "");
        format!("sha-256:{}", told.trim().split('=').nth(1).unwrap())
    }

    fn make(&self, name: &str, purpose: &str, ca: Option<&str>, names: &str, days: i32) {
        let key = "ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";
        let names = if names.is_empty() { "DNS:nobody.example" } else { names };
        self.openssl(
            &format!(
                "req -new -config configuration -newkey {key} -subj /CN={name} -keyout {name}.key -out {name}.csr"
            ),
            names,
        );
        let signer = ca.map_or_else(
            || format!("-signkey {name}.key"),
            |ca| format!("-CA {ca}.pem -CAkey {ca}.key -CAcreateserial"),
        );
        let how = format!("-days {days} -extfile configuration -extensions {purpose}");
        self.openssl(&format!("x509 -req -in {name}.csr {signer} {how} -out {name}.pem"), names);
    }

    fn openssl(&self, arguments: &str, names: &str) -> String {
        let output = Command::new("openssl")
            .args(arguments.split_whitespace())
            .env("NAMES", if names.is_empty() { "DNS:nobody.example" } else { names })
            .current_dir(self.folder.path())
            .output()
            .unwrap();
        assert!(output.status.success(), "openssl {arguments}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }
}
