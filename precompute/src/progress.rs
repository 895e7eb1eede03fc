//! Progress on standard error: a bar on a terminal, a plain line now and then elsewhere.

use std::io::IsTerminal;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

/// How often a plain line is written where there is no terminal.
const PLAIN_EVERY: Duration = Duration::from_secs(10);

/// Progress of one stage.
pub struct Progress {
    stage: &'static str,
    total: u64,
    shown: Shown,
}

enum Shown {
    Bar(ProgressBar),
    Lines(Mutex<(u64, Instant)>),
}

impl Progress {
    /// A stage of `total` steps.
    pub fn new(stage: &'static str, total: u64) -> Progress {
        let shown = if std::io::stderr().is_terminal() {
            let style =
                ProgressStyle::with_template("{msg:>11} [{bar:32}] {pos}/{len} ({per_sec}, {eta} left)")
                    .expect("the template is a constant")
                    .progress_chars("=> ");
            Shown::Bar(ProgressBar::new(total).with_style(style).with_message(stage))
        } else {
            Shown::Lines(Mutex::new((0, Instant::now())))
        };
        Progress { stage, total, shown }
    }

    /// One step is done.
    pub fn advance(&self) {
        match &self.shown {
            Shown::Bar(bar) => bar.inc(1),
            Shown::Lines(state) => {
                let Ok(mut state) = state.lock() else { return };
                state.0 += 1;
                if state.1.elapsed() >= PLAIN_EVERY {
                    eprintln!("{}: {} of {}", self.stage, state.0, self.total);
                    state.1 = Instant::now();
                }
            }
        }
    }

    /// The stage is done.
    pub fn finish(&self) {
        match &self.shown {
            Shown::Bar(bar) => bar.finish(),
            Shown::Lines(_) => eprintln!("{}: {} done", self.stage, self.total),
        }
    }
}
