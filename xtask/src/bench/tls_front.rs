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

/// HTTPS for a server that has none: what comes is decrypted and passed on, for as long as this program runs.
pub struct TlsFront {
    pub url: String,
    /// The certificates of the system's authorities, so that reading them is measured too, and that of this front's.
    pub trusted: PathBuf,
}

impl TlsFront {
    pub fn start(behind: SocketAddr, folder: &Path) -> anyhow::Result<Self> {
        let mut params = CertificateParams::new([])?;
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        // Or OpenSSL takes what it signs, which would have the same name, for its own.
        params.distinguished_name.push(DnType::CommonName, "The authority of cargo xtask bench");
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
        thread::spawn(move || runtime.block_on(serve(&listener, &acceptor, behind)));
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

async fn serve(listener: &TcpListener, acceptor: &TlsAcceptor, behind: SocketAddr) {
    // A connection that fails is seen by the one who measures.
    while let Ok((outside, _)) = listener.accept().await {
        let acceptor = acceptor.clone();
        tokio::spawn(async move {
            let mut outside = acceptor.accept(outside).await?;
            let mut inside = TcpStream::connect(behind).await?;
            tokio::io::copy_bidirectional(&mut outside, &mut inside).await
        });
    }
}
