//! Root certificates: those in the variables of OpenSSL, and those of the system.

use std::collections::{BTreeSet, HashSet};
use std::ffi::OsStr;
use std::fs::Metadata;
use std::path::{Path, PathBuf};

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;

use super::root_file;
use crate::client::ConfigError;

const FILE: &str = "SSL_CERT_FILE";
const FOLDERS: &str = "SSL_CERT_DIR";

/// The root certificates in `SSL_CERT_FILE` and `SSL_CERT_DIR`; `None` if neither is set.
pub(super) fn from_env() -> Result<Option<RootCertStore>, ConfigError> {
    let [file, folders] = [FILE, FOLDERS].map(|name| std::env::var_os(name).filter(|value| !value.is_empty()));
    if file.is_none() && folders.is_none() {
        return Ok(None);
    }
    let mut roots = Roots::none();
    if let Some(file) = file {
        let added = roots.add_file(Path::new(&file));
        added.map_err(|problem| ConfigError::Variable { variable: FILE, problem })?;
    }
    if let Some(folders) = folders {
        let added = roots.add_folders(&folders);
        added.map_err(|problem| ConfigError::Variable { variable: FOLDERS, problem })?;
    }
    Ok(Some(roots.store))
}

/// The root certificates of the system: those in its bundle file. Its folders have the same, in hundreds of files, so
/// they are read only if there is no bundle.
#[cfg(not(any(windows, target_os = "macos")))]
pub(super) fn of_system() -> Result<RootCertStore, String> {
    let openssl_probe::ProbeResult { cert_file, cert_dir } = openssl_probe::probe();
    let mut roots = Roots::none();
    let mut problems = Vec::new();
    problems.extend(cert_file.and_then(|file| roots.add_file(&file).err()));
    for folder in cert_dir {
        if !roots.store.is_empty() {
            break;
        }
        problems.extend(roots.add_folder(&folder).err());
    }
    roots.not_empty(|| if problems.is_empty() { "the system has none".to_owned() } else { problems.join("; ") })?;
    Ok(roots.store)
}

/// Root certificates from files and folders, which have many of them several times.
struct Roots {
    store: RootCertStore,
    /// The files that were read, by device and number.
    read: HashSet<(u64, u64)>,
    /// The certificates that were read, in base64.
    seen: BTreeSet<Vec<u8>>,
}

impl Roots {
    fn none() -> Self {
        Self { store: RootCertStore::empty(), read: HashSet::new(), seen: BTreeSet::new() }
    }

    fn add_file(&mut self, file: &Path) -> Result<(), String> {
        self.read.extend(file.metadata().ok().and_then(|metadata| identity(&metadata)));
        let certificates = root_file::read(file, &mut self.seen)?;
        self.add(certificates);
        self.not_empty(|| format!("{} has no valid CA certificate", file.display()))
    }

    /// Adds the certificates in folders. Other files are ignored.
    fn add_folders(&mut self, folders: &OsStr) -> Result<(), String> {
        let folders: Vec<PathBuf> =
            std::env::split_paths(folders).filter(|path| !path.as_os_str().is_empty()).collect();
        for folder in &folders {
            self.add_folder(folder)?;
        }
        self.not_empty(|| {
            let folders: Vec<String> = folders.iter().map(|folder| folder.display().to_string()).collect();
            format!("no CA certificate found in {}", folders.join(", "))
        })
    }

    fn add_folder(&mut self, folder: &Path) -> Result<(), String> {
        let unreadable = |error| format!("{} cannot be read: {error}", folder.display());
        for entry in folder.read_dir().map_err(unreadable)? {
            let path = entry.map_err(unreadable)?.path();
            let Ok(metadata) = path.metadata() else { continue };
            // A folder has each file again, under the name that OpenSSL looks up.
            if metadata.is_file() && identity(&metadata).is_none_or(|file| self.read.insert(file)) {
                let certificates = root_file::read(&path, &mut self.seen).unwrap_or_default();
                self.add(certificates);
            }
        }
        Ok(())
    }

    fn add(&mut self, certificates: Vec<Vec<u8>>) {
        self.store.add_parsable_certificates(certificates.into_iter().map(CertificateDer::from));
    }

    fn not_empty(&self, problem: impl FnOnce() -> String) -> Result<(), String> {
        if self.store.is_empty() { Err(problem()) } else { Ok(()) }
    }
}

/// What identifies a file by whatever name; `None` if the system does not say.
#[cfg(unix)]
#[allow(clippy::unnecessary_wraps, reason = "other systems have none")]
fn identity(metadata: &Metadata) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt;
    Some((metadata.dev(), metadata.ino()))
}

#[cfg(not(unix))]
fn identity(_: &Metadata) -> Option<(u64, u64)> {
    None
}

#[cfg(all(test, unix))]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, KeyPair};
    use rustls::pki_types::TrustAnchor;

    use super::*;

    /// A folder of certificates, removed on drop.
    struct Folder(PathBuf);

    impl Folder {
        fn new(test: &str) -> Self {
            let folder = std::env::temp_dir().join(format!("dci-roots-{test}-{}", std::process::id()));
            fs::create_dir_all(&folder).expect("a folder");
            Self(folder)
        }

        fn add(&self, name: &str, contents: impl AsRef<[u8]>) -> PathBuf {
            let file = self.0.join(name);
            fs::write(&file, contents).expect("write access");
            file
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn authority(name: &str) -> rcgen::Certificate {
        let mut params = CertificateParams::new([]).expect("no names");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, name);
        params.self_signed(&KeyPair::generate().expect("a key")).expect("a certificate")
    }

    fn trusted(file: Option<&Path>, folder: Option<&Path>) -> Vec<TrustAnchor<'static>> {
        let mut roots = Roots::none();
        if let Some(file) = file {
            roots.add_file(file).expect("a certificate");
        }
        if let Some(folder) = folder {
            roots.add_folders(folder.as_os_str()).expect("a certificate");
        }
        sorted(roots.store)
    }

    fn trusted_by_rustls(file: Option<&Path>, folder: Option<&Path>) -> Vec<TrustAnchor<'static>> {
        let mut store = RootCertStore::empty();
        store.add_parsable_certificates(rustls_native_certs::load_certs_from_paths(file, folder).certs);
        sorted(store)
    }

    fn sorted(mut store: RootCertStore) -> Vec<TrustAnchor<'static>> {
        let key = |root: &TrustAnchor<'_>| (root.subject.to_vec(), root.subject_public_key_info.to_vec());
        store.roots.sort_by_key(key);
        // One that is encoded in two ways is there twice.
        store.roots.dedup();
        store.roots
    }

    #[test]
    fn trust_is_that_of_rustls_native_certs() {
        let folder = Folder::new("forms");
        let [first, second, third, in_der] = ["First", "Second", "Third", "In DER"].map(authority);
        let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        let junk = format!("# junk \u{e9}\n{}between\n{broken}{}", first.pem(), second.pem());
        let bundle = folder.add("bundle.crt", [junk.as_bytes(), b"\xff\xfe\n", third.pem().as_bytes()].concat());
        folder.add("first.pem", first.pem().replace('\n', "\r\n"));
        folder.add("second.pem", second.pem().replace('\n', "\r"));
        folder.add("unpadded.pem", third.pem().replace('=', ""));
        folder.add("cut-off.pem", third.pem().replace("-----END", ""));
        folder.add("one.der", in_der.der());
        folder.add("empty", "");
        symlink("first.pem", folder.0.join("0a1b2c3d.0")).expect("a link");
        symlink("bundle.crt", folder.0.join("4e5f6a7b.0")).expect("a link");
        symlink("no-such-file", folder.0.join("dangling")).expect("a link");
        for (file, folder) in [(Some(&bundle), None), (None, Some(&folder.0)), (Some(&bundle), Some(&folder.0))] {
            let [file, folder] = [file, folder].map(|path| path.map(PathBuf::as_path));
            let roots = trusted(file, folder);
            assert_eq!(roots, trusted_by_rustls(file, folder), "{file:?} {folder:?}");
            assert_eq!(roots.len(), 3);
        }
    }

    #[test]
    fn roots_of_the_system_are_those_of_rustls_native_certs() {
        let openssl_probe::ProbeResult { cert_file, .. } = openssl_probe::probe();
        let Some(file) = cert_file else { return };
        let roots = trusted(Some(&file), None);
        assert_eq!(roots, trusted_by_rustls(Some(&file), None));
        let folder = file.parent();
        assert_eq!(trusted(Some(&file), folder), trusted_by_rustls(Some(&file), folder));
    }

    #[test]
    fn a_file_is_read_once_whatever_its_names() {
        let folder = Folder::new("once");
        let file = folder.add("a.pem", authority("A").pem());
        symlink(&file, folder.0.join("b.0")).expect("a link");
        fs::hard_link(&file, folder.0.join("c.pem")).expect("a link");
        let mut roots = Roots::none();
        roots.add_file(&file).expect("a certificate");
        roots.add_folder(&folder.0).expect("a folder");
        assert_eq!((roots.read.len(), roots.store.len()), (1, 1));
    }
}
