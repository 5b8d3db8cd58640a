//! The workflows in `.github/workflows/`: whether they are valid.

use xshell::{Shell, cmd};

/// Checks the workflows with actionlint, if it is installed.
pub fn check(shell: &Shell) -> anyhow::Result<()> {
    if cmd!(shell, "actionlint --version").quiet().ignore_stderr().read().is_err() {
        let package = "github.com/rhysd/actionlint/cmd/actionlint@latest";
        crate::print(&format!("Skipped: actionlint is not installed (go install {package})."));
        return Ok(());
    }
    cmd!(shell, "actionlint").run()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Tags can be moved to another commit; a commit cannot change.
    #[test]
    fn each_action_is_pinned_to_a_commit_and_names_its_tag() {
        let shell = Shell::new().expect("a folder");
        let mut count = 0;
        for file in shell.read_dir(crate::root().join(".github/workflows")).expect("a folder") {
            let text = shell.read_file(&file).expect("a file");
            let used = text.lines().filter_map(|line| line.split_once("uses: ")).map(|(_, action)| action);
            for action in used.filter(|action| !action.starts_with("./")) {
                let (commit, tag) = action.split_once(" # v").unwrap_or_else(|| panic!("{action} names no tag"));
                let (_, commit) = commit.split_once('@').unwrap_or_else(|| panic!("{action} names no commit"));
                let is_commit = commit.len() == 40 && commit.bytes().all(|byte| byte.is_ascii_hexdigit());
                assert!(is_commit && tag.starts_with(|first: char| first.is_ascii_digit()), "{action}");
                count += 1;
            }
        }
        assert!(count > 0, "the workflows use no action");
    }
}
