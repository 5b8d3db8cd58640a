//! Reading certificates from a PEM file.

use std::fs;
use std::path::Path;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::{self, PemObject};

/// The certificates in a PEM file, or why there are none.
///
/// Like OpenSSL, this skips a byte order mark and accepts trust data after a certificate. An invalid certificate is
/// skipped if there is a valid one.
pub(super) fn read(file: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let name = file.display();
    let bytes = fs::read(file).map_err(|error| format!("{name} cannot be read: {error}"))?;
    if bytes.is_empty() {
        return Err(format!("{name} is empty"));
    }
    // Text between the certificates may have any encoding.
    let mut text = String::from_utf8_lossy(&bytes);
    for label in ["TRUSTED CERTIFICATE-----", "X509 CERTIFICATE-----"] {
        // Replacing copies the text, which most files do not need.
        if text.contains(label) {
            text = text.replace(label, "CERTIFICATE-----").into();
        }
    }
    let text = text.trim_start_matches('\u{feff}');
    let mut problem = None;
    let found = CertificateDer::pem_slice_iter(text.as_bytes());
    let certificates: Vec<_> = found.filter_map(|found| found.map_err(|error| problem = Some(error)).ok()).collect();
    if !certificates.is_empty() {
        return Ok(certificates.into_iter().map(without_trust_data).collect());
    }
    Err(match problem {
        Some(pem::Error::MissingSectionEnd { .. }) => {
            format!("{name} is cut off: it has -----BEGIN CERTIFICATE----- without the matching end")
        }
        Some(_) => format!("the certificate in {name} cannot be decoded: it is not valid PEM (base64)"),
        None if matches!(bytes[..], [0xff, 0xfe, ..] | [0xfe, 0xff, ..] | [b'-', 0, ..] | [0, b'-', ..]) => {
            format!("{name} is in UTF-16; save it as UTF-8 or ASCII")
        }
        None if is_der(&bytes) => {
            format!("{name} is in DER form, not PEM; convert it with openssl x509 -inform der -in FILE -out FILE.pem")
        }
        None if text.contains("PRIVATE KEY-----") => format!("{name} has a private key but no certificate"),
        None => format!("{name} has no certificate in PEM form"),
    })
}

/// The certificate without the trust data that may follow it.
fn without_trust_data(certificate: CertificateDer<'static>) -> CertificateDer<'static> {
    match end_of_sequence(&certificate).and_then(|end| certificate.get(..end)) {
        Some(bytes) if bytes.len() < certificate.len() => CertificateDer::from(bytes.to_vec()),
        _ => certificate,
    }
}

fn is_der(bytes: &[u8]) -> bool {
    end_of_sequence(bytes).is_some_and(|end| end <= bytes.len())
}

/// The end of the DER sequence at the start of these bytes.
fn end_of_sequence(bytes: &[u8]) -> Option<usize> {
    let [0x30, first, rest @ ..] = bytes else { return None };
    if *first < 0x80 {
        return Some(2 + usize::from(*first));
    }
    let count = usize::from(first & 0x7f);
    let length = rest.get(..count).filter(|_| count <= 4)?;
    let length = length.iter().fold(0, |length, byte| length << 8 | usize::from(*byte));
    Some(2 + count + length)
}
