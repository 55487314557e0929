//! Scopes over tenants and organizations of any name; few, since each case makes databases of its own.

use proptest::prelude::*;

use crate::suite::scopes::{assert_apart, strategy};

proptest! {
    #![proptest_config(ProptestConfig { cases: 6, max_shrink_iters: 60, ..ProptestConfig::default() })]

    #[test]
    fn what_is_written_under_one_scope_is_never_read_under_another(case in strategy()) {
        tokio::runtime::Runtime::new().unwrap().block_on(async {
            let Some(fresh) = super::fresh().await else { return };
            assert_apart(&fresh.store, &case).await;
        });
    }
}
