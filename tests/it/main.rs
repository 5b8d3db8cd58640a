//! Tests the program and the library from outside, over real sockets, against the sandbox and scripted servers.

mod support;

mod api_errors;
mod as_sent;
mod at_terminal;
mod authorization;
mod closing_servers;
mod commands;
mod completion;
mod configuration;
mod confirmation;
mod help;
mod hostile_ids;
mod hostile_servers;
mod many;
mod odd_responses;
mod output;
mod pages;
mod panics;
mod proxy;
mod renewal;
mod resend_invite;
mod resume;
mod retry;
mod sandbox;
mod sandbox_command;
mod schemas;
mod sign_in;
mod targets;
mod tokens;
mod trust;
mod unknown_values;
mod variables;
mod wire;
