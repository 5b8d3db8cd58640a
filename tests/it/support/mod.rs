//! What the tests share: they run the program, and play its servers, its user and its terminal.

pub mod caller;
pub mod https_server;
pub mod oauth_client;
pub mod person;
pub mod program;
pub mod sandbox;
pub mod scripted_server;
pub mod spec;
pub mod terminal;
