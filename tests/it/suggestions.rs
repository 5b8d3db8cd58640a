//! "Did you mean": a target that is not found may be the beginning of an address or a name.

use dci::sandbox::{Fault, Sandbox};

use crate::support::program::{Finished, dci_on};
use crate::support::sandbox::{list_of, sandbox};

/// The sandbox's users, Grace Hopper and Ada Lovelace.
fn sandbox_with_names() -> Sandbox {
    let sandbox = sandbox();
    for (email, first, last) in [("gh@example.com", "Grace", "Hopper"), ("countess@example.com", "Ada", "Lovelace")] {
        let args = ["invite-user", email, "--first-name", first, "--last-name", last];
        assert_eq!(dci_on(&sandbox, &args).finish().code, 0);
    }
    sandbox
}

/// The hint of the error object.
fn hint(finished: &Finished) -> String {
    finished.error()["hint"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn the_beginning_of_an_address_or_a_name_is_suggested() {
    let sandbox = sandbox_with_names();
    let sent = sandbox.outbox().len();
    for (typed, meant) in [
        ("pend", "pending@example.com"),
        ("PENDING", "pending@example.com"),
        ("pending@exa", "pending@example.com"),
        ("act", "active@example.com"),
        ("Grace", "gh@example.com"),
        ("ada love", "countess@example.com"),
    ] {
        for command in [
            &["resend-invite"][..],
            &["cancel-invite", "--yes"],
            &["delete-user", "--yes"],
            &["update-user", "--language", "ja"],
        ] {
            let finished = dci_on(&sandbox, &[command, &[typed]].concat()).finish();
            assert!(matches!(finished.code, 20 | 30), "{finished}");
            let suggestion = format!("Did you mean {meant}?");
            assert!(hint(&finished).contains(&suggestion), "{finished}");
            let table = dci_on(&sandbox, &[command, &[typed, "-o", "table"]].concat()).finish();
            assert!(table.stderr.contains(&format!("hint:  {suggestion}\n")), "{table}");
        }
    }
    assert_eq!(sandbox.outbox().len(), sent, "nothing is sent on a guess");
    let left = dci_on(&sandbox, &["list-users", "--status", "active,pending,expired"]).finish().json();
    assert_eq!(left["rowCount"], 5, "{left}");
}

#[test]
fn nothing_is_suggested_unless_exactly_one_fits() {
    let sandbox = sandbox_with_names();
    // `cancelled@example.com` and `countess@example.com` begin with `c`.
    for typed in ["nobody", "example.com", "c", "ace", "nobody@example.com", "invite-active"] {
        let finished = dci_on(&sandbox, &["resend-invite", typed]).finish();
        assert_eq!(finished.code, 20, "{finished}");
        assert!(!hint(&finished).contains("Did you mean"), "{finished}");
    }
    // `user-active` exists, but has no invite.
    let finished = dci_on(&sandbox, &["resend-invite", "user-active"]).finish();
    assert!(finished.code == 20 && !hint(&finished).contains("Did you mean"), "{finished}");
}

#[test]
fn each_of_a_few_targets_gets_its_suggestion() {
    let sandbox = sandbox();
    let finished = dci_on(&sandbox, &["resend-invite", "pend", "nobody", "exp"]).finish();
    assert_eq!(finished.code, 20, "{finished}");
    let rows = finished.json();
    let hint = |row: usize| rows[row]["error"]["hint"].to_string();
    assert!(hint(0).contains("Did you mean pending@example.com?"), "{finished}");
    assert!(!hint(1).contains("Did you mean"), "{finished}");
    assert!(hint(2).contains("Did you mean expired@example.com?"), "{finished}");
    assert_eq!(sandbox.requests(), 4, "the users are listed once");
}

#[test]
fn a_long_list_gets_no_suggestions() {
    let sandbox = sandbox();
    let list = ["pend".to_owned(), list_of(20)].join("\n");
    let finished = dci_on(&sandbox, &["resend-invite", "-"]).stdin(list).finish();
    assert_eq!(finished.code, 20, "{finished}");
    assert!(!finished.to_string().contains("Did you mean"), "{finished}");
    assert_eq!(sandbox.requests(), 21, "the users are not listed");
}

#[test]
fn without_the_list_the_error_stays() {
    let sandbox = sandbox();
    sandbox.inject(Fault::status(404));
    sandbox.inject(Fault::status(403));
    let finished = dci_on(&sandbox, &["resend-invite", "pend"]).finish();
    assert_eq!((finished.code, sandbox.requests()), (20, 2), "{finished}");
    assert_eq!(hint(&finished), "The invite was never created, or it was accepted and therefore removed.");
}
