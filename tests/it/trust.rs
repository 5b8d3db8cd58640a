//! HTTPS: which servers are trusted, and what is said of the others.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, date_time_ymd};
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, Stream};

use crate::program::{Finished, dci_at};
use crate::scripted_server::resent;

type Authority = CertifiedIssuer<'static, KeyPair>;

fn authority(name: &str) -> Authority {
    let mut params = CertificateParams::new([]).expect("no name is wrong");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(rcgen::DnType::CommonName, name);
    CertifiedIssuer::self_signed(params, KeyPair::generate().expect("a key")).expect("a certificate")
}

fn valid_for(name: &str) -> CertificateParams {
    CertificateParams::new([name.to_owned()]).expect("a name")
}

/// A server on loopback whose certificate `authority` has signed; it resends every invite.
struct HttpsServer {
    url: String,
    connections: Arc<AtomicUsize>,
}

impl HttpsServer {
    fn start(certificate: &CertificateParams, authority: &Authority) -> Self {
        let key = KeyPair::generate().expect("a key");
        let certificate = certificate.signed_by(&key, authority).expect("a certificate");
        let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("the provider has them")
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], PrivateKeyDer::Pkcs8(key.serialize_der().into()))
            .expect("the key is that of the certificate");
        let (config, connections) = (Arc::new(config), Arc::new(AtomicUsize::new(0)));
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let url = format!("https://{}", listener.local_addr().expect("an address"));
        let counted = Arc::clone(&connections);
        thread::spawn(move || {
            for socket in listener.incoming() {
                let mut socket = socket.expect("a connection");
                counted.fetch_add(1, Ordering::SeqCst);
                let mut tls = ServerConnection::new(Arc::clone(&config)).expect("the configuration is complete");
                let mut stream = Stream::new(&mut tls, &mut socket);
                // One who does not trust this server goes away.
                if matches!(stream.read(&mut [0; 4096]), Ok(1..)) {
                    let _ = stream.write_all(&resent());
                    stream.conn.send_close_notify();
                    let _ = stream.flush();
                }
            }
        });
        Self { url, connections }
    }

    /// Resends an invite, with `variable` naming what is trusted.
    fn resend(&self, variable: &str, trusted: &str) -> Finished {
        dci_at(&self.url, &["resend-invite", "3f2a9c", "-o", "json"]).env(variable, trusted).finish()
    }
}

/// A folder with the certificate of an authority in it.
struct Trusted(PathBuf);

impl Trusted {
    fn of(test: &str, authority: &Authority) -> Self {
        let folder = std::env::temp_dir().join(format!("dci-trust-{test}-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("a folder");
        fs::write(folder.join("authority.pem"), authority.pem()).expect("a file");
        Self(folder)
    }

    fn folder(&self) -> &str {
        self.0.to_str().expect("UTF-8")
    }

    fn file(&self) -> String {
        format!("{}/authority.pem", self.folder())
    }
}

impl Drop for Trusted {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Refused at once, since trying again does not help, and with the reason.
fn refused(test: &str, certificate: &CertificateParams, signed_by: &Authority, trusted: &Authority, reason: &str) {
    let server = HttpsServer::start(certificate, signed_by);
    let answer = server.resend("SSL_CERT_FILE", &Trusted::of(test, trusted).file());
    assert!(answer.stderr.contains(reason), "{}", answer.transcript());
    assert_eq!((answer.code, answer.stdout.as_str()), (41, ""), "{}", answer.transcript());
    assert_eq!(server.connections.load(Ordering::SeqCst), 1, "{}", answer.transcript());
}

#[test]
fn a_server_of_a_trusted_authority_is_trusted() {
    let authority = authority("Ours");
    let server = HttpsServer::start(&valid_for("127.0.0.1"), &authority);
    let trusted = Trusted::of("trusted", &authority);
    for (variable, place) in [("SSL_CERT_FILE", trusted.file().as_str()), ("SSL_CERT_DIR", trusted.folder())] {
        let answer = server.resend(variable, place);
        assert_eq!(answer.code, 0, "{variable}: {}", answer.transcript());
    }
}

#[test]
fn a_certificate_that_is_expired_is_refused() {
    let authority = authority("Ours");
    let mut expired = valid_for("127.0.0.1");
    (expired.not_before, expired.not_after) = (date_time_ymd(2019, 1, 1), date_time_ymd(2020, 1, 1));
    refused("expired", &expired, &authority, &authority, "it expired on Wed, 01 Jan 2020");
}

#[test]
fn a_certificate_that_is_not_valid_yet_is_refused() {
    let authority = authority("Ours");
    let mut early = valid_for("127.0.0.1");
    (early.not_before, early.not_after) = (date_time_ymd(2190, 1, 1), date_time_ymd(2191, 1, 1));
    refused("early", &early, &authority, &authority, "it is valid only from Fri, 01 Jan 2190");
}

#[test]
fn a_certificate_of_another_server_is_refused() {
    let authority = authority("Ours");
    refused(
        "other",
        &valid_for("api.example.com"),
        &authority,
        &authority,
        "it is for api.example.com, not for 127.0.0.1",
    );
}

#[test]
fn a_certificate_of_an_unknown_authority_is_refused() {
    refused("unknown", &valid_for("127.0.0.1"), &authority("Theirs"), &authority("Ours"), "its issuer is not trusted");
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let server = HttpsServer::start(&valid_for("127.0.0.1"), &authority("Ours"));
    let answer = server.resend("SSL_CERT_FILE", "/there/is/no/such.pem");
    assert_eq!(answer.code, 1, "{}", answer.transcript());
    assert!(answer.stderr.contains("/there/is/no/such.pem"), "{}", answer.transcript());
    assert_eq!(server.connections.load(Ordering::SeqCst), 0);
}
