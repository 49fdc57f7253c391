//! What follows from the definitions of the options: the manual page and the shells' completions.

use std::io::{self, Write};

use clap::Command;
use clap_complete::Shell;
use clap_mangen::Man;

/// The manual page, `tapline(1)`, as roff.
pub(super) fn manual(mut command: Command) -> Result<String, String> {
    command.build();
    let (words, end) = (words(&command), end(&command));
    let man = Man::new(command).manual("tapline");
    written(|page| {
        man.render_title(page)?;
        man.render_name_section(page)?;
        man.render_synopsis_section(page)?;
        man.render_description_section(page)?;
        man.render_options_section(page)?;
        page.write_all(words.as_bytes())?;
        page.write_all(end.as_bytes())
    })
}

/// A script for a shell.
pub(super) fn completions(mut command: Command, shell: Shell) -> Result<String, String> {
    written(|script| {
        clap_complete::generate(shell, &mut command, "tapline", script);
        Ok(())
    })
}

/// What can be asked for instead of a run: clap_mangen would have a page of its own for each.
fn words(command: &Command) -> String {
    let mut roff = ".SH COMMANDS\n".to_owned();
    for word in command.get_subcommands().filter(|word| !word.is_hide_set()) {
        let about = word.get_about().map(ToString::to_string).unwrap_or_default();
        roff.push_str(&format!(".TP\n\\fBtapline {}\\fR\n{}\n", escaped(word.get_name()), escaped(&about)));
    }
    roff
}

/// The end of the help: sections that begin with a title and a colon, whose columns are kept, and text between them.
fn end(command: &Command) -> String {
    let mut roff = String::new();
    let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    for paragraph in help.split("\n\n") {
        match paragraph.split_once(":\n") {
            Some((title, lines)) => {
                roff.push_str(&format!(".SH {}\n.nf\n{}\n.fi\n", escaped(&title.to_uppercase()), escaped(lines)));
            }
            None => roff.push_str(&format!(".PP\n{}\n", escaped(paragraph))),
        }
    }
    roff
}

/// Text that roff takes as it is. No line begins with a full stop: those are its requests.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\e").replace('-', "\\-").replace('\'', "\\(aq").replace("\n.", "\n\\&.")
}

fn written(write: impl FnOnce(&mut Vec<u8>) -> io::Result<()>) -> Result<String, String> {
    let mut bytes = Vec::new();
    write(&mut bytes).map_err(|error| error.to_string())?;
    String::from_utf8(bytes).map_err(|error| error.to_string())
}
