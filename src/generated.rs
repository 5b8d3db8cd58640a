//! Includes the code that `build.rs` generates. Do not edit that code by hand.

/// The types of the API: one for each schema in `openapi/doit.yaml`, and for each part of a schema that needs a name.
///
/// They are serde types, each with a builder. A type with a limit in the spec (a pattern, a length) is made with
/// `try_from` or `parse`, which check the limit.
#[allow(clippy::all, clippy::pedantic, clippy::unwrap_used)]
#[allow(missing_docs, reason = "the API has types and properties without a text")]
pub mod types {
    include!(concat!(env!("OUT_DIR"), "/types.rs"));
}

#[cfg(feature = "client")]
#[allow(clippy::all, clippy::pedantic, clippy::unwrap_used, unused_imports)]
pub mod client {
    include!(concat!(env!("OUT_DIR"), "/client.rs"));
}

pub mod operations {
    use crate::operation::{Content, Operation, Response};

    include!(concat!(env!("OUT_DIR"), "/operations.rs"));
}

#[cfg(feature = "schemars")]
#[allow(clippy::type_complexity)]
pub mod schemas {
    include!(concat!(env!("OUT_DIR"), "/schemas.rs"));
}
