use std::io;
use std::panic::resume_unwind;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::thread;
use std::time::Duration;

use tokio::runtime;
use tokio::sync::{oneshot, watch};
use tokio::time::{Instant, sleep};

use super::exit_code::ExitCode;

/// How long the end may take, a renewal of the sign-in included, before one more signal cuts it off.
const END_WITHIN: Duration = Duration::from_secs(10);

/// Ctrl-C, and whatever else asks the program to end: one place receives the signals.
#[derive(Clone, Debug)]
pub(super) struct Interrupts {
    stage: Arc<watch::Sender<Stage>>,
    /// How long calls under way have after the first signal.
    grace: Arc<Mutex<Duration>>,
}

#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Stage {
    Going,
    /// No call is begun any more.
    Stopping,
    /// Calls under way end at once.
    Ended,
}

impl Interrupts {
    /// Receives signals from now on, in a thread of its own: a program that waits for whoever reads its output ends too.
    pub fn receive() -> io::Result<Self> {
        let interrupts = Self { stage: Arc::new(watch::Sender::new(Stage::Going)), grace: Arc::default() };
        let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
        let signals = {
            let _entered = runtime.enter();
            Signals::listen()?
        };
        let receiving = interrupts.clone();
        // It needs little, whatever RUST_MIN_STACK asks for.
        let small = thread::Builder::new().name("dci-signals".into()).stack_size(128 * 1024);
        small.spawn(move || runtime.block_on(receiving.follow(signals)))?;
        Ok(interrupts)
    }

    async fn follow(self, mut signals: Signals) {
        signals.next().await;
        self.stage.send_replace(Stage::Stopping);
        let grace = *self.grace.lock().unwrap_or_else(PoisonError::into_inner);
        tokio::select! {
            () = sleep(grace) => {}
            () = signals.next() => {}
        }
        self.stage.send_replace(Stage::Ended);
        let ended = Instant::now();
        while ended.elapsed() < END_WITHIN {
            signals.next().await;
        }
        std::process::exit(ExitCode::Interrupted.number().into());
    }

    /// Lets calls under way go on for a while after the first signal. The second one always ends them.
    pub fn allow_grace(&self, grace: Duration) {
        *self.grace.lock().unwrap_or_else(PoisonError::into_inner) = grace;
    }

    /// What a person or another program takes its time for, in a thread that ends with this program; none when a signal
    /// comes first.
    pub async fn unless_ended<T: Send + 'static>(&self, reading: impl FnOnce() -> T + Send + 'static) -> Option<T> {
        let (sender, read) = oneshot::channel();
        thread::spawn(move || sender.send(reading()));
        tokio::select! {
            // Without a result the thread panicked, which was shown then.
            read = read => Some(read.unwrap_or_else(|lost| resume_unwind(Box::new(lost)))),
            () = self.ended() => None,
        }
    }

    /// No call is to be begun.
    pub async fn stopping(&self) {
        self.reached(Stage::Stopping).await;
    }

    /// Whether nothing is to go on.
    pub fn is_ended(&self) -> bool {
        *self.stage.borrow() == Stage::Ended
    }

    /// Waits until nothing is to go on.
    pub async fn ended(&self) {
        self.reached(Stage::Ended).await;
    }

    async fn reached(&self, stage: Stage) {
        // The sender lives as long as this.
        let _ = self.stage.subscribe().wait_for(|now| *now >= stage).await;
    }
}

/// The signals that ask the program to end.
struct Signals(Vec<Listener>);

type Listener = Box<dyn FnMut(&mut Context<'_>) -> Poll<Option<()>> + Send>;

impl Signals {
    /// Waits for the next one, whichever it is.
    async fn next(&mut self) {
        std::future::poll_fn(|context| {
            let is_here = self.0.iter_mut().any(|poll| poll(context).is_ready());
            if is_here { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }
}

#[cfg(unix)]
impl Signals {
    fn listen() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};

        let kinds = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()];
        let heeded = kinds.into_iter().filter(|kind| *kind != SignalKind::hangup() || !ignores_hangup());
        let listener = |kind| {
            let mut signals = signal(kind)?;
            Ok(Box::new(move |context: &mut Context<'_>| signals.poll_recv(context)) as Listener)
        };
        heeded.map(listener).collect::<io::Result<_>>().map(Self)
    }
}

/// Whether this was started to outlive its terminal, as by `nohup`. Only Linux says so.
#[cfg(unix)]
fn ignores_hangup() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    // The lowest bit stands for the signal 1.
    ignored.is_some_and(|mask| mask & 1 == 1)
}

#[cfg(windows)]
impl Signals {
    fn listen() -> io::Result<Self> {
        use tokio::signal::windows::{ctrl_break, ctrl_c, ctrl_close, ctrl_logoff, ctrl_shutdown};

        let (mut interrupt, mut stop) = (ctrl_c()?, ctrl_break()?);
        let (mut close, mut logoff, mut shutdown) = (ctrl_close()?, ctrl_logoff()?, ctrl_shutdown()?);
        Ok(Self(vec![
            Box::new(move |context| interrupt.poll_recv(context)),
            Box::new(move |context| stop.poll_recv(context)),
            Box::new(move |context| close.poll_recv(context)),
            Box::new(move |context| logoff.poll_recv(context)),
            Box::new(move |context| shutdown.poll_recv(context)),
        ]))
    }
}
