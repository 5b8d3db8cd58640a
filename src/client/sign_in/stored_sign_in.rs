use std::time::SystemTime;

use reqwest::Url;
use tokio::sync::{Mutex, MutexGuard};

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
        let is_another = |sign_in: &SignIn| sign_in.access_token != *refused;
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
        works: impl Fn(&SignIn) -> bool,
        current: &mut MutexGuard<'_, Option<SignIn>>,
    ) -> Result<AccessToken, CredentialsError> {
        let store = self.store.clone();
        // It waits for as long as another process renews.
        let lock = tokio::task::spawn_blocking(move || store.lock()).await;
        let lock = lock.map_err(|error| CredentialsError::new(ErrorKind::Authentication, error.to_string()))??;
        let stored = self.load()?;
        let sign_in = if works(&stored) {
            stored
        } else {
            let renewed = stored.renewed().await?;
            self.store.replace(&self.base_url, &renewed, &lock)?;
            renewed
        };
        Ok(current.insert(sign_in).access_token.clone())
    }

    fn load(&self) -> Result<SignIn, CredentialsError> {
        self.store.load(&self.base_url)?.ok_or_else(|| {
            let message = format!("nobody is signed in to {}", self.base_url.as_str().trim_end_matches('/'));
            CredentialsError::new(ErrorKind::Authentication, message)
        })
    }
}

impl Credentials for StoredSignIn {
    fn get(&self) -> Pending<'_, AccessToken> {
        Box::pin(self.get())
    }

    fn renew<'a>(&'a self, refused: &'a AccessToken) -> Pending<'a, Option<AccessToken>> {
        Box::pin(async { self.renew(refused).await.map(Some) })
    }
}
