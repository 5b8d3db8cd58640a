//! The random values of a sign-in: its `state`, and the code verifier of PKCE (RFC 7636).

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};
use ring::rand::{SecureRandom, SystemRandom};
use secrecy::{ExposeSecret, SecretString};

/// 256 random bits in base64url: 43 characters, which is the length of a code verifier that RFC 7636 recommends.
pub(super) fn random_secret() -> SecretString {
    let mut bytes = [0; 32];
    SystemRandom::new().fill(&mut bytes).expect("the system has random numbers");
    BASE64_URL_SAFE_NO_PAD.encode(bytes).into()
}

/// The code challenge of a code verifier, by the method `S256`.
pub(super) fn code_challenge(code_verifier: &SecretString) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(digest(&SHA256, code_verifier.expose_secret().as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_challenge_is_that_of_the_example_in_rfc_7636() {
        let code_verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk".into();
        assert_eq!(code_challenge(&code_verifier), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    }

    #[test]
    fn a_random_secret_is_a_valid_code_verifier_and_differs_each_time() {
        let (one, other) = (random_secret(), random_secret());
        assert_ne!(one.expose_secret(), other.expose_secret());
        let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
        assert!(one.expose_secret().len() == 43 && one.expose_secret().bytes().all(is_allowed));
    }
}
