//! Where records are.

use super::{Check, Finding, Rule, Severity, View};

const FULL: Rule = Rule::new("storage.full", Severity::Critical);
const OPEN: Rule = Rule::new("storage.open", Severity::Critical);
const ABSENT: Rule = Rule::new("storage.absent", Severity::Note);

pub(super) const CHECK: Check = Check { rules: &[&FULL, &OPEN, &ABSENT], run };

/// What should be left: days of a busy tenant's records, at some KB a decision.
const LEAST_BYTES: u64 = 1 << 30;

fn run(view: &View<'_>) -> Vec<Finding> {
    let Some(local) = &view.posture.local else { return Vec::new() };
    let mut found = Vec::new();
    if local.free_bytes.is_some_and(|free| free < LEAST_BYTES) {
        let text =
            "less than 1 GiB is left where records are; without room nothing is decided that has an effect";
        found.push(FULL.found("directory", text, "make room, or set `retention`"));
    }
    match local.directory_mode {
        None => {
            let text = "there is no data directory yet";
            found.push(ABSENT.found(
                "directory",
                text,
                "start the service once, or make keys by `countersign keys init`",
            ));
        }
        Some(mode) if mode & 0o022 != 0 => {
            let text = "others can write to the data directory";
            found.push(OPEN.found("directory", text, "take that away by `chmod go-w`"));
        }
        Some(_) => {}
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::testing::{codes, expected, local, posture};

    #[test]
    fn a_full_or_open_directory_is_found() {
        let told = |free, mode| {
            let mut here = posture();
            here.local = Some(local());
            let local = here.local.as_mut().unwrap();
            (local.free_bytes, local.directory_mode) = (free, mode);
            codes(&here, &expected())
        };
        assert_eq!(told(None, Some(0o700)), [""; 0]);
        assert_eq!(told(Some(1 << 20), Some(0o755)), ["storage.full"]);
        assert_eq!(told(Some(1 << 40), Some(0o770)), ["storage.open"]);
        assert_eq!(told(None, None), ["storage.absent"]);
    }
}
