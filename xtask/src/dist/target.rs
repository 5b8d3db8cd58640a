//! The platforms with a release.

use std::path::{Path, PathBuf};

/// A platform, named by its triple.
#[derive(Clone, Copy, Debug, Eq, PartialEq, clap::ValueEnum)]
pub enum Target {
    #[value(name = "x86_64-unknown-linux-musl")]
    LinuxX86_64,
    #[value(name = "aarch64-unknown-linux-musl")]
    LinuxAarch64,
    #[value(name = "x86_64-pc-windows-gnu")]
    WindowsX86_64,
    #[value(name = "x86_64-apple-darwin")]
    MacX86_64,
    #[value(name = "aarch64-apple-darwin")]
    MacAarch64,
}

impl Target {
    pub fn triple(self) -> &'static str {
        match self {
            Self::LinuxX86_64 => "x86_64-unknown-linux-musl",
            Self::LinuxAarch64 => "aarch64-unknown-linux-musl",
            Self::WindowsX86_64 => "x86_64-pc-windows-gnu",
            Self::MacX86_64 => "x86_64-apple-darwin",
            Self::MacAarch64 => "aarch64-apple-darwin",
        }
    }

    /// As in the triple.
    pub fn architecture(self) -> &'static str {
        match self {
            Self::LinuxX86_64 | Self::WindowsX86_64 | Self::MacX86_64 => "x86_64",
            Self::LinuxAarch64 | Self::MacAarch64 => "aarch64",
        }
    }

    pub fn is_linux(self) -> bool {
        matches!(self, Self::LinuxX86_64 | Self::LinuxAarch64)
    }

    pub fn is_mac(self) -> bool {
        matches!(self, Self::MacX86_64 | Self::MacAarch64)
    }

    /// The file name of the program.
    pub fn program(self) -> &'static str {
        if self == Self::WindowsX86_64 { "dci.exe" } else { "dci" }
    }

    /// Where cargo puts the program.
    pub fn built_program(self) -> PathBuf {
        crate::target().join(self.triple()).join("release").join(self.program())
    }

    /// The name of the archive without its extension, which is also that of the folder in it.
    pub fn archive_stem(self, version: &str) -> String {
        format!("dci-{version}-{}", self.triple())
    }

    pub fn archive(self, version: &str) -> String {
        let extension = if self == Self::WindowsX86_64 { "zip" } else { "tar.gz" };
        format!("{}.{extension}", self.archive_stem(version))
    }

    pub fn sbom(self, version: &str) -> String {
        format!("{}.cdx.json", self.archive_stem(version))
    }

    /// The package for Debian; `None` if the target does not run there.
    pub fn deb(self, version: &str) -> Option<String> {
        let architecture = match self {
            Self::LinuxX86_64 => "amd64",
            Self::LinuxAarch64 => "arm64",
            _ => return None,
        };
        Some(format!("dci_{version}-1_{architecture}.deb"))
    }

    /// The package for Fedora and other distributions with rpm; `None` if the target does not run there.
    pub fn rpm(self, version: &str) -> Option<String> {
        self.is_linux().then(|| format!("dci-{version}-1.{}.rpm", self.architecture()))
    }

    /// Whether this machine can run the program as it is.
    pub fn is_native(self) -> bool {
        let runs_here = match std::env::consts::OS {
            "linux" => self.is_linux(),
            "macos" => self.is_mac(),
            system => system == "windows" && self == Self::WindowsX86_64,
        };
        runs_here && self.architecture() == std::env::consts::ARCH
    }

    /// Why this machine cannot build it.
    pub fn obstacle(self) -> Option<&'static str> {
        let has_sdk =
            cfg!(target_os = "macos") || std::env::var_os("SDKROOT").is_some_and(|sdk| Path::new(&sdk).is_dir());
        (self.is_mac() && !has_sdk).then_some("needs a Mac, or SDKROOT with the path of a macOS SDK")
    }
}
