//! What a release is: its version, its description, and the time of its commit.

use anyhow::Context;
use xshell::{Shell, cmd};

pub struct Release {
    pub version: String,
    pub description: String,
    /// The address of the repository, if the manifest names it.
    pub repository: Option<String>,
    /// The time that its files have, in seconds since 1970.
    pub time: u64,
}

impl Release {
    /// The release of the commit that is checked out. `SOURCE_DATE_EPOCH` overrides its time.
    pub fn of_checkout(shell: &Shell) -> anyhow::Result<Self> {
        let manifest: toml::Table = toml::from_str(&shell.read_file(crate::root().join("Cargo.toml"))?)?;
        let field = |name: &str| Some(manifest.get("package")?.get(name)?.as_str()?.to_owned());
        let time = match shell.var("SOURCE_DATE_EPOCH") {
            Ok(time) => time,
            Err(_) => cmd!(shell, "git log -1 --format=%ct").quiet().read()?,
        };
        Ok(Self {
            version: field("version").context("Cargo.toml has no version")?,
            repository: field("repository"),
            description: field("description").context("Cargo.toml has no description")?,
            time: time.trim().parse().with_context(|| format!("SOURCE_DATE_EPOCH: {time:?} is not a number"))?,
        })
    }
}
