//! HTTPS certificates: which are trusted, and how errors explain the others.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::atomic::Ordering;

use rcgen::{BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, KeyPair, date_time_ymd};
use rustls::pki_types::CertificateDer;

use crate::support::https_server::{Authority, HttpsServer, Trusted, authority, valid_for};
use crate::support::program::{PATH_SEPARATOR, dci_at};

/// Checks that the certificate is refused with this reason, without a retry.
fn refused(test: &str, certificate: &CertificateParams, signed_by: &Authority, trusted: &Authority, reason: &str) {
    let server = HttpsServer::start(certificate, signed_by);
    let finished = server.resend("SSL_CERT_FILE", &Trusted::of(test, trusted).file());
    assert!(finished.stderr.contains(reason), "{finished}");
    assert_eq!((finished.code, finished.stdout.as_str()), (41, ""), "{finished}");
    assert_eq!(server.connections.load(Ordering::SeqCst), 1, "{finished}");
}

#[test]
fn a_certificate_of_a_trusted_authority_is_accepted() {
    let authority = authority("Ours");
    let server = HttpsServer::start(&valid_for("127.0.0.1"), &authority);
    let trusted = Trusted::of("trusted", &authority);
    for (variable, place) in [("SSL_CERT_FILE", trusted.file().as_str()), ("SSL_CERT_DIR", trusted.folder())] {
        let finished = server.resend(variable, place);
        assert_eq!(finished.code, 0, "{variable}: {finished}");
    }
}

#[test]
fn an_expired_certificate_is_refused() {
    let authority = authority("Ours");
    let mut expired = valid_for("127.0.0.1");
    (expired.not_before, expired.not_after) = (date_time_ymd(2019, 1, 1), date_time_ymd(2020, 1, 1));
    refused("expired", &expired, &authority, &authority, "it expired on Wed, 01 Jan 2020");
}

#[test]
fn a_certificate_not_yet_valid_is_refused() {
    let authority = authority("Ours");
    let mut early = valid_for("127.0.0.1");
    (early.not_before, early.not_after) = (date_time_ymd(2190, 1, 1), date_time_ymd(2191, 1, 1));
    refused("early", &early, &authority, &authority, "it is not valid before Fri, 01 Jan 2190");
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
fn a_ca_certificate_of_a_server_is_refused() {
    let authority = authority("Ours");
    let mut certificate = valid_for("127.0.0.1");
    certificate.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    refused("ca", &certificate, &authority, &authority, "it is a CA certificate");
}

#[test]
fn a_certificate_for_another_purpose_is_refused() {
    let authority = authority("Ours");
    let mut certificate = valid_for("127.0.0.1");
    certificate.extended_key_usages = vec![ExtendedKeyUsagePurpose::EmailProtection];
    refused("purpose", &certificate, &authority, &authority, "it is not a server certificate");
}

/// The error for a certificate in whose bytes `from` is replaced by `to`.
fn error_of_changed(test: &str, from: &[u8], to: &[u8]) -> String {
    let authority = authority("Ours");
    let key = KeyPair::generate().expect("a key");
    let certificate = valid_for("127.0.0.1").signed_by(&key, &authority).expect("a certificate");
    let mut bytes = certificate.der().to_vec();
    let places: Vec<usize> = (0..bytes.len() - from.len()).filter(|at| bytes[*at..].starts_with(from)).collect();
    assert!(!places.is_empty());
    for place in places {
        bytes[place..place + to.len()].copy_from_slice(to);
    }
    let server = HttpsServer::showing(CertificateDer::from(bytes), &key);
    let finished = server.resend("SSL_CERT_FILE", &Trusted::of(test, &authority).file());
    assert_eq!(finished.code, 41, "{finished}");
    finished.error()["message"].as_str().expect("a message").to_owned()
}

#[test]
fn a_bad_signature_or_old_algorithm_is_explained() {
    // The signature covers the validity.
    let message = error_of_changed("bad-signature", b"40960101", b"40950101");
    assert!(message.contains("its signature is invalid"), "{message}");
    // ECDSA with SHA-256 becomes ECDSA with SHA-224.
    let ecdsa = b"\x2a\x86\x48\xce\x3d\x04\x03";
    let message = error_of_changed("sha-224", &[ecdsa, &[2][..]].concat(), &[ecdsa, &[1][..]].concat());
    assert!(message.ends_with("signed with an algorithm that is not supported"), "{message}");
}

#[test]
fn a_failed_handshake_is_explained() {
    let alert = |description: u8| vec![0x15, 0x03, 0x03, 0, 2, 2, description];
    for (response, words) in [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec(), "does not use TLS"),
        (b"SSH-2.0-OpenSSH_9.6\r\n".to_vec(), "does not use TLS"),
        (alert(70), "no TLS version or cipher in common"),
        (alert(40), "no TLS version or cipher in common"),
        (alert(112), "does not know the requested name"),
        (alert(80), "refused the TLS handshake"),
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let url = format!("https://{}", listener.local_addr().expect("an address"));
        std::thread::spawn(move || {
            for mut stream in listener.incoming().map_while(Result::ok) {
                let _ = stream.read(&mut [0; 4096]);
                let _ = stream.write_all(&response);
            }
        });
        let finished = dci_at(&url, &["validate", "--max-attempts", "1", "-o", "json"]).finish();
        assert_eq!(finished.code, 41, "{finished}");
        let message = finished.error()["message"].as_str().expect("a message").to_owned();
        assert!(message.contains(words) && !message.contains(['(', '{']), "{message}");
    }
}

#[test]
fn an_empty_variable_keeps_the_system_authorities() {
    let server = HttpsServer::start(&valid_for("127.0.0.1"), &authority("Ours"));
    for variable in ["SSL_CERT_FILE", "SSL_CERT_DIR"] {
        let finished = server.resend(variable, "");
        assert!(finished.stderr.contains("its issuer is not trusted"), "{finished}");
    }
}

#[test]
fn a_file_is_read_as_openssl_reads_it() {
    let authority = authority("Ours");
    let server = HttpsServer::start(&valid_for("127.0.0.1"), &authority);
    let trusted = Trusted::of("forms", &authority);
    let pem = fs::read_to_string(trusted.file()).expect("a file");
    let der = authority.der().to_vec();
    // The form of `openssl x509 -addtrust serverAuth`.
    let trust = b"\x30\x0c\x30\x0a\x06\x08\x2b\x06\x01\x05\x05\x07\x03\x01";
    let with_trust = [der.as_slice(), trust].concat();
    let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    for (form, text) in [
        ("byte order mark", format!("\u{feff}{pem}").into_bytes()),
        ("CRLF", pem.replace('\n', "\r\n").into_bytes()),
        ("no end of line", pem.trim_end().as_bytes().to_vec()),
        ("text before", format!("Subject: us\n{pem}").into_bytes()),
        ("another encoding", [b"# M\xfcnchen\n", pem.as_bytes()].concat()),
        ("old label", pem.replace("CERTIFICATE", "X509 CERTIFICATE").into_bytes()),
        ("trust", encoded("TRUSTED CERTIFICATE", &with_trust).into_bytes()),
        ("trust, without any", encoded("TRUSTED CERTIFICATE", &der).into_bytes()),
        ("bad one first", format!("{broken}{pem}").into_bytes()),
        ("bad one last", format!("{pem}{broken}").into_bytes()),
        ("not base64 first", format!("{}{pem}", broken.replace("AAAA", "?")).into_bytes()),
        ("key first", format!("{}{pem}", KeyPair::generate().expect("a key").serialize_pem()).into_bytes()),
    ] {
        fs::write(trusted.file(), text).expect("write access");
        for (variable, place) in [("SSL_CERT_FILE", trusted.file().as_str()), ("SSL_CERT_DIR", trusted.folder())] {
            let finished = server.resend(variable, place);
            assert_eq!(finished.code, 0, "{form}: {finished}");
        }
    }
}

fn encoded(label: &str, bytes: &[u8]) -> String {
    use base64::Engine;
    let text = base64::prelude::BASE64_STANDARD.encode(bytes);
    format!("-----BEGIN {label}-----\n{text}\n-----END {label}-----\n")
}

#[test]
fn an_invalid_file_is_named_with_its_problem() {
    let authority = authority("Ours");
    let server = HttpsServer::start(&valid_for("127.0.0.1"), &authority);
    let trusted = Trusted::of("unusable", &authority);
    let pem = fs::read_to_string(trusted.file()).expect("a file");
    let key = KeyPair::generate().expect("a key").serialize_pem();
    for (contents, problem) in [
        (authority.der().to_vec(), "DER"),
        (Vec::new(), "is empty"),
        (b"not a certificate\n".to_vec(), "has no certificate in PEM form"),
        (key.into_bytes(), "a private key but no certificate"),
        (pem.replace("-----END", "----END").into_bytes(), "is cut off"),
        (pem.replace('M', "?").into_bytes(), "cannot be decoded"),
        (encoded("CERTIFICATE", b"AAAA").into_bytes(), "no valid CA certificate"),
        (pem.encode_utf16().flat_map(u16::to_le_bytes).collect(), "is in UTF-16"),
    ] {
        fs::write(trusted.file(), contents).expect("write access");
        let finished = server.resend("SSL_CERT_FILE", &trusted.file());
        assert_eq!(finished.code, 2, "{problem}: {finished}");
        let message = finished.error()["message"].as_str().expect("a message").to_owned();
        assert!(message.starts_with("SSL_CERT_FILE: ") && message.contains(problem), "{finished}");
        assert!(message.contains(&trusted.file()), "{message}");
        let finished = server.resend("SSL_CERT_DIR", trusted.folder());
        assert_eq!(finished.code, 2, "{problem}: {finished}");
        let message = finished.error()["message"].as_str().expect("a message").to_owned();
        assert!(message.starts_with("SSL_CERT_DIR: ") && message.contains(trusted.folder()), "{message}");
    }
    for (variable, place) in [
        ("SSL_CERT_FILE", "/there/is/no/such.pem"),
        ("SSL_CERT_FILE", trusted.folder()),
        ("SSL_CERT_DIR", "/there/is/no/such"),
        ("SSL_CERT_DIR", trusted.file().as_str()),
        ("SSL_CERT_DIR", format!("{}{PATH_SEPARATOR}/there/is/no/such", trusted.folder()).as_str()),
    ] {
        let finished = server.resend(variable, place);
        let last = place.rsplit(PATH_SEPARATOR).next().expect("a path");
        let message = finished.error()["message"].as_str().expect("a message").to_owned();
        assert!(finished.code == 2 && message.contains(last) && message.contains(variable), "{finished}");
    }
    assert_eq!(server.connections.load(Ordering::SeqCst), 0, "nothing was sent");
}
