//! A key of TLS 1.2 is not used for ever.

#[path = "../../../../tests/certificates/mod.rs"]
mod certificates;

use std::io::Read;
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::version::{TLS12, TLS13};
use rustls::{ServerConfig, ServerConnection, StreamOwned, SupportedProtocolVersion};

use super::*;

/// Writes so many records of one byte on a connection that bears three. Tells whether it is to be made anew after each, and what came.
fn wear(version: &'static SupportedProtocolVersion, records: usize) -> Option<(Vec<bool>, Vec<u8>)> {
    let made = certificates::Certificates::usual()?;
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let place = listener.local_addr().unwrap();
    let certificate = CertificateDer::from_pem_file(made.path("server.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_file(made.path("server.key")).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_protocol_versions(&[version])
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    let receiving = std::thread::spawn(move || {
        let session = ServerConnection::new(Arc::new(config)).unwrap();
        let mut came = Vec::new();
        StreamOwned::new(session, listener.accept().unwrap().0).read_to_end(&mut came).unwrap();
        came
    });
    let settings = TlsSettings { ca: Some(made.path("ca.pem")), ..TlsSettings::default() };
    let credentials = Credentials::read(&settings, "127.0.0.1").unwrap();
    let mut stream = TlsStream::open(TcpStream::connect(place).unwrap(), &credentials, &Patience::LIVE).unwrap();
    assert_eq!(stream.most_records, if *version == TLS12 { MOST_RECORDS } else { u64::MAX });
    stream.most_records = stream.most_records.min(if *version == TLS12 { 3 } else { u64::MAX });
    let mut worn = Vec::new();
    for _ in 0..records {
        assert_eq!(stream.write(b"x").unwrap(), 1);
        worn.push(stream.is_closed());
    }
    stream.close();
    Some((worn, receiving.join().unwrap()))
}

#[test]
fn a_key_of_tls_1_2_wears_out_in_good_order_and_one_of_1_3_does_not() {
    let Some(told) = wear(&TLS12, 3) else { return };
    assert_eq!(told, (vec![false, false, true], b"xxx".to_vec()));
    let Some(told) = wear(&TLS13, 4) else { return };
    assert_eq!(told, (vec![false; 4], b"xxxx".to_vec()));
}
