//! `cargo xtask package`: packages the crate, and tests small crates that depend on the package, each with other
//! features.

use std::path::Path;

use anyhow::{Context, ensure};
use xshell::{Shell, cmd};

/// The most crates that `dci` may depend on with no features.
const MAX_CRATES_OF_TYPES: usize = 25;

/// A crate that depends on the package.
struct User {
    name: &'static str,
    /// The features of `dci`, as in a manifest.
    features: &'static str,
    dependencies: &'static str,
    test: &'static str,
    /// Crates that must not be among its dependencies.
    without: &'static [&'static str],
}

const USERS: &[User] = &[
    User {
        name: "takes-types",
        features: "default-features = false",
        dependencies: "",
        test: r##"
            use dci::types::{ListUsersResponseBody, UserListItemStatus};
            let list: ListUsersResponseBody = serde_json::from_str(r#"{"users": [{"status": "new"}]}"#).unwrap();
            assert_eq!(list.users[0].status, Some(UserListItemStatus::Unknown("new".into())));
            assert_eq!(dci::operation::Operation::RESEND_INVITE.method, "POST");
        "##,
        without: &["reqwest", "tokio", "hyper", "clap", "schemars", "axum"],
    },
    User {
        name: "takes-client",
        features: r#"default-features = false, features = ["client"]"#,
        dependencies: "",
        test: r#"
            use dci::client::{ClientConfig, IdempotencyKey, RunId, UserId};
            let client = ClientConfig::new("key".parse().unwrap()).with_base_url("http://127.0.0.1:1").unwrap().build().unwrap();
            let id: UserId = "3f2a9c".parse().unwrap();
            let key = RunId::new().key(dci::operation::Operation::RESEND_INVITE, &id, false);
            assert_ne!(key, IdempotencyKey::random());
            let _ = client.resend_invite().id(&id).idempotency_key(key);
        "#,
        without: &["clap", "axum", "indicatif", "comfy-table", "anstream", "schemars"],
    },
    User {
        name: "tests-with-sandbox",
        features: r#"default-features = false, features = ["client", "sandbox"]"#,
        dependencies: "tokio = { version = \"1\", features = [\"rt\"] }\n",
        test: r#"
            use dci::client::{ClientConfig, IdempotencyKey, call};
            use dci::sandbox::{Fault, Sandbox};
            let sandbox = Sandbox::start().unwrap();
            sandbox.inject(Fault::drop_after());
            let config = ClientConfig::new(sandbox.api_key().parse().unwrap()).with_base_url(sandbox.url()).unwrap();
            let client = config.build().unwrap();
            let request = client.resend_invite().id("invite-expired").idempotency_key(IdempotencyKey::random());
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            let response = runtime.block_on(call(request.body(serde_json::Map::new()).send())).unwrap();
            assert_eq!((response.attempts, sandbox.outbox().len()), (2, 1));
        "#,
        without: &["clap", "indicatif", "comfy-table", "schemars"],
    },
];

pub fn run() -> anyhow::Result<()> {
    let shell = Shell::new()?;
    shell.change_dir(crate::root());
    let folder = crate::target().join("package-users");
    shell.remove_path(&folder)?;
    shell.create_dir(&folder)?;

    // Without the build that verifies it: in the project's target folder, cargo would mistake the build script of the
    // package for the project's, and not notice changes. As a member of a workspace, the package is another one.
    cmd!(shell, "cargo package --package dci --allow-dirty --no-verify --quiet").run()?;
    let name = cmd!(shell, "cargo pkgid --package dci").quiet().read()?;
    let version = name.rsplit(['#', '@']).next().context("no version")?.to_owned();
    let package = format!("dci-{version}");
    let archive = crate::target().join(format!("package/{package}.crate"));
    cmd!(shell, "tar -xzf {archive} -C {folder}").quiet().run()?;
    write_workspace(&shell, &folder, &package)?;

    shell.change_dir(&folder);
    shell.set_var("CARGO_TARGET_DIR", crate::target());
    cmd!(shell, "cargo check --quiet --package dci").run()?;
    for user in USERS {
        test(&shell, user).with_context(|| user.name)?;
    }
    let users = crate::count(USERS.len(), "crate");
    crate::print(&format!("The package builds, and {users} that depend on it pass their tests."));
    Ok(())
}

/// Writes a workspace of the package and its users, with the versions and profiles of the project.
fn write_workspace(shell: &Shell, folder: &Path, package: &str) -> anyhow::Result<()> {
    let project: toml::Table = shell.read_file("Cargo.toml")?.parse()?;
    let members: Vec<&str> = USERS.iter().map(|user| user.name).chain([package]).collect();
    let workspace = [("resolver", toml::Value::from("3")), ("members", members.into())];
    let workspace = toml::Table::from_iter(workspace.map(|(key, value)| (key.to_owned(), value)));
    let manifest = [("workspace", workspace.into()), ("profile", project["profile"].clone())];
    let manifest = toml::Table::from_iter(manifest.map(|(key, value): (_, toml::Value)| (key.to_owned(), value)));
    shell.write_file(folder.join("Cargo.toml"), manifest.to_string())?;
    shell.copy_file("Cargo.lock", folder)?;

    for User { name, features, dependencies, test, .. } in USERS {
        let manifest = format!(
            "[package]\nname = \"{name}\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[dependencies]\n\
             dci = {{ path = \"../{package}\", {features} }}\nserde_json = \"1\"\n{dependencies}"
        );
        shell.write_file(folder.join(name).join("Cargo.toml"), manifest)?;
        shell.write_file(folder.join(name).join("src/lib.rs"), format!("#[test]\nfn it_works() {{{test}}}\n"))?;
    }
    Ok(())
}

/// Runs the test of a crate, and checks its dependencies.
fn test(shell: &Shell, user: &User) -> anyhow::Result<()> {
    let name = user.name;
    cmd!(shell, "cargo test --quiet --package {name} --lib").quiet().run()?;

    let tree = cmd!(shell, "cargo tree --edges normal --prefix none --package {name}").quiet().read()?;
    let mut crates: Vec<&str> = tree.lines().filter_map(|line| line.split(' ').next()).collect();
    crates.sort_unstable();
    crates.dedup();
    for unwanted in user.without {
        ensure!(!crates.contains(unwanted), "it depends on {unwanted}");
    }
    if name == "takes-types" {
        let count = crates.len() - 1;
        ensure!(count <= MAX_CRATES_OF_TYPES, "the types need {count} crates, of {MAX_CRATES_OF_TYPES} at most");
        crate::print(&format!("The types need {count} crates, of {MAX_CRATES_OF_TYPES} at most."));
    }
    Ok(())
}
