//! `countersign health`

use std::time::Duration;

use super::{Verdict, print};
use crate::args::Health;

pub async fn run(args: &Health) -> anyhow::Result<Verdict> {
    let client = reqwest::Client::builder()
        .timeout(Duration::from_secs(5))
        .redirect(reqwest::redirect::Policy::none())
        // Why: plain HTTP alone, which must not need the system's root certificates.
        .tls_certs_only([])
        .build()?;
    let response = client.get(format!("{}/health", args.url.trim_end_matches('/'))).send().await;
    match response {
        Ok(response) if response.status().is_success() => {
            print("ok\n");
            Ok(Verdict::Holds)
        }
        Ok(response) => {
            print(&format!("not healthy: status {}\n", response.status().as_u16()));
            Ok(Verdict::Fails)
        }
        Err(error) => {
            print(&format!(
                "no answer: {}\n",
                if error.is_timeout() { "none within 5 s" } else { "nothing listens there" }
            ));
            Ok(Verdict::Fails)
        }
    }
}
