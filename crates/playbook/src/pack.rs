//! The playbooks that come with the product, as the files of `playbooks/` say them. `docs/playbooks.md` tells what each answers.

macro_rules! playbook {
    ($name:literal) => {
        (
            concat!("playbooks/", $name, ".yml"),
            include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../playbooks/", $name, ".yml")),
        )
    };
}

/// Name and text of each, in the order of names; what [`crate::load`] adds. A new playbook is a file and a line here.
pub static PACK: &[(&str, &str)] = &[
    playbook!("account_takeover"),
    playbook!("administration_takeover"),
    playbook!("machine_credential"),
    playbook!("mfa_fatigue"),
    playbook!("password_attack"),
    playbook!("sign_up_fraud"),
    playbook!("token_theft"),
];
