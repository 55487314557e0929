//! What assessments can't look up.

use super::{Check, Finding, Rule, Severity, View};

const FAULTY: Rule = Rule::new("reference.faulty", Severity::Warning);

pub(super) const CHECK: Check = Check { rules: &[&FAULTY], run };

fn run(view: &View<'_>) -> Vec<Finding> {
    let Some(local) = &view.posture.local else { return Vec::new() };
    let found = local.faulty_reference.iter().map(|(setting, fault)| {
        let text = format!("a file of reference data can't be used, so the one before holds on: {fault}");
        FAULTY.found(setting, text, "put a file in its place that has what is said there")
    });
    found.collect()
}

#[cfg(test)]
mod tests {
    use super::super::testing::{codes, expected, local, posture};

    #[test]
    fn each_file_that_can_not_be_used_is_found() {
        let told = |files: &[&str]| {
            let mut here = posture();
            let mut ours = local();
            ours.faulty_reference =
                files.iter().map(|file| ((*file).to_owned(), "line 3: no domain".to_owned())).collect();
            here.local = Some(ours);
            codes(&here, &expected())
        };
        assert_eq!(told(&[]), [""; 0]);
        let two = ["reference.disposable_domains", "places.networks[1]"];
        assert_eq!(told(&two), ["reference.faulty"; 2]);
    }
}
