//! `cargo xtask dist`: everything that a release holds, in `target/dist/`.

mod archive;
mod build;
mod check;
mod contents;
mod linux_package;
mod manifest;
mod release;
mod reproduce;
mod sbom;
mod sums;
mod target;
mod tools;

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::ValueEnum;
use xshell::Shell;

use archive::Entry;
use build::Folders;
use manifest::Repository;
use release::Release;
use sums::Sums;
use target::Target;

#[derive(clap::Args)]
pub struct Args {
    /// Make it for this platform; repeatable. The default is every platform that this machine can build
    #[arg(long = "target", value_name = "TARGET", value_enum)]
    targets: Vec<Target>,
    /// Add the files in this folder, made on another machine
    #[arg(long, value_name = "FOLDER")]
    add: Option<PathBuf>,
    /// Then install each package where nothing else is, and try the program there
    #[arg(long)]
    check: bool,
    /// Then make it again from a clone in another folder, and compare the bytes; this takes as long
    #[arg(long)]
    reproduce: bool,
}

pub fn run(args: &Args) -> anyhow::Result<()> {
    let shell = Shell::new()?;
    shell.change_dir(crate::root());
    let targets = buildable(&args.targets)?;
    tools::check(&shell, &targets)?;
    let release = Release::of_checkout(&shell)?;
    shell.set_var("SOURCE_DATE_EPOCH", release.time.to_string());

    let folder = folder();
    shell.remove_path(&folder)?;
    shell.create_dir(&folder)?;
    if let Some(made) = &args.add {
        add(&shell, made, &folder)?;
    }
    let contents = contents::gather(&shell)?;
    let folders = Folders::of_this_machine(&shell)?;
    for &target in &targets {
        crate::print(&format!("Building {}.", target.triple()));
        let program = build::build(&shell, target, &folders)?;
        shell.write_file(folder.join(target.sbom(&release.version)), sbom::of(&program)?)?;
        linux_package::write(&shell, target, &release, &contents, &folder)?;
        let archive = archive_of(target, &release, program, &contents)?;
        shell.write_file(folder.join(target.archive(&release.version)), archive)?;
    }
    finish(&shell, &release, &folder)?;
    if args.check {
        check::run(&shell, &release, &targets, &folder)?;
    }
    if args.reproduce {
        reproduce::run(&shell, &targets, &folder)?;
    }
    Ok(())
}

/// The targets to build. A target that was asked for and cannot be built is an error; others are skipped with a line.
fn buildable(asked_for: &[Target]) -> anyhow::Result<Vec<Target>> {
    if asked_for.is_empty() {
        let skip = |&&target: &&Target| match target.obstacle() {
            Some(obstacle) => {
                crate::print(&format!("Skipped {}: {obstacle}.", target.triple()));
                false
            }
            None => true,
        };
        return Ok(Target::value_variants().iter().filter(skip).copied().collect());
    }
    for target in asked_for {
        if let Some(obstacle) = target.obstacle() {
            bail!("cannot build {}: {obstacle}", target.triple());
        }
    }
    Ok(asked_for.to_vec())
}

/// Copies the files that another machine made, except those that are made anew of all files.
fn add(shell: &Shell, made: &Path, folder: &Path) -> anyhow::Result<()> {
    let files = shell.read_dir(made)?.into_iter().filter(|path| path.is_file() && !path.ends_with(SUMS));
    for file in files {
        shell.copy_file(&file, folder).with_context(|| file.display().to_string())?;
    }
    Ok(())
}

fn archive_of(target: Target, release: &Release, program: Vec<u8>, contents: &[Entry]) -> anyhow::Result<Vec<u8>> {
    let program = Entry { path: target.program().to_owned(), content: program, is_program: true };
    let stem = target.archive_stem(&release.version);
    let inside = |entry: &Entry| Entry { path: format!("{stem}/{}", entry.path), ..entry.clone() };
    let entries: Vec<Entry> = [&program].into_iter().chain(contents).map(inside).collect();
    if target == Target::WindowsX86_64 { archive::zip(&entries) } else { archive::tar_gz(&entries, release.time) }
}

/// Writes the sums and the manifests, which need the files of all targets.
fn finish(shell: &Shell, release: &Release, folder: &Path) -> anyhow::Result<()> {
    let sums = Sums::of_files_in(shell, folder)?;
    shell.write_file(folder.join(SUMS), sums.lines())?;
    let on_github = std::env::var("GITHUB_REPOSITORY").ok();
    if let Some(repository) = Repository::new(release.repository.as_deref(), on_github.as_deref()) {
        for (file, text) in manifest::render(release, &repository, &sums)? {
            shell.write_file(folder.join(file), text)?;
        }
    } else {
        crate::print("Skipped the manifests for Homebrew, Scoop and winget: set GITHUB_REPOSITORY to OWNER/NAME.");
    }
    crate::print(&format!("Wrote {}.", folder.display()));
    Ok(())
}

const SUMS: &str = "SHA256SUMS";

/// The folder with what a release holds.
fn folder() -> PathBuf {
    crate::target().join("dist")
}
