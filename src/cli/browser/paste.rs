//! Reads the code, or the address with the code, that the user pastes.

use std::io::{self, BufRead};

use reqwest::Url;
use tokio::sync::mpsc;

use super::callback::Callback;
use crate::cli::context::Context;
use crate::client::sign_in::AuthorizationRequest;

/// Waits until the user pastes the code, or the address of the last page; `None` if stdin ends first.
pub(super) async fn read_pasted(request: &AuthorizationRequest, context: &Context<'_>) -> Option<Callback> {
    context.output.say("If the last page does not load, paste its address, or the code in it, here:");
    let (sender, mut lines) = mpsc::unbounded_channel();
    // A read cannot be cancelled, so the thread ends with the program.
    std::thread::spawn(move || {
        for line in io::stdin().lock().split(b'\n').map_while(Result::ok) {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    while let Some(line) = lines.recv().await {
        match parse(&String::from_utf8_lossy(&line), request) {
            None => {}
            Some(Ok(callback)) => return Some(callback),
            Some(Err(problem)) => context.output.say(&format!("Ignored: {problem}. Paste again:")),
        }
    }
    None
}

/// Parses a pasted line; `None` if it is blank.
fn parse(pasted: &str, request: &AuthorizationRequest) -> Option<Result<Callback, String>> {
    let pasted = pasted.trim().trim_matches(['"', '\'']).trim();
    if pasted.is_empty() {
        return None;
    }
    // Only the query of an address matters. The user may have copied nothing else.
    let query = match pasted.split_once('?') {
        Some((_, query)) => Some(query),
        None => Some(pasted).filter(|pasted| ["code=", "error="].iter().any(|name| pasted.contains(name))),
    };
    let url = query.and_then(|query| Url::parse(&format!("http://localhost/?{query}")).ok());
    Some(match url {
        Some(url) => Callback::parse(&url, request).map_err(|error| error.to_string()),
        None if pasted.bytes().all(|byte| byte.is_ascii_graphic()) && !pasted.contains("://") => {
            Ok(Callback::Code(pasted.to_owned()))
        }
        None => Err("it is neither a code nor an address with a code".to_owned()),
    })
}
