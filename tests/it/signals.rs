//! Signals that are not for `dci`: a pager's Ctrl-C, and signals that it was started to ignore.
#![cfg(unix)]

use std::io::Read;
use std::process::{Command, Stdio};
use std::time::Duration;

use dci::sandbox::Fault;
#[cfg(target_os = "linux")]
use rustix::process::{Pid, Signal, kill_process};

use crate::support::program::dci;
use crate::support::sandbox::{pass_time_until_sent, sandbox_with};

fn help_with(pager: &str) -> crate::support::terminal::Terminal {
    let path = std::env::var("PATH").expect("a path");
    dci(&["resend-invite", "--help"]).env("PAGER", pager).env("PATH", &path).at_terminal()
}

#[test]
fn ctrl_c_at_a_pager_is_for_the_pager() {
    let mut terminal = help_with("cat > /dev/null; echo paging; read reply <&1; echo \"got $reply\"");
    terminal.wait_for("paging");
    terminal.interrupt();
    terminal.interrupt();
    terminal.type_text("more\n");
    let ended = terminal.end();
    assert!(ended.code == 0 && ended.written.contains("got more"), "{}: {}", ended.code, ended.written);
    assert!(!ended.written.contains("Resend an invite"), "{}", ended.written);
}

#[test]
fn a_pager_that_ctrl_c_ends_has_shown_the_page() {
    let ended = help_with("cat > /dev/null; echo paging; kill -INT $$").end();
    assert!(ended.code == 0 && ended.written.contains("paging"), "{}: {}", ended.code, ended.written);
    assert!(!ended.written.contains("Resend an invite"), "{}", ended.written);
}

#[test]
fn a_pager_that_fails_after_ctrl_c_is_replaced_by_plain_help() {
    let ended = help_with("kill -INT $PPID; exit 1").end();
    assert!(ended.code == 0 && ended.written.contains("Resend an invite\n\nSends the"), "{}", ended.written);
}

/// Starts `dci` with some signals ignored, as `sh` does for a job in the background.
#[cfg(target_os = "linux")]
fn ignoring(signals: &str, url: &str) -> Command {
    let mut command = Command::new("sh");
    let script = format!("trap '' {signals}; exec {} resend-invite invite-1", env!("CARGO_BIN_EXE_dci"));
    command.args(["-c", &script]).env("DCI_API_BASE_URL", url).env("DCI_API_KEY", "sandbox");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

#[test]
#[cfg(target_os = "linux")]
fn a_signal_that_was_ignored_at_the_start_stays_ignored() {
    for (ignored, sent) in [("INT", Signal::INT), ("TERM", Signal::TERM), ("INT TERM HUP", Signal::INT)] {
        let sandbox = sandbox_with(1);
        sandbox.inject(Fault::latency(Duration::from_secs(3600)));
        let mut child = ignoring(ignored, sandbox.url()).spawn().expect("a shell");
        while sandbox.requests() < 1 {
            std::thread::yield_now();
        }
        for _ in 0..3 {
            kill_process(Pid::from_child(&child), sent).expect("it runs");
        }
        pass_time_until_sent(&sandbox, 1);
        let mut stderr = String::new();
        child.stderr.take().expect("it is piped").read_to_string(&mut stderr).expect("UTF-8");
        let status = child.wait().expect("it is ours");
        assert!(status.success(), "{ignored}: {status}: {stderr}");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn other_signals_still_end_it() {
    let sandbox = sandbox_with(1);
    sandbox.inject(Fault::latency(Duration::from_secs(3600)));
    let mut child = ignoring("INT", sandbox.url()).spawn().expect("a shell");
    while sandbox.requests() < 1 {
        std::thread::yield_now();
    }
    while child.try_wait().expect("it is ours").is_none() {
        // The second signal ends it without the response.
        let _ = kill_process(Pid::from_child(&child), Signal::TERM);
        std::thread::sleep(Duration::from_millis(1));
    }
    assert_eq!(child.wait().expect("it ended").code(), Some(130));
}
