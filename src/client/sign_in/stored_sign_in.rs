use std::sync::RwLock;
use std::time::SystemTime;

use reqwest::Url;
use tokio::sync::{Mutex, MutexGuard, oneshot};

use super::{SignIn, SignInStore};
use crate::client::{AccessToken, Credentials, CredentialsError, ErrorKind, Pending};

/// The [`Credentials`] of somebody who has signed in: what the [`SignInStore`] has for an API.
///
/// A token within a minute of its end, or one that the API refused, is renewed with the refresh token, under the lock
/// of the store: of many processes that start together one renews, and the others take what it got.
#[derive(Debug)]
pub struct StoredSignIn {
    store: SignInStore,
    base_url: Url,
    /// What was read last, so that a run reads the file once.
    current: Mutex<Option<SignIn>>,
}

impl StoredSignIn {
    /// What the store has for the API at this base URL. It is read when a call needs it.
    #[must_use]
    pub fn new(store: SignInStore, base_url: Url) -> Self {
        Self { store, base_url, current: Mutex::default() }
    }

    async fn get(&self) -> Result<AccessToken, CredentialsError> {
        let works = |sign_in: &SignIn| !sign_in.ends_soon(SystemTime::now());
        let mut current = self.current.lock().await;
        if current.is_none() {
            *current = Some(self.load()?);
        }
        match &*current {
            Some(sign_in) if works(sign_in) => Ok(sign_in.access_token.clone()),
            _ => self.renew_unless(works, &mut current).await,
        }
    }

    async fn renew(&self, refused: &AccessToken) -> Result<AccessToken, CredentialsError> {
        let refused = refused.clone();
        let is_another = move |sign_in: &SignIn| sign_in.access_token != refused;
        let mut current = self.current.lock().await;
        match &*current {
            // Another call has renewed it.
            Some(sign_in) if is_another(sign_in) => Ok(sign_in.access_token.clone()),
            _ => self.renew_unless(is_another, &mut current).await,
        }
    }

    /// Renews what is stored, unless another process did.
    async fn renew_unless(
        &self,
        works: impl Fn(&SignIn) -> bool + Send + 'static,
        current: &mut MutexGuard<'_, Option<SignIn>>,
    ) -> Result<AccessToken, CredentialsError> {
        let (store, base_url) = (self.store.clone(), self.base_url.clone());
        let (sender, renewed) = oneshot::channel();
        // A thread of its own, which goes on when the call is given up: a refresh token that was sent may be used up.
        std::thread::spawn(move || drop(sender.send(renew_unless(&store, &base_url, works))));
        let gone = |_| CredentialsError::new(ErrorKind::Authentication, "the renewal broke off");
        let sign_in = renewed.await.map_err(gone)??;
        Ok(current.insert(sign_in).access_token.clone())
    }

    fn load(&self) -> Result<SignIn, CredentialsError> {
        load(&self.store, &self.base_url)
    }
}

/// Held while a renewal is under way.
static UNDER_WAY: RwLock<()> = RwLock::new(());

/// Waits until no renewal is under way, at most 30 s: a program that ends before may lose what a renewal brings.
pub fn wait_for_renewals() {
    drop(UNDER_WAY.write());
}

fn renew_unless(
    store: &SignInStore,
    base_url: &Url,
    works: impl Fn(&SignIn) -> bool,
) -> Result<SignIn, CredentialsError> {
    let lock = store.lock()?;
    let stored = load(store, base_url)?;
    if works(&stored) {
        return Ok(stored);
    }
    let _under_way = UNDER_WAY.read();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| CredentialsError::new(ErrorKind::Network, error.to_string()))?;
    let renewed = runtime.block_on(stored.renewed())?;
    store.replace(base_url, &renewed, &lock)?;
    Ok(renewed)
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
