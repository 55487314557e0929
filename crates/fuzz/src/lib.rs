//! Hostile input for parsers: real examples, changed over and over, for as long as there is time.
//!
//! For tests alone. A target is a test named `fuzz::…` in the crate whose parser it is about; it gives [`Target::run`] examples and a
//! check. The check says in a word what became of an input; an input with a new word joins the examples, so that the
//! search goes on from what it has reached. It needs no instrumented build.
//!
//! The order of inputs depends on the seed alone, so that a failure is found again. How long a target runs, and what it runs, is said by the
//! environment:
//!
//! | variable | |
//! |---|---|
//! | `COUNTERSIGN_FUZZ_SECONDS` | how long each target runs; 1 where it is not set |
//! | `COUNTERSIGN_FUZZ_SEED` | a number; another one, other inputs |
//! | `COUNTERSIGN_FUZZ_INPUT` | a file: this input alone is tried |
//! | `COUNTERSIGN_FUZZ_TRACE` | a file: each input is written there before it is tried, for what ends the process |
//!
//! ```
//! countersign_fuzz::Target::new("numbers")
//!     .examples(["1", "-20"])
//!     .words(["0x", "_"])
//!     .run(|input| {
//!         let text = String::from_utf8_lossy(input);
//!         match text.parse::<i32>() {
//!             Ok(number) if number.to_string().parse() == Ok(number) => Ok("read".to_owned()),
//!             Ok(number) => Err(format!("{number} does not come back")),
//!             Err(error) => Ok(error.to_string()),
//!         }
//!     });
//! ```
#![expect(
    clippy::panic,
    clippy::expect_used,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a test ends where its target fails, says how, and goes by the clock and the environment"
)]

mod chance;
mod cost;
mod mutate;
mod shrink;

use std::{
    any::Any,
    collections::BTreeSet,
    fs,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use chance::Chance;
use cost::{Cost, Watchdog};
use mutate::Mutator;

/// The processor's time that one input may take, in a debug build beside others' work.
const CPU: Duration = Duration::from_secs(2);

/// What one input may add to the most memory that the process had.
const MEMORY_BYTES: u64 = 384 * 1024 * 1024;

/// The most bytes of an input; a target may say less or more.
const MAX_BYTES: usize = 64 * 1024;

/// The most examples that are kept beside those that were given.
const MAX_FOUND: usize = 2_000;

/// What a check says: a word for what became of the input, or what is wrong.
pub type Said = Result<String, String>;

/// One parser, or one family of them, and what it is fed.
pub struct Target {
    name: &'static str,
    examples: Vec<Vec<u8>>,
    words: Vec<Vec<u8>>,
    max_bytes: usize,
    cpu: Duration,
}

/// What is asked for by the environment.
struct Asked {
    time: Duration,
    seed: u64,
    input: Option<PathBuf>,
    trace: Option<PathBuf>,
}

impl Asked {
    fn read() -> Self {
        let said = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let number = |name, default| {
            said(name).map_or(default, |text| text.parse().unwrap_or_else(|_| panic!("`{name}` is a number")))
        };
        Self {
            time: Duration::from_secs(number("COUNTERSIGN_FUZZ_SECONDS", 1)),
            seed: number("COUNTERSIGN_FUZZ_SEED", 1),
            input: said("COUNTERSIGN_FUZZ_INPUT").map(PathBuf::from),
            trace: said("COUNTERSIGN_FUZZ_TRACE").map(PathBuf::from),
        }
    }
}

impl Target {
    /// A target without examples; `name` stands in what is told of it.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        Self { name, examples: Vec::new(), words: Vec::new(), max_bytes: MAX_BYTES, cpu: CPU }
    }

    /// Adds examples that are tried as they are, then changed.
    #[must_use]
    pub fn examples<T: AsRef<[u8]>>(mut self, examples: impl IntoIterator<Item = T>) -> Self {
        self.examples.extend(examples.into_iter().map(|example| example.as_ref().to_vec()));
        self
    }

    /// Adds words of the format, which changes put in.
    #[must_use]
    pub fn words<T: AsRef<[u8]>>(mut self, words: impl IntoIterator<Item = T>) -> Self {
        self.words.extend(words.into_iter().map(|word| word.as_ref().to_vec()));
        self
    }

    /// Bounds inputs at so many bytes.
    #[must_use]
    pub const fn at_most(mut self, bytes: usize) -> Self {
        self.max_bytes = bytes;
        self
    }

    /// Lets one input take so much of the processor's time, where two seconds are not enough or too much.
    #[must_use]
    pub const fn within(mut self, cpu: Duration) -> Self {
        self.cpu = cpu;
        self
    }

    /// Tries the examples and then changes of them, until the time is over.
    ///
    /// # Panics
    /// When the check panics or says that something is wrong, when an input takes more time or memory than it may, and when
    /// not one example was tried.
    pub fn run(self, mut check: impl FnMut(&[u8]) -> Said) {
        let asked = Asked::read();
        if let Some(path) = &asked.input {
            let input = fs::read(path).expect("`COUNTERSIGN_FUZZ_INPUT` names a file");
            let said = check(&input).unwrap_or_else(|wrong| panic!("{}: {wrong}", self.name));
            eprintln!("{}: {said}", self.name);
            return;
        }
        self.search(&asked, &mut check);
    }

    fn search(self, asked: &Asked, check: &mut dyn FnMut(&[u8]) -> Said) {
        assert!(!self.examples.is_empty(), "{} has examples", self.name);
        let Self { name, examples, words, max_bytes, cpu } = self;
        let mut chance = Chance::new(asked.seed);
        let mut mutator = Mutator::new(examples, words, max_bytes);
        let (mut seen, mut tried, mut dearest) = (BTreeSet::new(), 0_u64, Duration::ZERO);
        let watchdog = Watchdog::start(name);
        let began = Instant::now();
        // Why the check before each: the last input may begin in the last moment, and no later.
        loop {
            let input = match mutator.example(tried) {
                Some(example) => example.to_vec(),
                None if began.elapsed() >= asked.time => break,
                None => mutator.next(&mut chance),
            };
            if let Some(path) = &asked.trace {
                fs::write(path, &input).expect("`COUNTERSIGN_FUZZ_TRACE` can be written");
            }
            watchdog.begin(&input);
            let cost = Cost::start();
            let said = attempt(check, &input);
            let (took, grown) = cost.end();
            watchdog.end();
            let said = said.unwrap_or_else(|wrong| {
                fail(name, asked.seed, tried, &wrong, &shrink::shrink(&input, check));
            });
            // Why not shrunk: what is dear is so by its size, most of the time.
            if let Err(wrong) = within(&said, took, cpu, grown) {
                fail(name, asked.seed, tried, &wrong, &input);
            }
            if seen.len() < MAX_FOUND && seen.insert(plain(&said)) {
                mutator.keep(input);
            }
            dearest = dearest.max(took);
            tried += 1;
        }
        eprintln!(
            "fuzz {name}: {tried} inputs in {:.1} s, {} different ends, the dearest {:.1} ms of the processor (seed {})",
            began.elapsed().as_secs_f64(),
            seen.len(),
            dearest.as_secs_f64() * 1e3,
            asked.seed
        );
    }
}

/// Runs a check; a panic is what is wrong.
fn attempt(check: &mut dyn FnMut(&[u8]) -> Said, input: &[u8]) -> Said {
    catch_unwind(AssertUnwindSafe(|| check(input)))
        .unwrap_or_else(|panic| Err(format!("a panic: {}", text(&*panic))))
}

fn text(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("without words").to_owned()
}

fn within(said: &str, took: Duration, cpu: Duration, grown: u64) -> Result<(), String> {
    if took > cpu {
        return Err(format!("it takes {took:?} of the processor and may take {cpu:?}; it said: {said}"));
    }
    if grown > MEMORY_BYTES {
        return Err(format!("it takes {grown} bytes of memory and may take {MEMORY_BYTES}; it said: {said}"));
    }
    Ok(())
}

/// What was said without its numbers and quoted texts, so that ends are counted and not values.
fn plain(said: &str) -> String {
    let mut plain = String::new();
    for (part, text) in said.split(['`', '"']).enumerate() {
        if part % 2 == 0 {
            plain.extend(text.chars().filter(|c| !c.is_ascii_digit()).take(200));
        } else {
            plain.push('_');
        }
    }
    plain
}

fn fail(name: &str, seed: u64, number: u64, wrong: &str, input: &[u8]) -> ! {
    let path = std::env::temp_dir().join(format!("countersign-fuzz-{name}-{seed}-{number}"));
    let kept = keep(&path, input);
    panic!(
        "fuzz {name}: {wrong}\ninput {number} of seed {seed}, shrunk to {} bytes: {}\n{kept}",
        input.len(),
        input.get(..2_000).unwrap_or(input).escape_ascii(),
    );
}

/// Keeps an input where it can be tried again, and says how.
fn keep(path: &Path, input: &[u8]) -> String {
    match fs::write(path, input) {
        Ok(()) => format!("again: COUNTERSIGN_FUZZ_INPUT={} and this test", path.display()),
        Err(error) => format!("it could not be kept at {}: {error}", path.display()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(seed: u64) -> Asked {
        Asked { time: Duration::from_secs(5), seed, input: None, trace: None }
    }

    fn caught(target: Target, mut check: impl FnMut(&[u8]) -> Said) -> String {
        let run = AssertUnwindSafe(|| target.search(&asked(7), &mut check));
        text(&*catch_unwind(run).unwrap_err())
    }

    #[test]
    fn a_parser_that_panics_is_found_and_its_input_is_made_small() {
        let target = Target::new("panics").examples([r#"{"a":{"b":[1,2,3],"c":"some text"}}"#]);
        let told = caught(target, |input| {
            assert!(!input.windows(3).any(|part| part == b"[[["), "too deep");
            Ok(String::new())
        });
        assert!(told.contains("a panic: too deep") && told.contains("shrunk to 3 bytes: [[["), "{told}");
        assert!(told.contains("COUNTERSIGN_FUZZ_INPUT="), "{told}");
    }

    #[test]
    fn a_parser_that_takes_too_long_is_found() {
        let target = Target::new("slow").examples(["aaaa"]).within(Duration::from_millis(50));
        let told = caught(target, |input| {
            let began = Instant::now();
            while input.len() > 100 && began.elapsed() < Duration::from_millis(300) {}
            Ok(String::new())
        });
        assert!(told.contains("of the processor and may take 50ms"), "{told}");
    }

    #[test]
    fn one_seed_makes_the_same_inputs_and_another_one_others() {
        let inputs = |seed| {
            let (mut tried, mut all) = (0, Vec::new());
            let target = Target::new("same").examples(["{\"a\": 1}", "[true, null]"]);
            let mut asked = asked(seed);
            asked.time = Duration::from_millis(300);
            target.search(&asked, &mut |input| {
                if tried < 200 {
                    all.push(input.to_vec());
                }
                tried += 1;
                Ok(format!("of {} kinds", input.iter().collect::<BTreeSet<_>>().len() % 3))
            });
            all
        };
        let (one, again, other) = (inputs(3), inputs(3), inputs(4));
        let both = one.len().min(again.len());
        assert!(both > 20 && one[..both] == again[..both]);
        assert!(one[..both.min(other.len())] != other[..both.min(other.len())]);
    }

    #[test]
    fn ends_are_told_apart_by_their_words_and_not_by_their_values() {
        assert_eq!(plain("`a` at line 12"), plain("`b` at line 7"));
        assert_ne!(plain("no key"), plain("no value"));
    }
}
