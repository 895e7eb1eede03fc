//! Progress of fetching on standard error: photos, bytes, and about how long it still takes.

use std::io::IsTerminal;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

/// How often a plain line is written where there is no terminal.
const PLAIN_EVERY: Duration = Duration::from_secs(10);

/// Progress of fetching a number of photos.
pub struct FetchProgress {
    total: usize,
    started: Instant,
    bar: Option<ProgressBar>,
    state: Mutex<State>,
}

struct State {
    done: usize,
    bytes: u64,
    told: Instant,
}

impl FetchProgress {
    /// Of `total` photos.
    pub fn new(total: usize) -> FetchProgress {
        let bar = std::io::stderr().is_terminal().then(|| {
            let style =
                ProgressStyle::with_template("{prefix:>11} [{bar:32}] {pos}/{len} ({msg}, {eta} left)")
                    .expect("the template is a constant")
                    .progress_chars("=> ");
            ProgressBar::new(total as u64).with_style(style).with_prefix("fetching")
        });
        let started = Instant::now();
        FetchProgress { total, started, bar, state: Mutex::new(State { done: 0, bytes: 0, told: started }) }
    }

    /// One photo more, of so many new bytes.
    pub fn advance(&self, bytes: u64) {
        let Ok(mut state) = self.state.lock() else { return };
        state.done += 1;
        state.bytes += bytes;
        let megabytes = format!("{:.1} MB", state.bytes as f64 / 1e6);
        match &self.bar {
            Some(bar) => {
                bar.set_message(megabytes);
                bar.inc(1);
            }
            None if state.told.elapsed() >= PLAIN_EVERY => {
                let each = self.started.elapsed().as_secs_f64() / state.done as f64;
                let left = each * (self.total - state.done.min(self.total)) as f64;
                eprintln!("fetching: {} of {}, {megabytes}, about {left:.0} s left", state.done, self.total);
                state.told = Instant::now();
            }
            None => {}
        }
    }

    /// All are done.
    pub fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish();
        }
    }
}
