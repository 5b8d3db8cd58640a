//! Reads the certificates in a PEM file.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use memchr::memmem;

use super::pem::{self, Problem};

const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// The certificates in a PEM file, in DER, or why it has none. Those in `seen`, which has their base64, are skipped:
/// decoding them takes most of the time. The others are added to it.
///
/// Like OpenSSL, this skips a byte order mark and accepts trust data after a certificate. An invalid certificate is
/// skipped if there is a valid one.
pub(super) fn read(file: &Path, seen: &mut BTreeSet<Vec<u8>>) -> Result<Vec<Vec<u8>>, String> {
    let name = file.display();
    let bytes = fs::read(file).map_err(|error| format!("{name} cannot be read: {error}"))?;
    if bytes.is_empty() {
        return Err(format!("{name} is empty"));
    }
    let (mut certificates, mut has_seen, mut problem) = (Vec::new(), false, None);
    for encoded in pem::certificates(bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&bytes)) {
        match encoded {
            Ok(encoded) if seen.contains(&encoded) => has_seen = true,
            Ok(encoded) => match pem::decode(&encoded) {
                Ok(certificate) => {
                    certificates.push(without_trust_data(certificate));
                    seen.insert(encoded);
                }
                Err(error) => problem = Some(error),
            },
            Err(error) => problem = Some(error),
        }
    }
    if has_seen || !certificates.is_empty() {
        return Ok(certificates);
    }
    Err(match problem {
        Some(Problem::CutOff) => {
            format!("{name} is cut off: it has -----BEGIN CERTIFICATE----- without the matching end")
        }
        Some(Problem::Invalid) => {
            format!("the certificate in {name} cannot be decoded: it is not valid PEM (base64)")
        }
        None if matches!(bytes[..], [0xff, 0xfe, ..] | [0xfe, 0xff, ..] | [b'-', 0, ..] | [0, b'-', ..]) => {
            format!("{name} is in UTF-16; save it as UTF-8 or ASCII")
        }
        None if is_der(&bytes) => {
            format!("{name} is in DER form, not PEM; convert it with openssl x509 -inform der -in FILE -out FILE.pem")
        }
        None if memmem::find(&bytes, b"PRIVATE KEY-----").is_some() => {
            format!("{name} has a private key but no certificate")
        }
        None => format!("{name} has no certificate in PEM form"),
    })
}

/// The certificate without the trust data that may follow it.
fn without_trust_data(mut certificate: Vec<u8>) -> Vec<u8> {
    if let Some(end) = end_of_sequence(&certificate) {
        certificate.truncate(end);
    }
    certificate
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
