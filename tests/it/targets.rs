//! Targets: ids, email addresses, and lists of them on stdin.

use crate::support::program::{assert_masked_snapshot, dci_at, dci_on};
use crate::support::sandbox::sandbox;
use crate::support::scripted_server::{ScriptedServer, response};

#[test]
fn an_email_address_resolves_to_its_invite() {
    let sandbox = sandbox();
    let finished = dci_on(&sandbox, &["resend-invite", "Expired@Example.com", "-o", "table"]).finish();
    assert!(finished.stdout.starts_with("The invite of Expired@Example.com was sent again."), "{}", finished);
    assert_eq!(sandbox.outbox()[0].invite_id, "invite-expired");
}

#[test]
fn an_address_without_an_open_invite_exits_with_20() {
    let sandbox = sandbox();
    for email in ["nobody@example.com", "active@example.com"] {
        for format in ["table", "json"] {
            let finished = dci_on(&sandbox, &["resend-invite", email, "-o", format]).finish();
            assert_eq!(finished.code, 20);
            assert_masked_snapshot!(format!("target_{}_{format}", &email[..6]), finished);
        }
    }
    assert!(sandbox.outbox().is_empty());
}

#[test]
fn an_unfiltered_list_does_not_match_another_user() {
    let body = r#"{"users":[{"id":"a","email":"a@example.com"},{"id":"b","email":"b@example.com"}]}"#;
    let server = ScriptedServer::responding(response("200 OK", "application/json", body));
    let finished = dci_at(&server.url, &["delete-user", "B@example.com", "--yes"]).finish();
    assert_eq!(finished.code, 0, "{finished}");
    assert!(server.requests()[1].starts_with("DELETE /iam/v1/users/b HTTP/1.1"), "{:?}", server.requests());
    let finished = dci_at(&server.url, &["delete-user", "c@example.com", "--yes"]).finish();
    assert_eq!(finished.code, 20, "{finished}");
}

#[test]
fn stdin_may_have_blank_lines_crlf_and_duplicates() {
    let sandbox = sandbox();
    let list =
        "\u{feff}invite-pending\r\n\r\n \t expired@example.com \r\ninvite-pending\r\n\r\n\u{feff}invite-cancelled";
    let rows = dci_on(&sandbox, &["resend-invite", "-"]).stdin(list).finish().json();
    let targets: Vec<&str> = rows.as_array().expect("rows").iter().filter_map(|row| row["target"].as_str()).collect();
    assert_eq!(targets, ["invite-pending", "expired@example.com", "invite-cancelled"]);
    assert_eq!(sandbox.outbox().len(), 3);
}

#[test]
fn a_dash_is_replaced_by_the_list_in_place() {
    let finished = dci_on(&sandbox(), &["resend-invite", "a", "-", "b", "-"]).stdin("c\na\nd\n").finish();
    let rows = finished.json();
    let targets: Vec<&str> = rows.as_array().expect("rows").iter().filter_map(|row| row["target"].as_str()).collect();
    assert_eq!(targets, ["a", "c", "d", "b"]);
}

#[test]
fn an_empty_list_succeeds_and_sends_nothing() {
    let sandbox = sandbox();
    for list in ["", "\n", " \r\n\n"] {
        for command in ["resend-invite", "cancel-invite", "delete-user"] {
            let finished = dci_on(&sandbox, &[command, "-"]).stdin(list).finish();
            assert_eq!((finished.code, finished.stdout.as_str()), (0, "[]\n"), "{finished}");
        }
    }
    let finished = dci_on(&sandbox, &["resend-invite", "-", "-o", "table"]).finish();
    assert_eq!((finished.code, finished.stdout.as_str()), (0, "No targets: nothing was done.\n"));
    assert_eq!(sandbox.requests(), 0);
}

#[test]
fn an_invalid_line_is_refused_with_its_number() {
    let sandbox = sandbox();
    let long = "x".repeat(1025);
    let huge = vec![b'x'; 64 << 20];
    for (name, line) in [
        ("long", long.as_bytes()),
        ("huge", &huge[..]),
        ("not_utf8", b"\xff\xfeinvite"),
        ("utf16", b"i\0n\0v\0"),
        ("dots", b".."),
        ("email", b"a@"),
        ("display_name", b"Ada <ada@example.com>"),
        ("escape", b"\x1b[31mred"),
    ] {
        let list = [b"invite-pending\n\n".as_slice(), line, b"\ninvite-expired\n"].concat();
        let finished = dci_on(&sandbox, &["resend-invite", "-", "-o", "table"]).stdin(list).finish();
        assert_masked_snapshot!(format!("target_bad_line_{name}"), finished);
    }
    assert_eq!(sandbox.requests(), 0);
}

#[test]
fn the_longest_line_is_1_kib_long() {
    let longest = "x".repeat(1024);
    let finished = dci_on(&sandbox(), &["resend-invite", "-"]).stdin(format!("{longest}\r\n{longest}y\r\n")).finish();
    assert!(finished.code == 2 && finished.error()["message"].to_string().contains("line 2"));
    let finished = dci_on(&sandbox(), &["resend-invite", "-"]).stdin(longest).finish();
    assert_eq!(finished.code, 20, "{finished}");
}

#[test]
fn a_command_for_one_target_refuses_a_list() {
    let finished = dci_on(&sandbox(), &["update-user", "-", "--language", "ja"]).stdin("user-active").finish();
    assert!(finished.code == 2 && finished.error()["message"].to_string().contains("a list from stdin"));
}
