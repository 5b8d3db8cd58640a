//! Runs progenitor.

use std::panic;

use ::progenitor::{GenerationSettings, Generator, HooksMode, InterfaceStyle};
use openapiv3::OpenAPI;
use proc_macro2::TokenStream;
use quote::quote;
use serde_json::Value;

pub type ParseError = serde_path_to_error::Error<serde_json::Error>;

/// The spec in the types of `openapiv3`, which progenitor takes.
pub fn parse(spec: &Value) -> Result<OpenAPI, ParseError> {
    serde_path_to_error::deserialize(without_crate_formats(spec))
}

/// Removes the formats for which progenitor uses types of other crates (chrono, uuid): a string is accepted whatever
/// its format, and a slightly wrong value does not fail a response.
fn without_crate_formats(value: &Value) -> Value {
    const FORMATS: [&str; 6] = ["date", "date-time", "uuid", "ip", "ipv4", "ipv6"];
    match value {
        Value::Object(object) => {
            let is_removed = |name: &str, value: &Value| {
                name == "format" && value.as_str().is_some_and(|format| FORMATS.contains(&format))
            };
            let kept = object.iter().filter(|(name, value)| !is_removed(name, value));
            kept.map(|(name, value)| (name.clone(), without_crate_formats(value))).collect()
        }
        Value::Array(values) => values.iter().map(without_crate_formats).collect(),
        other => other.clone(),
    }
}

/// Runs progenitor. If it panics, the panic message is the error.
pub fn tokens(spec: &OpenAPI, with_schemas: bool) -> Result<TokenStream, String> {
    let mut settings = GenerationSettings::new();
    settings
        .with_interface(InterfaceStyle::Builder)
        .with_hooks(HooksMode::Expected)
        .with_inner_type(quote!(crate::client::Exchange));
    if with_schemas {
        settings.with_derive("::schemars::JsonSchema");
    }

    let hook = panic::take_hook();
    panic::set_hook(Box::new(|_| {}));
    let outcome = panic::catch_unwind(|| Generator::new(&settings).generate_tokens(spec));
    panic::set_hook(hook);
    match outcome {
        Ok(tokens) => tokens.map_err(|error| error.to_string()),
        Err(payload) => Err(payload
            .downcast_ref::<String>()
            .cloned()
            .or_else(|| payload.downcast_ref::<&str>().map(ToString::to_string))
            .unwrap_or_else(|| "it panicked without a message".into())),
    }
}
