//! The command `dci sandbox`.

#[cfg(target_os = "linux")]
use std::{
    io::{BufRead, BufReader},
    net::TcpStream,
    process::{Command, Stdio},
    time::Duration,
};

use crate::support::program::{Running, dci, dci_at};
use crate::support::sandbox::sandbox;

/// The value in the next line, which sets a variable in a shell of this system.
fn value_of(name: &str, sandbox: &mut Running) -> String {
    let line = sandbox.line();
    let (start, end) = if cfg!(windows) { (format!("$env:{name} = '"), "'") } else { (format!("export {name}="), "") };
    let value = line.strip_prefix(&start).and_then(|rest| rest.strip_suffix(end));
    value.unwrap_or_else(|| panic!("{line} does not set {name}")).to_owned()
}

#[test]
fn the_printed_variables_connect_dci_to_the_sandbox() {
    let faults = ["--fault", "status=403,operation=resendInvite", "--fault", "status=404"];
    let mut sandbox = dci(&[&["sandbox"][..], &faults].concat()).start();
    let (url, key) = (value_of("DCI_API_BASE_URL", &mut sandbox), value_of("DCI_API_KEY", &mut sandbox));
    assert_eq!(value_of("DCI_AUTHORIZE_URL", &mut sandbox), format!("{url}/oauth/authorize"));
    assert_eq!(value_of("DCI_TOKEN_URL", &mut sandbox), format!("{url}/oauth/token"));

    let resend = || dci_at(&url, &["resend-invite", "invite-expired"]).env("DCI_API_KEY", &key).finish().code;
    assert_eq!([resend(), resend(), resend()], [11, 20, 0], "two faults, then it works");
    end(sandbox);
    assert_eq!(resend(), 41, "the sandbox has ended");
}

/// Ends the sandbox with Ctrl-C.
#[cfg(unix)]
fn end(sandbox: Running) {
    sandbox.interrupt();
    let finished = sandbox.finish();
    assert_eq!(finished.code, 0, "{finished}");
}

/// Kills the sandbox: on Windows, only programs at the same console can send Ctrl-C.
#[cfg(windows)]
fn end(mut sandbox: Running) {
    sandbox.kill();
}

#[test]
fn faults_can_be_random() {
    let mut sandbox = dci(&["sandbox", "--fault-rate", "100", "--fault-seed", "1"]).start();
    let url = value_of("DCI_API_BASE_URL", &mut sandbox);
    let finished = dci_at(&url, &["resend-invite", "x", "--max-attempts", "1", "--idempotency-key", "k"]).finish();
    assert!([40, 41, 50].contains(&finished.code), "{finished}");
    end(sandbox);
}

#[test]
fn a_taken_port_is_an_error_that_names_the_flag() {
    let taken = sandbox();
    let port = taken.url().rsplit(':').next().expect("a port");
    let finished = dci(&["sandbox", "--port", port]).finish();
    assert_eq!(finished.code, 1, "{finished}");
    assert!(finished.error()["hint"].to_string().contains("--port"));
}

#[test]
fn an_invalid_fault_is_a_usage_error() {
    for fault in
        ["explode", "status=200", "latency=soon", "truncate,times=0", "truncate,times=x", "drop-after,operation=x"]
    {
        let finished = dci(&["sandbox", "--fault", fault]).finish();
        assert_eq!(finished.code, 2, "{finished}");
    }
}

/// Connections beyond the file descriptor limit wait without using CPU time.
#[test]
#[cfg(target_os = "linux")]
fn without_file_descriptors_the_sandbox_waits() {
    let program = "ulimit -n 24; exec \"$0\" sandbox";
    let mut command = Command::new("sh");
    command.args(["-c", program, env!("CARGO_BIN_EXE_dci")]).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut sandbox = command.spawn().expect("a shell");
    let mut line = String::new();
    BufReader::new(sandbox.stdout.take().expect("it is piped")).read_line(&mut line).expect("a line");
    let url = line.trim().strip_prefix("export DCI_API_BASE_URL=").expect("the first line");
    let address = url.strip_prefix("http://").expect("a URL");

    let crowd: Vec<TcpStream> = (0..40).map(|_| TcpStream::connect(address).expect("the queue has room")).collect();
    let used = |pid: u32| {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).expect("it runs");
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
        // utime and stime, in ticks of 10 ms.
        fields[11].parse::<u64>().expect("a number") + fields[12].parse::<u64>().expect("a number")
    };
    std::thread::sleep(Duration::from_millis(50));
    let before = used(sandbox.id());
    std::thread::sleep(Duration::from_millis(300));
    let spent = used(sandbox.id()) - before;
    drop(crowd);
    let code = dci_at(url, &["validate"]).env("DCI_API_KEY", "sandbox").finish().code;
    sandbox.kill().expect("it runs");
    sandbox.wait().expect("it is ours");
    assert!(spent <= 10, "{spent} of 30 ticks");
    assert_eq!(code, 0);
}
