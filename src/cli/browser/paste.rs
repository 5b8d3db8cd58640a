use std::io::{self, BufRead};

use reqwest::Url;
use tokio::sync::mpsc;

use super::answer::Answer;
use crate::cli::context::Context;
use crate::client::sign_in::AuthorizationRequest;

/// Waits for somebody who pastes the code, or the whole address of the page that the browser ended on. The end of
/// stdin is no answer.
pub(in crate::cli) async fn pasted(request: &AuthorizationRequest, context: &Context<'_>) -> Answer {
    context.output.say("Or paste here the code, or the address of the page that the browser ended on:");
    let (sender, mut lines) = mpsc::unbounded_channel();
    // Reading cannot be stopped: the thread ends with the program.
    std::thread::spawn(move || {
        for line in io::stdin().lock().lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    while let Some(line) = lines.recv().await {
        match read(line.trim(), request) {
            None => {}
            Some(Ok(answer)) => return answer,
            Some(Err(problem)) => context.output.say(&format!("This is left out: {problem}. Paste again:")),
        }
    }
    std::future::pending().await
}

/// What was pasted; none of a blank line.
fn read(pasted: &str, request: &AuthorizationRequest) -> Option<Result<Answer, String>> {
    if pasted.is_empty() {
        return None;
    }
    Some(match Url::parse(pasted) {
        Ok(url) if url.has_host() => Answer::read(&url, request).map_err(|error| error.to_string()),
        _ if pasted.bytes().all(|byte| byte.is_ascii_graphic()) => Ok(Answer::Code(pasted.to_owned())),
        _ => Err("it is neither a code nor an address".to_owned()),
    })
}
