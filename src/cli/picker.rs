//! Lets the user choose targets from a list, at a terminal.

use std::collections::HashMap;
use std::fmt::{self, Display};
use std::io::{self, IsTerminal};
use std::time::Duration;

use crossterm::event::{self, DisableBracketedPaste};
use crossterm::style::{Print, force_color_output};
use crossterm::terminal::{Clear, ClearType, disable_raw_mode, enable_raw_mode};
use crossterm::{cursor, execute};
use inquire::list_option::ListOption;
use inquire::ui::{RenderConfig, Styled};
use inquire::validator::Validation;
use inquire::{InquireError, MultiSelect, Select};
use tokio::time::sleep;

use super::context::Context;
use super::error::CliError;
use super::escape::escape;
use super::listed_user::ListedUser;
use super::named::Named;
use super::output::lines_on_stderr;
use super::target::{Target, TargetArg, Targets};

/// How many users are visible at once, if the terminal is high enough.
const MAX_VISIBLE: usize = 15;

/// The lines of the terminal that show no user.
const OTHER_LINES: u16 = 5;

/// The columns of the terminal before a user, such as `> [ ] `, and one after it.
const FREE_COLUMNS: u16 = 7;

/// How many chosen targets are named.
const MAX_NAMED: usize = 5;

/// How often to check that the terminal is still there.
const TERMINAL_CHECK_INTERVAL: Duration = Duration::from_millis(250);

/// Whether the user can choose from a list.
pub(super) fn is_possible() -> bool {
    let is_dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    !is_dumb && io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// A list that a command offers if no target was typed.
pub(super) struct Picker {
    /// Such as "Delete which users?".
    pub question: &'static str,
    /// Whether the command can act on a user.
    pub offers: fn(&ListedUser) -> bool,
    /// The error if the list is empty, such as "there are no users to delete".
    pub none: &'static str,
}

impl Picker {
    /// The typed targets, or else the chosen ones.
    pub async fn targets(&self, typed: Vec<TargetArg>, context: &Context<'_>) -> Result<Targets, CliError> {
        if !typed.is_empty() {
            return Targets::read(typed, context).await;
        }
        let question = self.question;
        let chosen = self.choose(context, move |choices, style| {
            let mark_one = |marked: &[ListOption<&Choice>]| {
                Ok(if marked.is_empty() {
                    Validation::Invalid("Mark at least one with space.".into())
                } else {
                    Validation::Valid
                })
            };
            let select = MultiSelect::new(question, choices)
                .with_help_message("type to filter; space marks, → exactly these, ← none; Enter continues, Esc cancels")
                .with_page_size(page_size())
                .with_scorer(&|filter, choice, _, index| choice.fits(filter, index))
                .with_formatter(&|marked| named(marked))
                .with_validator(mark_one);
            select.with_render_config(style).prompt()
        });
        Ok(chosen.await?.into())
    }

    /// The typed target, or else the chosen one.
    pub async fn target(&self, typed: Option<Target>, context: &Context<'_>) -> Result<Target, CliError> {
        if let Some(target) = typed {
            return Ok(target);
        }
        let question = self.question;
        let chosen = self.choose(context, move |choices, style| {
            let select = Select::new(question, choices)
                .with_help_message("type to filter; Enter chooses, Esc cancels")
                .with_page_size(page_size())
                .with_scorer(&|filter, choice, _, index| choice.fits(filter, index))
                .with_formatter(&|chosen| named(&[chosen]));
            select.with_render_config(style).prompt().map(|choice| vec![choice])
        });
        chosen.await?.pop().ok_or_else(|| CliError::not_found(self.none))
    }

    /// Lists the users and lets the user choose with `ask`.
    async fn choose(
        &self,
        context: &Context<'_>,
        ask: impl FnOnce(Vec<Choice>, RenderConfig<'static>) -> Result<Vec<Choice>, InquireError> + Send + 'static,
    ) -> Result<Vec<Target>, CliError> {
        let client = context.client()?;
        let (users, roles) = tokio::join!(ListedUser::all(context, &client), Named::roles(context, &client));
        let users = users?.into_iter().filter(self.offers);
        let choices = choices(users, &Named::or_ids(roles, context));
        if choices.is_empty() {
            return Err(
                CliError::not_found(self.none).hint("list-users lists all users; invite-user invites a new one.")
            );
        }
        let is_colored = context.output.colors_stderr();
        // Otherwise crossterm decides by NO_COLOR, which --color overrides.
        force_color_output(is_colored);
        let style = if is_colored { RenderConfig::default_colored() } else { RenderConfig::empty() };
        let style = style.with_canceled_prompt_indicator(Styled::new("cancelled"));
        let ask = move || {
            discard_typed_ahead()?;
            ask(choices, style)
        };
        let chosen = tokio::select! {
            chosen = context.interrupts.run_blocking(ask) => chosen,
            () = terminal_gone() => None,
        };
        let Some(chosen) = chosen else {
            restore_terminal();
            return Err(CliError::interrupted());
        };
        let chosen = chosen.map_err(|error| match error {
            InquireError::OperationCanceled | InquireError::OperationInterrupted => CliError::interrupted(),
            // The terminal hung up.
            _ if !io::stdin().is_terminal() => CliError::interrupted(),
            error => CliError::other(format!("cannot show the list of users: {error}"))
                .hint("Name the targets on the command line."),
        })?;
        let chosen: Vec<Target> = chosen.into_iter().map(|choice| choice.target).collect();
        Ok(context.chosen.get_or_init(|| chosen).clone())
    }
}

/// One line of the list.
struct Choice {
    target: Target,
    line: String,
    /// What the filter is compared with: the whole values, in lower case.
    filtered: String,
}

impl Choice {
    /// Choices that fit stay in the order of the list.
    fn fits(&self, filter: &str, index: usize) -> Option<i64> {
        self.filtered.contains(&filter.to_lowercase()).then(|| -i64::try_from(index).unwrap_or(i64::MAX))
    }
}

impl Display for Choice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.line)
    }
}

fn choices(users: impl Iterator<Item = ListedUser>, roles: &Named) -> Vec<Choice> {
    let (users, ids): (Vec<_>, Vec<_>) = users.filter_map(|user| user.id().ok().map(|id| (user, id))).unzip();
    let mut emails: HashMap<String, usize> = HashMap::new();
    for email in users.iter().filter_map(ListedUser::email) {
        *emails.entry(email.as_str().to_lowercase()).or_default() += 1;
    }
    let targets = users.iter().zip(ids).map(|(user, id)| match user.email() {
        Some(email) if emails.get(&email.as_str().to_lowercase()) == Some(&1) => Target::Listed { email, id },
        _ => Target::Id(id),
    });
    let rows: Vec<_> = users.iter().map(|user| user.row(roles)).collect();
    let lines = lines_on_stderr(&rows, ListedUser::COLUMNS, FREE_COLUMNS);
    let filtered = rows.iter().map(|row| {
        let values = row.as_object().into_iter().flat_map(|row| row.values());
        values.filter_map(|value| value.as_str()).collect::<Vec<_>>().join(" ").to_lowercase()
    });
    let choices = targets.zip(lines).zip(filtered);
    choices.map(|((target, line), filtered)| Choice { target, line, filtered }).collect()
}

/// What replaces the list after the choice.
fn named(chosen: &[ListOption<&Choice>]) -> String {
    if chosen.len() > MAX_NAMED {
        return format!("{} chosen", chosen.len());
    }
    chosen.iter().map(|choice| escape(choice.value.target.as_str()).into_owned()).collect::<Vec<_>>().join(", ")
}

fn page_size() -> usize {
    let height = terminal_size::terminal_size_of(io::stderr()).map_or(u16::MAX, |(_, height)| height.0);
    usize::from(height.saturating_sub(OTHER_LINES)).clamp(1, MAX_VISIBLE)
}

/// Discards the keys that were pressed before the list is visible: Enter would choose a user that was not shown.
fn discard_typed_ahead() -> io::Result<()> {
    // The list ends this mode.
    enable_raw_mode()?;
    while event::poll(Duration::ZERO)? {
        event::read()?;
    }
    Ok(())
}

/// Waits until the terminal hangs up. Not every program gets a signal then, and crossterm would read forever.
async fn terminal_gone() {
    while io::stdin().is_terminal() {
        sleep(TERMINAL_CHECK_INTERVAL).await;
    }
}

/// Restores the terminal while the list still waits for a key on its thread, because the program ends.
fn restore_terminal() {
    // If the terminal is gone, there is nothing to restore.
    let _ = disable_raw_mode();
    let _ = execute!(io::stderr(), DisableBracketedPaste, cursor::Show, Print("\n"), Clear(ClearType::FromCursorDown));
}
