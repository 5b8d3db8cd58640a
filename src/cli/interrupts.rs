use std::cell::Cell;
use std::io;
use std::panic::resume_unwind;
use std::time::Duration;

use tokio::sync::{oneshot, watch};

/// Ctrl-C, heard in one place.
#[derive(Debug)]
pub(super) struct Interrupts {
    stage: watch::Sender<Stage>,
    /// How long calls under way have after the first Ctrl-C.
    grace: Cell<Duration>,
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
    pub fn new() -> Self {
        Self { stage: watch::Sender::new(Stage::Going), grace: Cell::default() }
    }

    /// Lets calls under way go on for a while after the first Ctrl-C. The second one always ends them.
    pub fn allow_grace(&self, grace: Duration) {
        self.grace.set(grace);
    }

    /// Does the work of a command, which looks here whether it is to go on.
    pub async fn heard_during<T>(&self, work: impl Future<Output = T>) -> io::Result<T> {
        let hear = async {
            tokio::signal::ctrl_c().await?;
            self.stage.send_replace(Stage::Stopping);
            tokio::select! {
                () = tokio::time::sleep(self.grace.get()) => {}
                second = tokio::signal::ctrl_c() => second?,
            }
            self.stage.send_replace(Stage::Ended);
            std::future::pending::<io::Result<T>>().await
        };
        tokio::select! {
            // Before the work begins, so that Ctrl-C never finds nobody who hears it.
            biased;
            failure = hear => failure,
            outcome = work => Ok(outcome),
        }
    }

    /// What a person or another program takes its time for, in a thread that ends with this program; none when Ctrl-C
    /// is pressed first.
    pub async fn unless_ended<T: Send + 'static>(&self, reading: impl FnOnce() -> T + Send + 'static) -> Option<T> {
        let (sender, read) = oneshot::channel();
        std::thread::spawn(move || sender.send(reading()));
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
