//! What the browser is redirected with: a code, an error of the authorization server, or something invalid.

use reqwest::Url;

use crate::cli::error::CliError;
use crate::client::excerpt;
use crate::client::sign_in::AuthorizationRequest;

/// The maximum length of an error that any web page could have sent, in characters.
const MAX_ERROR: usize = 300;

/// The response to an authorization request.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Callback {
    Code(String),
    /// An error code of RFC 6749, with the authorization server's own description.
    Error {
        error: String,
        description: Option<String>,
    },
}

/// Why a callback is ignored.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub(super) enum InvalidCallback {
    #[error("its state is missing or does not belong to this sign-in")]
    OtherState,
    /// Some servers send errors without the state, but so can any web page.
    #[error("its state is missing or does not belong to this sign-in (it reports the error {0})")]
    OtherStateError(String),
    #[error("it has neither a code nor an error")]
    NoCode,
}

impl Callback {
    /// Parses the URL that the browser was redirected to.
    pub(super) fn parse(url: &Url, request: &AuthorizationRequest) -> Result<Self, InvalidCallback> {
        let parameter = |name: &str| {
            let mut values = url.query_pairs().filter(|(found, _)| found == name).map(|(_, value)| value.into_owned());
            // A repeated parameter is ignored.
            values.next().filter(|value| !value.is_empty() && values.next().is_none())
        };
        let (error, description) = (parameter("error"), parameter("error_description"));
        if !parameter("state").is_some_and(|state| request.has_state(&state)) {
            return Err(match error {
                Some(error) => {
                    let text = error_text(&error, description.as_deref());
                    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
                    InvalidCallback::OtherStateError(excerpt(&line, MAX_ERROR))
                }
                None => InvalidCallback::OtherState,
            });
        }
        match (error, parameter("code")) {
            (Some(error), _) => Ok(Self::Error { error, description }),
            (None, Some(code)) => Ok(Self::Code(code)),
            (None, None) => Err(InvalidCallback::NoCode),
        }
    }
}

fn error_text(error: &str, description: Option<&str>) -> String {
    description.map_or_else(|| error.to_owned(), |description| format!("{error}: {description}"))
}

/// The error of the command for an error of the authorization server.
pub(super) fn sign_in_failed(error: &str, description: Option<&str>) -> CliError {
    let text = error_text(error, description);
    CliError::not_signed_in(match error {
        "access_denied" => format!("the sign-in was denied in the browser ({text})"),
        _ => format!("the authorization server rejected the sign-in ({text})"),
    })
}
