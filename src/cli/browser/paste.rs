use std::io::{self, BufRead};

use reqwest::Url;
use tokio::sync::mpsc;

use super::callback::Callback;
use crate::cli::context::Context;
use crate::client::sign_in::AuthorizationRequest;

/// Waits for somebody who pastes the code, or the whole address of the page that the browser ended on; none when stdin
/// ends before.
pub(super) async fn pasted(request: &AuthorizationRequest, context: &Context<'_>) -> Option<Callback> {
    context
        .output
        .say("If the page that the browser ends on does not load, paste its address, or the code in it, here:");
    let (sender, mut lines) = mpsc::unbounded_channel();
    // Reading cannot be stopped: the thread ends with the program.
    std::thread::spawn(move || {
        for line in io::stdin().lock().split(b'\n').map_while(Result::ok) {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    while let Some(line) = lines.recv().await {
        match read(&String::from_utf8_lossy(&line), request) {
            None => {}
            Some(Ok(answer)) => return Some(answer),
            Some(Err(problem)) => context.output.say(&format!("This is left out: {problem}. Paste again:")),
        }
    }
    None
}

/// What was pasted; none of a blank line.
fn read(pasted: &str, request: &AuthorizationRequest) -> Option<Result<Callback, String>> {
    let pasted = pasted.trim().trim_matches(['"', '\'']).trim();
    if pasted.is_empty() {
        return None;
    }
    // Of an address only what stands after the question mark counts, which may be all that was copied.
    let query = match pasted.split_once('?') {
        Some((_, query)) => Some(query),
        None => Some(pasted).filter(|pasted| ["code=", "error="].iter().any(|name| pasted.contains(name))),
    };
    let url = query.and_then(|query| Url::parse(&format!("http://localhost/?{query}")).ok());
    Some(match url {
        Some(url) => Callback::read(&url, request).map_err(|error| error.to_string()),
        None if pasted.bytes().all(|byte| byte.is_ascii_graphic()) && !pasted.contains("://") => {
            Ok(Callback::Code(pasted.to_owned()))
        }
        None => Err("it is neither a code nor an address with one".to_owned()),
    })
}
