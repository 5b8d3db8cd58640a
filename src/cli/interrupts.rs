//! Ctrl-C and the other signals that end the program.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::{self, BoxStream, SelectAll};
use signal_hook::consts::SIGINT;
use tokio::runtime;
use tokio::sync::{oneshot, watch};
use tokio::time::{Instant, sleep};

use super::exit_code::ExitCode;

/// How long the program may take to end, such as for a renewal of the sign-in. After that, one more signal kills it.
const EXIT_DEADLINE: Duration = Duration::from_secs(10);

/// Receives the signals that end the program: the first one stops new calls, the second one ends calls in progress.
#[derive(Clone, Debug)]
pub(super) struct Interrupts {
    stage: Arc<watch::Sender<Stage>>,
    /// How long calls in progress may take after the first signal.
    grace: Arc<Mutex<Duration>>,
}

#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Stage {
    Running,
    /// No more calls are started.
    Stopping,
    /// Calls in progress are dropped.
    Ended,
}

impl Interrupts {
    fn running() -> Self {
        Self { stage: Arc::new(watch::Sender::new(Stage::Running)), grace: Arc::default() }
    }

    /// Starts to receive signals. This has its own thread, so that a program that is blocked on its output ends too.
    pub fn receive() -> io::Result<Self> {
        let interrupts = Self::running();
        let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
        let signals = {
            let _entered = runtime.enter();
            signals()?
        };
        let receiving = interrupts.clone();
        // A small stack is enough, even if RUST_MIN_STACK is larger.
        let thread = thread::Builder::new().name("dci-signals".into()).stack_size(128 * 1024);
        thread.spawn(move || runtime.block_on(receiving.follow(signals)))?;
        Ok(interrupts)
    }

    async fn follow(self, mut signals: Signals) {
        // There are none if all signals are ignored.
        let Some(left) = signals.next().await else { return };
        self.stage.send_replace(Stage::Stopping);
        let grace = *self.grace.lock().unwrap_or_else(PoisonError::into_inner);
        tokio::select! {
            () = sleep(grace.min(left)) => {}
            _ = signals.next() => {}
        }
        self.stage.send_replace(Stage::Ended);
        let ended = Instant::now();
        while ended.elapsed() < EXIT_DEADLINE {
            signals.next().await;
        }
        std::process::exit(ExitCode::Interrupted.number().into());
    }

    /// Lets calls in progress continue for `grace` after the first signal. A second signal ends them at once.
    pub fn allow_grace(&self, grace: Duration) {
        *self.grace.lock().unwrap_or_else(PoisonError::into_inner) = grace;
    }

    /// Runs blocking work on its own thread; `None` if Ctrl-C comes first.
    pub async fn run_blocking<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
        let (sender, result) = oneshot::channel();
        thread::spawn(move || sender.send(work()));
        tokio::select! {
            result = result => Some(result.expect("a panic of the thread ends the program")),
            () = self.ended() => None,
        }
    }

    /// Waits until no more calls may be started.
    pub async fn stopping(&self) {
        self.reached(Stage::Stopping).await;
    }

    /// Whether calls in progress must end.
    pub fn is_ended(&self) -> bool {
        *self.stage.borrow() == Stage::Ended
    }

    /// Waits until calls in progress must end.
    pub async fn ended(&self) {
        self.reached(Stage::Ended).await;
    }

    async fn reached(&self, stage: Stage) {
        // `self` owns the sender, so the wait cannot fail.
        let _ = self.stage.subscribe().wait_for(|now| *now >= stage).await;
    }
}

/// Does work during which Ctrl-C is for a child process at the same terminal, such as a pager. After the work, it ends
/// this program again.
pub(super) fn leaving_ctrl_c_to_child<T>(work: impl FnOnce() -> T) -> io::Result<T> {
    if ignored_signals()(SIGINT) {
        return Ok(work());
    }
    let ends_program = Arc::new(AtomicBool::new(false));
    signal_hook::flag::register_conditional_default(SIGINT, Arc::clone(&ends_program))?;
    let result = work();
    ends_program.store(true, Ordering::SeqCst);
    Ok(result)
}

/// The signals that end the program. Each says how long the system leaves for calls in progress.
type Signals = SelectAll<BoxStream<'static, Duration>>;

#[cfg(unix)]
fn signals() -> io::Result<Signals> {
    use tokio::signal::unix::{SignalKind, signal};

    let kinds = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()];
    let is_ignored = ignored_signals();
    let kinds = kinds.into_iter().filter(|kind| !is_ignored(kind.as_raw_value()));
    let listener = |kind| {
        let mut signals = signal(kind)?;
        Ok(stream::poll_fn(move |context| signals.poll_recv(context)).map(|()| Duration::MAX).boxed())
    };
    kinds.map(listener).collect()
}

/// Whether the program was started with a signal ignored, as by `nohup` or `trap "" INT`: then it stays ignored. Known on
/// Linux only.
fn ignored_signals() -> impl Fn(i32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or_default();
    // The lowest bit is signal 1.
    move |signal| mask >> (signal - 1) & 1 == 1
}

#[cfg(windows)]
fn signals() -> io::Result<Signals> {
    use tokio::signal::windows::{ctrl_break, ctrl_c, ctrl_close, ctrl_logoff, ctrl_shutdown};

    /// Windows kills the program 5 s after its console closes, or its user signs out. The rest is for the report.
    const BEFORE_KILL: Duration = Duration::from_secs(2);

    let (mut interrupt, mut stop) = (ctrl_c()?, ctrl_break()?);
    let (mut close, mut logoff, mut shutdown) = (ctrl_close()?, ctrl_logoff()?, ctrl_shutdown()?);
    Ok(stream::select_all([
        stream::poll_fn(move |context| interrupt.poll_recv(context)).map(|()| Duration::MAX).boxed(),
        stream::poll_fn(move |context| stop.poll_recv(context)).map(|()| Duration::MAX).boxed(),
        stream::poll_fn(move |context| close.poll_recv(context)).map(|()| BEFORE_KILL).boxed(),
        stream::poll_fn(move |context| logoff.poll_recv(context)).map(|()| BEFORE_KILL).boxed(),
        stream::poll_fn(move |context| shutdown.poll_recv(context)).map(|()| BEFORE_KILL).boxed(),
    ]))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The seconds from the first signal until calls in progress end. Each signal arrives after a delay, and leaves time.
    async fn until_ended(grace: u64, signals: &[(u64, Duration)]) -> u64 {
        let interrupts = Interrupts::running();
        interrupts.allow_grace(Duration::from_secs(grace));
        let signals = signals.iter().map(|&(after, left)| {
            let signal = async move {
                sleep(Duration::from_secs(after)).await;
                left
            };
            stream::once(signal).chain(stream::pending()).boxed()
        });
        let started = Instant::now();
        tokio::spawn(interrupts.clone().follow(stream::select_all(signals)));
        interrupts.ended().await;
        started.elapsed().as_secs()
    }

    #[tokio::test(start_paused = true)]
    async fn calls_in_progress_get_the_grace_that_the_system_leaves() {
        let (all, two_seconds) = (Duration::MAX, Duration::from_secs(2));
        assert_eq!(until_ended(5, &[(0, all)]).await, 5);
        assert_eq!(until_ended(5, &[(0, two_seconds)]).await, 2);
        assert_eq!(until_ended(0, &[(0, two_seconds)]).await, 0);
    }

    #[tokio::test(start_paused = true)]
    async fn a_second_signal_ends_calls_at_once() {
        assert_eq!(until_ended(5, &[(0, Duration::MAX), (1, Duration::MAX)]).await, 1);
    }
}
