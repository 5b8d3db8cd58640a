use std::fs;
use std::path::Path;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

/// The certificates of a file in PEM form, or why there is none.
///
/// As OpenSSL does, this skips a byte order mark and reads certificates that have data about their trust after them.
/// One that cannot be decoded is skipped, unless there is no other.
pub(super) fn read(file: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let name = file.display();
    let bytes = fs::read(file).map_err(|error| format!("{name} cannot be read: {error}"))?;
    if bytes.is_empty() {
        return Err(format!("{name} is empty"));
    }
    // Whatever stands beside the certificates may be in any encoding.
    let text = String::from_utf8_lossy(&bytes);
    let text = text.trim_start_matches('\u{feff}');
    let text = ["TRUSTED CERTIFICATE", "X509 CERTIFICATE"].iter().fold(text.to_owned(), |text, label| {
        ["BEGIN", "END"].iter().fold(text, |text, end| {
            text.replace(&format!("-----{end} {label}-----"), &format!("-----{end} CERTIFICATE-----"))
        })
    });
    let mut problem = None;
    let found = CertificateDer::pem_slice_iter(text.as_bytes());
    let certificates: Vec<_> = found.filter_map(|found| found.map_err(|error| problem = Some(error)).ok()).collect();
    if !certificates.is_empty() {
        return Ok(certificates.iter().map(|certificate| alone(certificate)).collect());
    }
    Err(match problem {
        Some(error) => format!("the certificate in {name} cannot be decoded: {error}"),
        None if is_der(&bytes) => format!(
            "{name} is in DER form, and PEM is needed; openssl x509 -inform der -in FILE -out FILE.pem converts it"
        ),
        None if text.contains("PRIVATE KEY-----") => format!("{name} has a private key and no certificate"),
        None => format!("{name} has no certificate in PEM form"),
    })
}

/// The certificate without what stands after it.
fn alone(bytes: &[u8]) -> CertificateDer<'static> {
    let end = end_of_sequence(bytes).unwrap_or(bytes.len());
    CertificateDer::from(bytes.get(..end).unwrap_or(bytes).to_vec())
}

fn is_der(bytes: &[u8]) -> bool {
    end_of_sequence(bytes).is_some_and(|end| end <= bytes.len())
}

/// Where the DER sequence ends that these bytes begin with.
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
