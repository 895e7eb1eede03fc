//! Fault points: named places where a test makes the program fail, so that what it leaves behind can be looked at.
//!
//! They do nothing unless the environment variable `LOOKALIKE_FAULT` names them: a list, separated by commas, of
//! `action@point` or `action@point:n` for the n-th time that the point is reached. Actions:
//!
//! | action | what happens |
//! |---|---|
//! | `kill` | the process ends at once, as by SIGKILL |
//! | `full` | the point fails as on a full disk |
//! | `denied` | the point fails as without permission |
//! | `panic` | the thread panics |
//! | `hang` | the thread never returns |

use std::io;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

struct Fault {
    action: String,
    point: String,
    /// At which visit of the point it happens; every visit if 0.
    visit: u64,
    visits: AtomicU64,
}

static FAULTS: OnceLock<Vec<Fault>> = OnceLock::new();

/// A place called `name` where a test can make the program fail.
///
/// # Errors
/// If the environment asks for an error here.
pub fn point(name: &str) -> io::Result<()> {
    let faults = FAULTS.get_or_init(|| parse(&std::env::var("LOOKALIKE_FAULT").unwrap_or_default()));
    // All are counted before any of them happens.
    let due: Vec<&Fault> = faults
        .iter()
        .filter(|fault| fault.point == name)
        .filter(|fault| [0, fault.visits.fetch_add(1, Ordering::Relaxed) + 1].contains(&fault.visit))
        .collect();
    for fault in due {
        match fault.action.as_str() {
            "kill" => kill(),
            "full" => return Err(io::ErrorKind::StorageFull.into()),
            "denied" => return Err(io::ErrorKind::PermissionDenied.into()),
            "panic" => panic!("a fault was asked for at {name}"),
            "hang" => loop {
                thread::sleep(Duration::from_secs(3600));
            },
            _ => {}
        }
    }
    Ok(())
}

fn parse(text: &str) -> Vec<Fault> {
    let faults = text.split(',').filter_map(|entry| {
        let (action, point) = entry.split_once('@')?;
        let (point, visit) = match point.rsplit_once(':') {
            Some((before, number)) if number.parse::<u64>().is_ok() => (before, number.parse().ok()?),
            _ => (point, 0),
        };
        let (action, point) = (action.to_owned(), point.to_owned());
        Some(Fault { action, point, visit, visits: AtomicU64::new(0) })
    });
    faults.collect()
}

#[cfg(unix)]
fn kill() {
    use rustix::process::{Signal, getpid, kill_process};
    if kill_process(getpid(), Signal::KILL).is_err() {
        std::process::abort();
    }
    // The signal may reach another thread first.
    loop {
        thread::sleep(Duration::from_secs(1));
    }
}

#[cfg(not(unix))]
fn kill() {
    std::process::abort();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_faults_is_read() {
        let faults = parse("kill@publish/file:3,full@thumbnail,nonsense,hang@photo/p03");
        let read: Vec<_> =
            faults.iter().map(|fault| (fault.action.as_str(), fault.point.as_str(), fault.visit)).collect();
        assert_eq!(read, [("kill", "publish/file", 3), ("full", "thumbnail", 0), ("hang", "photo/p03", 0)]);
        assert!(parse("").is_empty());
    }
}
