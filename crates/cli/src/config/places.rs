//! `[places]`: the operator's files that say where addresses are.

use std::path::PathBuf;

use countersign_adapters::places::{NetworkList, Settings};
use countersign_app::places::NetworkKind;
use serde::Deserialize;

/// `[places]`
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Places {
    /// A database of countries and coordinates; `None`: none.
    pub city: Option<PathBuf>,
    /// A database of autonomous systems.
    pub asn: Option<PathBuf>,
    /// A database of anonymizers, or of connection types.
    pub anonymizers: Option<PathBuf>,
    /// Lists of networks.
    pub networks: Vec<Networks>,
    /// A table of autonomous systems and their categories.
    pub systems: Option<PathBuf>,
}

/// One of `places.networks`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Networks {
    /// The list.
    pub file: PathBuf,
    /// What is in it.
    pub kind: NetworkKind,
}

impl Places {
    /// Everything that is wrong with the values, a line each; files are looked at when they are opened.
    pub(super) fn faults(&self) -> Vec<String> {
        let unknown = self.networks.iter().filter(|list| list.kind == NetworkKind::Unknown);
        let fault = "`places.networks`: a kind is `hosting`, `vpn`, `anonymizer`, `gateway`, `mobile`, `corporate` or `residential`";
        unknown.map(|_| fault.to_owned()).collect()
    }

    /// The files to open; `None` when there are none.
    pub fn settings(&self) -> Option<Settings> {
        let Self { city, asn, anonymizers, networks, systems } = self.clone();
        let has_file = [&city, &asn, &anonymizers, &systems].iter().any(|file| file.is_some());
        let is_set = has_file || !networks.is_empty();
        let list = |Networks { file, kind }| NetworkList { file, kind };
        let networks = networks.into_iter().map(list).collect();
        is_set.then_some(Settings { city, asn, anonymizers, networks, systems })
    }
}

#[cfg(test)]
mod tests {
    use super::super::parse;

    #[test]
    fn lists_have_a_file_and_a_known_kind_and_nothing_else() {
        let fault = |entry: &str| {
            parse(&format!("[places]\nnetworks = [{entry}]\n"), vec![]).unwrap_err().to_string()
        };
        assert!(fault("{ file = \"a\" }").contains("missing field `kind`"));
        assert!(fault("{ file = \"a\", kind = \"cloud\" }").contains("unknown variant `cloud`"));
        assert!(fault("{ file = \"a\", kind = \"unknown\" }").contains("a kind is `hosting`"));
        assert!(fault("{ file = \"a\", kind = \"hosting\", as = 1 }").contains("unknown field `as`"));
    }

    #[test]
    fn without_a_file_there_is_nothing_to_open() {
        assert!(parse("[places]\n", vec![]).unwrap().places.settings().is_none());
        let config = parse("[places]\nnetworks = [{ file = \"a\", kind = \"mobile\" }]\n", vec![]).unwrap();
        assert_eq!(config.places.settings().unwrap().networks.len(), 1);
        let config = parse("[places]\nsystems = \"asn.csv\"\n", vec![]).unwrap();
        assert!(config.places.settings().unwrap().systems.is_some());
    }
}
