//! `dci sandbox`, in the foreground.

use dci::sandbox::Sandbox;

use crate::program::dci;
#[cfg(unix)]
use crate::program::dci_at;

#[test]
#[cfg(unix)]
fn the_lines_point_the_program_at_it_until_it_is_interrupted() {
    let faults = ["--fault", "status=403,operation=resendInvite", "--fault", "status=404"];
    let mut sandbox = dci(&[&["sandbox"][..], &faults].concat()).start();
    let (url, key) = (sandbox.line(), sandbox.line());
    let url = url.strip_prefix("export DCI_API_BASE_URL=").expect("the first line");
    let key = key.strip_prefix("export DCI_API_KEY=").expect("the second line");
    assert_eq!(sandbox.line(), format!("export DCI_AUTHORIZE_URL={url}/oauth/authorize"));
    assert_eq!(sandbox.line(), format!("export DCI_TOKEN_URL={url}/oauth/token"));

    let resend = || dci_at(url, &["resend-invite", "invite-expired"]).env("DCI_API_KEY", key).finish().code;
    assert_eq!([resend(), resend(), resend()], [11, 20, 0], "two faults, then it works");

    sandbox.interrupt();
    let finished = sandbox.finish();
    assert_eq!(finished.code, 0, "{}", finished.transcript());
    assert_eq!(resend(), 41, "nobody listens any more");
}

#[test]
#[cfg(unix)]
fn it_can_misbehave_at_random() {
    let mut sandbox = dci(&["sandbox", "--fault-rate", "100", "--fault-seed", "1"]).start();
    let (url, _) = (sandbox.line(), sandbox.line());
    let url = url.strip_prefix("export DCI_API_BASE_URL=").expect("the first line");
    let finished = dci_at(url, &["resend-invite", "x", "--max-attempts", "1", "--idempotency-key", "k"]).finish();
    assert!([40, 41, 50].contains(&finished.code), "{}", finished.transcript());
    sandbox.interrupt();
    sandbox.finish();
}

#[test]
fn a_taken_port_is_an_error_that_names_the_flag() {
    let taken = Sandbox::start().expect("a free port");
    let port = taken.url().rsplit(':').next().expect("a port");
    let finished = dci(&["sandbox", "--port", port]).finish();
    assert_eq!(finished.code, 1, "{}", finished.transcript());
    assert!(finished.error()["hint"].to_string().contains("--port"));
}

#[test]
fn a_fault_that_is_none_is_a_usage_error() {
    for fault in
        ["explode", "status=200", "latency=soon", "truncate,times=0", "truncate,times=x", "drop-after,operation=x"]
    {
        let finished = dci(&["sandbox", "--fault", fault]).finish();
        assert_eq!(finished.code, 2, "{}", finished.transcript());
    }
}
