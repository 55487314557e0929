//! Scopes over tenants and organizations of any name.

use proptest::prelude::*;

use crate::suite::{scopes, side_by_side};

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn what_is_written_under_one_scope_is_never_read_under_another(case in scopes::strategy()) {
        tokio::runtime::Runtime::new().unwrap().block_on(async {
            let fresh = super::fresh().await;
            scopes::assert_apart(&fresh.store, &case).await;
        });
    }

    #[test]
    fn what_two_tenants_keep_under_one_name_stays_apart(case in side_by_side::strategy()) {
        tokio::runtime::Runtime::new().unwrap().block_on(async {
            let fresh = super::fresh().await;
            side_by_side::assert_kept_apart(&fresh.store, &case).await;
        });
    }
}
