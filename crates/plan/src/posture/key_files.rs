//! Files of secrets: who may read them, and how old they are.

use super::{Check, Finding, Rule, Severity, View, secrets::OLDEST_DAYS};

const MODE: Rule = Rule::new("key.mode", Severity::Critical);
const OLD: Rule = Rule::new("key.old", Severity::Warning);

pub(super) const CHECK: Check = Check { rules: &[&MODE, &OLD], run };

/// The rights of a group and of everyone.
const OTHERS: u32 = 0o077;

fn run(view: &View<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    for file in view.posture.local.iter().flat_map(|local| &local.key_files) {
        let name = &file.name;
        if file.mode & OTHERS != 0 {
            let text = format!("others than the service's user may use the secret in `{name}`");
            let fix =
                format!("take that away by `chmod 600 {name}` in the data directory, and replace the secret");
            found.push(MODE.found(name, text, fix));
        }
        let days = view.now.days() - file.written.days();
        if file.is_rotated && days > OLDEST_DAYS {
            let text = format!("the secret in `{name}` is {days} days old");
            found.push(OLD.found(name, text, "replace it by `countersign keys rotate`"));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::{
        KeyFile,
        testing::{at, codes, expected, local, posture},
    };

    #[test]
    fn a_secret_that_others_can_read_and_an_old_one_are_found() {
        let file = |mode, days: i64, is_rotated| KeyFile {
            name: "master.key".to_owned(),
            mode,
            written: at(-days * 86_400),
            is_rotated,
        };
        for (file, told) in [
            (file(0o600, 1, true), &[][..]),
            (file(0o640, 1, true), &["key.mode"]),
            (file(0o604, 1, true), &["key.mode"]),
            (file(0o600, 181, true), &["key.old"]),
            (file(0o600, 181, false), &[]),
        ] {
            let mut here = posture();
            here.local = Some(local());
            here.local.as_mut().unwrap().key_files = vec![file];
            assert_eq!(codes(&here, &expected()), told);
        }
    }
}
