//! `dci schema --commands`: the catalogue of commands.

use std::collections::BTreeSet;

use dci::operation::Operation;
use serde_json::Value;

use crate::support::program::{dci, dci_on};
use crate::support::sandbox::sandbox;

fn catalogue() -> Value {
    let finished = dci(&["schema", "--commands"]).finish();
    assert_eq!((finished.code, finished.stderr.as_str()), (0, ""), "{finished}");
    finished.json()
}

fn array(value: &Value) -> &[Value] {
    value.as_array().expect("an array")
}

fn text(value: &Value) -> &str {
    value.as_str().expect("a text")
}

#[test]
fn the_catalogue_of_all_commands() {
    let mut catalogue = catalogue();
    assert_eq!(catalogue["version"].take(), env!("CARGO_PKG_VERSION"));
    insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!("catalogue", format!("{catalogue:#}"));
    });
}

#[test]
fn each_format_describes_the_same_commands() {
    let json = catalogue();
    let yaml = dci(&["schema", "--commands", "-o", "yaml"]).finish().stdout;
    assert_eq!(serde_saphyr::from_str::<Value>(&yaml).expect("YAML"), json);
    assert_eq!(dci(&["schema", "--commands", "-o", "table"]).finish().json(), json);
    assert_eq!(dci(&["schema", "--commands", "Role"]).finish().code, 2);
}

/// Each command, argument, flag and value that clap knows and shows.
#[test]
fn all_that_clap_knows_is_in_the_catalogue() {
    let catalogue = catalogue();
    let mut program = dci::cli::command();
    program.build();
    let commands: Vec<_> = program.get_subcommands().filter(|command| command.get_name() != "help").collect();
    let names: Vec<&str> = commands.iter().map(|command| command.get_name()).collect();
    assert_eq!(array(&catalogue["commands"]).iter().map(|entry| text(&entry["name"])).collect::<Vec<_>>(), names);
    for (command, entry) in commands.into_iter().zip(array(&catalogue["commands"])) {
        let flags = || array(&entry["flags"]).iter().chain(array(&catalogue["flags"]));
        for arg in command.get_arguments().filter(|arg| !arg.is_hide_set()) {
            let place = format!("{} {arg}", command.get_name());
            let described = match arg.get_long() {
                None => array(&entry["arguments"]).iter().find(|other| text(&other["name"]) == value_name(arg)),
                Some(long) => flags().find(|flag| text(&flag["name"]) == format!("--{long}")),
            };
            let described = described.unwrap_or_else(|| panic!("{place} is not in the catalogue"));
            assert_eq!(described["required"], arg.is_required_set(), "{place}");
            if arg.is_positional() || arg.get_action().takes_values() {
                let values: BTreeSet<String> =
                    arg.get_possible_values().iter().map(|value| value.get_name().to_owned()).collect();
                let listed = described["values"].as_array().into_iter().flatten().map(|value| text(value).to_owned());
                assert_eq!(listed.collect::<BTreeSet<_>>(), values, "{place}");
            }
            assert!(!text(&described["help"]).is_empty(), "{place}");
        }
        for alias in command.get_all_aliases() {
            assert!(array(&entry["aliases"]).contains(&alias.into()), "{alias}");
        }
    }
}

/// As the usage line shows it, without brackets.
fn value_name(arg: &clap::Arg) -> String {
    arg.to_string().trim_matches(['[', ']', '<', '>', '.']).to_owned()
}

#[test]
fn each_example_is_a_valid_command_line_of_its_command() {
    for entry in array(&catalogue()["commands"]) {
        let name = text(&entry["name"]);
        let examples = array(&entry["examples"]);
        assert!(!examples.is_empty() || entry["operation"].is_null(), "{name} has no example");
        for example in examples {
            let words = shlex::split(text(&example["command"])).expect("words of a shell");
            let words = words.into_iter().take_while(|word| !["<", ">", ">>", "|"].contains(&word.as_str()));
            let matches = dci::cli::command().try_get_matches_from(words);
            let matches = matches.unwrap_or_else(|error| panic!("{example}: {error}"));
            assert!(matches.subcommand_name().is_some(), "{example}");
        }
    }
}

#[test]
fn commands_of_the_api_have_their_operation() {
    for entry in array(&catalogue()["commands"]) {
        let operation = Operation::named(&text(&entry["name"]).replace('-', "_"));
        assert_eq!(entry["operation"]["id"].as_str(), operation.map(|operation| operation.id), "{entry}");
        if let Some(operation) = operation {
            assert_eq!(entry["changes"], operation.method != "GET", "{entry}");
        }
        let codes: Vec<u64> = array(&entry["exitCodes"]).iter().filter_map(|code| code["number"].as_u64()).collect();
        assert!(codes.starts_with(&[0, 1, 2]) && codes.is_sorted(), "{codes:?}");
    }
}

/// A command that asks is refused without a terminal and without `--yes`.
#[test]
fn commands_ask_when_the_catalogue_says_so() {
    let sandbox = sandbox();
    for entry in array(&catalogue()["commands"]) {
        let name = text(&entry["name"]);
        let has_yes = array(&entry["flags"]).iter().any(|flag| flag["name"] == "--yes");
        assert_eq!(entry["asks"].is_string(), has_yes, "{name}");
        let refuses = |args: &[&str]| {
            let finished = dci_on(&sandbox, &[&[name], args].concat()).finish();
            finished.code == 2 && finished.stderr.contains("confirmation required")
        };
        match entry["asks"].as_str() {
            None => {}
            Some("always") => assert!(refuses(&["invite-pending"]), "{name}"),
            Some("with --all-invited; at a terminal also with --resume without an id") => {
                assert!(!refuses(&["invite-pending"]) && refuses(&["--all-invited"]), "{name}");
            }
            other => panic!("unknown value: {other:?}"),
        }
    }
}
