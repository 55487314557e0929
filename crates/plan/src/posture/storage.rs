//! Where records are.

use super::{Check, Finding, Rule, Severity, View};

const OPEN: Rule = Rule::new("storage.open", Severity::Critical);
const ABSENT: Rule = Rule::new("storage.absent", Severity::Note);

pub(super) const CHECK: Check = Check { rules: &[&OPEN, &ABSENT], run };

fn run(view: &View<'_>) -> Vec<Finding> {
    let Some(local) = &view.posture.local else { return Vec::new() };
    let mut found = Vec::new();
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
    fn a_directory_that_others_can_write_to_or_that_is_not_there_is_found() {
        let told = |mode| {
            let mut here = posture();
            here.local = Some(local());
            here.local.as_mut().unwrap().directory_mode = mode;
            codes(&here, &expected())
        };
        assert_eq!(told(Some(0o755)), [""; 0]);
        assert_eq!(told(Some(0o770)), ["storage.open"]);
        assert_eq!(told(None), ["storage.absent"]);
    }
}
