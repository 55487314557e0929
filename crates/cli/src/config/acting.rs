//! `[tenants.<name>.acting]`: the client that the service writes with, and how far plans go by themselves.

use std::{collections::BTreeMap, path::PathBuf};

use countersign_core::OrganizationId;
use countersign_plan::gate::Settings;
use serde::Deserialize;

use super::{Management, SecretReference, gate::GateLayer};

/// `[tenants.<name>.acting]`
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Acting {
    /// The client that writes, another than the one that reads; `None`: nothing is ever written.
    pub client_id: Option<String>,
    /// Its secret.
    pub client_secret: Option<SecretReference>,
    /// Its private key, RSA in PEM; where it is there, the secret is not used.
    pub private_key: Option<SecretReference>,
    /// Where secrets are kept that the tenant makes, each in a file of its own; in the data directory when absent.
    pub secrets_folder: Option<PathBuf>,
    /// For this tenant.
    pub tenant: GateLayer,
    /// For organizations of it.
    pub organizations: BTreeMap<OrganizationId, GateLayer>,
    /// For workflows and playbooks, by name.
    pub workflows: BTreeMap<String, GateLayer>,
}

impl Acting {
    /// The settings of the gate, with what holds for the whole installation.
    pub fn settings(&self, installation: &GateLayer) -> Settings {
        let layer = |(name, layer): (&String, &GateLayer)| (name.clone(), layer.clone().into());
        let organization = |(id, layer): (&OrganizationId, &GateLayer)| (id.clone(), layer.clone().into());
        Settings {
            installation: installation.clone().into(),
            tenant: self.tenant.clone().into(),
            organizations: self.organizations.iter().map(organization).collect(),
            workflows: self.workflows.iter().map(layer).collect(),
        }
    }

    /// Everything that is wrong, a line each, without the tenant's path.
    pub(super) fn faults(&self, management: Option<&Management>, installation: &GateLayer) -> Vec<String> {
        let mut faults = self.tenant.faults("acting.tenant");
        for (id, layer) in &self.organizations {
            faults.extend(layer.faults(&format!("acting.organizations.{id}")));
        }
        for (name, layer) in &self.workflows {
            faults.extend(layer.faults(&format!("acting.workflows.{name}")));
        }
        let has_proof = self.client_secret.is_some() || self.private_key.is_some();
        if has_proof != self.client_id.is_some() {
            faults.push("acting.client_id`: a client comes with `client_secret` or `private_key`".to_owned());
        }
        let Some(management) = management else {
            faults.push("acting`: say where the tenant is by `management.domain`".to_owned());
            return faults;
        };
        let is_report_only = self.settings(installation).is_report_only();
        match (&self.client_id, &management.client_id) {
            (Some(own), Some(reading)) if own == reading && !is_report_only => faults.push(
                "acting.client_id`: another client than `management.client_id`, which only reads".to_owned(),
            ),
            (None, _) if !is_report_only => faults.push(
                "acting.client_id`: the client to write with; or `acting.tenant.all_at_most = \"report\"`, so that nothing is written"
                    .to_owned(),
            ),
            (None, None) => faults
                .push("acting`: a client to read with, by `management.client_id` or `acting.client_id`".to_owned()),
            _ => {}
        }
        faults
    }
}

#[cfg(test)]
mod tests {
    use countersign_plan::{change::Kind, gate::Autonomy};

    use super::super::{Config, parse};

    const READS: &str = "[tenants.acme.management]\ndomain = \"acme.eu.auth0.com\"\nclient_id = \"reads\"\n\
        client_secret = \"env:A\"\n";

    fn read(lines: &str) -> anyhow::Result<Config> {
        parse(&format!("{READS}{lines}\n"), vec![])
    }

    fn fault(lines: &str) -> String {
        read(lines).unwrap_err().to_string()
    }

    #[test]
    fn what_writes_is_a_client_of_its_own_and_none_is_needed_where_nothing_is_written() {
        assert!(
            fault("[tenants.acme.acting]")
                .contains("`tenants.acme.acting.client_id`: the client to write with")
        );
        let same = "[tenants.acme.acting]\nclient_id = \"reads\"\nclient_secret = \"env:B\"";
        assert!(fault(same).contains("another client than `management.client_id`"));
        assert!(
            fault("[tenants.acme.acting]\nclient_id = \"writes\"").contains("comes with `client_secret`")
        );
        let writes = read("[tenants.acme.acting]\nclient_id = \"writes\"\nprivate_key = \"env:B\"").unwrap();
        let acting = writes.tenants.values().next().unwrap().acting.clone().unwrap();
        assert!(!acting.settings(&writes.acting).is_report_only());
        for reports in [
            "[tenants.acme.acting.tenant]\nall_at_most = \"report\"",
            "[tenants.acme.acting]\n[acting]\nall_at_most = \"report\"",
        ] {
            let config = read(reports).unwrap();
            let acting = config.tenants.values().next().unwrap().acting.clone().unwrap();
            assert!(acting.settings(&config.acting).is_report_only(), "{reports}");
        }
        let nowhere = parse("[tenants.acme.acting]\nclient_id = \"a\"\nclient_secret = \"env:B\"", vec![]);
        assert!(nowhere.unwrap_err().to_string().contains("say where the tenant is by `management.domain`"));
    }

    #[test]
    fn the_gate_s_settings_are_read_by_place_and_faults_are_told_with_it() {
        let lines = "[tenants.acme.acting]\nclient_id = \"writes\"\nclient_secret = \"env:B\"\n\
            [tenants.acme.acting.tenant]\nautonomy = { block_user = \"auto\" }\nwaits_hours = 2\n\
            caps = { run = { users = 5, organizations = 1, steps = 20 }, day = { users = 9, organizations = 1, steps = 99 } }\n\
            [tenants.acme.acting.organizations.org_1]\nat_most = { block_user = \"propose\" }\n\
            [tenants.acme.acting.workflows.leaver]\napprovals = { people = 2 }\n";
        let config = read(lines).unwrap();
        let settings =
            config.tenants.values().next().unwrap().acting.clone().unwrap().settings(&config.acting);
        let whole = settings.rules(None, None);
        assert_eq!((whole.autonomy(Kind::BlockUser), whole.waits_for()), (Autonomy::Auto, 7_200_000_000));
        assert_eq!((whole.caps().run.users, whole.caps().day.steps), (5, 99));
        let organization = "org_1".parse().unwrap();
        assert_eq!(settings.rules(Some(&organization), None).autonomy(Kind::BlockUser), Autonomy::Propose);
        let client = "[tenants.acme.acting]\nclient_id = \"writes\"\nclient_secret = \"env:B\"\n";
        for (lines, told) in [
            (
                "[tenants.acme.acting.tenant]\nwaits_hours = 0",
                "`tenants.acme.acting.tenant.waits_hours`: from 1 to 744",
            ),
            ("[acting]\napprovals = { people = 0 }", "`acting.approvals`: at least one person"),
            (
                "[tenants.acme.acting.workflows.w]\napprovals_of = { block_user = { roles = { at_least = 1, of = [\"king\"] } } }",
                "`tenants.acme.acting.workflows.w.approvals_of.block_user`: `king` is no role",
            ),
            (
                "[tenants.acme.acting.tenant]\nautonomy = { block_users = \"auto\" }",
                "unknown variant `block_users`",
            ),
            ("[tenants.acme.acting.tenant]\ncaps = { run = { users = 5 } }", "missing field"),
            ("[tenants.acme.acting.tenant]\nautonmy = {}", "did you mean `autonomy`?"),
        ] {
            let said = fault(&format!("{client}{lines}"));
            assert!(said.contains(told), "{lines}: {said}");
        }
    }
}
