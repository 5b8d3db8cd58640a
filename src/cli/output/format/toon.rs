//! TOON, a compact notation for language models.

use serde_json::Value;

use super::unwritable;
use crate::cli::error::CliError;
use crate::cli::output::exact::with_exact_numbers;

pub(super) fn text(value: Value) -> Result<String, CliError> {
    let write = |value: &Value| toon_format::encode_default(value).map_err(|error| unwritable("TOON", &error));
    with_exact_numbers(value, write)
}
