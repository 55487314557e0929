//! What the kind of a network counts at a sign-up.

use countersign_core::MicroLogit;
use serde::{Deserialize, Serialize};

/// Least that a network of homes, phones and offices may count.
const MOST_REASSURING_MICRO: MicroLogit = -500_000;

/// Most that a network may count by its kind alone: with the baseline's bias a score of 0.45.
const MOST_MICRO: MicroLogit = 2_000_000;

/// What each kind of network counts where a list names it. Judgement throughout: no labeled sign-ups tell kinds.
///
/// INVARIANT: the numbers of `Default` never change. A model says nothing of them where it has them, so that models that were made
/// before there were any are the same models still; any others are part of the model and of its tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignUpNetworks {
    /// Rented machines: no less than a gateway.
    pub hosting_micro: MicroLogit,
    /// What hides who is behind it, such as a proxy or an exit of Tor: no less than a VPN.
    pub anonymizer_micro: MicroLogit,
    /// A VPN that anyone can rent: no less than a gateway.
    pub vpn_micro: MicroLogit,
    /// A security service that many organizations send their people's traffic through: 0 or more.
    pub gateway_micro: MicroLogit,
    /// Homes, phones and offices: from -0.5 to 0.
    pub access_micro: MicroLogit,
}

impl Default for SignUpNetworks {
    /// People seldom sign up from rented machines, and programs do; honest people do use VPNs. A network of homes says little, since
    /// who makes accounts by the hundred rents addresses there.
    fn default() -> Self {
        Self {
            hosting_micro: 1_200_000,
            anonymizer_micro: 1_200_000,
            vpn_micro: 800_000,
            gateway_micro: 200_000,
            access_micro: -150_000,
        }
    }
}

impl SignUpNetworks {
    pub(super) fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// The first constant that is out of order or beyond what a network alone may count, and what would be right.
    pub(super) fn fault(&self) -> Option<(&'static str, &'static str)> {
        if !(MOST_REASSURING_MICRO..=0).contains(&self.access_micro) {
            Some(("sign_up.network.access_micro", "is a whole number from -500000 to 0"))
        } else if !(0..=MOST_MICRO).contains(&self.gateway_micro) {
            Some(("sign_up.network.gateway_micro", "is a whole number from 0 to 2000000"))
        } else if !(self.gateway_micro..=MOST_MICRO).contains(&self.vpn_micro) {
            Some(("sign_up.network.vpn_micro", "is a whole number from `gateway_micro` to 2000000"))
        } else if !(self.vpn_micro..=MOST_MICRO).contains(&self.anonymizer_micro) {
            Some(("sign_up.network.anonymizer_micro", "is a whole number from `vpn_micro` to 2000000"))
        } else if !(self.gateway_micro..=MOST_MICRO).contains(&self.hosting_micro) {
            Some(("sign_up.network.hosting_micro", "is a whole number from `gateway_micro` to 2000000"))
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Model, SignUpWeights};

    fn with(network: SignUpNetworks) -> Model {
        Model { sign_up: SignUpWeights { network, ..SignUpWeights::default() }, ..Model::default() }
    }

    #[test]
    fn the_numbers_of_models_that_say_nothing_of_them_stay() {
        let SignUpNetworks { hosting_micro, anonymizer_micro, vpn_micro, gateway_micro, access_micro } =
            SignUpNetworks::default();
        let micro = [hosting_micro, anonymizer_micro, vpn_micro, gateway_micro, access_micro];
        assert_eq!(micro, [1_200_000, 1_200_000, 800_000, 200_000, -150_000]);
    }

    #[test]
    fn a_model_made_before_is_the_same_model_and_others_have_a_tag_of_their_own() {
        let text = serde_json::to_string(&Model::default().sign_up).unwrap();
        assert!(!text.contains("network"), "{text}");
        let weights = SignUpNetworks { access_micro: 0, ..SignUpNetworks::default() };
        let other = with(weights);
        assert_ne!(other.id(), Model::default().id());
        let stored: Model = serde_json::from_str(&serde_json::to_string(&other).unwrap()).unwrap();
        assert_eq!((stored.id(), stored.sign_up.network), (other.id(), weights));
    }

    #[test]
    fn weights_out_of_order_are_refused() {
        let baseline = SignUpNetworks::default();
        for (weights, name) in [
            (SignUpNetworks { access_micro: 1, ..baseline }, "access_micro"),
            (SignUpNetworks { access_micro: -500_001, ..baseline }, "access_micro"),
            (SignUpNetworks { gateway_micro: -1, ..baseline }, "gateway_micro"),
            (SignUpNetworks { vpn_micro: 199_999, ..baseline }, "vpn_micro"),
            (SignUpNetworks { anonymizer_micro: 799_999, ..baseline }, "anonymizer_micro"),
            (SignUpNetworks { hosting_micro: 199_999, ..baseline }, "hosting_micro"),
            (SignUpNetworks { hosting_micro: i64::MAX, ..baseline }, "hosting_micro"),
        ] {
            assert_eq!(with(weights).check().unwrap_err().path, format!("model.sign_up.network.{name}"));
        }
        let silent = SignUpNetworks {
            hosting_micro: 0,
            anonymizer_micro: 0,
            vpn_micro: 0,
            gateway_micro: 0,
            access_micro: 0,
        };
        assert_eq!(with(silent).check(), Ok(()));
    }
}
