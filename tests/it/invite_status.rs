//! Users and invites selected by their status: `--status` of `list-users`, `resend-invite` and `cancel-invite`.

use dci::sandbox::Sandbox;
use dci::types::UserListItemStatus;
use serde_json::{Value, json};

use crate::support::program::{Finished, dci_at, dci_on};
use crate::support::sandbox::{emails, sandbox};
use crate::support::scripted_server::{ScriptedServer, response};

/// What `--status` takes for invites, and the invite of the sandbox with each of them.
const INVITES: [(&str, &str); 3] =
    [("pending", "invite-pending"), ("expired", "invite-expired"), ("cancelled", "invite-cancelled")];

fn listed(sandbox: &Sandbox, status: &str, format: &str) -> Finished {
    let finished = dci_on(sandbox, &["list-users", "--status", status, "-o", format]).finish();
    assert_eq!((finished.code, finished.stderr.as_str()), (0, ""), "{finished}");
    finished
}

/// The ids that `list-users` shows for this `--status`: the same in each format.
fn ids(sandbox: &Sandbox, status: &str) -> Vec<String> {
    let json = listed(sandbox, status, "json").json();
    let ids: Vec<String> = json["users"].as_array().expect("rows").iter().map(|user| text(&user["id"])).collect();
    assert_eq!(json["rowCount"], ids.len());
    let csv = listed(sandbox, status, "csv").stdout;
    let rows = csv::Reader::from_reader(csv.as_bytes()).into_records();
    assert_eq!(rows.map(|row| row.expect("CSV")[0].to_owned()).collect::<Vec<_>>(), ids, "{csv}");
    let table = listed(sandbox, status, "table").stdout;
    let last_words = table.lines().skip(1).filter_map(|line| line.split_whitespace().next_back());
    assert_eq!(last_words.collect::<Vec<_>>(), ids, "{table}");
    ids
}

fn text(value: &Value) -> String {
    value.as_str().expect("a string").to_owned()
}

/// A server that sends these users, and accepts everything else.
fn server_with(users: &Value) -> ScriptedServer {
    let body = json!({ "users": users, "message": "done", "inviteId": "x" }).to_string();
    ScriptedServer::responding(response("200 OK", "application/json", &body))
}

/// The ids of the users to which a command sent something, sorted.
fn targets_of(server: &ScriptedServer, args: &[&str]) -> Vec<String> {
    let finished = dci_at(&server.url, args).finish();
    assert_eq!(finished.code, 0, "{finished}");
    let mut ids: Vec<String> = server
        .requests()
        .iter()
        .filter_map(|request| request.strip_prefix("POST /iam/v1/users/")?.split('/').next().map(str::to_owned))
        .collect();
    ids.sort();
    ids
}

#[test]
fn users_are_listed_by_the_status_of_their_invite() {
    let sandbox = sandbox();
    assert_eq!(ids(&sandbox, "active"), ["user-active"]);
    assert_eq!(ids(&sandbox, "invited"), ["invite-cancelled", "invite-expired", "invite-pending"]);
    for (status, id) in INVITES {
        assert_eq!(ids(&sandbox, status), [id]);
        assert_eq!(ids(&sandbox, &status.to_uppercase()), [id]);
        assert_eq!(ids(&sandbox, &format!("Active,{status}")), [id, "user-active"]);
        assert_eq!(ids(&sandbox, &format!("{status},INVITED,{status}")).len(), 3, "each once");
    }
}

#[test]
fn a_status_and_an_address_both_apply() {
    let sandbox = sandbox();
    let rows = |status| {
        let args = ["list-users", "--email", "expired@example.com", "--status", status];
        dci_on(&sandbox, &args).finish().json()["users"].as_array().expect("rows").len()
    };
    assert_eq!((rows("expired"), rows("pending"), rows("active,invited")), (1, 0, 1));
}

#[test]
fn an_unknown_status_lists_the_known_ones() {
    let sandbox = sandbox();
    let of_invites = INVITES.map(|(status, _)| status);
    let of_users = UserListItemStatus::ALL.iter().map(UserListItemStatus::as_str).chain(of_invites);
    let (of_users, of_invites) = (of_users.collect::<Vec<_>>().join(", "), of_invites.join(", "));
    for (command, known) in [
        (&["list-users"][..], of_users),
        (&["resend-invite", "--all-invited", "--yes"], of_invites.clone()),
        (&["cancel-invite", "--all-invited", "--yes"], of_invites),
    ] {
        for status in ["gone", "", "expired,", "expired;pending", "pending expired", "accepted,expired"] {
            let finished = dci_on(&sandbox, &[command, &["--status", status]].concat()).finish();
            let message = text(&finished.error()["message"]);
            assert!(finished.code == 2 && message.contains(&format!("[possible values: {known}]")), "{finished}");
        }
    }
    assert_eq!(sandbox.requests(), 0);
}

#[test]
fn status_requires_all_invited() {
    let sandbox = sandbox();
    for command in ["resend-invite", "cancel-invite"] {
        for targets in [&["invite-expired"][..], &["invite-expired", "invite-pending"], &["-"], &[]] {
            let args = [&[command, "--yes", "--status", "expired"], targets].concat();
            let finished = dci_on(&sandbox, &args).stdin("invite-expired\n").finish();
            assert_eq!(finished.code, 2, "{finished}");
            assert!(
                text(&finished.error()["message"]).contains(if targets.is_empty() {
                    "--all-invited"
                } else {
                    "--status"
                }),
                "{finished}"
            );
        }
    }
    assert_eq!(sandbox.requests(), 0);
}

#[test]
fn only_invites_with_the_given_status_are_resent() {
    for (status, expected) in [
        ("expired", &["invite-expired"][..]),
        ("PENDING", &["invite-pending"]),
        ("cancelled", &["invite-cancelled"]),
        ("expired,Cancelled", &["invite-cancelled", "invite-expired"]),
    ] {
        let sandbox = sandbox();
        let args = ["resend-invite", "--all-invited", "--status", status, "--yes"];
        let finished = dci_on(&sandbox, &args).finish();
        assert_eq!(finished.code, 0, "{finished}");
        let mut sent: Vec<String> = emails(&sandbox).into_keys().collect();
        sent.sort();
        assert_eq!(sent, expected, "{status}");
        let all_pending = ids(&sandbox, "pending");
        assert!(sent.iter().all(|id| all_pending.contains(id)), "{all_pending:?}");
    }
}

#[test]
fn only_invites_with_the_given_status_are_cancelled() {
    for (args, outcomes) in [
        (&[][..], &["invite-expired", "invite-pending"][..]),
        (&["--status", "expired"], &["invite-expired"]),
        (&["--status", "expired", "--status", "pending"], &["invite-expired", "invite-pending"]),
    ] {
        let sandbox = sandbox();
        let finished = dci_on(&sandbox, &[&["cancel-invite", "--all-invited", "--yes"], args].concat()).finish();
        assert_eq!(finished.code, 0, "{finished}");
        let rows = finished.json();
        let cancelled: Vec<&str> = rows.as_array().expect("rows").iter().filter_map(|row| row["id"].as_str()).collect();
        assert_eq!(cancelled, outcomes, "{finished}");
        assert_eq!(ids(&sandbox, "cancelled").len(), 1 + outcomes.len());
        let again = dci_on(&sandbox, &[&["cancel-invite", "--all-invited", "--yes"], args].concat()).finish();
        assert_eq!((again.code, again.json()), (0, json!([])), "none is left");
    }
}

#[test]
fn cancelled_invites_cannot_be_selected_to_be_cancelled() {
    let sandbox = sandbox();
    let finished = dci_on(&sandbox, &["cancel-invite", "--all-invited", "--status", "expired,cancelled"]).finish();
    assert_eq!((finished.code, sandbox.requests()), (2, 0), "{finished}");
    assert!(text(&finished.error()["message"]).contains("already cancelled"), "{finished}");
}

#[test]
fn a_question_counts_only_invites_that_can_be_resent() {
    let server = server_with(&json!([
        { "id": "a", "status": "invited", "inviteStatus": "Cancelled" },
        { "id": "..", "email": "b@example.com", "status": "invited", "inviteStatus": "Cancelled" },
        { "id": "c", "status": "invited", "inviteStatus": "Expired" },
    ]));
    let args = ["resend-invite", "--all-invited", "--status", "expired,cancelled"];
    let finished = dci_at(&server.url, &args).finish();
    let message = text(&finished.error()["message"]);
    assert!(message.contains("to resend 2 invites, which reactivates 1 cancelled invite,"), "{finished}");
}

#[test]
fn active_users_are_never_selected() {
    let server = server_with(&json!([
        { "id": "a", "status": "active", "inviteStatus": "Pending" },
        { "id": "b", "status": "invited", "inviteStatus": "Pending" },
        { "id": "c", "inviteStatus": "Pending" },
    ]));
    for status in [&[][..], &["--status", "pending,expired,cancelled"]] {
        let args = [&["resend-invite", "--all-invited", "--yes"], status].concat();
        let targets = targets_of(&server, &args);
        assert!(targets.iter().all(|id| id == "b"), "{targets:?}");
    }
    let listed = dci_at(&server.url, &["list-users", "--status", "pending"]).finish().json();
    assert_eq!(listed["users"].as_array().expect("rows").len(), 1, "{listed}");
}

#[test]
fn an_invite_of_unknown_status_is_selected_only_by_default() {
    let users = json!([
        { "id": "a", "email": "a@example.com", "status": "invited" },
        { "id": "b", "email": "b@example.com", "status": "invited", "inviteStatus": "Delivered" },
        { "id": "c", "email": "c@example.com", "status": "invited", "inviteStatus": "cancelled" },
        { "id": "d", "email": "d@example.com", "status": "invited", "inviteStatus": "EXPIRED" },
    ]);
    let resend = ["resend-invite", "--all-invited", "--yes"];
    assert_eq!(targets_of(&server_with(&users), &resend), ["a", "b", "d"]);
    for (status, expected) in [("pending,expired", &["d"][..]), ("cancelled", &["c"])] {
        let args = [&resend[..], &["--status", status]].concat();
        assert_eq!(targets_of(&server_with(&users), &args), expected);
        let words = dci_at(&server_with(&users).url, &[&args[..], &["-o", "table"]].concat()).finish();
        assert!(words.stderr.contains("Skipped 2 invites: status unknown.\n"), "{words}");
    }
    let server = server_with(&users);
    let listed = |status| dci_at(&server.url, &["list-users", "--status", status]).finish().json()["users"].clone();
    assert_eq!(listed("invited"), users);
    assert_eq!(listed("expired,cancelled"), json!([users[2], users[3]]));
}

#[test]
fn a_status_that_is_not_a_text_matches_nothing() {
    let users = r#"[{"id":"a","status":"invited","inviteStatus":1},
        {"id":"c","status":"invited","inviteStatus":"\ud800"},{"id":"d","status":"invited","inviteStatus":null}]"#;
    let body = format!(r#"{{"users":{users},"rowCount":3}}"#);
    let server = ScriptedServer::responding(response("200 OK", "application/json", &body));
    let count = |status| {
        let finished = dci_at(&server.url, &["list-users", "--status", status]).finish();
        assert_eq!(finished.code, 0, "{finished}");
        finished.stdout.matches("\"id\"").count()
    };
    assert_eq!((count("invited"), count("expired"), count("active")), (3, 0, 0));
}

#[test]
fn a_resumed_run_with_a_status_sends_each_invite_once() {
    let sandbox = sandbox();
    let run = dci::client::RunId::new().to_string();
    let args = ["resend-invite", "--all-invited", "--status", "expired,cancelled,pending", "--yes", "--resume", &run];
    for _ in 0..2 {
        let finished = dci_on(&sandbox, &args).finish();
        assert_eq!((finished.code, finished.json().as_array().map(Vec::len)), (0, Some(3)), "{finished}");
    }
    assert!(emails(&sandbox).values().all(|count| *count == 1));
    assert_eq!(emails(&sandbox).len(), 3);
}

#[test]
fn a_table_shows_when_an_invite_was_sent_and_ends() {
    let users = json!([
        { "id": "a", "email": "a@example.com", "status": "active", "createdAt": "2026-01-02T03:04:05Z" },
        { "id": "b", "email": "b@example.com", "status": "invited", "inviteStatus": "Pending",
          "inviteSentAt": "2026-11-25T18:03:00.123Z", "inviteExpiresAt": "2026-11-27T19:03:00+01:00" },
        { "id": "c", "email": "c@example.com", "status": "invited", "inviteExpiresAt": "soon" },
        { "id": "d", "email": "d@example.com", "status": "invited", "inviteExpiresAt": 48, "invitedBy": "2026" },
        { "id": "e", "email": "e@example.com", "status": "invited", "inviteExpiresAt": null },
    ]);
    let server = server_with(&users);
    let run = |args: &[&str]| dci_at(&server.url, &[&["list-users"], args].concat()).env("TZ", "CET-1").finish();
    let table = run(&["-o", "table"]).stdout;
    let lines: Vec<&str> = table.lines().map(str::trim_end).collect();
    assert!(lines[0].ends_with("Id  inviteSentAt                inviteExpiresAt"), "{table}");
    assert!(lines[2].ends_with("b   Wed 25 Nov 2026, 19:03 CET  Fri 27 Nov 2026, 19:03 CET"), "{table}");
    assert!(lines[1].ends_with('a') && lines[3].ends_with(" soon") && lines[4].ends_with(" 48"), "{table}");
    assert!(lines[5].ends_with('e') && !table.contains("2026-"), "{table}");
    let one = run(&["-o", "table", "--columns", "id,inviteExpiresAt"]).stdout;
    assert!(one.contains("\nb   Fri 27 Nov 2026, 19:03 CET\n"), "{one}");
    assert_eq!(run(&["-o", "json"]).json()["users"], users, "scripts get what the server sent");
    let csv = run(&["-o", "csv"]).stdout;
    assert!(csv.contains("2026-11-25T18:03:00.123Z") && csv.contains("2026-11-27T19:03:00+01:00"), "{csv}");
}

#[test]
fn no_time_of_an_invite_is_invented() {
    let sandbox = sandbox();
    let header = |sandbox: &Sandbox| {
        let table = dci_on(sandbox, &["list-users", "-o", "table"]).finish().stdout;
        table.lines().next().expect("a header").split_whitespace().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(header(&sandbox), ["Email", "Name", "Status", "Invite", "Role", "Id"]);
    let users: Value = (0..100).map(|number| json!({ (format!("expires{number}")): "2026-01-02T03:04:05Z" })).collect();
    let table = dci_at(&server_with(&users).url, &["list-users", "-o", "table"]).finish().stdout;
    assert_eq!(table.lines().next().expect("a header").matches("expires").count(), 4, "the width is limited");
}
