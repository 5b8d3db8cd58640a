//! The output formats, and what is written to stdout.

use std::process::{Command, Stdio};

use dci::sandbox::Fault;
use serde_json::Value;

use crate::support::program::{FORMATS, Finished, assert_masked_snapshot, dci, dci_at, dci_on};
use crate::support::sandbox::sandbox;
use crate::support::scripted_server::{ScriptedServer, response};

fn resend(args: &[&str]) -> String {
    let finished = dci(&[&["--sandbox", "resend-invite", "invite-pending"], args].concat()).finish();
    assert_eq!((finished.code, finished.stderr.as_str()), (0, ""), "{finished}");
    finished.stdout
}

#[test]
fn json_is_the_default_without_a_terminal() {
    assert_eq!(resend(&[]), resend(&["-ojson"]));
}

/// Compares one result in each format with a snapshot.
fn formats(name: &str, run: impl Fn(&[&str]) -> Finished) {
    let outputs = FORMATS.map(|format| {
        let finished = run(&["--output", format]);
        assert_eq!(finished.code, 0, "{finished}");
        format!("--- {format}\n{}", finished.stdout.replace('\r', "\\r"))
    });
    assert_masked_snapshot!(format!("formats_{name}"), outputs.concat());
}

fn on_sandbox(args: &[&str]) -> impl Fn(&[&str]) -> Finished {
    move |format| dci(&[&["--sandbox"], args, format].concat()).finish()
}

fn on_server(body: &str, args: &[&str]) -> impl Fn(&[&str]) -> Finished {
    let response = response("200 OK", "application/json", body);
    move |format| dci_at(&ScriptedServer::responding(response.clone()).url, &[args, format].concat()).finish()
}

#[test]
fn each_format_shows_each_list_with_many_one_and_no_rows() {
    formats("list_users_rows", on_sandbox(&["list-users"]));
    formats("list_users_one", on_sandbox(&["list-users", "--email", "expired@example.com"]));
    formats("list_users_none", on_sandbox(&["list-users", "--email", "nobody@example.com"]));
    let odd = r#"{"users":[{"id":"1","email":"a,\"b\"@example.com","displayName":"日本 太郎\nx","shoeSize":44}]}"#;
    formats("list_users_odd", on_server(odd, &["list-users"]));
    formats("list_roles_rows", on_sandbox(&["list-roles"]));
    let role = r#"{"roles":[{"id":"r","name":"Admin","type":"preset","permissions":["a","b"]}]}"#;
    formats("list_roles_one", on_server(role, &["list-roles"]));
    formats("list_roles_none", on_server(r#"{"roles":[]}"#, &["list-roles"]));
    formats("list_organizations_rows", on_sandbox(&["list-organizations"]));
    let organization = r#"{"organizations":[{"id":"o","name":"Root"}],"rowCount":1}"#;
    formats("list_organizations_one", on_server(organization, &["list-organizations"]));
    formats("list_organizations_none", on_server(r#"{"organizations":[],"rowCount":0}"#, &["list-organizations"]));
    formats("schema_rows", on_sandbox(&["schema"]));
}

#[test]
fn each_format_shows_each_run_with_many_one_and_no_rows() {
    for (command, flags) in [("resend-invite", &[][..]), ("cancel-invite", &["--yes"]), ("delete-user", &["--yes"])] {
        let run = |list: &'static str| {
            move |format: &[&str]| dci(&[&["--sandbox", command, "-"], flags, format].concat()).stdin(list).finish()
        };
        formats(&format!("{command}_rows"), run("invite-pending\nexpired@example.com\ninvite-expired"));
        formats(&format!("{command}_one"), run("invite-pending"));
        formats(&format!("{command}_none"), run(""));
    }
}

#[test]
fn each_format_shows_each_single_response() {
    formats("resend", on_sandbox(&["resend-invite", "invite-pending"]));
    formats("cancel", on_sandbox(&["cancel-invite", "invite-pending", "--yes"]));
    formats("invite", on_sandbox(&["invite-user", "new@example.com"]));
    formats("update", on_sandbox(&["update-user", "user-active", "--language", "ja"]));
    formats("delete", on_sandbox(&["delete-user", "user-active", "--yes"]));
    formats("validate", on_sandbox(&["validate"]));
    formats("status", on_sandbox(&["status"]));
    formats("status_check", on_sandbox(&["status", "--check"]));
    formats("schema", on_sandbox(&["schema", "Role"]));
}

#[test]
fn columns_selects_and_orders_columns() {
    let rows = |args: &[&str]| {
        let finished = dci(&[&["--sandbox"], args].concat()).stdin("invite-pending\nnobody").finish();
        format!("$ dci {}\n{}", args.join(" "), finished.stdout.replace('\r', ""))
    };
    let outputs = [
        rows(&["list-users", "--columns", "status,email", "-o", "csv"]),
        rows(&["list-users", "--columns", "id,language,role", "-o", "table"]),
        rows(&["list-users", "--columns", "inviteStatus,role", "--status", "active", "-o", "csv"]),
        rows(&["list-users", "--columns", "inviteStatus", "--email", "nobody@example.com", "-o", "csv"]),
        rows(&["resend-invite", "-", "--columns", "outcome,target", "-o", "table"]),
        rows(&["resend-invite", "invite-pending", "--columns", "inviteId", "-o", "csv"]),
        rows(&["validate", "--columns", "email", "-o", "table"]),
    ];
    assert_masked_snapshot!("columns", outputs.join("\n"));
}

#[test]
fn an_unknown_column_is_refused_before_any_change() {
    let sandbox = sandbox();
    for args in [
        &["resend-invite", "invite-pending"][..],
        &["resend-invite", "invite-pending", "invite-expired"],
        &["cancel-invite", "invite-pending", "--yes"],
        &["delete-user", "user-active", "--yes"],
        &["delete-user", "user-active", "invite-pending", "--yes"],
        &["invite-user", "new@example.com"],
        &["update-user", "user-active", "--language", "ja"],
        &["list-users"],
        &["validate"],
    ] {
        let finished = dci_on(&sandbox, &[args, &["--columns", "shoeSize", "-o", "csv"]].concat()).finish();
        assert_eq!(finished.code, 2, "{finished}");
        let hint = finished.error()["hint"].to_string();
        assert!(hint.contains("Use one of: ") && (hint.contains("email") || hint.contains("message")), "{hint}");
    }
    assert_eq!(dci_on(&sandbox, &["list-users"]).finish().json()["rowCount"], 4);
    assert!(sandbox.outbox().is_empty());
    let json = dci_on(&sandbox, &["list-users", "--columns", "email"]).finish();
    assert!(json.code == 2 && json.error()["message"].to_string().contains("--columns applies to tables and CSV only"));
}

#[test]
fn a_column_that_the_server_omits_is_empty() {
    let server = ScriptedServer::responding(response("200 OK", "application/json", "{}"));
    let args = ["delete-user", "u1", "--yes", "-o", "csv", "--columns", "message"];
    let finished = dci_at(&server.url, &args).finish();
    assert_eq!((finished.code, finished.stdout.as_str()), (0, "message\n\"\"\n"), "{finished}");
}

#[test]
#[cfg(target_os = "linux")]
fn a_run_that_cannot_print_still_reports_its_end() {
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").expect("Linux has it");
    let output = Command::new(env!("CARGO_BIN_EXE_dci"))
        .args(["--sandbox", "resend-invite", "invite-pending", "nobody", "-o", "table"])
        .stdout(full)
        .output()
        .expect("the program starts");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(20), "{stderr}");
    assert!(stderr.contains("cannot be written") && stderr.contains("1 resent, 1 failed"), "{stderr}");
}

/// As log collectors and `read` expect.
#[test]
fn an_error_for_programs_is_one_line_of_json() {
    for format in FORMATS.into_iter().filter(|format| *format != "table") {
        for args in [
            &["resend-invite", "nobody"][..],
            &["resend-invite", "a\nb\u{1b}[31m"],
            &["resend-invite", "nobody", "invite-pending"],
            &["list-users", "--nope"],
            &["list-users", "--columns", "nope"],
        ] {
            let finished = dci(&[&["--sandbox", "-o", format], args].concat()).finish();
            let lines: Vec<Value> = finished
                .stderr
                .lines()
                .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {finished}")))
                .collect();
            assert!(lines.last().is_some_and(|last| last["error"]["code"].is_string()), "{finished}");
            assert!(!finished.stderr.contains('\u{1b}') && finished.stderr.ends_with("}\n"), "{finished}");
        }
    }
    let result = dci(&["--sandbox", "list-users", "-o", "json"]).finish().stdout;
    assert!(result.starts_with("{\n  \""), "a result stays indented: {result}");
}

#[test]
fn colour_needs_a_terminal_unless_forced() {
    let args = ["--sandbox", "resend-invite", "nobody", "-o", "table"];
    assert!(!dci(&args).finish().stderr.contains('\u{1b}'));
    let always = dci(&[&args[..], &["--color", "always"]].concat()).finish();
    assert!(always.stderr.contains("\u{1b}[1m\u{1b}[31merror:"), "{:?}", always.stderr);
    let never = dci(&[&args[..], &["--color=never"]].concat()).finish();
    assert!(!never.stderr.contains('\u{1b}'));
}

#[test]
fn forced_colour_overrides_no_color() {
    for args in [&["list-users"][..], &["resend-invite", "nobody"], &["resend-invite", "-h"], &["list-users", "--nope"]]
    {
        let run = || dci(&[&["--sandbox"], args, &["--color", "always", "-o", "table"]].concat());
        let (with, without) = (run().env("NO_COLOR", "1").finish(), run().finish());
        assert_eq!((&with.stdout, &with.stderr), (&without.stdout, &without.stderr));
        assert!(with.stdout.contains('\u{1b}') || with.stderr.contains('\u{1b}'), "{with}");
    }
}

#[test]
#[cfg(unix)]
fn a_pipe_into_head_ends_quietly() {
    let script = format!("set -o pipefail; {} schema -o yaml | head -n 1", env!("CARGO_BIN_EXE_dci"));
    let output = Command::new("bash").args(["-c", &script]).output().expect("a shell");
    assert_eq!((output.status.code(), String::from_utf8_lossy(&output.stderr).as_ref()), (Some(0), ""));
    assert_eq!(String::from_utf8_lossy(&output.stdout).lines().count(), 1);
}

#[test]
fn a_closed_pipe_is_not_an_error() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_dci"))
        .args(["--sandbox", "resend-invite", "invite-pending"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("the program ends");
    assert_eq!((output.status.code(), String::from_utf8_lossy(&output.stderr).as_ref()), (Some(0), ""));
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_error_says_the_call_succeeded() {
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").expect("Linux has it");
    let output = Command::new(env!("CARGO_BIN_EXE_dci"))
        .args(["--sandbox", "resend-invite", "invite-pending", "-o", "table"])
        .stdout(full)
        .output()
        .expect("the program starts");
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("the command ran, but its result cannot be written"));
}

#[test]
fn missing_role_names_are_noted_only_if_the_list_succeeds() {
    const NOTE: &str = "Role names are unavailable";
    let args = ["list-users", "-o", "table", "--max-attempts", "1"];
    let sandbox = sandbox();
    sandbox.inject(Fault::status(500).on("listRoles"));
    let finished = dci_on(&sandbox, &args).finish();
    assert!(finished.code == 0 && finished.stderr.contains(NOTE), "{finished}");

    for operation in ["listRoles", "listUsers"] {
        sandbox.inject(Fault::status(500).on(operation));
    }
    let failed = dci_on(&sandbox, &args).finish();
    assert!(failed.code == 40 && failed.stderr.starts_with("error: cannot list the users"), "{failed}");
    assert!(!failed.stderr.contains(NOTE), "{failed}");
}
