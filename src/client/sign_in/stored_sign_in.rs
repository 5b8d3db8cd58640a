use std::sync::{Arc, Condvar, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use reqwest::Url;
use tokio::sync::{Mutex, oneshot};

use super::store::Lock;
use super::{SignIn, SignInStore};
use crate::client::{AccessToken, Credentials, CredentialsError, CredentialsFuture, ErrorKind};

/// The [`Credentials`] of somebody who has signed in: what the [`SignInStore`] has for an API.
///
/// A token within a minute of its end, or one that the API refused, is renewed with the refresh token, under the lock
/// of the store: of many processes that start together one renews, and the others take what it got. A renewal that
/// failed is not tried again for half a minute.
///
/// Where it cannot be renewed, a token is used to its end.
///
/// A refresh token works once, so that a renewal goes on when the call that it is for is given up. Dropping this waits
/// for it, at most 5 s.
#[derive(Debug)]
pub struct StoredSignIn {
    store: SignInStore,
    base_url: Url,
    /// What was read or renewed last, so that a run reads the file once.
    current: Mutex<Option<SignIn>>,
    renewals: Arc<Renewals>,
}

/// How long a renewal that failed is not tried again: a run over many would wait for each of its calls.
const PAUSE: Duration = Duration::from_secs(30);

/// How long a renewal is waited for that is not needed yet, or that nobody asks for any more.
const PATIENCE: Duration = Duration::from_secs(5);

impl StoredSignIn {
    /// What the store has for the API at this base URL. It is read when a call needs it.
    #[must_use]
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
        let settling = self.settle(&mut current, |sign_in| !sign_in.ends_soon(SystemTime::now()));
        if sign_in.has_ended(SystemTime::now()) {
            return settling.await;
        }
        let renewed = tokio::time::timeout(PATIENCE, settling).await.ok().and_then(Result::ok);
        Ok(renewed.unwrap_or(sign_in.access_token))
    }

    async fn renew(&self, refused: &AccessToken) -> Result<AccessToken, CredentialsError> {
        let refused = refused.clone();
        let mut current = self.current.lock().await;
        // Another call may have renewed it.
        self.settle(&mut current, move |sign_in| sign_in.access_token != refused).await
    }

    /// The current token if it works, otherwise what is stored by now if that does, otherwise a new one.
    async fn settle(
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
            // Nobody may ask for it any more.
            let _ = sender.send(outcome);
        });
        let gone = |_| CredentialsError::new(ErrorKind::Authentication, "the renewal broke off");
        let sign_in = renewed.await.map_err(gone)??;
        Ok(current.insert(sign_in).access_token.clone())
    }
}

impl Drop for StoredSignIn {
    fn drop(&mut self) {
        self.renewals.wait(PATIENCE);
    }
}

/// One renewal, unless another process did it.
struct Renewal {
    store: SignInStore,
    base_url: Url,
    /// What was used until now.
    before: Option<SignIn>,
    renewals: Arc<Renewals>,
}

impl Renewal {
    /// In a thread of its own, since it waits for other processes, and is not to end with the call that asked for it.
    fn run(
        &self,
        works: impl Fn(&SignIn) -> bool,
        is_asked_for: impl Fn() -> bool,
    ) -> Result<SignIn, CredentialsError> {
        let lock = self.store.lock()?;
        let stored = load(&self.store, &self.base_url)?;
        if self.before.as_ref().is_some_and(|before| !before.is_of_whom(&stored)) {
            let message = "somebody else has signed in in the meantime, and this was begun as another person";
            return Err(CredentialsError::new(ErrorKind::Authentication, message));
        }
        if works(&stored) {
            return Ok(stored);
        }
        // One whose call was given up may have failed while this waited for the lock.
        self.renewals.check()?;
        let under_way = self.renewals.begin();
        if !is_asked_for() {
            return Err(CredentialsError::new(ErrorKind::Interrupted, "nobody asks for the renewal any more"));
        }
        let renewed = self.renew(&stored, &lock);
        under_way.end(renewed.as_ref().err().cloned());
        renewed
    }

    fn renew(&self, stored: &SignIn, lock: &Lock) -> Result<SignIn, CredentialsError> {
        if !lock.is_held {
            tracing::warn!(
                "{} cannot be locked: two dci that renew the sign-in at once may end it",
                self.store.path().display()
            );
        }
        // A refresh token is not used up where what it brings could not be kept.
        self.store.replace(&self.base_url, stored, lock)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| CredentialsError::new(ErrorKind::Network, error.to_string()))?;
        let renewed = runtime.block_on(stored.renewed());
        // A look-up of a name that hangs is not waited for.
        runtime.shutdown_background();
        let renewed = renewed?;
        if let Err(error) = self.store.replace(&self.base_url, &renewed, lock) {
            tracing::warn!(
                "the renewed sign-in is used, but cannot be kept, so that dci login is needed next: {error}"
            );
        }
        Ok(renewed)
    }
}

/// What all renewals of a [`StoredSignIn`] know of each other.
#[derive(Debug, Default)]
struct Renewals {
    state: std::sync::Mutex<State>,
    ended: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// A refresh token is being used.
    is_under_way: bool,
    /// When the last one failed, and why.
    failed: Option<(Instant, CredentialsError)>,
}

/// A renewal that is under way, until this is dropped.
struct UnderWay<'a>(&'a Renewals);

impl Renewals {
    fn begin(&self) -> UnderWay<'_> {
        self.state().is_under_way = true;
        UnderWay(self)
    }

    /// An error while the last failure is too recent to try again.
    fn check(&self) -> Result<(), CredentialsError> {
        match &self.state().failed {
            Some((failed_at, error)) if failed_at.elapsed() < PAUSE => Err(error.clone()),
            _ => Ok(()),
        }
    }

    fn wait(&self, patience: Duration) {
        drop(self.ended.wait_timeout_while(self.state(), patience, |state| state.is_under_way));
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl UnderWay<'_> {
    fn end(self, failure: Option<CredentialsError>) {
        self.0.state().failed = failure.map(|error| (Instant::now(), error));
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.state().is_under_way = false;
        self.0.ended.notify_all();
    }
}

fn load(store: &SignInStore, base_url: &Url) -> Result<SignIn, CredentialsError> {
    store.load(base_url)?.ok_or_else(|| {
        let message = format!("nobody is signed in to {}", base_url.as_str().trim_end_matches('/'));
        CredentialsError::new(ErrorKind::Authentication, message)
    })
}

impl Credentials for StoredSignIn {
    fn get(&self) -> CredentialsFuture<'_, AccessToken> {
        Box::pin(self.get())
    }

    fn renew<'a>(&'a self, refused: &'a AccessToken) -> CredentialsFuture<'a, Option<AccessToken>> {
        Box::pin(async { self.renew(refused).await.map(Some) })
    }
}
