//! Invalid base URLs, API keys and tenants.

use crate::support::program::{API_KEY, assert_masked_snapshot, dci};

#[test]
fn an_unsafe_base_url_is_refused() {
    for url in
        ["http://api.example.com", "ftp://127.0.0.1", "not a URL", "https://u:p@x.example", "https://x.example?a=b"]
    {
        let run = dci(&["resend-invite", "x", "--api-base-url", url]).env("DCI_API_KEY", API_KEY);
        let finished = run.finish();
        assert_eq!(finished.code, 2, "{finished}");
        assert!(finished.error()["hint"].to_string().contains("--api-base-url"));
    }
}

#[test]
fn an_unencrypted_base_url_is_explained() {
    let run = dci(&["resend-invite", "x", "--api-base-url", "http://api.example.com", "-o", "table"]);
    assert_masked_snapshot!("configuration_unencrypted", run.env("DCI_API_KEY", API_KEY).finish());
}

#[test]
fn an_invalid_api_key_exits_with_10() {
    for key in ["", " ", "a\nb", "schlüssel"] {
        let finished = dci(&["resend-invite", "x"]).env("DCI_API_KEY", key).finish();
        assert_eq!(finished.code, 10, "{key:?}: {finished}");
    }
}

#[test]
fn an_empty_flag_is_refused() {
    for flag in ["--api-base-url", "--tenant", "--customer-context"] {
        let finished = dci(&["resend-invite", "x", flag, ""]).env("DCI_API_KEY", API_KEY).finish();
        assert_eq!(finished.code, 2, "{finished}");
        assert!(finished.error()["message"].to_string().contains(flag), "{finished}");
    }
}

#[test]
fn a_tenant_that_is_not_a_valid_header_is_refused() {
    let finished = dci(&["resend-invite", "x", "--tenant", "a\nb"]).env("DCI_API_KEY", API_KEY).finish();
    assert_eq!(finished.code, 2, "{finished}");
}
