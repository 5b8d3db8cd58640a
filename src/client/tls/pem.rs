//! Finds the certificates in PEM text.
//!
//! It accepts what `rustls-pki-types` accepts, which needs several times the instructions: with the 145 roots of a
//! system, that was most of a call.

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use memchr::memchr2;

const CERTIFICATE: &[u8] = b"CERTIFICATE";

/// Most certificates have no more base64 than this.
const USUAL_LENGTH: usize = 3072;

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// Why a section is not a certificate.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Problem {
    /// It has no end.
    CutOff,
    /// Its first line or its base64 is invalid.
    Invalid,
}

/// The certificates in PEM text, each as its base64 in one line. Text outside of them is skipped.
///
/// Lines end with LF, CR or both.
pub(super) fn certificates(text: &[u8]) -> impl Iterator<Item = Result<Vec<u8>, Problem>> {
    Certificates { rest: text }
}

/// A certificate in DER, from its base64. White space and padding are optional.
pub(super) fn decode(encoded: &[u8]) -> Result<Vec<u8>, Problem> {
    let is_space = |byte: &u8| matches!(byte, b'\t'..=b'\r' | b' ');
    // White space within a line is rare.
    let without_space = || encoded.iter().copied().filter(|byte| !is_space(byte)).collect::<Vec<u8>>();
    decode_line(encoded).or_else(|| decode_line(&without_space())).ok_or(Problem::Invalid)
}

fn decode_line(encoded: &[u8]) -> Option<Vec<u8>> {
    // Padding is complete or missing.
    let is_padded_in_part = encoded.ends_with(b"=") && !encoded.len().is_multiple_of(4);
    BASE64.decode(encoded).ok().filter(|_| !is_padded_in_part)
}

struct Certificates<'a> {
    rest: &'a [u8],
}

impl<'a> Certificates<'a> {
    fn line(&mut self) -> Option<&'a [u8]> {
        if self.rest.is_empty() {
            return None;
        }
        let end = memchr2(b'\n', b'\r', self.rest).unwrap_or(self.rest.len());
        let line = &self.rest[..end];
        self.rest = self.rest.get(end + 1..).unwrap_or_default();
        Some(line)
    }
}

impl Iterator for Certificates<'_> {
    type Item = Result<Vec<u8>, Problem>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut section = None;
        let mut encoded = Vec::with_capacity(USUAL_LENGTH);
        while let Some(line) = self.line() {
            if let Some(begun) = line.strip_prefix(b"-----BEGIN ") {
                let Some(label) = label(begun) else { return Some(Err(Problem::Invalid)) };
                section = Some(label);
            } else if let Some(label) = section {
                if !ends(line, label) {
                    encoded.extend_from_slice(line);
                } else if label == CERTIFICATE {
                    return Some(Ok(encoded));
                } else {
                    section = None;
                    encoded.clear();
                }
            }
        }
        section.map(|_| Err(Problem::CutOff))
    }
}

/// The label at the start of a section: what precedes the last five dashes. Spaces may follow and separate them.
fn label(begun: &[u8]) -> Option<&[u8]> {
    let before = begun.iter().rposition(|byte| !b"- ".contains(byte)).map_or(0, |last| last + 1);
    let mut dashes = (before..begun.len()).filter(|at| begun[*at] == b'-');
    let first = dashes.next()?;
    (dashes.count() == 4).then(|| canonical(&begun[..first]))
}

fn ends(line: &[u8], label: &[u8]) -> bool {
    let Some(ended) = line.strip_prefix(b"-----END ") else { return false };
    let end = ended.windows(5).position(|window| window == b"-----");
    end.is_some_and(|end| canonical(&ended[..end]) == label)
}

/// The label without what OpenSSL puts before it: trust data may follow the certificate, or the label is an old one.
fn canonical(label: &[u8]) -> &[u8] {
    if matches!(label, b"TRUSTED CERTIFICATE" | b"X509 CERTIFICATE") { CERTIFICATE } else { label }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rustls::pki_types::CertificateDer;
    use rustls::pki_types::pem::{Error, PemObject};

    use super::*;

    /// Lines of PEM text, and what is often wrong with them.
    fn line() -> impl Strategy<Value = Vec<u8>> {
        prop_oneof![
            4 => prop::sample::select(vec![
                "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----",
                "-----BEGIN CERTIFICATE----- ", "-----END CERTIFICATE----- x", "-----BEGIN CERTIFICATE- ----",
                " -----BEGIN CERTIFICATE-----", "-----BEGIN CERTIFICATE----", "-----END CERTIFICATE------",
                "-----BEGIN CERTIFICATE -----", "-----BEGIN CERTIFICATE------", "-----END CERTIFICATE----",
                "-----BEGIN X509 CRL-----", "-----END X509 CRL-----", "-----BEGIN -----", "-----BEGIN ", "-----END ",
                "-----BEGIN FOO-----", "-----END FOO-----",
            ]).prop_map(|line| line.as_bytes().to_vec()),
            4 => "[A-Za-z0-9+/]{0,12}={0,3}[ \t]{0,2}".prop_map(String::into_bytes),
            1 => prop::collection::vec(any::<u8>(), 0..8),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]
        #[test]
        fn certificates_are_those_of_rustls(
            lines in prop::collection::vec((line(), prop::sample::select(vec!["\n", "\r\n", "\r", "\n\n"])), 0..12),
        ) {
            let text: Vec<u8> = lines.into_iter().flat_map(|(line, end)| [line, end.as_bytes().to_vec()].concat()).collect();
            let by_rustls: Vec<_> = CertificateDer::pem_slice_iter(&text).collect();
            let ours: Vec<_> = certificates(&text).map(|found| decode(&found?)).collect();
            let certificates_of_rustls: Vec<&[u8]> = by_rustls.iter().flatten().map(AsRef::as_ref).collect();
            let our_certificates: Vec<&[u8]> = ours.iter().flatten().map(AsRef::as_ref).collect();
            prop_assert_eq!(our_certificates, certificates_of_rustls);
            let is_cut_off = by_rustls.iter().any(|found| matches!(found, Err(Error::MissingSectionEnd { .. })));
            prop_assert_eq!(ours.contains(&Err(Problem::CutOff)), is_cut_off);
        }
    }
}
