//! Pieces of work on several threads, their results in order.

use std::num::NonZero;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use crate::interrupt;

/// How many threads can run at once here.
pub fn processors() -> usize {
    thread::available_parallelism().map_or(1, NonZero::get)
}

/// Does the pieces 0 to `count` - 1 on `jobs` threads; the results are in order.
pub fn in_order<T: Send>(count: usize, jobs: usize, work: impl Fn(usize) -> T + Sync) -> Vec<T> {
    with(count, jobs, &AtomicBool::new(false), || (), |(), piece| work(piece))
}

/// The same for pieces that can fail, and of which those of a thread share what `start` gives, such as an open file. After a
/// failure or a signal ([`interrupt`]) only the pieces that are begun are done.
///
/// # Errors
/// That of the first piece that failed or was not begun.
pub fn try_in_order<State, T: Send>(
    count: usize,
    jobs: usize,
    start: impl Fn() -> anyhow::Result<State> + Sync,
    work: impl Fn(&mut State, usize) -> anyhow::Result<T> + Sync,
) -> anyhow::Result<Vec<T>> {
    let failed = AtomicBool::new(false);
    let attempt = |state: &mut Option<State>, piece| {
        let state = match state {
            Some(state) => state,
            None => state.insert(start()?),
        };
        work(state, piece)
    };
    let piece = |state: &mut Option<State>, piece| {
        interrupt::check()
            .and_then(|()| attempt(state, piece))
            .inspect_err(|_| failed.store(true, Ordering::Relaxed))
    };
    with(count, jobs, &failed, || None, piece).into_iter().collect()
}

/// Until `stop` is set, after which no more pieces are begun.
fn with<State, T: Send>(
    count: usize,
    jobs: usize,
    stop: &AtomicBool,
    start: impl Fn() -> State + Sync,
    work: impl Fn(&mut State, usize) -> T + Sync,
) -> Vec<T> {
    let next = AtomicUsize::new(0);
    let worker = || {
        let (mut state, mut done) = (start(), Vec::new());
        while !stop.load(Ordering::Relaxed) {
            let piece = next.fetch_add(1, Ordering::Relaxed);
            if piece >= count {
                break;
            }
            done.push((piece, work(&mut state, piece)));
        }
        done
    };
    let mut done: Vec<(usize, T)> = thread::scope(|scope| {
        let workers: Vec<_> = (0..jobs).map(|_| scope.spawn(worker)).collect();
        workers.into_iter().flat_map(|worker| worker.join().expect("a worker's panic is a bug")).collect()
    });
    done.sort_by_key(|(piece, _)| *piece);
    done.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    use anyhow::bail;

    use super::*;

    #[test]
    fn results_are_in_order_on_any_number_of_threads() -> anyhow::Result<()> {
        let squares: Vec<usize> = (0..100).map(|number| number * number).collect();
        for jobs in [1, 3, 200] {
            assert_eq!(in_order(100, jobs, |piece| piece * piece), squares);
            assert_eq!(try_in_order(100, jobs, || Ok(1), |one, piece| Ok(piece * piece * *one))?, squares);
        }
        assert!(in_order(0, 2, |piece| piece).is_empty());
        Ok(())
    }

    #[test]
    fn the_first_failure_is_told() {
        let fails = |_: &mut (), piece: usize| if piece >= 7 { bail!("piece {piece}") } else { Ok(piece) };
        let told = try_in_order(20, 3, || Ok(()), fails).map_err(|error| error.to_string());
        assert_eq!(told, Err("piece 7".to_owned()));
        let begun = AtomicUsize::new(0);
        let counted = |_: &mut (), piece: usize| {
            begun.fetch_add(1, Ordering::Relaxed);
            if piece == 7 { bail!("piece 7") } else { Ok(()) }
        };
        assert!(try_in_order(1_000_000, 1, || Ok(()), counted).is_err());
        assert_eq!(begun.into_inner(), 8, "no more are begun");
        let told = try_in_order(3, 2, || bail!("no file"), fails).map_err(|error| error.to_string());
        assert_eq!(told, Err("no file".to_owned()));
    }
}
