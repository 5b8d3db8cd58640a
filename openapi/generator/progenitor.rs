//! Runs progenitor.

use std::panic;

use ::progenitor::{GenerationSettings, Generator, HooksMode, InterfaceStyle};
use openapiv3::OpenAPI;
use quote::quote;
use serde_json::Value;

use super::prepare::prepare;

pub type ParseError = serde_path_to_error::Error<serde_json::Error>;

/// The spec in the types of `openapiv3`, which progenitor takes.
pub fn parse(spec: &Value) -> Result<OpenAPI, ParseError> {
    // By reference, as `locate` reads its parts, so that the code that reads the types is compiled once.
    serde_path_to_error::deserialize(&prepare(spec))
}

/// Runs progenitor. If it panics, the panic message is the error.
pub fn file(spec: &OpenAPI, with_schemas: bool) -> Result<syn::File, String> {
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
        Ok(Ok(tokens)) => syn::parse2(tokens).map_err(|error| format!("progenitor generated invalid Rust: {error}")),
        Ok(Err(error)) => Err(error.to_string()),
        Err(payload) => Err(payload
            .downcast_ref::<String>()
            .cloned()
            .or_else(|| payload.downcast_ref::<&str>().map(ToString::to_string))
            .unwrap_or_else(|| "it panicked without a message".into())),
    }
}
