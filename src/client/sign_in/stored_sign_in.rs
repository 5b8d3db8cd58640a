use std::sync::{Arc, Condvar, PoisonError};
use std::time::{Duration, SystemTime};

use reqwest::Url;
use tokio::sync::{Mutex, oneshot};
use tokio::time::Instant;

use super::{SignIn, SignInStore};
use crate::client::{AccessToken, Credentials, CredentialsError, ErrorKind, Pending};

/// The [`Credentials`] of somebody who has signed in: what the [`SignInStore`] has for an API.
///
/// A token within a minute of its end, or one that the API refused, is renewed with the refresh token, under the lock
/// of the store: of many processes that start together one renews, and the others take what it got. A renewal that
/// failed is not tried again for half a minute.
///
/// A refresh token works once, so that a renewal goes on when the call that it is for is given up. Dropping this waits
/// for it, at most 5 s.
#[derive(Debug)]
pub struct StoredSignIn {
    store: SignInStore,
    base_url: Url,
    current: Mutex<Current>,
    under_way: Arc<UnderWay>,
}

/// What is known without reading the file again.
#[derive(Debug, Default)]
struct Current {
    sign_in: Option<SignIn>,
    /// When it could not be renewed, and why.
    failed: Option<(Instant, CredentialsError)>,
}

/// How long a renewal that failed is not tried again: a run over many would wait for each of its calls.
const PAUSE: Duration = Duration::from_secs(30);

/// How long a renewal is waited for that nobody asks for any more.
const PATIENCE: Duration = Duration::from_secs(5);

impl StoredSignIn {
    /// What the store has for the API at this base URL. It is read when a call needs it.
    #[must_use]
    pub fn new(store: SignInStore, base_url: Url) -> Self {
        Self { store, base_url, current: Mutex::default(), under_way: Arc::default() }
    }

    async fn get(&self) -> Result<AccessToken, CredentialsError> {
        let mut current = self.current.lock().await;
        if current.sign_in.is_none() {
            current.sign_in = Some(load(&self.store, &self.base_url)?);
        }
        let settled = self.settle(&mut current, |sign_in| !sign_in.ends_soon(SystemTime::now())).await;
        match &current.sign_in {
            // It was to be renewed early, and works to its end.
            Some(sign_in) if settled.is_err() && !sign_in.has_ended(SystemTime::now()) => {
                Ok(sign_in.access_token.clone())
            }
            _ => settled,
        }
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
        current: &mut Current,
        works: impl Fn(&SignIn) -> bool + Send + 'static,
    ) -> Result<AccessToken, CredentialsError> {
        if let Some(sign_in) = current.sign_in.as_ref().filter(|sign_in| works(sign_in)) {
            return Ok(sign_in.access_token.clone());
        }
        if let Some((_, error)) = current.failed.as_ref().filter(|(failed_at, _)| failed_at.elapsed() < PAUSE) {
            return Err(error.clone());
        }
        let (sender, renewed) = oneshot::channel();
        let renewal = Renewal {
            store: self.store.clone(),
            base_url: self.base_url.clone(),
            before: current.sign_in.clone(),
            under_way: Arc::clone(&self.under_way),
        };
        std::thread::spawn(move || {
            let outcome = renewal.run(works, || !sender.is_closed());
            // Nobody may ask for it any more.
            let _ = sender.send(outcome);
        });
        let gone = |_| CredentialsError::new(ErrorKind::Authentication, "the renewal broke off");
        match renewed.await.map_err(gone)? {
            Ok(sign_in) => {
                let token = sign_in.access_token.clone();
                *current = Current { sign_in: Some(sign_in), failed: None };
                Ok(token)
            }
            Err(error) => {
                current.failed = Some((Instant::now(), error.clone()));
                Err(error)
            }
        }
    }
}

impl Drop for StoredSignIn {
    fn drop(&mut self) {
        self.under_way.wait(PATIENCE);
    }
}

/// One renewal, unless another process did it.
struct Renewal {
    store: SignInStore,
    base_url: Url,
    /// What was used until now.
    before: Option<SignIn>,
    under_way: Arc<UnderWay>,
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
        let _under_way = self.under_way.begin();
        if !is_asked_for() {
            return Err(CredentialsError::new(ErrorKind::Interrupted, "nobody asks for the renewal any more"));
        }
        // A refresh token is not used up where what it brings could not be kept.
        self.store.replace(&self.base_url, &stored, &lock)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| CredentialsError::new(ErrorKind::Network, error.to_string()))?;
        let renewed = runtime.block_on(stored.renewed());
        // A look-up of a name that hangs is not waited for.
        runtime.shutdown_background();
        let renewed = renewed?;
        if let Err(error) = self.store.replace(&self.base_url, &renewed, &lock) {
            tracing::warn!(
                "the renewed sign-in is used, but cannot be kept, so that dci login is needed next: {error}"
            );
        }
        Ok(renewed)
    }
}

/// Whether a refresh token is being used.
#[derive(Debug, Default)]
struct UnderWay {
    is: std::sync::Mutex<bool>,
    ended: Condvar,
}

/// It is, until this is dropped.
struct Using<'a>(&'a UnderWay);

impl UnderWay {
    fn begin(&self) -> Using<'_> {
        self.set(true);
        Using(self)
    }

    fn set(&self, is: bool) {
        *self.is.lock().unwrap_or_else(PoisonError::into_inner) = is;
    }

    fn wait(&self, patience: Duration) {
        let is = self.is.lock().unwrap_or_else(PoisonError::into_inner);
        drop(self.ended.wait_timeout_while(is, patience, |is| *is));
    }
}

impl Drop for Using<'_> {
    fn drop(&mut self) {
        self.0.set(false);
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
    fn get(&self) -> Pending<'_, AccessToken> {
        Box::pin(self.get())
    }

    fn renew<'a>(&'a self, refused: &'a AccessToken) -> Pending<'a, Option<AccessToken>> {
        Box::pin(async { self.renew(refused).await.map(Some) })
    }
}
