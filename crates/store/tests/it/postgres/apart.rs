//! Scopes over tenants and organizations of any name; few, since each case makes databases of its own.

use proptest::prelude::*;

use crate::suite::{scopes, side_by_side};

proptest! {
    #![proptest_config(ProptestConfig { cases: 6, max_shrink_iters: 60, ..ProptestConfig::default() })]

    #[test]
    fn what_is_written_under_one_scope_is_never_read_under_another(case in scopes::strategy()) {
        tokio::runtime::Runtime::new().unwrap().block_on(async {
            let Some(fresh) = super::fresh().await else { return };
            scopes::assert_apart(&fresh.store, &case).await;
        });
    }

    #[test]
    fn what_two_tenants_keep_under_one_name_stays_apart(case in side_by_side::strategy()) {
        tokio::runtime::Runtime::new().unwrap().block_on(async {
            let Some(fresh) = super::fresh().await else { return };
            side_by_side::assert_kept_apart(&fresh.store, &case).await;
        });
    }
}
