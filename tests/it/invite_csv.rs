//! Inviting the people in a CSV: all of it is checked before anything is sent.

use std::fs;
use std::path::PathBuf;
#[cfg(unix)]
use std::time::{Duration, Instant};

use dci::sandbox::Sandbox;

#[cfg(unix)]
use crate::support::program::Running;
use crate::support::program::{Finished, assert_masked_snapshot, dci, dci_at, dci_on, user};
use crate::support::sandbox::{sandbox, sandbox_with};
use crate::support::scripted_server::{ScriptedServer, response};

/// Runs `invite-user --from -` with this CSV.
fn invite(sandbox: &Sandbox, csv: impl Into<Vec<u8>>, args: &[&str]) -> Finished {
    dci_on(sandbox, &[&["invite-user", "--from", "-"], args].concat()).stdin(csv).finish()
}

/// These properties of the user with this address.
fn properties<const N: usize>(sandbox: &Sandbox, email: &str, names: [&str; N]) -> [String; N] {
    let user = user(sandbox, email);
    names.map(|name| user[name].as_str().unwrap_or_default().to_owned())
}

/// A file of its own for each test.
fn file(name: &str, content: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.csv"));
    fs::write(&path, content).expect("a file");
    path
}

#[test]
fn each_row_is_invited_with_its_values() {
    for (delimiter, end, mark) in
        [(',', "\n", ""), (';', "\r\n", "\u{feff}"), ('\t', "\r\n", ""), (',', "\r\n", "\u{feff}")]
    {
        let sandbox = sandbox();
        let lines = [
            "Role|E-Mail|LAST_NAME|first-name|Job Title|organization ID",
            "invite desk|ada@example.com|\"Love,lace\"|\"Ada \"\"A\"\"\"|founder|EMEA",
            "role-admin | bob@example.com |=SUM(A1:A9)|+1||",
            "",
            "|cem@example.com||||",
        ];
        let csv = lines.join(end).replace('|', &delimiter.to_string());
        let finished = invite(&sandbox, format!("{mark}{csv}"), &[]);
        assert_eq!((finished.code, sandbox.outbox().len()), (0, 3), "{finished}");
        let names = ["firstName", "lastName", "jobTitle", "roleId", "organizationId"];
        assert_eq!(
            properties(&sandbox, "ada@example.com", names),
            ["Ada \"A\"", "Love,lace", "Founder", "role-invites", "org-emea"]
        );
        assert_eq!(
            properties(&sandbox, "bob@example.com", names),
            ["+1", "=SUM(A1:A9)", "", "role-admin", "org-root"],
            "a formula is a text like any other"
        );
        assert_eq!(properties(&sandbox, "cem@example.com", names), ["", "", "", "role-standard", "org-root"]);
    }
}

#[test]
fn flags_fill_what_a_row_leaves_empty() {
    let sandbox = sandbox();
    let csv = "email,role,job title\na@example.com,Invite Desk,\nb@example.com,,Management\n";
    let args = ["--role", "Admin", "--job-title", "Founder", "--organization", "EMEA", "--last-name", "Doe"];
    let finished = invite(&sandbox, csv, &args);
    assert_eq!((finished.code, sandbox.requests()), (0, 5), "each list is looked up once: {finished}");
    let names = ["roleId", "jobTitle", "organizationId", "lastName"];
    assert_eq!(properties(&sandbox, "a@example.com", names), ["role-invites", "Founder", "org-emea", "Doe"]);
    assert_eq!(properties(&sandbox, "b@example.com", names), ["role-admin", "Management", "org-emea", "Doe"]);
}

#[test]
fn what_list_users_writes_can_be_edited_and_read() {
    let sandbox = sandbox_with(5);
    let listed = dci_on(&sandbox, &["list-users", "-o", "csv"]).finish().stdout;
    let path = file("round_trip", &listed);
    let args = ["invite-user", "-o", "json", "--from", path.to_str().expect("UTF-8")];
    let again = dci_on(&sandbox, &args).finish();
    let rows = again.json();
    let rows = rows.as_array().expect("rows");
    assert!(again.code == 0 && rows.len() == 9 && rows.iter().all(|row| row["outcome"] == "skipped"), "{again}");

    let header = listed.lines().next().expect("a header");
    let new = header.split(',').map(|name| match name {
        "email" => "new@example.com",
        "roleId" => "role-admin",
        "organizationId" => "org-emea",
        _ => "",
    });
    fs::write(&path, format!("{listed}{}\r\n", new.collect::<Vec<_>>().join(","))).expect("a file");
    let table = dci_on(&sandbox, &["invite-user", "-o", "table", "--from", path.to_str().expect("UTF-8")]).finish();
    assert!(
        table.stderr.starts_with("Columns that invite-user cannot set are ignored: id, displayName, phone,"),
        "{table}"
    );
    assert!(table.stdout.contains("1 invited, 9 skipped in"), "{table}");
    assert_eq!(properties(&sandbox, "new@example.com", ["roleId", "organizationId"]), ["role-admin", "org-emea"]);
    assert_eq!(sandbox.outbox().len(), 1);
}

#[test]
fn columns_that_only_the_server_knows_are_ignored() {
    let body = r#"{"users":[{"id":"a","email":"a@example.com","status":"active","shoeSize":44,"a-b":[1]}]}"#;
    let server = ScriptedServer::responding(response("200 OK", "application/json", body));
    let listed = dci_at(&server.url, &["list-users", "-o", "csv"]).finish().stdout;
    assert!(listed.contains("shoeSize") && listed.contains("a-b"), "{listed}");
    let again = dci_at(&server.url, &["invite-user", "--from", "-"]).stdin(listed.clone()).finish();
    assert!(again.code == 0 && again.json()[0]["outcome"] == "skipped", "{again}");
    assert_eq!(server.requests().len(), 2, "the users are looked up once");
    let typo = dci_at(&server.url, &["invite-user", "--from", "-"]).stdin(listed.replace("shoeSize", "shoe")).finish();
    assert!(typo.code == 2 && typo.error()["message"].to_string().contains("unknown column \\\"shoe\\\""), "{typo}");
}

#[test]
fn all_problems_are_reported_together_and_nothing_is_sent() {
    let sandbox = sandbox();
    let csv = "E-mail;Role;Job title;organization;first name
ada@example.com;Boss;Wizard;Mars;Ada
ada@;;;;
bob@example.com;Admin;Founder;EMEA;\"two
lines\"
;;;;Cem
;;;;
BOB@example.com;;;;
dee@example.com;;;;;
=HYPERLINK(\"\"x\"\");;=1+1;;=1+1
new@example.com;;;;
";
    for format in ["table", "json"] {
        let finished = invite(&sandbox, csv, &["-o", format]);
        assert_masked_snapshot!(format!("invite_csv_problems_{format}"), finished);
        assert_eq!(invite(&sandbox, csv, &["-o", format, "--dry-run"]).stderr, finished.stderr);
    }
    assert!(user(&sandbox, "new@example.com").is_null() && sandbox.outbox().is_empty());
}

#[test]
fn an_error_lists_50_problems_and_counts_the_rest() {
    let sandbox = sandbox();
    let finished = invite(&sandbox, format!("email\n{}", "nonsense\n".repeat(2000)), &["-o", "table"]);
    assert_eq!(finished.code, 2);
    assert!(finished.stderr.starts_with("error: stdin has 2000 problems; nothing was sent\n"), "{finished}");
    assert_eq!(finished.stderr.matches("line ").count(), 50);
    assert!(
        finished.stderr.contains("line 51, column \"email\": invalid email address \"nonsense\"")
            && finished.stderr.contains("and 1950 more")
    );
    assert_eq!(sandbox.requests(), 0);
}

fn utf16(text: &str, bytes_of: fn(u16) -> [u8; 2]) -> Vec<u8> {
    text.encode_utf16().flat_map(bytes_of).collect()
}

#[test]
fn a_file_that_is_not_such_a_csv_is_refused_with_its_line() {
    let sandbox = sandbox();
    let rows = "email,first name\nada@example.com,Ada\n";
    let marked = format!("\u{feff}{rows}");
    let wide = format!("{rows}bob@example.com,Bob{}\n", ",".repeat(298));
    let text = |text: &str| text.as_bytes().to_vec();
    for (name, csv) in [
        ("empty", text("")),
        ("blank", text("\r\n\n")),
        ("no_header", text("ada@example.com,Ada\nbob@example.com,Bob\n")),
        ("no_email", text("first name,last name\nAda,Lovelace\n")),
        ("unknown_column", text("email,shoe size,\u{1b}[31m\nada@example.com,44,\n")),
        ("doubled_column", text("email,First Name,first_name\nada@example.com,Ada,\n")),
        ("other_delimiter", text("email|first name\nada@example.com|Ada\n")),
        ("unclosed_quote", text(&format!("{rows}bob@example.com,\"Bob\ncem@example.com,Cem\n"))),
        ("unclosed_header", text("email,\"first name\nada@example.com,Ada\n")),
        ("stray_quote", text(&format!("{rows}bob@example.com,5\" Bob\n"))),
        ("nul", text(&format!("{rows}bob@example.com,B\0b\n"))),
        ("latin_1", [rows.as_bytes(), b"bob@example.com,J\xfcrgen\n"].concat()),
        ("utf_16_le", utf16(rows, u16::to_le_bytes)),
        ("utf_16_be", utf16(rows, u16::to_be_bytes)),
        ("utf_16_le_marked", utf16(&marked, u16::to_le_bytes)),
        ("utf_16_be_marked", utf16(&marked, u16::to_be_bytes)),
        ("workbook", b"PK\x03\x04\x14\0\x06\0\x08\0\0\0!\0".to_vec()),
        ("cr_only", text(&rows.replace('\n', "\r"))),
        ("more_cells", text(&format!("{rows}bob@example.com,Bob,Bobson\n"))),
        ("fewer_cells", text(&format!("{rows}bob@exam"))),
        ("300_cells", text(&wide)),
        ("long_line", text(&format!("{rows}bob@example.com,{}\n", "x".repeat(100_000)))),
        ("control_character", text(&format!("{rows}bob@example.com,\u{1b}[31mBob\n"))),
        ("formula", text(&format!("{rows}\"=HYPERLINK(\"\"http://x\"\")\",Bob\n"))),
    ] {
        let finished = invite(&sandbox, csv, &["-o", "table"]);
        assert_eq!(finished.code, 2, "{finished}");
        assert_masked_snapshot!(format!("invite_csv_bad_{name}"), finished);
    }
    assert_eq!(sandbox.requests(), 1, "the list of users may have the unknown columns");
}

#[test]
fn a_line_of_1_gib_is_refused_at_once() {
    let sandbox = sandbox();
    for start in ["", "email\n", "email\nada@example.com\n\""] {
        let mut running = dci_on(&sandbox, &["invite-user", "--from", "-"]).start_with_stdin_open();
        running.feed(start.as_bytes(), 1);
        let fed = running.feed(&vec![b'x'; 64 * 1024], 16 * 1024);
        let finished = running.finish();
        let line = start.matches('\n').count() + 1;
        let expected = format!("line {line} of stdin is longer than 65536 bytes");
        assert!(finished.code == 2 && finished.error()["message"] == *expected, "{finished}");
        assert!(fed < 100, "{fed} chunks were read");
    }
}

#[test]
fn a_file_without_people_succeeds_and_sends_nothing() {
    let sandbox = sandbox();
    for csv in ["email", "email;first name\r\n", "email,role\n,\n\n, \n"] {
        let finished = invite(&sandbox, csv, &[]);
        assert_eq!((finished.code, finished.stdout.as_str()), (0, "[]\n"), "{finished}");
    }
    assert_eq!(sandbox.requests(), 0);
}

#[test]
fn a_file_that_cannot_be_opened_is_an_error() {
    let path = format!("{}/no-such.csv", env!("CARGO_TARGET_TMPDIR"));
    let finished = dci(&["invite-user", "--from", &path]).env("DCI_API_KEY", "x").finish();
    assert!(finished.code == 2 && finished.error()["message"].to_string().contains("no-such.csv"), "{finished}");
}

#[test]
fn help_shows_how_to_export_edit_and_invite() {
    let page = dci(&["invite-user", "--help"]).finish().stdout;
    let at = |text: &str| page.find(text).unwrap_or_else(|| panic!("{text:?} is not in\n{page}"));
    assert!(at("dci list-users -o csv > people.csv") < at("dci invite-user --from people.csv"));
}

/// Interrupts or kills a run once this many emails are sent.
#[cfg(unix)]
fn break_off(mut running: Running, sandbox: &Sandbox, emails: usize, kills: bool) {
    let started = Instant::now();
    while sandbox.outbox().len() < emails {
        assert!(started.elapsed() < Duration::from_secs(60), "the run stands still");
        std::thread::sleep(Duration::from_millis(5));
    }
    if kills {
        running.kill();
    } else {
        running.interrupt_until_it_ends();
        assert_eq!(running.finish().code, 130);
    }
}

#[cfg(unix)]
#[test]
fn a_run_that_is_broken_off_five_times_invites_each_person_once() {
    const PEOPLE: usize = 200;
    let sandbox = sandbox();
    sandbox.inject_at_random(30, 7);
    let rows = (0..PEOPLE).map(|number| format!("person{number}@example.com;P{number};Admin\r\n"));
    let rows = rows.collect::<Vec<_>>().concat();
    let path = file("broken_off", &format!("\u{feff}Email;First name;Role\r\n{rows}"));
    let args = ["invite-user", "--from", path.to_str().expect("UTF-8"), "--concurrency", "64", "--max-attempts", "3"];
    for round in 1..=5 {
        break_off(dci_on(&sandbox, &args).start(), &sandbox, round * PEOPLE / 8, round % 2 == 0);
    }
    // A call may meet three faults in a row.
    let finished = (0..10).map(|_| dci_on(&sandbox, &args).finish()).find(|finished| finished.code == 0);
    let finished = finished.expect("one of ten runs succeeds");
    assert_eq!(finished.json().as_array().map(Vec::len), Some(PEOPLE), "{finished}");
    sandbox.inject_at_random(0, 0);
    let mut reached: Vec<String> = sandbox.outbox().into_iter().map(|email| email.to).collect();
    reached.sort_unstable();
    assert_eq!(reached.len(), PEOPLE, "one email each");
    reached.dedup();
    assert_eq!(reached.len(), PEOPLE, "nobody is lost or reached twice");
    assert_eq!(properties(&sandbox, "person199@example.com", ["firstName", "roleId"]), ["P199", "role-admin"]);
}
