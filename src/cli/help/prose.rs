//! Renders Markdown for a terminal: wrapped paragraphs, lists and code spans.

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};
use textwrap::WordSplitter;

/// Replaces the spaces of a code span while lines are wrapped.
const UNBREAKABLE_SPACE: &str = "\u{a0}";

/// Renders Markdown in lines of at most `width`; a longer word gets a line of its own.
pub(super) fn wrapped(markdown: &str, width: usize) -> String {
    let mut prose = Prose { width, ..Prose::default() };
    for event in Parser::new_ext(markdown, Options::ENABLE_TABLES) {
        prose.take(event);
    }
    prose.end_block();
    prose.blocks.join("\n").replace(UNBREAKABLE_SPACE, " ")
}

#[derive(Default)]
struct Prose {
    width: usize,
    blocks: Vec<String>,
    /// The text of the current block.
    text: String,
    /// The bullet or number that its first line begins with.
    marker: Option<String>,
    /// The enclosing lists, each with the number of its next item if it is numbered.
    lists: Vec<Option<u64>>,
    link: Option<String>,
    is_code: bool,
}

impl Prose {
    fn take(&mut self, event: Event<'_>) {
        match event {
            Event::Start(Tag::Paragraph | Tag::Heading { .. } | Tag::BlockQuote(_) | Tag::Table(_) | Tag::TableRow) => {
                self.begin_block();
            }
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(_) | CodeBlockKind::Indented)) => {
                self.begin_block();
                self.is_code = true;
            }
            Event::Start(Tag::List(first)) => {
                self.end_block();
                if self.lists.is_empty() {
                    self.separate();
                }
                self.lists.push(first);
            }
            Event::Start(Tag::Item) => {
                self.end_block();
                let marker = match self.lists.last_mut() {
                    Some(Some(number)) => {
                        *number += 1;
                        format!("{}. ", *number - 1)
                    }
                    _ => "- ".to_owned(),
                };
                self.marker = Some(marker);
            }
            Event::End(TagEnd::List(_)) => {
                self.end_block();
                self.lists.pop();
            }
            Event::End(
                TagEnd::Paragraph
                | TagEnd::Heading(_)
                | TagEnd::Item
                | TagEnd::TableHead
                | TagEnd::TableRow
                | TagEnd::CodeBlock,
            ) => self.end_block(),
            Event::End(TagEnd::TableCell) => self.text.push_str("  "),
            Event::Start(Tag::Link { dest_url, .. }) => self.link = Some(dest_url.into_string()),
            Event::End(TagEnd::Link) => {
                let link = self.link.take().filter(|link| !self.text.ends_with(link.as_str()));
                self.text.extend(link.map(|link| format!(" ({link})")));
            }
            Event::Code(code) => {
                let code = format!("`{code}`").replace(' ', UNBREAKABLE_SPACE);
                self.text.push_str(&code);
            }
            Event::Text(text) | Event::Html(text) | Event::InlineHtml(text) => self.text.push_str(&text),
            Event::SoftBreak => self.text.push(' '),
            Event::HardBreak => self.text.push('\n'),
            _ => {}
        }
    }

    /// Begins a block after a blank line; the first block of a list item follows its marker instead.
    fn begin_block(&mut self) {
        self.end_block();
        if self.marker.is_none() {
            self.separate();
        }
    }

    fn separate(&mut self) {
        if self.blocks.last().is_some_and(|block| !block.is_empty()) {
            self.blocks.push(String::new());
        }
    }

    fn end_block(&mut self) {
        let text = std::mem::take(&mut self.text);
        let is_code = std::mem::take(&mut self.is_code);
        if text.trim().is_empty() {
            return;
        }
        let outer = "  ".repeat(self.lists.len().saturating_sub(1));
        let inner = if self.lists.is_empty() { outer.clone() } else { format!("{outer}  ") };
        let first = self.marker.take().map_or_else(|| inner.clone(), |marker| format!("{outer}{marker}"));
        if is_code {
            self.blocks.extend(text.lines().map(|line| format!("{inner}  {line}")));
            return;
        }
        let options = textwrap::Options::new(self.width)
            .initial_indent(&first)
            .subsequent_indent(&inner)
            .break_words(false)
            .word_splitter(WordSplitter::NoHyphenation);
        self.blocks.push(textwrap::fill(text.trim(), options));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paragraphs_are_wrapped_and_code_spans_are_kept_whole() {
        assert_eq!(
            wrapped("One two\nthree `code with spaces` four.\n\nNext.", 20),
            "One two three\n`code with spaces`\nfour.\n\nNext."
        );
    }

    #[test]
    fn lists_keep_their_markers_and_hang() {
        let list = "Before:\n\n- one is a long item\n- two\n  1. inner\n  2. more\n\nAfter.";
        assert_eq!(wrapped(list, 14), "Before:\n\n- one is a\n  long item\n- two\n  1. inner\n  2. more\n\nAfter.");
    }

    #[test]
    fn links_code_and_other_marks_are_readable() {
        assert_eq!(
            wrapped("See [the docs](https://x.example) *now* <b>", 80),
            "See the docs (https://x.example) now <b>"
        );
        assert_eq!(wrapped("# Title\n\ntext\n\n```\na  b\n```", 80), "Title\n\ntext\n\n  a  b");
        assert_eq!(wrapped("", 80), "");
    }
}
