//! The browser in which somebody signs in: opening it, and hearing what it brings back.

mod answer;
mod listeners;
mod page;
mod paste;

use reqwest::Url;

pub(super) use answer::{Answer, NoAnswer, refused};
pub(super) use listeners::{Listeners, cannot_listen, listen};
pub(super) use paste::pasted;

/// Opens the person's browser, if there is one that can be opened here.
pub(super) async fn open(url: &Url) -> bool {
    let url = url.to_string();
    // It may wait for a program.
    let opened = tokio::task::spawn_blocking(move || webbrowser::open(&url).is_ok());
    opened.await.unwrap_or(false)
}
