//! An HTTPS server on loopback, and its certificate authorities.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, Stream};

use crate::support::program::{Finished, dci_at};
use crate::support::scripted_server::resent;

pub type Authority = CertifiedIssuer<'static, KeyPair>;

pub fn authority(name: &str) -> Authority {
    let mut params = CertificateParams::new([]).expect("no names");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(rcgen::DnType::CommonName, name);
    CertifiedIssuer::self_signed(params, KeyPair::generate().expect("a key")).expect("a certificate")
}

pub fn valid_for(name: &str) -> CertificateParams {
    CertificateParams::new([name.to_owned()]).expect("a name")
}

/// A server that sends a success to every resend.
pub struct HttpsServer {
    pub url: String,
    pub connections: Arc<AtomicUsize>,
}

impl HttpsServer {
    pub fn start(certificate: &CertificateParams, authority: &Authority) -> Self {
        let key = KeyPair::generate().expect("a key");
        let certificate = certificate.signed_by(&key, authority).expect("a certificate");
        Self::showing(certificate.der().clone(), &key)
    }

    /// Starts a server with this certificate.
    pub fn showing(certificate: CertificateDer<'static>, key: &KeyPair) -> Self {
        let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("the provider has them")
            .with_no_client_auth()
            .with_single_cert(vec![certificate], PrivateKeyDer::Pkcs8(key.serialize_der().into()))
            .expect("a key that matches the certificate");
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
                // A client that does not trust this server closes the connection.
                if matches!(stream.read(&mut [0; 4096]), Ok(1..)) {
                    let _ = stream.write_all(&resent());
                    stream.conn.send_close_notify();
                    let _ = stream.flush();
                }
            }
        });
        Self { url, connections }
    }

    /// Resends an invite, with `variable` set to the trusted certificates.
    pub fn resend(&self, variable: &str, trusted: &str) -> Finished {
        dci_at(&self.url, &["resend-invite", "3f2a9c", "-o", "json"]).env(variable, trusted).finish()
    }
}

/// A temporary folder with the certificate of an authority.
pub struct Trusted(PathBuf);

impl Trusted {
    pub fn of(test: &str, authority: &Authority) -> Self {
        let folder = std::env::temp_dir().join(format!("dci-trust-{test}-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("a folder");
        fs::write(folder.join("authority.pem"), authority.pem()).expect("a file");
        Self(folder)
    }

    pub fn folder(&self) -> &str {
        self.0.to_str().expect("UTF-8")
    }

    pub fn file(&self) -> String {
        format!("{}/authority.pem", self.folder())
    }
}

impl Drop for Trusted {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
