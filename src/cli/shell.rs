//! Commands for the shell of the user: PowerShell on Windows, a POSIX shell elsewhere.

use std::borrow::Cow;

/// A command with these words; `None` if the shell cannot have one of them.
pub(super) fn command(words: &[String]) -> Option<String> {
    if cfg!(windows) {
        return Some(powershell(words));
    }
    shlex::try_join(words.iter().map(String::as_str)).ok()
}

/// Sets an environment variable to a value that needs no quotes in a POSIX shell.
pub(super) fn assignment(name: &str, value: &str) -> String {
    if cfg!(windows) { format!("$env:{name} = '{value}'") } else { format!("export {name}={value}") }
}

fn powershell(words: &[String]) -> String {
    let words: Vec<Cow<'_, str>> = words.iter().map(|word| powershell_word(word)).collect();
    let command = words.join(" ");
    // A program in quotes is a text without the call operator.
    if command.starts_with('\'') { format!("& {command}") } else { command }
}

fn powershell_word(word: &str) -> Cow<'_, str> {
    let is_plain = |char: char| char.is_ascii_alphanumeric() || "-_./\\:=+@~".contains(char);
    // A word that starts with @ is a variable.
    if !word.is_empty() && !word.starts_with('@') && word.chars().all(is_plain) {
        return Cow::Borrowed(word);
    }
    let mut quoted = String::from("'");
    for char in word.chars() {
        // Typographic quotes end a text too.
        if matches!(char, '\'' | '\u{2018}'..='\u{201b}') {
            quoted.push(char);
        }
        quoted.push(char);
    }
    quoted.push('\'');
    Cow::Owned(quoted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn powershell_gets_each_word_as_it_is() {
        let command = |words: &[&str]| powershell(&words.iter().map(|&word| word.to_owned()).collect::<Vec<_>>());
        assert_eq!(command(&["dci", "resend-invite", "ada@example.com"]), "dci resend-invite ada@example.com");
        assert_eq!(command(&["C:\\dci.exe", "--", "it's $HOME", ""]), "C:\\dci.exe -- 'it''s $HOME' ''");
        assert_eq!(
            command(&["C:\\a b\\dci", "@x", "a,b", "\u{2019}"]),
            "& 'C:\\a b\\dci' '@x' 'a,b' '\u{2019}\u{2019}'"
        );
    }
}
