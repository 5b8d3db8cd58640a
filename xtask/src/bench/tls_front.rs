use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;

use anyhow::Context;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// HTTPS for a server that has only HTTP: decrypts connections and forwards them until this program exits.
pub struct TlsFront {
    pub url: String,
    /// A file with the certificate of this server's authority. It also has those of the system, so that reading them is
    /// measured.
    pub trusted: PathBuf,
}

impl TlsFront {
    pub fn start(server: SocketAddr, folder: &Path) -> anyhow::Result<Self> {
        let mut params = CertificateParams::new([])?;
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        // With the same name as the certificate that it signs, OpenSSL would take that one for self-signed.
        params.distinguished_name.push(DnType::CommonName, "cargo xtask bench");
        let authority = CertifiedIssuer::self_signed(params, KeyPair::generate()?)?;
        let key = KeyPair::generate()?;
        let certificate = CertificateParams::new(["127.0.0.1".to_owned()])?.signed_by(&key, &authority)?;
        let acceptor = acceptor(certificate.der().clone(), &key)?;

        let bundle = openssl_probe::probe().cert_file;
        let bundle = bundle.map(|file| std::fs::read_to_string(&file).with_context(|| file.display().to_string()));
        let trusted = folder.join("trusted.pem");
        std::fs::write(&trusted, bundle.transpose()?.unwrap_or_default() + "\n" + &authority.pem())?;

        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"))?;
        let url = format!("https://{}", listener.local_addr()?);
        thread::spawn(move || runtime.block_on(serve(&listener, &acceptor, server)));
        Ok(Self { url, trusted })
    }
}

fn acceptor(certificate: CertificateDer<'static>, key: &KeyPair) -> anyhow::Result<TlsAcceptor> {
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![certificate], PrivateKeyDer::Pkcs8(key.serialize_der().into()))?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}

async fn serve(listener: &TcpListener, acceptor: &TlsAcceptor, server: SocketAddr) {
    // If a connection fails, so does the measured program.
    while let Ok((outside, _)) = listener.accept().await {
        let acceptor = acceptor.clone();
        tokio::spawn(async move {
            let mut outside = acceptor.accept(outside).await?;
            let mut inside = TcpStream::connect(server).await?;
            tokio::io::copy_bidirectional(&mut outside, &mut inside).await
        });
    }
}
