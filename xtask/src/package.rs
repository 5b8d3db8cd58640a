//! Whether what is published works for those who take it: the packed crate builds by itself, and three small crates
//! outside of the workspace use it, each in its own way.

use std::path::Path;

use anyhow::{Context, ensure};
use xshell::{Shell, cmd};

/// The most crates that the types alone may bring.
const MOST_CRATES_OF_TYPES: usize = 25;

struct User {
    name: &'static str,
    /// What it says in its manifest of `dci`.
    features: &'static str,
    dependencies: &'static str,
    test: &'static str,
    /// Crates that it must not get.
    without: &'static [&'static str],
}

const USERS: [User; 3] = [
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
            let answer = runtime.block_on(call(request.body(serde_json::Map::new()).send())).unwrap();
            assert_eq!((answer.attempts, sandbox.outbox().len()), (2, 1));
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

    // It is built by itself here, with the document inside. Not in the project's own target folder: cargo would take
    // the build script of the packed crate for the project's, and not see that this one changed.
    let target = crate::target().join("packaged");
    cmd!(shell, "cargo package --package dci --allow-dirty --quiet --target-dir {target}").run()?;
    let name = cmd!(shell, "cargo pkgid --package dci").quiet().read()?;
    let version = name.rsplit(['#', '@']).next().context("a package has a version")?.to_owned();
    let packed = target.join(format!("package/dci-{version}.crate"));
    cmd!(shell, "tar -xzf {packed} -C {folder}").quiet().run()?;
    let packed = folder.join(format!("dci-{version}"));
    for user in USERS {
        take(&shell, &packed, &target, &user).with_context(|| user.name)?;
    }
    crate::print("What is packed builds, and three crates that use it pass their tests.");
    Ok(())
}

/// Makes a crate that uses the packed one, runs its test, and looks at what it brings.
fn take(shell: &Shell, packed: &Path, target: &Path, user: &User) -> anyhow::Result<()> {
    let User { name, features, dependencies, test, without } = user;
    let (place, packed) = (packed.with_file_name(name), packed.display().to_string());
    let manifest = format!(
        "[package]\nname = \"{name}\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[workspace]\n\n[dependencies]\n\
         dci = {{ path = {packed:?}, {features} }}\nserde_json = \"1\"\n{dependencies}"
    );
    shell.write_file(place.join("Cargo.toml"), manifest)?;
    shell.write_file(place.join("src/lib.rs"), format!("#[test]\nfn it_works() {{{test}}}\n"))?;
    // The versions that the project was tested with.
    shell.copy_file(crate::root().join("Cargo.lock"), &place)?;
    let manifest = place.join("Cargo.toml");
    cmd!(shell, "cargo test --quiet --manifest-path {manifest} --target-dir {target}").quiet().run()?;

    let tree = cmd!(shell, "cargo tree --edges normal --prefix none --manifest-path {manifest}").quiet().read()?;
    let mut crates: Vec<&str> = tree.lines().filter_map(|line| line.split(' ').next()).collect();
    crates.sort_unstable();
    crates.dedup();
    for unwanted in *without {
        ensure!(!crates.contains(unwanted), "it brings {unwanted}");
    }
    if *name == "takes-types" {
        let count = crates.len() - 1;
        ensure!(count <= MOST_CRATES_OF_TYPES, "the types alone bring {count} crates");
        crate::print(&format!("The types alone bring {count} crates, of {MOST_CRATES_OF_TYPES} at most."));
    }
    Ok(())
}
