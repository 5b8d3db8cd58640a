//! Archives with the same bytes for the same content: sorted, without owners, with one time.

use std::fs::File;
use std::io::{Cursor, Write};
use std::path::Path;

use flate2::read::GzDecoder;
use flate2::{Compression, GzBuilder};
use tar::{EntryType, Header};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

/// A file in an archive.
#[derive(Clone)]
pub struct Entry {
    /// Its path, with `/`.
    pub path: String,
    pub content: Vec<u8>,
    pub is_program: bool,
}

impl Entry {
    fn mode(&self) -> u32 {
        if self.is_program { 0o755 } else { 0o644 }
    }
}

/// A `.tar.gz`. The time is in seconds since 1970.
pub fn tar_gz(entries: &[Entry], time: u64) -> anyhow::Result<Vec<u8>> {
    // Without a name and a time of its own.
    let mut archive = tar::Builder::new(GzBuilder::new().write(Vec::new(), Compression::best()));
    for entry in sorted(entries) {
        let mut header = Header::new_ustar();
        header.set_entry_type(EntryType::Regular);
        header.set_mode(entry.mode());
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(time);
        header.set_size(entry.content.len().try_into()?);
        archive.append_data(&mut header, &entry.path, entry.content.as_slice())?;
    }
    Ok(archive.into_inner()?.finish()?)
}

/// A `.zip`. Its times have no zone, so all of them are 1980-01-01, the first that the format has.
pub fn zip(entries: &[Entry]) -> anyhow::Result<Vec<u8>> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for entry in sorted(entries) {
        let options = SimpleFileOptions::default().last_modified_time(zip::DateTime::DEFAULT);
        archive.start_file(&entry.path, options.unix_permissions(entry.mode()))?;
        archive.write_all(&entry.content)?;
    }
    Ok(archive.finish()?.into_inner())
}

/// Unpacks an archive of either kind.
pub fn unpack(archive: &Path, folder: &Path) -> anyhow::Result<()> {
    let file = File::open(archive)?;
    if archive.extension().is_some_and(|extension| extension == "zip") {
        zip::ZipArchive::new(file)?.extract(folder)?;
    } else {
        tar::Archive::new(GzDecoder::new(file)).unpack(folder)?;
    }
    Ok(())
}

fn sorted(entries: &[Entry]) -> Vec<&Entry> {
    let mut entries: Vec<&Entry> = entries.iter().collect();
    entries.sort_by(|a, b| a.path.cmp(&b.path));
    entries
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    fn entries() -> Vec<Entry> {
        let entry =
            |path: &str, content: &str, is_program| Entry { path: path.into(), content: content.into(), is_program };
        vec![entry("dci-1/man/man1/dci.1", "page", false), entry("dci-1/dci", "program", true)]
    }

    #[test]
    fn a_tar_has_sorted_files_with_modes_one_time_and_no_owner() {
        let bytes = tar_gz(&entries(), 1_700_000_000).expect("an archive");
        let mut archive = tar::Archive::new(GzDecoder::new(bytes.as_slice()));
        let mut found = Vec::new();
        for entry in archive.entries().expect("entries") {
            let mut entry = entry.expect("an entry");
            let mut content = String::new();
            entry.read_to_string(&mut content).expect("text");
            let header = entry.header();
            assert_eq!(
                (header.mtime().ok(), header.uid().ok(), header.gid().ok()),
                (Some(1_700_000_000), Some(0), Some(0))
            );
            found.push((entry.path().expect("a path").display().to_string(), header.mode().expect("a mode"), content));
        }
        let expected = [("dci-1/dci", 0o755, "program"), ("dci-1/man/man1/dci.1", 0o644, "page")];
        assert_eq!(found, expected.map(|(path, mode, content)| (path.to_owned(), mode, content.to_owned())));
    }

    #[test]
    fn a_zip_has_sorted_files_with_modes_and_one_time() {
        let bytes = zip(&entries()).expect("an archive");
        let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).expect("a zip");
        let mut found = Vec::new();
        for index in 0..archive.len() {
            let file = archive.by_index(index).expect("a file");
            assert_eq!(file.last_modified(), Some(zip::DateTime::DEFAULT));
            found.push((file.name().expect("a name").into_owned(), file.unix_mode().map(|mode| mode & 0o777)));
        }
        let expected = [("dci-1/dci", 0o755), ("dci-1/man/man1/dci.1", 0o644)];
        assert_eq!(found, expected.map(|(path, mode)| (path.to_owned(), Some(mode))));
    }

    #[test]
    fn the_order_of_the_files_does_not_change_the_bytes() {
        let mut reversed = entries();
        reversed.reverse();
        assert_eq!(tar_gz(&entries(), 1).expect("an archive"), tar_gz(&reversed, 1).expect("an archive"));
        assert_eq!(zip(&entries()).expect("an archive"), zip(&reversed).expect("an archive"));
    }
}
