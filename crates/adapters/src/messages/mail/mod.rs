//! Mail over SMTP: to the receivers that are configured, plain text and simple HTML.

mod letter;

use std::{sync::Arc, time::Duration};

use countersign_app::hooks::{HookError, Looking, Message, SendHook, Sending, Taken};
use countersign_core::Secret;
use lettre::{
    AsyncSmtpTransport, AsyncTransport, Tokio1Executor,
    message::Mailbox,
    transport::smtp::{
        authentication::Credentials,
        client::{Certificate, CertificateStore, Tls, TlsParameters},
    },
};

use super::{Console, Templates, event::Event};

/// How long the server has to take a message.
pub const TIMEOUT: Duration = Duration::from_secs(15);

/// How a connection is kept from others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TlsMode {
    /// TLS from the first byte, port 465.
    Implicit,
    /// TLS by `STARTTLS`, demanded, port 587.
    Starttls,
    /// None: for a server on this machine alone.
    None,
}

impl TlsMode {
    /// The port that is usual (RFC 8314; 25 without TLS).
    #[must_use]
    pub const fn port(self) -> u16 {
        match self {
            Self::Implicit => 465,
            Self::Starttls => 587,
            Self::None => 25,
        }
    }
}

/// A mail server, and how it is spoken to.
pub struct Server {
    /// Its name, which its certificate has to bear.
    pub name: String,
    /// Its port.
    pub port: u16,
    /// How the connection is kept from others.
    pub tls: TlsMode,
    /// Authorities in place of the system's, in PEM.
    pub authorities: Option<Vec<u8>>,
    /// Who signs in, and the password; `None`: nobody does.
    pub login: Option<(String, Secret)>,
}

/// A server that can't be spoken to as configured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BuildError {
    /// Without TLS, and not on this machine.
    #[error("`tls = \"none\"` is for a server on a loopback address alone, such as `127.0.0.1`")]
    Plain,
    /// What should be certificates is none.
    #[error("the authorities are no certificates in PEM")]
    Authorities,
    /// The password is no text.
    #[error("the password is no text")]
    Password,
    /// TLS can't be used on this system, or the name of the server is none.
    #[error("no TLS for this server: its name is no name, or the system has no root certificates")]
    Tls,
}

/// Whether a mail address can be used: `ops@example.com`, or `Name <ops@example.com>`, on one line.
#[must_use]
pub fn is_address(text: &str) -> bool {
    !text.contains(char::is_control) && text.len() <= 320 && text.parse::<Mailbox>().is_ok()
}

/// A receiver of mail.
pub struct Mail {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    to: Arc<[Mailbox]>,
    console: Console,
    templates: Templates,
}

impl Mail {
    /// Builds the receiver; nothing is sent yet. Addresses that are none are passed over: see [`is_address`].
    ///
    /// # Errors
    /// [`BuildError`]; `Plain` also where no address to write from is left.
    pub fn new(
        server: Server,
        (from, to): (&str, &[String]),
        (console, templates): (Console, Templates),
    ) -> Result<Self, BuildError> {
        let to = to.iter().filter_map(|to| to.parse().ok()).collect();
        let from = from.parse().map_err(|_| BuildError::Tls)?;
        Ok(Self { transport: transport(server)?, from, to, console, templates })
    }

    async fn tell(&self, message: Message<'_>, to: &[Mailbox]) -> Result<Taken, HookError> {
        let event = Event::read(message.body, &self.console)?;
        match (to.is_empty(), event.kind.name) {
            (true, "countersign.test") => {
                return Err(HookError::Refused(
                    "nobody stands in `to`: it only writes to people who are asked",
                ));
            }
            (true, _) => return Ok(Taken::default()),
            (false, _) => {}
        }
        let letter = letter::letter((&message, &event), &self.templates, (&self.from, to)).map_err(|_| {
            HookError::Refused("no mail could be made of it: check `from`, `to` and the templates")
        })?;
        self.in_time(self.transport.send(letter)).await?;
        Ok(Taken::default())
    }

    async fn in_time<T>(
        &self,
        asked: impl Future<Output = Result<T, lettre::transport::smtp::Error>>,
    ) -> Result<T, HookError> {
        let answered = tokio::time::timeout(TIMEOUT, asked).await.map_err(|_| HookError::Late)?;
        answered.map_err(|error| told(&error))
    }
}

/// What a failure says; the error's own words may hold an address.
fn told(error: &lettre::transport::smtp::Error) -> HookError {
    match error.status().map(u16::from) {
        Some(530 | 534 | 535 | 538) => HookError::Refused(
            "the mail server does not take the user and password: check `user` and `password`",
        ),
        Some(501 | 550 | 551 | 553 | 554) => HookError::Refused(
            "the mail server refuses the sender or a receiver: check `from` and `to`, and whether it relays for you",
        ),
        Some(status) => HookError::Status(status),
        None if error.is_timeout() => HookError::Late,
        None if error.is_tls() => {
            HookError::Refused("TLS with the mail server failed: check `tls`, and its certificate")
        }
        None if error.is_client() => HookError::Refused(
            "the mail server offers no STARTTLS, or no way to sign in that can be used: check `tls`",
        ),
        None => HookError::Unreachable,
    }
}

fn transport(server: Server) -> Result<AsyncSmtpTransport<Tokio1Executor>, BuildError> {
    let Server { name, port, tls, authorities, login } = server;
    let is_here = name.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
    let tls = match tls {
        TlsMode::None if !is_here => return Err(BuildError::Plain),
        TlsMode::None => Tls::None,
        TlsMode::Implicit => Tls::Wrapper(parameters(&name, authorities.as_deref())?),
        TlsMode::Starttls => Tls::Required(parameters(&name, authorities.as_deref())?),
    };
    let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(name)
        .port(port)
        .tls(tls)
        .timeout(Some(TIMEOUT));
    if let Some((user, password)) = login {
        let password = std::str::from_utf8(password.expose()).map_err(|_| BuildError::Password)?;
        builder = builder.credentials(Credentials::new(user, password.to_owned()));
    }
    Ok(builder.build())
}

fn parameters(name: &str, authorities: Option<&[u8]>) -> Result<TlsParameters, BuildError> {
    let mut builder = TlsParameters::builder(name.to_owned());
    if let Some(pem) = authorities {
        let certificate = Certificate::from_pem(pem).map_err(|_| BuildError::Authorities)?;
        builder = builder.certificate_store(CertificateStore::None).add_root_certificate(certificate);
    }
    builder.build_rustls().map_err(|_| BuildError::Tls)
}

impl SendHook for Mail {
    fn send<'a>(&'a self, message: Message<'a>) -> Sending<'a> {
        Box::pin(self.tell(message, &self.to))
    }

    fn send_to<'a>(&'a self, to: &'a str, message: Message<'a>) -> Sending<'a> {
        Box::pin(async move {
            let address =
                to.parse().map_err(|_| HookError::Refused("what the tenant holds is no mail address"))?;
            // Why without a name: whoever signs up chooses their own.
            self.tell(message, &[Mailbox::new(None, address)]).await
        })
    }

    /// Connects, signs in and says goodbye.
    fn look(&self) -> Looking<'_> {
        Box::pin(async move {
            let is_there = self.in_time(self.transport.test_connection()).await?;
            if is_there { Ok(()) } else { Err(HookError::Unreachable) }
        })
    }
}
