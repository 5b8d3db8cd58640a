//! Output has exactly the values that the server sent.

use std::process::Command;

use serde_json::{Value, json};

#[cfg(unix)]
use crate::support::program::FORMATS;
use crate::support::program::{API_KEY, Finished, dci_at};
use crate::support::scripted_server::{ScriptedServer, response};

const NUMBERS: &[&str] = &[
    "-0",
    "-0.0",
    "0.10",
    "1.0",
    "1E2",
    "1e+2",
    "1e-7",
    "1e999",
    "9007199254740993",
    "18446744073709551616",
    "-170141183460469231731687303715884105729",
    "123456789012345678901234567890",
    "3.141592653589793238462643383279502884",
];

/// Control characters, separators of cells and lines, and characters that are easily lost.
const TEXT: &str =
    "\u{1b}[31mred\u{0}\u{7}\u{8}\u{7f}\u{9b}2J\u{85}\u{202e}\u{2066}\u{2028}\u{feff}\r\n\t,;\"'\\#: x\r";

const LISTS: &[(&str, &[&str])] = &[
    ("users", &["list-users"]),
    ("users", &["list-users", "--status", "invited"]),
    ("roles", &["list-roles"]),
    ("organizations", &["list-organizations"]),
];

const SINGLE: &[&[&str]] = &[
    &["validate"],
    &["resend-invite", "x"],
    &["cancel-invite", "x", "--yes"],
    &["delete-user", "x", "--yes"],
    &["update-user", "x", "--first-name", "Ada"],
    &["invite-user", "new@example.com"],
];

/// A response body with this JSON for each command.
fn bodies(json: &str) -> impl Iterator<Item = (&'static [&'static str], String)> {
    let lists = LISTS.iter().map(|(name, args)| {
        (*args, format!(r#"{{"more":{json},"{name}":[{{"id":"1","status":"invited","more":{json}}}],"rowCount":1}}"#))
    });
    let single = SINGLE.iter().map(|args| (*args, format!(r#"{{"message":"m","inviteId":"x","more":{json}}}"#)));
    lists.chain(single.collect::<Vec<_>>()).collect::<Vec<_>>().into_iter()
}

fn run(body: &str, args: &[&str], format: &str) -> Finished {
    let status = if args[0] == "invite-user" { "201 Created" } else { "200 OK" };
    let server = ScriptedServer::responding(response(status, "application/json", body));
    dci_at(&server.url, &[args, &["-o", format]].concat()).finish()
}

#[test]
fn numbers_are_shown_as_sent_by_each_command() {
    let all = format!("[{}]", NUMBERS.join(","));
    for (args, body) in bodies(&all) {
        let finished = run(&body, args, "json");
        let printed: String = finished.stdout.split_whitespace().collect();
        assert_eq!((finished.code, printed), (0, body), "{args:?}");
    }
}

#[test]
fn numbers_are_shown_as_sent_in_each_format() {
    for number in NUMBERS {
        for (args, body) in bodies(number).filter(|(args, _)| args[0].starts_with("list") || args[0] == "validate") {
            let all: [(&str, &[&str], String); 4] = [
                ("yaml", &[], format!("more: {number}\n")),
                ("csv", &["--columns", "more"], format!("more\n{number}\n")),
                ("table", &["--columns", "more"], format!("more\n{number}\n")),
                ("toon", &[], number.to_string()),
            ];
            for (format, columns, expected) in all {
                let finished = run(&body, &[args, columns].concat(), format);
                let is_shown = match format {
                    "toon" => finished.stdout.split([' ', ',', '\n']).any(|word| word == expected),
                    _ => finished.stdout.contains(&expected),
                };
                assert!(finished.code == 0 && is_shown, "{number}: {finished}");
            }
        }
    }
}

#[test]
fn a_body_that_serde_cannot_hold_is_printed_unchanged() {
    let arrays = format!("{}{}", "[".repeat(129), "]".repeat(129));
    let objects = format!("{}1{}", r#"{"a":"#.repeat(500), "}".repeat(500));
    for json in [r#""\ud800""#, r#""\udc00\ud800 x""#, &arrays, &objects, r#"{"a":1,"a":[2]}"#] {
        for (args, body) in bodies(json) {
            let finished = run(&body, args, "json");
            assert_eq!((finished.code, finished.stdout), (0, body.clone() + "\n"), "{args:?}");
            for format in ["yaml", "csv", "toon"] {
                let finished = run(&body, args, format);
                assert_eq!((finished.code, finished.stdout.as_str()), (1, ""), "{finished}");
                let error = finished.error();
                assert!(error["message"].to_string().contains("the command succeeded"), "{finished}");
                assert!(error["hint"].to_string().contains("-o json"), "{finished}");
            }
        }
    }
}

#[test]
fn a_deeply_nested_body_costs_no_more_than_its_size() {
    for json in [
        format!("{}{}", "[".repeat(100_000), "]".repeat(100_000)),
        format!("{}1{}", r#"{"a":"#.repeat(100_000), "}".repeat(100_000)),
        format!("{}{}", r#"[{"a":"#.repeat(100_000), "}]".repeat(100_000)),
    ] {
        // The last is not JSON.
        let is_json = !json.contains(":}");
        for (args, body) in bodies(&json) {
            let finished = run(&body, args, "json");
            if is_json {
                assert!(finished.code == 0 && finished.stdout.trim_end() == body, "{args:?} {}", finished.code);
            } else {
                assert!(finished.code != 0 && finished.stderr.len() < 4096, "{args:?} {}", finished.code);
            }
        }
    }
}

#[test]
fn a_csv_much_larger_than_its_response_is_refused() {
    let user = |number| format!(r#"{{"property-{number}":1}}"#);
    let users: Vec<String> = (0..3_000).map(user).collect();
    let body = format!(r#"{{"users":[{}]}}"#, users.join(","));
    let finished = run(&body, &["list-users"], "csv");
    assert_eq!((finished.code, finished.stdout.as_str()), (1, ""), "{finished}");
    assert!(finished.error()["hint"].to_string().contains("--columns"), "{finished}");
    let chosen = run(&body, &["list-users", "--columns", "property-7"], "csv");
    assert_eq!((chosen.code, chosen.stdout.lines().count()), (0, 3_001));
}

#[test]
fn data_in_a_pipe_is_exact() {
    let user = json!({ "id": TEXT, "status": "invited", "displayName": TEXT, TEXT: TEXT });
    let body = json!({ "users": [user], "rowCount": 1 });
    for args in [&["list-users"][..], &["list-users", "--status", "invited"]] {
        let printed = |format| run(&body.to_string(), args, format).stdout;
        assert_eq!(serde_json::from_str::<Value>(&printed("json")).expect("JSON"), body);
        assert_eq!(serde_saphyr::from_str::<Value>(&printed("yaml")).expect("YAML"), body);
        let toon = printed("toon");
        let toon = toon.strip_suffix('\n').expect("a line end");
        assert_eq!(toon_format::decode_default::<Value>(toon).expect("TOON"), body);
        let csv = printed("csv");
        let mut reader = csv::Reader::from_reader(csv.as_bytes());
        assert_eq!(reader.headers().expect("names").iter().next_back(), Some(TEXT));
        let row = reader.records().next().expect("a row").expect("CSV");
        assert_eq!([row.get(0), row.iter().next_back()], [Some(TEXT); 2]);
    }
}

#[test]
fn rows_of_a_run_in_a_pipe_are_exact() {
    let body = json!({ "message": TEXT, "inviteId": TEXT }).to_string();
    let printed = |format| run(&body, &["resend-invite", "a", "b"], format).stdout;
    let json: Value = serde_json::from_str(&printed("json")).expect("JSON");
    assert_eq!((&json[1]["message"], &json[1]["inviteId"]), (&TEXT.into(), &TEXT.into()));
    assert_eq!(serde_saphyr::from_str::<Value>(&printed("yaml")).expect("YAML"), json);
    assert_eq!(toon_format::decode_default::<Value>(printed("toon").trim_end()).expect("TOON"), json);
    let csv = printed("csv");
    let rows: Vec<_> = csv::Reader::from_reader(csv.as_bytes()).into_records().collect();
    assert_eq!(rows[1].as_ref().expect("CSV").get(3), Some(TEXT));
}

#[test]
fn invalid_utf_8_is_kept_in_a_pipe() {
    let mut response = response("200 OK", "application/json", r#"{"email":"a@example.com","more":"?"}"#);
    let place = response.iter().rposition(|byte| *byte == b'?').expect("a question mark");
    response[place] = 0xff;
    let server = ScriptedServer::responding(response);
    let output = Command::new(env!("CARGO_BIN_EXE_dci"))
        .args(["validate", "-o", "json"])
        .env("DCI_API_BASE_URL", &server.url)
        .env("DCI_API_KEY", API_KEY)
        .output()
        .expect("the program starts");
    assert_eq!(output.stdout, b"{\"email\":\"a@example.com\",\"more\":\"\xff\"}\n");
    #[cfg(unix)]
    {
        let ended = dci_at(&server.url, &["validate", "-o", "json"]).at_terminal().end();
        assert!(ended.code == 0 && ended.screen.contains(r#""more":"\xff"}"#), "{}", ended.screen);
    }
}

#[test]
#[cfg(unix)]
fn no_format_sends_control_sequences_to_a_terminal() {
    let user = json!({ "id": TEXT, "status": "invited", "displayName": TEXT, TEXT: TEXT }).to_string();
    let readable = format!(r#"{{"users":[{user}]}}"#);
    let unreadable = format!("{{\"users\":[{user}],\"more\":\"\\ud800\u{9b}\u{202e}\u{7f}\"}}");
    for (body, format) in FORMATS.map(|format| (&readable, format)).into_iter().chain([(&unreadable, "json")]) {
        let server = ScriptedServer::responding(response("200 OK", "application/json", body));
        let columns: &[&str] = if format == "table" { &["--columns", "id,displayName"] } else { &[] };
        let ended = dci_at(&server.url, &[&["list-users", "-o", format], columns].concat()).at_terminal().end();
        let is_terminal_control = |char: char| {
            (char.is_control() && !['\n', '\t'].contains(&char))
                || matches!(char, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        };
        let without_styles =
            regress::Regex::new("\u{1b}\\[[0-9;]*m").expect("a pattern").replace_all(&ended.written, "");
        assert!(ended.code == 0 && !without_styles.contains(is_terminal_control), "{format}: {:?}", ended.written);
        assert!(without_styles.contains("[31mred"), "{format}: {without_styles:?}");
    }
}

#[test]
fn column_names_in_a_table_are_escaped() {
    let name = "\u{1b}]0;owned\u{7}\u{9b}31m\u{202e}x";
    let body = json!({ "users": [{ "id": "1", name: "value" }] }).to_string();
    let finished = run(&body, &["list-users", "--columns", name], "table");
    let header = "\\u{1b}]0;owned\\u{7}\\u{9b}31m\\u{202e}x\nvalue\n";
    assert_eq!((finished.code, finished.stdout.as_str()), (0, header), "{finished}");
    let csv = run(&body, &["list-users", "--columns", name], "csv");
    assert_eq!(csv.stdout, format!("{name}\nvalue\n"));
}
