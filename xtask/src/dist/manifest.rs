//! The manifests for Homebrew, Scoop and winget, rendered from the templates in `xtask/templates/`.

use minijinja::syntax::SyntaxConfig;
use minijinja::{Environment, UndefinedBehavior, Value, context};

use super::release::Release;
use super::sums::Sums;
use super::target::Target;

/// A template, its file in the release, and the targets one of which it needs.
struct Manifest {
    template: &'static str,
    /// A template too.
    file: &'static str,
    targets: &'static [Target],
}

const ALL: &[Manifest] = &[
    Manifest {
        template: include_str!("../../templates/homebrew.rb"),
        file: "homebrew/dci.rb",
        targets: &[Target::MacAarch64, Target::MacX86_64, Target::LinuxAarch64, Target::LinuxX86_64],
    },
    Manifest {
        template: include_str!("../../templates/scoop.json"),
        file: "scoop/dci.json",
        targets: &[Target::WindowsX86_64],
    },
    Manifest {
        template: include_str!("../../templates/winget.yaml"),
        file: "winget/{{ owner }}.dci.yaml",
        targets: &[Target::WindowsX86_64],
    },
    Manifest {
        template: include_str!("../../templates/winget.installer.yaml"),
        file: "winget/{{ owner }}.dci.installer.yaml",
        targets: &[Target::WindowsX86_64],
    },
    Manifest {
        template: include_str!("../../templates/winget.locale.en-US.yaml"),
        file: "winget/{{ owner }}.dci.locale.en-US.yaml",
        targets: &[Target::WindowsX86_64],
    },
];

/// The blocks of a Homebrew formula: a system, and its architectures.
const BLOCKS: [(&str, [(&str, Target); 2]); 2] = [
    ("on_macos", [("on_arm", Target::MacAarch64), ("on_intel", Target::MacX86_64)]),
    ("on_linux", [("on_arm", Target::LinuxAarch64), ("on_intel", Target::LinuxX86_64)]),
];

/// The manifests of the targets with an archive, each with the path of its file.
pub fn render(release: &Release, repository: &Repository, sums: &Sums) -> anyhow::Result<Vec<(String, String)>> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_syntax(SyntaxConfig::builder().trim_blocks(true).keep_trailing_newline(true).build()?);
    let Release { version, description, .. } = release;
    let archive = |target: Target| {
        let name = target.archive(version);
        let sum = sums.of(&name)?;
        let url = format!("{}/releases/download/v{version}/{name}", repository.url);
        Some(context! { url, sum, stem => target.archive_stem(version) })
    };
    let systems = BLOCKS.iter().map(|&(block, architectures)| {
        let archives = architectures.iter().filter_map(|&(block, target)| {
            let archive = archive(target)?;
            Some(context! { block, ..archive })
        });
        context! { block, archives => archives.collect::<Vec<Value>>() }
    });
    let context = context! {
        version,
        description,
        owner => &repository.owner,
        homepage => &repository.url,
        systems => systems.collect::<Vec<Value>>(),
        windows => archive(Target::WindowsX86_64),
    };
    let has_archive = |manifest: &&Manifest| manifest.targets.iter().any(|&target| archive(target).is_some());
    let rendered = ALL.iter().filter(has_archive).map(|manifest| {
        let file = environment.render_str(manifest.file, &context)?;
        Ok((file, environment.render_str(manifest.template, &context)?))
    });
    rendered.collect()
}

/// Where the release is published.
#[derive(Debug, Eq, PartialEq)]
pub struct Repository {
    pub url: String,
    owner: String,
}

impl Repository {
    /// From the manifest's `repository`, or else from `OWNER/NAME` on GitHub.
    pub fn new(url: Option<&str>, name_on_github: Option<&str>) -> Option<Self> {
        let on_github = || Some(format!("https://github.com/{}", name_on_github.filter(|name| !name.is_empty())?));
        let url = url.map(str::to_owned).or_else(on_github)?.trim_end_matches('/').trim_end_matches(".git").to_owned();
        let owner = url.rsplit('/').nth(1)?.to_owned();
        Some(Self { url, owner })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rendered(targets: &[Target]) -> Vec<(String, String)> {
        let release =
            Release { version: "1.2.3".into(), description: "Says \"hello\"".into(), repository: None, time: 0 };
        let repository = Repository::new(None, Some("ada/dci")).expect("a repository");
        let sums = targets.iter().map(|target| (target.archive("1.2.3"), format!("sum-of-{}", target.triple())));
        render(&release, &repository, &Sums::new(sums)).expect("manifests")
    }

    #[test]
    fn manifests_have_the_version_the_addresses_and_the_sums() {
        let all = <Target as clap::ValueEnum>::value_variants();
        let text: Vec<String> = rendered(all).iter().map(|(file, text)| format!("=== {file}\n{text}")).collect();
        insta::assert_snapshot!("manifests", text.join("\n"));
    }

    #[test]
    fn a_manifest_has_only_targets_with_an_archive() {
        let linux = rendered(&[Target::LinuxX86_64]);
        let [(file, formula)] = linux.as_slice() else { panic!("{linux:?}") };
        assert_eq!(file, "homebrew/dci.rb");
        assert!(formula.contains("sum-of-x86_64-unknown-linux-musl") && !formula.contains("on_macos"), "{formula}");
        let windows = rendered(&[Target::WindowsX86_64]);
        assert!(windows.len() == 4 && windows.iter().all(|(file, _)| !file.starts_with("homebrew")), "{windows:?}");
    }

    #[test]
    fn scoop_and_winget_manifests_are_valid_json_and_yaml() {
        for (file, text) in rendered(&[Target::WindowsX86_64]) {
            let read: serde_json::Value =
                serde_saphyr::from_str(&text).unwrap_or_else(|error| panic!("{file}: {error}"));
            assert!(read.is_object(), "{file}");
            let says_hello = text.contains(r#"Says \"hello\""#);
            assert!(says_hello || file.ends_with("dci.yaml") || file.contains("installer"), "{file}: {text}");
        }
    }

    #[test]
    fn the_manifest_has_precedence_over_the_name_on_github() {
        let repository =
            Repository::new(Some("https://example.com/grace/dci.git"), Some("ada/dci")).expect("a repository");
        assert_eq!((repository.url.as_str(), repository.owner.as_str()), ("https://example.com/grace/dci", "grace"));
        assert_eq!(Repository::new(None, Some("")), None);
        assert_eq!(Repository::new(None, None), None);
    }
}
