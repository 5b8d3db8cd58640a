//! TLS: its configuration, and why a connection failed.

mod pem;
mod root_file;
mod roots;

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rustls::client::WantsClientCert;
use rustls::pki_types::UnixTime;
use rustls::{CertificateError, ClientConfig, ConfigBuilder, RootCertStore, WantsVerifier};

use super::ConfigError;

type Unverified = ConfigBuilder<ClientConfig, WantsVerifier>;
type Verified = ConfigBuilder<ClientConfig, WantsClientCert>;

/// The TLS configuration, with the root certificates if they are needed.
///
/// Reading them takes most of the time of a single call, so this is done once, and only for `https`.
pub(super) fn client_config(with_roots: bool) -> Result<ClientConfig, ConfigError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| ConfigError::RootCertificates(error.to_string()))?;
    let config = if !with_roots {
        config.with_root_certificates(RootCertStore::empty())
    } else if let Some(roots) = roots::from_env()? {
        config.with_root_certificates(roots)
    } else {
        trusting_system(config).map_err(ConfigError::RootCertificates)?
    };
    Ok(config.with_no_client_auth())
}

/// Lets the system verify certificates: Windows fetches a root when it first meets it, and both know what their
/// administrators trust.
#[cfg(any(windows, target_os = "macos"))]
fn trusting_system(config: Unverified) -> Result<Verified, String> {
    use rustls_platform_verifier::BuilderVerifierExt;
    config.with_platform_verifier().map_err(|error| error.to_string())
}

#[cfg(not(any(windows, target_os = "macos")))]
fn trusting_system(config: Unverified) -> Result<Verified, String> {
    Ok(config.with_root_certificates(roots::of_system()?))
}

/// Why the TLS handshake failed, in words.
pub(super) fn failure_in_words(error: &rustls::Error) -> String {
    use rustls::{AlertDescription, Error};
    let words = match error {
        Error::InvalidCertificate(reason) => return format!("the certificate is rejected: {}", in_words(reason)),
        Error::InvalidMessage(_) | Error::InappropriateMessage { .. } | Error::InappropriateHandshakeMessage { .. } => {
            "the server does not use TLS; it may be an http server"
        }
        Error::AlertReceived(
            AlertDescription::ProtocolVersion
            | AlertDescription::HandshakeFailure
            | AlertDescription::InsufficientSecurity,
        )
        | Error::PeerIncompatible(_) => "the server and this client have no TLS version or cipher in common",
        Error::AlertReceived(AlertDescription::CertificateRequired | AlertDescription::BadCertificate) => {
            "the server requires a client certificate, which is not supported"
        }
        Error::AlertReceived(AlertDescription::UnrecognisedName) => "the server does not know the requested name",
        Error::AlertReceived(_) => "the server refused the TLS handshake",
        Error::PeerMisbehaved(_) | Error::DecryptError => "the server violated the TLS protocol",
        Error::NoCertificatesPresented => "the server has no certificate",
        _ => "TLS with the server failed",
    };
    words.to_owned()
}

/// Why a certificate was rejected, in words.
pub(super) fn in_words(reason: &CertificateError) -> String {
    let words = match reason {
        CertificateError::ExpiredContext { not_after, .. } => return format!("it expired on {}", date(*not_after)),
        CertificateError::NotValidYetContext { not_before, .. } => {
            return format!("it is not valid before {}", date(*not_before));
        }
        CertificateError::NotValidForNameContext { expected, presented } => {
            let names: Vec<&str> = presented.iter().map(|name| bare_name(name)).collect();
            let expected = expected.to_str();
            if names.is_empty() {
                return format!("it does not name {expected}, nor any other server");
            }
            return format!("it is for {}, not for {expected}", names.join(", "));
        }
        CertificateError::Expired => "it has expired",
        CertificateError::NotValidYet => "it is not valid yet",
        CertificateError::NotValidForName => "it is for another server",
        CertificateError::UnknownIssuer => "its issuer is not trusted",
        CertificateError::BadEncoding => "it cannot be decoded",
        CertificateError::BadSignature => "its signature is invalid, or its key is too weak (RSA needs 2048 bits)",
        CertificateError::Revoked => "it is revoked",
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
            "it is not a server certificate (by its extended key usage)"
        }
        CertificateError::UnhandledCriticalExtension => "it has a critical extension that is not supported",
        CertificateError::UnsupportedSignatureAlgorithmContext { signature_algorithm_id, .. }
        | CertificateError::UnsupportedSignatureAlgorithmForPublicKeyContext { signature_algorithm_id, .. } => {
            return unsupported_signature(signature_algorithm_id);
        }
        CertificateError::Other(other) => match other.0.downcast_ref() {
            Some(error) => in_words_of_webpki(error),
            None => "it cannot be verified",
        },
        _ => "it cannot be verified",
    };
    words.to_owned()
}

/// The name in the form of rustls: `DnsName("a.example")` or `IpAddress(10.0.0.1)`.
fn bare_name(name: &str) -> &str {
    let inner = name.split_once('(').and_then(|(_, rest)| rest.strip_suffix(')')).unwrap_or(name);
    inner.trim_matches('"')
}

/// Why a certificate was rejected, for the errors that rustls only wraps.
fn in_words_of_webpki(error: &webpki::Error) -> &'static str {
    use webpki::Error;
    match error {
        Error::CaUsedAsEndEntity => "it is a CA certificate, not a server certificate",
        Error::EndEntityUsedAsCa => "one of its issuers is not a CA",
        Error::CertDistrusted => "its issuer is distrusted",
        Error::NameConstraintViolation => "its issuer may not issue certificates for this name",
        Error::PathLenConstraintViolated | Error::MaximumPathDepthExceeded => {
            "its chain to a root certificate is too long"
        }
        Error::SignatureAlgorithmMismatch => "it names two different signature algorithms",
        Error::UnsupportedCriticalExtension => "it has a critical extension that is not supported",
        Error::UnsupportedCertVersion => "it is not an X.509 version 3 certificate",
        Error::EmptyEkuExtension => "its extended key usage is empty",
        Error::InvalidSerialNumber => "its serial number is invalid",
        Error::ExtensionValueInvalid
        | Error::MalformedExtensions
        | Error::MalformedDnsIdentifier
        | Error::MalformedNameConstraint
        | Error::InvalidNetworkMaskConstraint => "it has an invalid extension",
        _ => "it cannot be verified",
    }
}

fn unsupported_signature(algorithm: &[u8]) -> String {
    const SHA1: [&[u8]; 2] = [b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x05", b"\x2a\x86\x48\xce\x3d\x04\x01"];
    // The identifier is DER: a tag and a length come first.
    let is_sha1 = SHA1.iter().any(|sha1| {
        let length = u8::try_from(sha1.len()).unwrap_or_default();
        algorithm.starts_with(&[&[0x06, length], *sha1].concat())
    });
    if is_sha1 {
        return "it or one of its issuers is signed with SHA-1, which is not secure".to_owned();
    }
    "it or one of its issuers is signed with an algorithm that is not supported".to_owned()
}

fn date(time: UnixTime) -> String {
    httpdate::fmt_http_date(SystemTime::UNIX_EPOCH + Duration::from_secs(time.as_secs()))
}

#[cfg(test)]
mod tests {
    use rustls::OtherError;

    use super::*;

    #[test]
    fn the_type_of_a_name_is_removed() {
        for (given, name) in [(r#"DnsName("a.example")"#, "a.example"), ("IpAddress(10.0.0.1)", "10.0.0.1"), ("x", "x")]
        {
            assert_eq!(bare_name(given), name);
        }
    }

    #[test]
    fn every_reason_is_a_phrase() {
        use webpki::Error;
        let other = |error: Error| CertificateError::Other(OtherError(Arc::new(error)));
        let sha1 = CertificateError::UnsupportedSignatureAlgorithmContext {
            signature_algorithm_id: b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x05\x05\x00".to_vec(),
            supported_algorithms: Vec::new(),
        };
        assert!(in_words(&sha1).contains("SHA-1"), "{}", in_words(&sha1));
        for reason in [
            other(Error::CaUsedAsEndEntity),
            other(Error::EndEntityUsedAsCa),
            other(Error::MaximumSignatureChecksExceeded),
            CertificateError::BadEncoding,
            CertificateError::BadSignature,
            CertificateError::Revoked,
            CertificateError::InvalidPurpose,
            CertificateError::UnhandledCriticalExtension,
            CertificateError::UnknownRevocationStatus,
            CertificateError::ApplicationVerificationFailure,
            CertificateError::Other(OtherError(Arc::new(std::fmt::Error))),
        ] {
            let words = in_words(&reason);
            let begins = ["it ", "its ", "one of its "].iter().any(|start| words.starts_with(start));
            assert!(begins && !words.contains(['{', '"']), "{reason:?}: {words}");
        }
    }
}
