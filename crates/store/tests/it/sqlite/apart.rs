//! Scopes over tenants and organizations of any name.

use proptest::prelude::*;

use crate::suite::scopes::{assert_apart, strategy};

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn what_is_written_under_one_scope_is_never_read_under_another(case in strategy()) {
        tokio::runtime::Runtime::new().unwrap().block_on(async {
            let fresh = super::fresh().await;
            assert_apart(&fresh.store, &case).await;
        });
    }
}
