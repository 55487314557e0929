//! `countersign serve`

use std::{path::Path, sync::Arc};

use anyhow::Context;
use countersign_app::App;
use countersign_policy::Document;
use tokio::net::TcpListener;

use super::{Verdict, print, start_logging};
use crate::{
    acting,
    args::Serve,
    compose::Base,
    config::{self, Config},
    denied,
    doctor::{self, Doctor},
    key_watch::KeyWatch,
    listen::{self, Limits, Listener},
    pull_log::Puller,
    reference_watch::{ReferenceFiles, ReferenceWatch},
    rule_watch::RuleWatch,
    tls::Tls,
};

pub async fn run(args: Serve) -> anyhow::Result<Verdict> {
    let mut config = config::load(args.config.as_deref())?;
    if let Some(tenant) = args.tenant {
        config.tenants.entry(tenant).or_default();
    }
    start_logging(&config.log.level, config.log.format);
    let base = Base::open(&config)?;
    let files = ReferenceFiles::open(&config, &base.clock).context("files of reference data")?;
    let app = base.app(&config, &base.clock, &files).await?;
    let reference = ReferenceWatch::new(files, &base.clock);
    let listen_at = config.server.listen;
    let listener =
        TcpListener::bind(listen_at).await.with_context(|| format!("can't listen at `{listen_at}`"))?;
    let address = listener.local_addr()?;
    let (listener, scheme) = match &config.server.tls {
        Some(tls) => (Listener::with_tls(listener, Tls::load(tls, &config.tenants)?), "https"),
        None if config.server.behind_tls_proxy => (Listener::behind_proxy(listener), "http"),
        None => (Listener::plain(listener), "http"),
    };
    for tenant in app.tenants() {
        if let Some(configured) = config.tenants.get(tenant.id()) {
            tenant.set_reviews(configured.reviews.settings());
        }
    }
    let server = base.server(&config, Arc::clone(&app), address)?;
    let (_sender, stop, _signals) = listen::signals()?;
    let way = match app.has_provider() {
        true => "Console".to_owned(),
        false => "Console, once".to_owned(),
    };
    // Why no link where people sign in: it would be break-glass, and raise its alarm at each start.
    let path = if app.has_provider() { "/".to_owned() } else { server.one_time_path().await? };
    let (base, config) = (Arc::new(base), Arc::new(config));
    let watch = KeyWatch::new(Arc::clone(&base), Arc::clone(&config), Arc::clone(&app), server.clone())?;
    print(&format!("Countersign listens at {scheme}://{address}\n{way}: {}{path}\n", server.public_url()));
    let further = format!("{} --url {scheme}://{address}", args_of(args.config.as_deref()));
    introduce(&config, &base, &app, &further);
    let retention = config.retention.kept();
    let limits = Limits::standard();
    let sources = doctor::sources(&config, &base.clock)?;
    acting::give(&config, &app, base.data.path(), &base.clock, &sources)?;
    let puller = Puller::new(&config, Arc::clone(&app), &sources);
    let doctor = Doctor::new(Arc::clone(&config), Arc::clone(&app), sources);
    let rules = RuleWatch::new(Arc::clone(&config), Arc::clone(&app));
    let reference = reference.run(Arc::clone(&app), stop.clone());
    let denials = denied::watch(Arc::clone(&app), base.data.path().to_owned(), stop.clone());
    let serving = listen::until_stopped(listener, server.router(), app, retention, stop.clone(), &limits);
    tokio::join!(
        serving,
        watch.run(stop.clone()),
        puller.run(stop.clone()),
        doctor.run(stop.clone()),
        reference,
        denials,
        rules.run(stop)
    );
    Ok(Verdict::Holds)
}

/// Says what is served, and what may surprise.
fn introduce(config: &Config, base: &Base, app: &App, further: &str) {
    for (id, configured) in &config.tenants {
        let Ok(tenant) = app.tenant(id) else { continue };
        let holding = tenant.policy();
        let mode = holding.document().settings(countersign_core::Trigger::PostLogin, None, None).mode;
        print(&format!("Tenant {id}: {mode} mode\n"));
        if configured.action_keys.is_empty() {
            print(&format!(
                "  Its Actions' key (secret COUNTERSIGN_KEY) is in {}\n",
                base.data.action_file(id).path().display()
            ));
        }
        // Why: a configuration that says nothing of policy says nothing else than what holds.
        if configured.policy != Document::default() && *holding.document() != configured.policy {
            print(&format!(
                "  Version {} of its policy holds, which is not the one in the configuration. To put that in force:\n  countersign policy apply --tenant {id}{further}\n",
                tenant.policy_version()
            ));
        }
    }
    if config.tenants.is_empty() {
        print(
            "No tenant is configured, so no request is answered; add `[tenants.<name>]` or start with --tenant <name>.\n",
        );
    }
}

/// The configuration as a command line names it.
fn args_of(config: Option<&Path>) -> String {
    config.map_or_else(String::new, |path| format!(" --config {}", path.display()))
}
