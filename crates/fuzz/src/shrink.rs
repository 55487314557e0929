//! A smaller input that is as wrong.

use std::time::{Duration, Instant};

use crate::{Said, attempt};

/// How long it may take.
const TIME: Duration = Duration::from_secs(10);

/// Takes parts out of an input as long as the check still says that something is wrong with it.
pub(crate) fn shrink(input: &[u8], check: &mut dyn FnMut(&[u8]) -> Said) -> Vec<u8> {
    let hook = std::panic::take_hook();
    // Why: each try may panic, and one report is enough.
    std::panic::set_hook(Box::new(|_| {}));
    let (mut smallest, began) = (input.to_vec(), Instant::now());
    let mut size = smallest.len() / 2;
    while size > 0 && began.elapsed() < TIME {
        let mut at = 0;
        while at < smallest.len() && began.elapsed() < TIME {
            let mut smaller = smallest.clone();
            smaller.drain(at..(at + size).min(smallest.len()));
            if attempt(check, &smaller).is_err() {
                smallest = smaller;
            } else {
                at += size;
            }
        }
        size /= 2;
    }
    std::panic::set_hook(hook);
    smallest
}
