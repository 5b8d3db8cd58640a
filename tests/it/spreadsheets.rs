//! CSV for spreadsheets and pipes: no cell runs as a formula, and what `invite-user --from` reads back is the same.

use serde_json::{Value, json};

use crate::support::program::{assert_masked_snapshot, dci, dci_at, dci_on};
use crate::support::sandbox::sandbox;
use crate::support::scripted_server::{ScriptedServer, response};

const LINE_END: &str = if cfg!(windows) { "\r\n" } else { "\n" };

/// The CSV of a list with these users.
fn csv(users: &Value, args: &[&str]) -> String {
    let body = json!({ "users": users }).to_string();
    let server = ScriptedServer::responding(response("200 OK", "application/json", &body));
    let finished = dci_at(&server.url, &[&["list-users", "-o", "csv"], args].concat()).finish();
    assert_eq!(finished.code, 0, "{finished}");
    finished.stdout
}

fn cells(csv: &str) -> Vec<Vec<String>> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(csv.as_bytes());
    reader.records().map(|record| record.expect("CSV").iter().map(str::to_owned).collect()).collect()
}

#[test]
fn a_text_that_would_run_as_a_formula_gets_an_apostrophe() {
    for formula in ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "=\"x,y\"", "'=1"] {
        let rows = cells(&csv(&json!([{ "displayName": formula }]), &["--columns", "displayName"]));
        assert_eq!(rows[1], [format!("'{formula}")]);
    }
    let named = cells(&csv(&json!([{ "=1+1": "x", "@more": 1 }]), &[]));
    assert!(["'=1+1", "'@more"].iter().all(|name| named[0].iter().any(|cell| cell == name)), "{named:?}");
}

#[test]
fn phone_numbers_and_numbers_stay() {
    let user = json!([{ "phone": "+4930123456", "displayName": "Ada - '=1'", "n": -5, "x": -1.5e3, "list": ["=1"] }]);
    let rows = cells(&csv(&user, &["--columns", "phone,displayName,n,x,list"]));
    assert_eq!(rows[1], ["+4930123456", "Ada - '=1'", "-5", "-1500.0", "[\"=1\"]"]);
    let attack = cells(&csv(&json!([{ "phone": "+49|calc" }]), &["--columns", "phone"]));
    assert_eq!(attack[1], ["'+49|calc"]);
}

#[test]
fn the_rows_of_a_run_do_not_run_either() {
    let finished = dci(&["--sandbox", "resend-invite", "-o", "csv", "=1+1", "nobody"]).finish();
    let targets: Vec<String> = cells(&finished.stdout).into_iter().skip(1).map(|row| row[0].clone()).collect();
    assert!(targets.contains(&"'=1+1".to_owned()), "{finished}");
}

#[test]
fn lines_end_as_the_platform_ends_them() {
    let csv = csv(&json!([{ "id": "a", "displayName": "x\r\ny" }]), &["--columns", "id,displayName"]);
    assert_eq!(csv, format!("id,displayName{LINE_END}a,\"x\r\ny\"{LINE_END}"));
    let streamed = dci(&["--sandbox", "resend-invite", "invite-pending", "invite-expired", "-o", "csv"]).finish();
    assert_eq!((streamed.stdout.matches(LINE_END).count(), streamed.stdout.contains('\r')), (3, cfg!(windows)));
}

#[test]
fn invite_user_reads_a_guarded_cell_back() {
    let sandbox = sandbox();
    let csv = "'=more,email,first name,last name\n,'=a@example.com,'-Ada,'Tis\n,+b@example.com,=Bob,''=x\n";
    let unknown = dci_on(&sandbox, &["invite-user", "--from", "-"]).stdin(csv).finish();
    assert!(unknown.error()["message"].to_string().contains("unknown column \\\"=more\\\""), "{unknown}");
    let known = csv.replace("'=more,", "phone,");
    let finished = dci_on(&sandbox, &["invite-user", "--from", "-"]).stdin(known.clone()).finish();
    assert_eq!(finished.code, 0, "{finished}");
    let listed = dci_on(&sandbox, &["list-users"]).finish().json();
    let name = |email: &str| {
        let user = listed["users"].as_array().expect("users").iter().find(|user| user["email"] == email);
        let user = user.unwrap_or_else(|| panic!("{email} is not in {listed}"));
        [user["firstName"].clone(), user["lastName"].clone()]
    };
    assert_eq!(name("=a@example.com"), ["-Ada", "'Tis"]);
    assert_eq!(name("+b@example.com"), ["=Bob", "'=x"]);

    // The list as CSV gives the same people again.
    let again = dci_on(&sandbox, &["list-users", "-o", "csv"]).finish().stdout;
    assert!(again.contains("'=a@example.com") && again.contains("''=x"), "{again}");
    let skipped = dci_on(&sandbox, &["invite-user", "--from", "-"]).stdin(again).finish().json();
    let rows = skipped.as_array().expect("rows");
    assert!(rows.len() == 6 && rows.iter().all(|row| row["outcome"] == "skipped"), "{skipped}");
}

#[test]
fn a_carriage_return_at_the_end_of_an_argument_is_ignored() {
    let sandbox = sandbox();
    for args in [
        &["resend-invite", "invite-pending\r"][..],
        &["resend-invite\r", "expired@example.com\r", "invite-pending\r"],
        &["invite-user", "new@example.com\r"],
        &["update-user", "user-active\r", "--first-name", "Ada\r", "--language\r", "ja\r"],
        &["list-users", "--email=new@example.com\r", "--status\r", "invited\r"],
    ] {
        let finished = dci_on(&sandbox, args).finish();
        assert_eq!(finished.code, 0, "{finished}");
    }
    assert_eq!(crate::support::program::user(&sandbox, "active@example.com")["firstName"], "Ada");
    let inside = dci_on(&sandbox, &["resend-invite", "invite\r-pending"]).finish();
    assert_eq!(inside.code, 2, "{inside}");
}

#[test]
fn the_whole_list_as_csv() {
    let users = json!([
        { "id": "=id", "email": "+a@example.com", "phone": "+4912345678", "displayName": "=HYPERLINK(\"http://x\")" },
        { "id": "2", "email": "b@example.com", "phone": null, "displayName": "'quoted'" },
    ]);
    assert_masked_snapshot!("spreadsheet", csv(&users, &["--columns", "id,email,phone,displayName"]));
}
