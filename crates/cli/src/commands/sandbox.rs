//! `countersign sandbox`: the stand-in for a tenant of Auth0, over HTTP.

mod export;
mod folder;
mod keep;
mod scene;
mod tasks;

use std::{collections::BTreeMap, net::SocketAddr, sync::Arc};

use anyhow::Context;
use countersign_core::{Clock, Timestamp};
use countersign_sandbox::{
    FastClock, Kept, StateFile,
    simulate::Actions,
    stream::Mishaps,
    tenant::{
        Options, Tenant,
        http::{Shell, router},
    },
};
use tokio::{net::TcpListener, sync::watch};

pub use self::tasks::deliveries;
use super::{Verdict, print, start_logging};
use crate::{
    args::{Client, Sandbox},
    clock::{SystemClock, SystemEntropy},
    config::{LogFormat, Tls as TlsFiles},
    data_dir::{hex, random},
    listen::{self, Limits, Listener},
    tls::Tls,
};

/// The tenant's name.
const NAME: &str = "countersign-sandbox";

pub async fn run(args: Sandbox) -> anyhow::Result<Verdict> {
    start_logging("error", LogFormat::Text);
    let scenario = scene::choose(&args)?;
    let mishaps = scene::mishaps(&args, scenario.as_ref());
    if let Some(out) = &args.export_logs {
        return export::run(&args, scenario, out).await;
    }
    anyhow::ensure!(
        args.tls_cert.is_some() || args.listen.ip().is_loopback(),
        "without TLS the sandbox listens on a loopback address only, such as 127.0.0.1:8378"
    );
    let (mut file, kept) = match &args.state {
        Some(path) => {
            let context = || format!("can't use `{}`", path.display());
            let mut file = StateFile::open(path).with_context(context)?;
            let kept = file.load().with_context(context)?;
            (Some(file), kept)
        }
        None => (None, None),
    };
    let tcp = TcpListener::bind(args.listen).await;
    let tcp = tcp.with_context(|| format!("can't listen at `{}`", args.listen))?;
    let (listener, scheme) = listener(tcp, &args)?;
    let url = url(&args, scheme, listener.address()?);
    let clock = clock(args.speed, kept.as_ref());
    let client = Admitted::choose(args.client, kept.as_ref())?;
    let options = Options {
        name: NAME.to_owned(),
        base_url: url.clone(),
        plan: args.plan,
        seed: args.seed,
        client_id: client.id.clone(),
        client_secret: client.secret.clone(),
    };
    let is_new = kept.is_none();
    let tenant = match kept {
        Some(kept) => {
            Tenant::restore(options, kept.snapshot).context("can't use the tenant that was kept")?
        }
        None => Tenant::new(options)?,
    };
    let scripts = folder::Folder::make(&std::env::temp_dir())?;
    let actions = Actions::in_folder(scripts.path.clone());
    let mut shell = Shell::new(tenant, Arc::clone(&clock), scheme).with_actions(actions);
    if let Some(scenario) = scenario {
        shell = shell.with_scenario(scenario);
        scene::set(&shell, is_new).await?;
    }
    if let Some(file) = file.take() {
        let keeper = keep::Keeper::new(&shell, Arc::clone(&clock), client.id.clone(), file);
        serve(listener, shell, (clock, mishaps), &url, &client, Some(keeper)).await?;
    } else {
        serve(listener, shell, (clock, mishaps), &url, &client, None).await?;
    }
    Ok(Verdict::Holds)
}

/// Serves until told to stop; what is to be kept is written while it serves and after the last request.
async fn serve(
    listener: Listener,
    shell: Shell,
    (clock, mishaps): (Arc<dyn Clock>, Mishaps),
    url: &str,
    client: &Admitted,
    keeper: Option<keep::Keeper>,
) -> anyhow::Result<()> {
    let (_sender, stop, _signals) = listen::signals()?;
    let mut running = tasks::start(&shell, clock, mishaps);
    print(&format!("Sandbox tenant at {url}\nClient id: {}\n", client.id));
    if client.is_new {
        print(&format!("Client secret, told once: {}\n", client.secret));
    }
    let (ended, until) = watch::channel(false);
    let serving = async {
        listen::serve(listener, router(shell.clone()), stop, &Limits::standard()).await;
        running.shutdown().await;
        ended.send_replace(true);
    };
    let keeping = async {
        match keeper {
            Some(keeper) => keeper.run(until).await,
            None => Ok(()),
        }
    };
    let ((), kept) = tokio::join!(serving, keeping);
    kept
}

fn listener(tcp: TcpListener, args: &Sandbox) -> anyhow::Result<(Listener, &'static str)> {
    let (Some(certificate), Some(key)) = (args.tls_cert.clone(), args.tls_key.clone()) else {
        return Ok((Listener::plain(tcp), "http"));
    };
    let files = TlsFiles { certificate, key, client_ca: None, require_client_certificate: false };
    Ok((Listener::with_tls(tcp, Tls::load(&files, &BTreeMap::new())?), "https"))
}

fn url(args: &Sandbox, scheme: &str, address: SocketAddr) -> String {
    let made = if address.ip().is_unspecified() {
        format!("{scheme}://localhost:{}", address.port())
    } else {
        format!("{scheme}://{address}")
    };
    args.url.as_ref().map_or(made, |url| url.trim_end_matches('/').to_owned())
}

/// The tenant's clock: never before what the tenant remembers.
fn clock(speed: f64, kept: Option<&Kept>) -> Arc<dyn Clock> {
    let system: Arc<dyn Clock> = Arc::new(SystemClock::start());
    let from = kept.map_or(Timestamp::default(), |kept| kept.at).max(system.now());
    Arc::new(FastClock::new(system, from, speed))
}

/// The first client.
struct Admitted {
    id: String,
    secret: String,
    is_new: bool,
}

impl Admitted {
    /// The one that is given, else the one that was kept, else a new one.
    fn choose(given: Option<Client>, kept: Option<&Kept>) -> anyhow::Result<Self> {
        if let Some(Client { id, secret }) = given {
            return Ok(Self { id, secret, is_new: false });
        }
        if let Some(kept) = kept {
            let secret = kept.client_secret().context("the client that was kept has no secret")?;
            return Ok(Self { id: kept.client_id.clone(), secret: secret.to_owned(), is_new: false });
        }
        let mut id = hex(&random(&SystemEntropy)?);
        // Why: Auth0's ids have 32 characters.
        id.truncate(32);
        Ok(Self { id, secret: hex(&random(&SystemEntropy)?), is_new: true })
    }
}
