//! `dci resend-invite` on the sandbox: each statement and response of its reference page, as a table and as JSON.

use std::time::Duration;

use dci::sandbox::{AcceptError, Fault, Sandbox};

use crate::support::program::{Finished, assert_masked_snapshot, dci, dci_on};
use crate::support::sandbox::sandbox;

fn succeeds(finished: &Finished) {
    assert_eq!(finished.code, 0, "{finished}");
}

/// Runs a command on a new sandbox, once with a table and once with JSON, and compares it with snapshots.
fn check(name: &str, args: &[&str], prepare: impl Fn(&Sandbox), api_key: Option<&str>) {
    for format in ["table", "json"] {
        let sandbox = sandbox();
        prepare(&sandbox);
        let args = [args, &["--output", format]].concat();
        let mut run = dci_on(&sandbox, &args);
        if let Some(api_key) = api_key {
            run = run.env("DCI_API_KEY", api_key);
        }
        assert_masked_snapshot!(format!("resend_{name}_{format}"), run.finish());
    }
}

#[test]
fn status_200() {
    check("200", &["resend-invite", "invite-pending"], |_| {}, None);
}

#[test]
fn status_200_of_a_dry_run() {
    check("200_dry_run", &["resend-invite", "invite-pending", "--dry-run"], |_| {}, None);
}

#[test]
fn status_200_with_a_given_key() {
    check("200_given_key", &["resend-invite", "invite-pending", "--idempotency-key", "k"], |_| {}, None);
}

#[test]
fn status_400() {
    check("400_tenant_required", &["resend-invite", "invite-pending"], |_| {}, Some("sandbox-partner"));
    check("400_tenant_mismatch", &["resend-invite", "invite-pending", "--tenant", "acme"], |_| {}, None);
}

#[test]
fn status_401() {
    check("401", &["resend-invite", "invite-pending"], |_| {}, Some("wrong"));
}

#[test]
fn status_403() {
    check("403", &["resend-invite", "invite-pending"], |_| {}, Some("sandbox-viewer"));
}

#[test]
fn status_404() {
    check("404", &["resend-invite", "nobody"], |_| {}, None);
}

#[test]
fn a_key_used_for_another_request_is_explained() {
    let sandbox = sandbox();
    let call =
        |args: &[&str]| dci_on(&sandbox, &[&["resend-invite", "--idempotency-key", "k"], args].concat()).finish();
    succeeds(&call(&["invite-pending", "--dry-run"]));
    let finished = call(&["invite-pending"]);
    assert_eq!(finished.code, 30, "{finished}");
    assert!(finished.error()["hint"].to_string().contains("use another --idempotency-key"));
}

#[test]
fn status_500() {
    check(
        "500",
        &["resend-invite", "invite-pending"],
        |sandbox| sandbox.inject(Fault::status(500).retry_after("0").times(9)),
        None,
    );
}

#[test]
fn without_a_credential_nothing_is_sent() {
    let sandbox = sandbox();
    for format in ["table", "json"] {
        let run = dci(&["resend-invite", "invite-pending", "-o", format]).env("DCI_API_BASE_URL", sandbox.url());
        assert_masked_snapshot!(format!("resend_no_credential_{format}"), run.finish());
    }
    assert_eq!(sandbox.requests(), 0);
}

#[test]
fn the_new_link_works_for_48_hours_and_replaces_the_old() {
    let sandbox = sandbox();
    succeeds(&dci_on(&sandbox, &["resend-invite", "invite-expired"]).finish());
    sandbox.advance(Duration::from_secs(47 * 3600));
    succeeds(&dci_on(&sandbox, &["resend-invite", "invite-expired"]).finish());
    let [first, second] = sandbox.outbox().try_into().expect("two emails");
    assert_eq!(sandbox.accept(&first.token), Err(AcceptError::UnknownToken));
    sandbox.advance(Duration::from_secs(48 * 3600 - 60));
    assert!(sandbox.accept(&second.token).is_ok(), "48 hours are not over");
}

#[test]
fn after_48_hours_the_link_is_dead() {
    let sandbox = sandbox();
    succeeds(&dci_on(&sandbox, &["resend-invite", "invite-pending"]).finish());
    sandbox.advance(Duration::from_secs(48 * 3600 + 60));
    assert_eq!(sandbox.accept(&sandbox.outbox()[0].token), Err(AcceptError::Expired));
}

#[test]
fn an_invite_in_any_state_can_be_resent_and_its_link_works() {
    for id in ["invite-pending", "invite-expired", "invite-cancelled"] {
        let sandbox = sandbox();
        succeeds(&dci_on(&sandbox, &["resend-invite", id]).finish());
        let outbox = sandbox.outbox();
        assert_eq!(outbox.len(), 1, "{id}");
        assert!(sandbox.accept(&outbox[0].token).is_ok(), "{id}");
    }
}

#[test]
fn an_accepted_invite_is_not_found() {
    let sandbox = sandbox();
    succeeds(&dci_on(&sandbox, &["resend-invite", "invite-pending"]).finish());
    sandbox.accept(&sandbox.outbox()[0].token).expect("the link works");
    for id in ["invite-pending", "user-active"] {
        assert_eq!(dci_on(&sandbox, &["resend-invite", id]).finish().code, 20);
    }
}

#[test]
fn a_dry_run_changes_nothing_and_sends_no_email() {
    let sandbox = sandbox();
    succeeds(&dci_on(&sandbox, &["resend-invite", "invite-pending"]).finish());
    let token = sandbox.outbox()[0].token.clone();
    succeeds(&dci_on(&sandbox, &["resend-invite", "invite-pending", "--dry-run"]).finish());
    assert_eq!(sandbox.outbox().len(), 1);
    assert!(sandbox.accept(&token).is_ok(), "the earlier link still works");
    assert_eq!(dci_on(&sandbox, &["resend-invite", "nobody", "--dry-run"]).finish().code, 20);
}

#[test]
fn the_time_shown_is_when_the_link_expires() {
    let sandbox = sandbox();
    let finished = dci_on(&sandbox, &["resend-invite", "invite-pending", "-o", "table"]).finish();
    let ends = sandbox.outbox()[0].expires_at;
    let line = |end: jiff::Timestamp| end.strftime("works until %a %-d %b %Y, %H:%M UTC;").to_string();
    let earlier = line(ends - jiff::SignedDuration::from_secs(60));
    let found = [line(ends), earlier].iter().any(|moment| finished.stdout.contains(moment));
    assert!(found, "{} ends {ends}", finished.stdout);
}

#[test]
fn the_same_key_sends_one_email() {
    let sandbox = sandbox();
    let args = ["resend-invite", "invite-pending", "--idempotency-key", "once"];
    let first = dci_on(&sandbox, &args).finish();
    let second = dci_on(&sandbox, &args).finish();
    succeeds(&first);
    assert_eq!(first.stdout, second.stdout);
    assert_eq!(sandbox.outbox().len(), 1);
    assert_eq!(sandbox.outbox()[0].idempotency_key.as_deref(), Some("once"));
}

#[test]
fn an_invalid_key_is_refused_before_a_request() {
    let sandbox = sandbox();
    for key in ["", "a b", "ключ", &"k".repeat(256)] {
        let finished = dci_on(&sandbox, &["resend-invite", "invite-pending", "--idempotency-key", key]).finish();
        assert_eq!(finished.code, 2, "{finished}");
        assert!(finished.error()["message"].as_str().expect("a text").contains("255 visible ASCII"));
    }
    assert_eq!(sandbox.requests(), 0);
}

#[test]
fn the_readme_command_needs_no_setup() {
    let finished = dci(&["--sandbox", "resend-invite", "invite-expired", "-o", "table"]).finish();
    assert_masked_snapshot!("resend_private_sandbox", finished);
}

#[test]
fn a_private_sandbox_ignores_the_environment() {
    let finished = dci(&["--sandbox", "resend-invite", "invite-expired"])
        .env("DCI_API_BASE_URL", "http://127.0.0.1:1")
        .env("DCI_API_KEY", "real")
        .env("DCI_TENANT_ID", "real")
        .env("DCI_CUSTOMER_CONTEXT", "real")
        .finish();
    succeeds(&finished);
}

#[test]
fn a_private_sandbox_excludes_a_base_url() {
    let finished = dci(&["--sandbox", "--api-base-url", "http://127.0.0.1:1", "resend-invite", "x"]).finish();
    assert_eq!(finished.code, 2, "{finished}");
}
