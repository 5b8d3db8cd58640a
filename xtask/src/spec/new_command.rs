//! What a command for an operation takes.

use anyhow::{Context, ensure};
use heck::ToSnakeCase;

/// The map of the code. It has a table of recipes.
const MAP: &str = "src/README.md";

/// What a command for an operation takes, a line each.
pub fn steps(id: &str) -> anyhow::Result<Vec<String>> {
    let map = std::fs::read_to_string(crate::root().join(MAP)).context(MAP)?;
    let file = format!("src/cli/commands/{}.rs", id.to_snake_case());
    let heading = format!("To add a command for {id} ({MAP}), in the file {file}:");
    Ok([heading].into_iter().chain(recipe(&map)?.into_iter().map(|step| format!("- {step}"))).collect())
}

/// The steps of the recipe in the map.
fn recipe(map: &str) -> anyhow::Result<Vec<&str>> {
    let row = map.lines().find_map(|line| line.strip_prefix("| add a command | ")?.strip_suffix(" |"));
    let steps: Vec<&str> = row.into_iter().flat_map(|steps| steps.split("; ")).collect();
    ensure!(!steps.is_empty(), "{MAP} has no recipe to add a command");
    Ok(steps)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_steps_are_those_of_the_map() {
        let map = "| to | touch |\n| --- | --- |\n| add a command | a file; its entry |\n| add a fault | a kind |\n";
        assert_eq!(recipe(map).expect("a recipe"), ["a file", "its entry"]);
        assert!(recipe("| add a fault | a kind |\n").is_err());
        let steps = steps("getUser").expect("a recipe");
        assert!(steps[0].contains("src/cli/commands/get_user.rs") && steps.len() > 2, "{steps:?}");
    }
}
