use reqwest::Url;

use crate::cli::error::CliError;
use crate::client::sign_in::AuthorizationRequest;

/// What comes of asking somebody to sign in.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Answer {
    Code(String),
    /// The authorization server said no, by a name of RFC 6749 and in words of its own.
    Refused {
        error: String,
        description: Option<String>,
    },
}

/// Why something that looks like an answer is none; the wait goes on.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub(super) enum NoAnswer {
    #[error("it does not belong to this sign-in (its state is missing or another one)")]
    OtherState,
    #[error("it has neither a code nor an error")]
    NoCode,
}

impl Answer {
    /// The answer in the URL that the browser was sent to.
    pub(super) fn read(url: &Url, request: &AuthorizationRequest) -> Result<Self, NoAnswer> {
        let parameter = |name: &str| {
            let mut values = url.query_pairs().filter(|(found, _)| found == name).map(|(_, value)| value.into_owned());
            // What comes twice is not to be trusted.
            values.next().filter(|value| !value.is_empty() && values.next().is_none())
        };
        if !parameter("state").is_some_and(|state| request.has_state(&state)) {
            return Err(NoAnswer::OtherState);
        }
        match (parameter("error"), parameter("code")) {
            (Some(error), _) => Ok(Self::Refused { error, description: parameter("error_description") }),
            (None, Some(code)) => Ok(Self::Code(code)),
            (None, None) => Err(NoAnswer::NoCode),
        }
    }
}

/// What a person is told when the authorization server said no.
pub(super) fn refused(error: &str, description: Option<&str>) -> CliError {
    let said = description.map(|text| format!(": {text}")).unwrap_or_default();
    match error {
        "access_denied" => {
            CliError::not_signed_in(format!("the sign-in was denied in the browser (access_denied{said})"))
        }
        _ => CliError::not_signed_in(format!("the authorization server refused the sign-in ({error}{said})")),
    }
    .hint(super::ONCE_MORE)
}
