//! The include of what `build.rs` wrote. Nothing here, or there, is edited by hand.

/// The types of the API: each schema of `openapi/doit.yaml`, and each part of one that needs a name.
///
/// They are plain serde types, each with a builder. Types that the document limits (a pattern, a length) are
/// made by `try_from` or `parse`, which check the limit.
#[allow(clippy::all, clippy::pedantic, clippy::unwrap_used)]
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
