//! `countersign serve`

use anyhow::Context;
use tokio::net::TcpListener;

use super::{Verdict, print, start_logging};
use crate::{
    args::Serve,
    compose::Base,
    config,
    listen::{self, Limits},
};

pub async fn run(args: Serve) -> anyhow::Result<Verdict> {
    let mut config = config::load(args.config.as_deref())?;
    if let Some(tenant) = args.tenant {
        config.tenants.entry(tenant).or_default();
    }
    start_logging(&config.log.level, config.log.format);
    let base = Base::open(&config)?;
    let app = base.app(&config, &base.clock).await?;
    let listen_at = config.server.listen;
    let listener =
        TcpListener::bind(listen_at).await.with_context(|| format!("can't listen at `{listen_at}`"))?;
    let address = listener.local_addr()?;
    let server = base.server(&config, std::sync::Arc::clone(&app), address)?;
    let (_sender, stop, _signals) = listen::signals()?;
    let link = server.one_time_path(base.entropy.as_ref())?;
    print(&format!("Countersign listens at http://{address}\nConsole, once: http://{address}{link}\n"));
    for (id, tenant) in &config.tenants {
        let mode = tenant.policy.settings(countersign_core::Trigger::PostLogin, None, None).mode;
        print(&format!("Tenant {id}: {mode} mode\n"));
        if tenant.action_keys.is_empty() {
            print(&format!(
                "  Its Actions' key (secret COUNTERSIGN_KEY) is in {}\n",
                base.data.action_key_path(id).display()
            ));
        }
    }
    if config.tenants.is_empty() {
        print(
            "No tenant is configured, so no request is answered; add `[tenants.<name>]` or start with --tenant <name>.\n",
        );
    }
    listen::until_stopped(listener, server.router(), app, stop, &Limits::standard()).await;
    Ok(Verdict::Holds)
}
