//! What a journal keeps, whatever happens to its file.

use std::time::{Duration, SystemTime};

use proptest::prelude::*;

use super::*;

/// A folder that is removed with its files.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        let folder = std::env::temp_dir().join(format!("dci-journal-{}", RunId::new()));
        fs::create_dir_all(&folder).expect("a folder");
        Self(folder)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn head() -> Head {
    let scope =
        Scope { api_base_url: "https://api.example".to_owned(), tenant: None, customer_context: None, owner: None };
    Head { command: "resend-invite".to_owned(), scope }
}

fn items(count: usize) -> Vec<Item<()>> {
    let item = |number| Item { target: format!("user-{number}@example.com"), id: None, plan: Plan::Call(()) };
    (0..count).map(item).collect()
}

fn begun(folder: &Folder, run: RunId, count: usize) -> Journal {
    Journal::create(&folder.0, run, head(), &items(count)).expect("it is writable").expect("targets are left")
}

#[test]
fn only_so_many_journals_are_kept() {
    let folder = Folder::new();
    let start = SystemTime::now() - Duration::from_secs(3600);
    let ids: Vec<RunId> = (0..30).map(|second| RunId::begun_at(start + Duration::from_secs(second))).collect();
    for run in &ids {
        drop(begun(&folder, *run, 1));
    }
    assert_eq!(runs(&folder.0).expect("a folder"), ids[10..]);
    assert_eq!(fs::read_dir(&folder.0).expect("a folder").count(), MAX_JOURNALS);
}

#[test]
fn a_run_that_is_too_large_is_not_recorded() {
    let folder = Folder::new();
    let large = [Item { target: "x".repeat(MAX_BYTES), id: None, plan: Plan::Call(()) }];
    assert!(Journal::create(&folder.0, RunId::new(), head(), &large).is_err());
    assert_eq!(fs::read_dir(&folder.0).expect("a folder").count(), 0);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    /// A kill or a power failure may cut the lines that were appended. It loses no target.
    #[test]
    fn a_cut_journal_has_every_target_that_is_not_done(done in prop::collection::vec(0_usize..20, 0..40), cut in 0_usize..400) {
        let folder = Folder::new();
        let run = RunId::new();
        let mut journal = begun(&folder, run, 20);
        let path = path(&folder.0, run);
        let begun = fs::read(&path).expect("a file").len();
        for numbers in done.chunks(3) {
            for number in numbers {
                journal.done(*number);
            }
            journal.flush();
        }
        prop_assert!(read(&path).expect("readable").expect("a journal").is_locked);
        drop(journal);
        let text = fs::read(&path).expect("a file");
        let end = (begun + cut).min(text.len());
        fs::write(&path, &text[..end]).expect("writable");
        let content = read(&path).expect("readable").expect("a journal");
        prop_assert!(!content.is_locked && content.head == head());
        let not_done = (0..20).filter(|number| !done.contains(number));
        prop_assert!(not_done.clone().all(|number| content.left.contains_key(&number)));
        if end == text.len() {
            prop_assert!(content.left.into_keys().eq(not_done));
        }
    }
}
