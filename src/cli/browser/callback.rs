use reqwest::Url;

use crate::cli::error::CliError;
use crate::client::sign_in::AuthorizationRequest;

/// The most of what anybody may have sent that is shown, in characters.
const MAX_SAID: usize = 300;

/// What comes of asking somebody to sign in.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Callback {
    Code(String),
    /// The authorization server said no, by a name of RFC 6749 and in words of its own.
    Refused {
        error: String,
        description: Option<String>,
    },
}

/// Why something that looks like an answer is none; the wait goes on.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub(super) enum InvalidCallback {
    #[error("it does not belong to this sign-in (its state is missing or another one)")]
    OtherState,
    /// Some servers send errors so; any page can, too.
    #[error("it is an error without the state of this sign-in, which any web page can send ({0})")]
    OtherStateError(String),
    #[error("it has neither a code nor an error")]
    NoCode,
}

impl Callback {
    /// The answer in the URL that the browser was sent to.
    pub(super) fn read(url: &Url, request: &AuthorizationRequest) -> Result<Self, InvalidCallback> {
        let parameter = |name: &str| {
            let mut values = url.query_pairs().filter(|(found, _)| found == name).map(|(_, value)| value.into_owned());
            // What comes twice is not to be trusted.
            values.next().filter(|value| !value.is_empty() && values.next().is_none())
        };
        let (error, description) = (parameter("error"), parameter("error_description"));
        if !parameter("state").is_some_and(|state| request.has_state(&state)) {
            return Err(match error {
                Some(error) => InvalidCallback::OtherStateError(excerpt(&said(&error, description.as_deref()))),
                None => InvalidCallback::OtherState,
            });
        }
        match (error, parameter("code")) {
            (Some(error), _) => Ok(Self::Refused { error, description }),
            (None, Some(code)) => Ok(Self::Code(code)),
            (None, None) => Err(InvalidCallback::NoCode),
        }
    }
}

fn said(error: &str, description: Option<&str>) -> String {
    description.map_or_else(|| error.to_owned(), |description| format!("{error}: {description}"))
}

/// On one line, and not longer than a message.
fn excerpt(said: &str) -> String {
    let line: String = said.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(MAX_SAID) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

/// What a person is told when the authorization server said no.
pub(super) fn refused(error: &str, description: Option<&str>) -> CliError {
    let said = said(error, description);
    match error {
        "access_denied" => CliError::not_signed_in(format!("the sign-in was denied in the browser ({said})")),
        _ => CliError::not_signed_in(format!("the authorization server refused the sign-in ({said})")),
    }
    .hint(super::ONCE_MORE)
}
