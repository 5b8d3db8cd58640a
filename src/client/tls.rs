use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rustls::pki_types::UnixTime;
use rustls::{CertificateError, ClientConfig, RootCertStore};

/// TLS with the system's root certificates, or, where none is needed, with none.
///
/// Reading them is most of what a short-lived program pays for a call, so it is done once, here, and only for
/// an encrypted base URL.
pub(super) fn client_config(with_roots: bool) -> Result<ClientConfig, String> {
    let roots = if with_roots { system_roots()? } else { RootCertStore::empty() };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}

fn system_roots() -> Result<RootCertStore, String> {
    let found = read_certificates();
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(found.certs);
    if roots.is_empty() {
        let problems: Vec<String> = found.errors.iter().map(ToString::to_string).collect();
        return Err(if problems.is_empty() { "the system has none".into() } else { problems.join("; ") });
    }
    Ok(roots)
}

/// The one bundle file of the system is enough: its folders hold the same certificates again, in hundreds of
/// files. `SSL_CERT_FILE` and `SSL_CERT_DIR` are followed as elsewhere.
#[cfg(all(unix, not(target_os = "macos")))]
fn read_certificates() -> rustls_native_certs::CertificateResult {
    let by_environment = std::env::var_os("SSL_CERT_FILE").is_some() || std::env::var_os("SSL_CERT_DIR").is_some();
    if !by_environment && let Some(bundle) = openssl_probe::probe().cert_file {
        let found = rustls_native_certs::load_certs_from_paths(Some(&bundle), None);
        if !found.certs.is_empty() {
            return found;
        }
    }
    rustls_native_certs::load_native_certs()
}

#[cfg(not(all(unix, not(target_os = "macos"))))]
fn read_certificates() -> rustls_native_certs::CertificateResult {
    rustls_native_certs::load_native_certs()
}

/// Why a certificate was refused.
pub(super) fn in_words(reason: &CertificateError) -> String {
    match reason {
        CertificateError::ExpiredContext { not_after, .. } => format!("it expired on {}", date(*not_after)),
        CertificateError::NotValidYetContext { not_before, .. } => {
            format!("it is valid only from {} on", date(*not_before))
        }
        CertificateError::NotValidForNameContext { expected, presented } => {
            // rustls gives them as `DnsName("a.example")`.
            let names: Vec<&str> = presented.iter().map(|name| name.split('"').nth(1).unwrap_or(name)).collect();
            let names = if names.is_empty() { "no server".to_owned() } else { names.join(", ") };
            format!("it is for {names}, not for {}", expected.to_str())
        }
        CertificateError::UnknownIssuer => "its issuer is not trusted".to_owned(),
        other => other.to_string(),
    }
}

fn date(time: UnixTime) -> String {
    httpdate::fmt_http_date(SystemTime::UNIX_EPOCH + Duration::from_secs(time.as_secs()))
}
