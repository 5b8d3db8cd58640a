//! The exact requests on the wire.

use crate::support::program::{assert_masked_snapshot, dci_at};
use crate::support::scripted_server::{ScriptedServer, resent};

fn request(args: &[&str], env: &[(&str, &str)]) -> String {
    let server = ScriptedServer::responding(resent());
    let run = env.iter().fold(dci_at(&server.url, args), |run, (name, value)| run.env(name, value));
    let finished = run.finish();
    assert_eq!(finished.code, 0, "{finished}");
    let requests = server.requests();
    assert_eq!(requests.len(), 1, "one call is one request");
    requests.into_iter().next().expect("just counted")
}

#[test]
fn an_invite_is_resent_with_a_new_key_and_an_empty_object() {
    assert_masked_snapshot!("wire_resend", request(&["resend-invite", "invite-1"], &[]));
}

#[test]
fn the_alias_without_dashes_sends_the_same_request() {
    assert_masked_snapshot!("wire_resend", request(&["resendinvite", "invite-1"], &[]));
}

#[test]
fn each_command_has_its_own_key() {
    let key = |request: String| request.lines().find(|line| line.starts_with("idempotency-key")).map(str::to_owned);
    let first = key(request(&["resend-invite", "invite-1"], &[]));
    let second = key(request(&["resend-invite", "invite-1"], &[]));
    assert!(first.is_some());
    assert_ne!(first, second);
}

#[test]
fn a_dry_run_is_requested_in_the_query() {
    assert_masked_snapshot!("wire_dry_run", request(&["resend-invite", "invite-1", "--dry-run"], &[]));
    assert_masked_snapshot!("wire_dry_run", request(&["resend-invite", "invite-1", "--dry-run=true"], &[]));
}

#[test]
fn dry_run_false_sends_the_same_request_as_none() {
    let with_key = |args: &[&str]| {
        let sent = request(&[&["resend-invite", "invite-1", "--idempotency-key", "k"], args].concat(), &[]);
        sent.lines().filter(|line| !line.starts_with("host: ")).collect::<String>()
    };
    assert_eq!(with_key(&["--dry-run=false"]), with_key(&[]));
    assert_ne!(with_key(&["--dry-run"]), with_key(&[]));
}

#[test]
fn a_given_key_is_sent_unchanged() {
    let args = ["resend-invite", "invite-1", "--idempotency-key", "Run/7:\"A~b\""];
    assert_masked_snapshot!("wire_given_key", request(&args, &[]));
}

#[test]
fn tenant_and_customer_context_come_from_flags_or_the_environment() {
    let env = |tenant, context| [("DCI_TENANT_ID", tenant), ("DCI_CUSTOMER_CONTEXT", context)];
    let flags = ["-D", "acme & sons", "resend-invite", "invite-1", "--dry-run", "--tenant", "customer-1"];
    assert_masked_snapshot!("wire_tenant_and_context", request(&flags, &env("other", "other")));
    let args = ["resend-invite", "invite-1", "--dry-run"];
    assert_masked_snapshot!("wire_tenant_and_context", request(&args, &env("customer-1", "acme & sons")));
}

#[test]
fn a_path_in_the_base_url_comes_first() {
    let server = ScriptedServer::responding(resent());
    let finished = dci_at(&format!("{}/doit/", server.url), &["resend-invite", "invite-1"]).finish();
    assert_eq!(finished.code, 0, "{finished}");
    assert!(server.requests()[0].starts_with("POST /doit/iam/v1/users/invite-1/actions/resend HTTP/1.1\n"));
}

#[test]
fn a_proxy_is_not_used_for_loopback() {
    let env = [
        ("HTTP_PROXY", "http://127.0.0.1:1"),
        ("http_proxy", "http://127.0.0.1:1"),
        ("ALL_PROXY", "http://127.0.0.1:1"),
    ];
    assert_masked_snapshot!("wire_resend", request(&["resend-invite", "invite-1"], &env));
}
