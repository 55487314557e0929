//! The kind of the network that somebody signs up from, by the operator's lists.

use crate::{Contribution, Features, Model, NetworkKind, Profile, code, number::LIMIT_MICRO};

/// What the kind of network counts; `None` where no list names it.
///
/// Why nothing lessens it: what an address says at a sign-up is not proved, and whoever wants to can come twice from a block.
pub(in crate::terms) fn kind(
    features: &Features,
    profile: Option<&Profile>,
    model: &Model,
) -> Option<Contribution> {
    let sign_up = features.new_account(profile)?;
    let weights = &model.sign_up.network;
    let (micro, text) = match sign_up.network? {
        NetworkKind::Hosting => (weights.hosting_micro, "The network rents out machines."),
        NetworkKind::Anonymizer => (weights.anonymizer_micro, "The network hides who is behind it."),
        NetworkKind::Vpn => (weights.vpn_micro, "The network is a VPN that anyone can rent."),
        NetworkKind::Gateway => (
            weights.gateway_micro,
            "The network is a gateway that many organizations send their traffic through.",
        ),
        NetworkKind::Residential | NetworkKind::Mobile | NetworkKind::Corporate => {
            (weights.access_micro, "The network is one of homes, phones and offices.")
        }
        NetworkKind::Unknown => return None,
    };
    let (code, bounds) = if micro <= 0 {
        (code::ACCESS_NETWORK, (-LIMIT_MICRO, 0))
    } else {
        (code::SUSPECT_NETWORK, (0, LIMIT_MICRO))
    };
    Contribution::new(code, micro, bounds, text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Readings, SignUp, assess,
        samples::{extracted, home, sign_up_event},
    };
    use countersign_core::Score;

    const ALL: [NetworkKind; 8] = [
        NetworkKind::Residential,
        NetworkKind::Mobile,
        NetworkKind::Corporate,
        NetworkKind::Unknown,
        NetworkKind::Gateway,
        NetworkKind::Vpn,
        NetworkKind::Hosting,
        NetworkKind::Anonymizer,
    ];

    const RAISING: [NetworkKind; 4] =
        [NetworkKind::Gateway, NetworkKind::Vpn, NetworkKind::Hosting, NetworkKind::Anonymizer];

    /// The many that sign up from an office on one morning.
    fn office() -> Readings {
        Readings { block_hour: 20, block_day: 20, domain_hour: 20, domain_day: 20, ..Readings::default() }
    }

    fn from(network: Option<NetworkKind>, (email, name): (&str, &str), readings: Readings) -> Features {
        let mut features = extracted(&sign_up_event(email, name), readings);
        features.sign_up = features.sign_up.map(|sign_up| SignUp { network, ..sign_up });
        features
    }

    fn counted(features: &Features) -> Option<(String, i64)> {
        let found = kind(features, None, &Model::default())?;
        Some((found.code.to_string(), found.micro))
    }

    const PAT: (&str, &str) = ("pat.doe@northwind.example", "Pat Doe");
    const MARIA: (&str, &str) = ("maria@acme-corp.com", "Maria Silva");

    #[test]
    fn each_kind_counts_as_documented_and_a_worse_one_never_less() {
        let of = |network| counted(&from(Some(network), PAT, Readings::default()));
        let micro: Vec<_> = ALL.into_iter().map(|kind| of(kind).map_or(0, |(_, micro)| micro)).collect();
        assert_eq!(micro, [-150_000, -150_000, -150_000, 0, 200_000, 800_000, 1_200_000, 1_200_000]);
        assert!(micro.is_sorted());
        for (code, micro) in ALL.into_iter().filter_map(of) {
            assert_eq!(code, if micro > 0 { "suspect_network" } else { "access_network" });
        }
    }

    #[test]
    fn where_no_list_names_the_network_nothing_is_said_and_the_confidence_is_never_other() {
        let model = Model::default();
        let silent = assess(&from(None, PAT, Readings::default()), None, &model);
        assert_eq!(counted(&from(None, PAT, Readings::default())), None);
        assert_eq!(assess(&from(Some(NetworkKind::Unknown), PAT, Readings::default()), None, &model), silent);
        for kind in ALL {
            let told = assess(&from(Some(kind), PAT, Readings::default()), None, &model);
            assert_eq!(told.confidence, silent.confidence, "{kind:?}");
        }
    }

    #[test]
    fn no_network_alone_is_medium_and_beside_another_sign_it_adds() {
        let score =
            |network, who| assess(&from(network, who, Readings::default()), None, &Model::default()).score;
        let made_up = ("xkqzvbnw@northwind.example", "");
        for kind in RAISING {
            assert!(score(Some(kind), PAT) < Score::from_percent(30), "{kind:?}");
            assert!(score(Some(kind), made_up) > score(None, made_up), "{kind:?}");
        }
        assert!(score(None, made_up) < Score::from_percent(60));
        assert!(score(Some(NetworkKind::Hosting), made_up) >= Score::from_percent(60));
    }

    #[test]
    fn a_firm_whose_office_signs_up_through_one_network_is_not_high_by_this() {
        for kind in RAISING {
            for who in [
                PAT,
                MARIA,
                ("minh@northwind.example", "Nguyễn Thị Minh"),
                ("o.hara@acme-corp.com", "Kim O'Hara"),
            ] {
                let assessment = assess(&from(Some(kind), who, office()), None, &Model::default());
                assert!(assessment.score < Score::from_percent(60), "{kind:?} {who:?}: {assessment:?}");
            }
        }
    }

    #[test]
    fn it_counts_the_same_whoever_else_came_from_there() {
        for who in [PAT, MARIA] {
            for readings in [
                Readings::default(),
                Readings { block_day: 1, domain_day: 20, ..Readings::default() },
                office(),
            ] {
                let of = counted(&from(Some(NetworkKind::Vpn), who, readings));
                assert_eq!(of, Some(("suspect_network".to_owned(), 800_000)), "{who:?} {readings:?}");
            }
        }
    }

    #[test]
    fn who_has_a_confirmed_history_is_not_asked_and_sign_ins_have_a_term_of_their_own() {
        let features = from(Some(NetworkKind::Hosting), PAT, Readings::default());
        let model = Model::default();
        assert_eq!(kind(&features, Some(&home(60)), &model), None);
        let login = assess(&Features { is_login: true, ..features }, None, &model);
        assert!(login.reasons.iter().all(|reason| reason.code != code::SUSPECT_NETWORK), "{login:?}");
    }
}
