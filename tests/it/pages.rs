//! Lists that the API sends in pages.

use crate::support::program::{FORMATS, dci_at};
use crate::support::scripted_server::{ScriptedServer, response};

const NOTE: &str = "A list is incomplete: the API has more pages, and dci reads only the first.\n";

fn server(token: &str) -> ScriptedServer {
    let user = r#"{"id":"u1","email":"a@example.com","status":"invited"}"#;
    let body = format!(
        r#"{{"users":[{user}],"roles":[],"organizations":[],"message":"m","inviteId":"u1","pageToken":{token}}}"#
    );
    ScriptedServer::responding(response("200 OK", "application/json", &body))
}

#[test]
fn a_list_with_more_pages_is_said_to_be_incomplete() {
    let (first, last) = (server(r#""next""#), server(r#""""#));
    for command in ["list-users", "list-roles", "list-organizations"] {
        for format in FORMATS {
            let args = [command, "--quiet", "-o", format];
            let (more, all) = (dci_at(&first.url, &args).finish(), dci_at(&last.url, &args).finish());
            assert!(more.code == 0 && more.stderr.contains(NOTE), "{more}");
            assert_eq!((all.code, all.stderr.as_str()), (0, ""), "{all}");
        }
    }
}

#[test]
fn a_target_looked_up_in_one_page_of_several_is_said_so() {
    let looked_up = dci_at(&server(r#""next""#).url, &["delete-user", "a@example.com", "--yes"]).finish();
    assert!(looked_up.code == 0 && looked_up.stderr.contains(NOTE), "{looked_up}");
}
