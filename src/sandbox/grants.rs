//! Grants of the authorization server, without HTTP: authorization codes and their tokens.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use ring::digest::{SHA256, digest};
use uuid::Uuid;

use super::account::Account;

/// How long an authorization code is valid.
const CODE_LIFETIME: SignedDuration = SignedDuration::from_secs(60);

/// How long an access token is valid. It is short, so that its expiry is easy to test.
pub(super) const ACCESS_TOKEN_LIFETIME: SignedDuration = SignedDuration::from_secs(300);

/// The SHA-256 hash of a code verifier (RFC 7636, `S256`).
#[derive(Debug)]
pub(super) struct CodeChallenge([u8; 32]);

impl CodeChallenge {
    /// Parses 43 characters of base64url.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(text).ok()?;
        bytes.try_into().ok().map(Self)
    }

    fn matches(&self, code_verifier: &str) -> bool {
        digest(&SHA256, code_verifier.as_bytes()).as_ref() == self.0
    }
}

/// Why a code or refresh token is invalid: the `invalid_grant` error of RFC 6749.
#[derive(Debug)]
pub(super) struct InvalidGrant(pub &'static str);

/// The tokens that a code or refresh token is exchanged for.
#[derive(Debug)]
pub(super) struct Tokens {
    pub access_token: String,
    pub refresh_token: String,
}

/// All grants.
#[derive(Debug, Default)]
pub(super) struct Grants {
    grants: Vec<Grant>,
    /// How many times a refresh token was exchanged.
    pub renewals: u64,
}

/// The consent of one user, its code and all tokens issued for it.
#[derive(Debug)]
struct Grant {
    account: &'static Account,
    code: String,
    redirect_uri: String,
    code_challenge: CodeChallenge,
    code_expires_at: Timestamp,
    /// Each with its expiry.
    access_tokens: Vec<(String, Timestamp)>,
    /// Only the last one is valid. Empty until the code is exchanged.
    refresh_tokens: Vec<String>,
    revoked: bool,
}

impl Grants {
    /// Stores the consent of a user and returns its authorization code.
    pub fn add(
        &mut self,
        account: &'static Account,
        redirect_uri: &str,
        code_challenge: CodeChallenge,
        now: Timestamp,
    ) -> String {
        let code = random("code");
        self.grants.push(Grant {
            account,
            code: code.clone(),
            redirect_uri: redirect_uri.to_owned(),
            code_challenge,
            code_expires_at: now + CODE_LIFETIME,
            access_tokens: Vec::new(),
            refresh_tokens: Vec::new(),
            revoked: false,
        });
        code
    }

    /// Exchanges an authorization code. A second use suggests theft and revokes the tokens issued for the code (RFC
    /// 6749 section 4.1.2).
    pub fn exchange(
        &mut self,
        code: &str,
        redirect_uri: &str,
        code_verifier: &str,
        now: Timestamp,
    ) -> Result<Tokens, InvalidGrant> {
        let grant = self.grants.iter_mut().find(|grant| grant.code == code);
        let grant = grant.ok_or(InvalidGrant("unknown code"))?;
        if !grant.refresh_tokens.is_empty() {
            grant.revoked = true;
            return Err(InvalidGrant("the code was already used; its tokens are revoked"));
        }
        if grant.code_expires_at <= now {
            return Err(InvalidGrant("the code has expired"));
        }
        if grant.redirect_uri != redirect_uri {
            return Err(InvalidGrant("redirect_uri does not match the authorization request"));
        }
        if !grant.code_challenge.matches(code_verifier) {
            return Err(InvalidGrant("code_verifier does not match the code_challenge"));
        }
        Ok(grant.issue(now))
    }

    /// Exchanges a refresh token. A second use suggests theft and revokes all tokens of the grant (RFC 9700 section
    /// 4.14.2).
    pub fn renew(&mut self, refresh_token: &str, now: Timestamp) -> Result<Tokens, InvalidGrant> {
        let grant = self.grants.iter_mut().find(|grant| grant.refresh_tokens.iter().any(|used| used == refresh_token));
        let grant = grant.ok_or(InvalidGrant("unknown refresh token"))?;
        if grant.revoked {
            return Err(InvalidGrant("the refresh token was revoked"));
        }
        if grant.refresh_tokens.last().is_none_or(|last| last != refresh_token) {
            grant.revoked = true;
            return Err(InvalidGrant("the refresh token was already used; all tokens of its sign-in are revoked"));
        }
        self.renewals += 1;
        Ok(grant.issue(now))
    }

    /// The account of a valid access token.
    pub fn account(&self, access_token: &str, now: Timestamp) -> Option<&'static Account> {
        let accepts = |(token, expires_at): &(String, Timestamp)| token == access_token && now < *expires_at;
        let mut grants = self.grants.iter().filter(|grant| !grant.revoked);
        grants.find(|grant| grant.access_tokens.iter().any(accepts)).map(|grant| grant.account)
    }
}

impl Grant {
    fn issue(&mut self, now: Timestamp) -> Tokens {
        let tokens = Tokens { access_token: random("access"), refresh_token: random("refresh") };
        self.access_tokens.push((tokens.access_token.clone(), now + ACCESS_TOKEN_LIFETIME));
        self.refresh_tokens.push(tokens.refresh_token.clone());
        tokens
    }
}

fn random(kind: &str) -> String {
    format!("sandbox-{kind}-{}", Uuid::new_v4().simple())
}
