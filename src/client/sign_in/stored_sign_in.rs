//! The credentials of a stored sign-in, and their renewal.

use std::sync::{Arc, Condvar, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use reqwest::Url;
use tokio::sync::{Mutex, oneshot};

use super::store::Lock;
use super::{SignIn, SignInStore};
use crate::client::{AccessToken, Credentials, CredentialsError, CredentialsFuture, ErrorKind};

/// The [`Credentials`] of the user who signed in to an API, from a [`SignInStore`].
///
/// A token that expires within a minute, or that the API rejected, is renewed with the refresh token, under the lock of
/// the store. If many processes start together, one renews the token and the others use it. After a failed renewal,
/// there is no other for 30 s. A token that cannot be renewed is used until it expires.
///
/// A refresh token may work only once, so a renewal continues if its call is dropped. Dropping this waits for it, at
/// most 5 s.
#[derive(Debug)]
pub struct StoredSignIn {
    store: SignInStore,
    base_url: Url,
    /// The last sign-in that was read or renewed, so that a run reads the file once.
    current: Mutex<Option<SignIn>>,
    renewals: Arc<Renewals>,
}

/// Cool-down after a failed renewal. Without it, each call of a run would wait for another.
const COOL_DOWN: Duration = Duration::from_secs(30);

/// How long to wait for a renewal while the old token still works, and when this is dropped.
const MAX_WAIT: Duration = Duration::from_secs(5);

impl StoredSignIn {
    /// The credentials for the API at this base URL. The store is read when a call needs them.
    pub fn new(store: SignInStore, base_url: Url) -> Self {
        Self { store, base_url, current: Mutex::default(), renewals: Arc::default() }
    }

    /// Starts with a sign-in that was just read from the store.
    #[cfg(feature = "cli")]
    pub(crate) fn with_loaded(mut self, sign_in: SignIn) -> Self {
        self.current = Mutex::new(Some(sign_in));
        self
    }

    async fn get(&self) -> Result<AccessToken, CredentialsError> {
        let mut current = self.current.lock().await;
        let sign_in = match &*current {
            Some(sign_in) => sign_in.clone(),
            None => current.insert(load(&self.store, &self.base_url)?).clone(),
        };
        let token = self.token_that(&mut current, |sign_in| !sign_in.expires_soon(SystemTime::now()));
        if sign_in.is_expired(SystemTime::now()) {
            return token.await;
        }
        let renewed = tokio::time::timeout(MAX_WAIT, token).await.ok().and_then(Result::ok);
        Ok(renewed.unwrap_or(sign_in.access_token))
    }

    async fn renew(&self, rejected: &AccessToken) -> Result<AccessToken, CredentialsError> {
        let rejected = rejected.clone();
        let mut current = self.current.lock().await;
        // Another call may have renewed it.
        self.token_that(&mut current, move |sign_in| sign_in.access_token != rejected).await
    }

    /// The first token that works of three: the current one, the stored one, a renewed one.
    async fn token_that(
        &self,
        current: &mut Option<SignIn>,
        works: impl Fn(&SignIn) -> bool + Send + 'static,
    ) -> Result<AccessToken, CredentialsError> {
        if let Some(sign_in) = current.as_ref().filter(|sign_in| works(sign_in)) {
            return Ok(sign_in.access_token.clone());
        }
        self.renewals.check()?;
        let (sender, renewed) = oneshot::channel();
        let renewal = Renewal {
            store: self.store.clone(),
            base_url: self.base_url.clone(),
            before: current.clone(),
            renewals: Arc::clone(&self.renewals),
        };
        std::thread::spawn(move || {
            let outcome = renewal.run(works, || !sender.is_closed());
            // The call may have been dropped.
            let _ = sender.send(outcome);
        });
        let panicked = |_| CredentialsError::new(ErrorKind::Authentication, "the renewal failed");
        let sign_in = renewed.await.map_err(panicked)??;
        Ok(current.insert(sign_in).access_token.clone())
    }
}

impl Drop for StoredSignIn {
    fn drop(&mut self) {
        self.renewals.wait(MAX_WAIT);
    }
}

/// One renewal.
struct Renewal {
    store: SignInStore,
    base_url: Url,
    /// The sign-in that was used before.
    before: Option<SignIn>,
    renewals: Arc<Renewals>,
}

impl Renewal {
    /// Renews the sign-in, unless another process did. It has its own thread, since it waits for other processes and
    /// must survive its call.
    fn run(&self, works: impl Fn(&SignIn) -> bool, is_needed: impl Fn() -> bool) -> Result<SignIn, CredentialsError> {
        let lock = self.store.lock()?;
        let stored = load(&self.store, &self.base_url)?;
        if self.before.as_ref().is_some_and(|before| !before.is_same_user(&stored)) {
            let message = "another user has signed in since this command started";
            return Err(CredentialsError::new(ErrorKind::Authentication, message));
        }
        if works(&stored) {
            return Ok(stored);
        }
        // An earlier renewal may have failed while this one waited for the lock.
        self.renewals.check()?;
        let in_progress = self.renewals.begin();
        if !is_needed() {
            return Err(CredentialsError::new(
                ErrorKind::Interrupted,
                "the call was dropped before the renewal started",
            ));
        }
        let renewed = self.renew(&stored, &lock);
        in_progress.end(renewed.as_ref().err().cloned());
        renewed
    }

    fn renew(&self, stored: &SignIn, lock: &Lock) -> Result<SignIn, CredentialsError> {
        if !lock.is_held {
            tracing::warn!(
                "{} cannot be locked: if two processes renew the sign-in at once, it may become invalid",
                self.store.path().display()
            );
        }
        // Tests that the file can be written before the refresh token is used up.
        self.store.replace(&self.base_url, stored, lock)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| CredentialsError::new(ErrorKind::Network, error.to_string()))?;
        let renewed = runtime.block_on(stored.renew());
        // Does not wait for a DNS lookup that hangs.
        runtime.shutdown_background();
        let renewed = renewed?;
        if let Err(error) = self.store.replace(&self.base_url, &renewed, lock) {
            tracing::warn!("the renewed sign-in cannot be saved: run dci login before the next command: {error}");
        }
        Ok(renewed)
    }
}

/// The state that all renewals of a [`StoredSignIn`] share.
#[derive(Debug, Default)]
struct Renewals {
    state: std::sync::Mutex<State>,
    ended: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// Whether a refresh token is in use.
    is_in_progress: bool,
    /// When and why the last renewal failed; `None` if it succeeded.
    failed: Option<(Instant, CredentialsError)>,
}

/// A renewal in progress, until this is dropped.
struct InProgress<'a>(&'a Renewals);

impl Renewals {
    fn begin(&self) -> InProgress<'_> {
        self.state().is_in_progress = true;
        InProgress(self)
    }

    /// Fails with the last error during the cool-down.
    fn check(&self) -> Result<(), CredentialsError> {
        match &self.state().failed {
            Some((failed_at, error)) if failed_at.elapsed() < COOL_DOWN => Err(error.clone()),
            _ => Ok(()),
        }
    }

    fn wait(&self, max: Duration) {
        drop(self.ended.wait_timeout_while(self.state(), max, |state| state.is_in_progress));
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl InProgress<'_> {
    fn end(self, failure: Option<CredentialsError>) {
        self.0.state().failed = failure.map(|error| (Instant::now(), error));
    }
}

impl Drop for InProgress<'_> {
    fn drop(&mut self) {
        self.0.state().is_in_progress = false;
        self.0.ended.notify_all();
    }
}

fn load(store: &SignInStore, base_url: &Url) -> Result<SignIn, CredentialsError> {
    store.load(base_url)?.ok_or_else(|| {
        let message = format!("not signed in to {}", base_url.as_str().trim_end_matches('/'));
        CredentialsError::new(ErrorKind::Authentication, message)
    })
}

impl Credentials for StoredSignIn {
    fn get(&self) -> CredentialsFuture<'_, AccessToken> {
        Box::pin(self.get())
    }

    fn renew<'a>(&'a self, rejected: &'a AccessToken) -> CredentialsFuture<'a, Option<AccessToken>> {
        Box::pin(async { self.renew(rejected).await.map(Some) })
    }
}
