//! Ctrl-C and the like: the first asks the program to finish what is in hand and save it, the second ends it at once.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use signal_hook::consts::TERM_SIGNALS;
use signal_hook::flag;

/// What a shell reports for a program that Ctrl-C ended.
pub const EXIT_CODE: u8 = 130;

static REQUESTED: OnceLock<Arc<AtomicBool>> = OnceLock::new();

/// The work was stopped by a signal before it was done; says what is kept and how to go on.
#[derive(Debug)]
pub struct Interrupted(pub String);

impl std::fmt::Display for Interrupted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "interrupted: {}", self.0)
    }
}

impl std::error::Error for Interrupted {}

/// Has SIGINT, SIGTERM and SIGQUIT only noted; a second one ends the process.
///
/// # Errors
/// If the system refuses the handlers.
pub fn install() -> std::io::Result<()> {
    let requested = REQUESTED.get_or_init(Default::default);
    for signal in TERM_SIGNALS {
        // In this order: a signal that finds the flag set ends the process, then the flag is set.
        flag::register_conditional_shutdown(*signal, i32::from(EXIT_CODE), requested.clone())?;
        flag::register(*signal, requested.clone())?;
    }
    Ok(())
}

/// Whether a signal asked the program to stop.
pub fn requested() -> bool {
    REQUESTED.get().is_some_and(|requested| requested.load(Ordering::Relaxed))
}

/// Stops the work between two steps of it.
///
/// # Errors
/// [`Interrupted`], if a signal asked for it.
pub fn check() -> anyhow::Result<()> {
    stop("all embeddings are kept and the folder is as it was; run the same command again to go on")
}

/// Stops the making of a table between two batches of it.
///
/// # Errors
/// [`Interrupted`], if a signal asked for it.
pub fn check_output() -> anyhow::Result<()> {
    stop("the output is not whole; run the same command again")
}

fn stop(text: &str) -> anyhow::Result<()> {
    if requested() {
        return Err(Interrupted(text.to_owned()).into());
    }
    Ok(())
}
