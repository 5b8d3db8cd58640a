use std::sync::atomic::{AtomicU32, Ordering};

use futures_util::{FutureExt, StreamExt, stream};

use super::*;

fn limit(concurrency: usize) -> AdaptiveLimit {
    AdaptiveLimit::new(NonZeroUsize::new(concurrency).expect("at least 1"))
}

#[derive(Debug)]
struct Outcome {
    /// Successful calls per second.
    done: f64,
    /// The share of 429s.
    rate_limited: f64,
    /// Calls that used up their attempts.
    failed: u32,
}

/// Simulates the calls of the exchange with a service that responds after 20 ms.
async fn run(concurrency: usize, calls: u32, accepts: impl Fn() -> bool) -> Outcome {
    fastrand::seed(7);
    let limit = limit(concurrency);
    let (attempts, rate_limited, failed) = (AtomicU32::new(0), AtomicU32::new(0), AtomicU32::new(0));
    let call = async || {
        for attempt in 0..5 {
            let sent_at = Instant::now();
            tokio::time::sleep(Duration::from_millis(20)).await;
            attempts.fetch_add(1, Ordering::Relaxed);
            let is_accepted = accepts();
            limit.record(sent_at, !is_accepted);
            if is_accepted {
                return;
            }
            rate_limited.fetch_add(1, Ordering::Relaxed);
            AdaptiveLimit::release();
            let bound = if limit.is_limiting() { 2.0 } else { 0.5 } * f64::from(1 << attempt);
            tokio::time::sleep(Duration::from_secs_f64(bound * fastrand::f64())).await;
            limit.reacquire().await;
        }
        failed.fetch_add(1, Ordering::Relaxed);
    };
    let begun = Instant::now();
    let all = stream::iter(0..calls).then(|_| limit.acquire()).map(|permit| permit.run(call()));
    all.buffer_unordered(concurrency * 16).collect::<Vec<()>>().await;
    let (attempts, rate_limited, failed) = (attempts.into_inner(), rate_limited.into_inner(), failed.into_inner());
    let done = f64::from(calls - failed) / begun.elapsed().as_secs_f64();
    Outcome { done, rate_limited: f64::from(rate_limited) / f64::from(attempts), failed }
}

/// A service that accepts `rate` requests a second, and up to `burst` at once.
fn token_bucket(rate: f64, burst: f64) -> impl Fn() -> bool {
    let bucket = Mutex::new((burst, Instant::now()));
    move || {
        let (left, filled_at) = &mut *bucket.lock().expect("no panic");
        *left = (*left + filled_at.elapsed().as_secs_f64() * rate).min(burst);
        *filled_at = Instant::now();
        let accepts = *left >= 1.0;
        *left -= f64::from(u8::from(accepts));
        accepts
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_approaches_the_rate_of_the_service() {
    for (rate, calls) in [(5.0, 300), (20.0, 1200), (50.0, 3000), (100.0, 3000), (200.0, 6000), (500.0, 15_000)] {
        for burst in [rate / 5.0, rate] {
            for concurrency in [8_u32, 64] {
                let outcome = run(concurrency as usize, calls, token_bucket(rate, burst)).await;
                let possible = rate.min(f64::from(concurrency) / 0.02);
                let what = format!("{rate} a second, {burst} at once, concurrency {concurrency}: {outcome:?}");
                assert!(outcome.done > possible / 2.0, "{what}");
                assert!(outcome.rate_limited <= 0.1, "{what}");
                assert_eq!(outcome.failed, 0, "{what}");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn random_429s_do_not_slow_down_a_run() {
    for (share, calls, min) in [
        (0.01, 10_000, 1500.0),
        (0.02, 30_000, 1500.0),
        (0.05, 10_000, 1000.0),
        (0.05, 50_000, 1000.0),
        (0.1, 10_000, 700.0),
        (0.1, 50_000, 1500.0),
        (0.2, 50_000, 1000.0),
        (0.3, 10_000, 400.0),
        (0.3, 50_000, 1000.0),
    ] {
        let outcome = run(64, calls, || fastrand::f64() >= share).await;
        assert!(outcome.done > min, "{share} of {calls}: {outcome:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_speeds_up_when_the_limit_is_lifted() {
    let begun = Instant::now();
    let limited = token_bucket(20.0, 20.0);
    let outcome = run(64, 20_000, || begun.elapsed().as_secs() >= 60 || limited()).await;
    let seconds = begun.elapsed().as_secs_f64();
    // Without a limit the rest takes 6 s.
    assert!(seconds < 80.0, "{seconds} s: {outcome:?}");
}

#[tokio::test(start_paused = true)]
async fn the_concurrency_limits_the_permits() {
    for concurrency in [1, 9, 64] {
        let limit = limit(concurrency);
        let (held, most) = (AtomicU32::new(0), AtomicU32::new(0));
        let calls = stream::iter(0..500).map(|_| async {
            let _permit = limit.acquire().await;
            most.fetch_max(held.fetch_add(1, Ordering::Relaxed) + 1, Ordering::Relaxed);
            tokio::time::sleep(Duration::from_millis(20)).await;
            held.fetch_sub(1, Ordering::Relaxed);
            limit.record(Instant::now(), false);
        });
        calls.buffer_unordered(500).collect::<Vec<()>>().await;
        assert_eq!(most.into_inner() as usize, concurrency);
    }
}

#[tokio::test(start_paused = true)]
async fn no_permit_is_issued_during_a_pause() {
    let limit = limit(8);
    let started = Instant::now();
    limit.pause(Duration::from_secs(5));
    limit.pause(Duration::from_secs(3));
    assert_eq!(limit.remaining_pause().as_secs(), 5);
    let all = stream::iter(0..20).map(|_| async { drop(limit.acquire().await) }).buffer_unordered(20);
    all.collect::<Vec<()>>().await;
    assert_eq!(started.elapsed().as_secs(), 5);
    limit.pause(Duration::MAX);
    assert!(limit.remaining_pause() > Duration::from_secs(24 * 3600), "capped, not lost");
}

#[tokio::test(start_paused = true)]
async fn a_dropped_waiter_passes_its_permit_on() {
    let limit = limit(1);
    let held = limit.acquire().await;
    {
        let mut dropped = std::pin::pin!(limit.acquire());
        let mut next = std::pin::pin!(limit.acquire());
        assert!(dropped.as_mut().now_or_never().is_none() && next.as_mut().now_or_never().is_none());
        drop(held);
    }
    drop(limit.acquire().await);
}

#[tokio::test]
async fn a_call_outside_a_run_needs_no_permit() {
    let limit = limit(1);
    let _held = limit.acquire().await;
    AdaptiveLimit::release();
    assert!(!AdaptiveLimit::is_run() && limit.reacquire().now_or_never().is_some());
}
