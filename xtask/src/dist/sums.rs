//! The SHA-256 sums of the files of a release.

use std::fmt::Write;
use std::path::Path;

use anyhow::Context;
use sha2::{Digest, Sha256};
use xshell::Shell;

/// Each file of a release with its sum in hexadecimal, sorted by name.
pub struct Sums(Vec<(String, String)>);

impl Sums {
    pub fn of_files_in(shell: &Shell, folder: &Path) -> anyhow::Result<Self> {
        let mut sums = Vec::new();
        for path in shell.read_dir(folder)?.into_iter().filter(|path| path.is_file()) {
            let name = path.file_name().and_then(|name| name.to_str()).context("a file without a name")?;
            sums.push((name.to_owned(), sha256(&shell.read_binary_file(&path)?)));
        }
        Ok(Self::new(sums))
    }

    pub fn new(sums: impl IntoIterator<Item = (String, String)>) -> Self {
        let mut sums: Vec<(String, String)> = sums.into_iter().collect();
        sums.sort();
        Self(sums)
    }

    /// The sum of a file; `None` if the release does not have it.
    pub fn of(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(file, _)| file == name).map(|(_, sum)| sum.as_str())
    }

    /// As `sha256sum --check` reads them.
    pub fn lines(&self) -> String {
        let lines: Vec<String> = self.0.iter().map(|(name, sum)| format!("{sum}  {name}")).collect();
        lines.join("\n") + "\n"
    }
}

fn sha256(content: &[u8]) -> String {
    Sha256::digest(content).iter().fold(String::new(), |mut hex, byte| {
        // Writing to a string does not fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_as_sha256sum_prints_them() {
        let sums = Sums::new([("empty".into(), sha256(b"")), ("abc".into(), sha256(b"abc"))]);
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad  abc\n\
                        e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855  empty\n";
        assert_eq!(sums.lines(), expected);
        assert_eq!(sums.of("missing"), None);
    }
}
