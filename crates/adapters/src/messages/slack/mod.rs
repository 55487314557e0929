//! Slack: by an app's token, so that a message is changed in its place; or by an incoming webhook, which can't.

pub(crate) mod answer;
mod blocks;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use countersign_app::hooks::{HookError, Looking, Message, SendHook, Sending, Taken};
use countersign_core::{Clock, Secret};
use reqwest::{
    Client, Url,
    header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue},
};
use serde_json::{Value, json};

use self::answer::Said;
use super::{Console, Templates, event::Event};
use crate::{
    Endpoint,
    http::{self, Answer},
};

/// How long Slack has to take a message.
pub const TIMEOUT: Duration = Duration::from_secs(10);

/// The most bytes of an answer that are read.
const MAX_ANSWER: usize = 64 * 1024;

/// The longest id of a channel.
const MAX_CHANNEL: usize = 64;

/// How Slack is reached.
pub enum Way {
    /// Web API methods, with an app's token (`chat:write`), in this channel.
    Bot {
        /// Where the methods are: `https://slack.com/api/`.
        api: Endpoint,
        /// The app's token, `xoxb-…`.
        token: Secret,
        /// The channel's id.
        channel: String,
    },
    /// An incoming webhook; its address is a secret.
    Webhook(Endpoint),
}

/// A receiver that can't be built.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BuildError {
    /// The token can't stand in a header.
    #[error("the token is no printable text")]
    Token,
    /// The channel is no id.
    #[error("a channel's id, such as `C0123456789`; no name")]
    Channel,
    /// TLS can't be used on this system.
    #[error("no client for HTTPS could be built: the system may have no root certificates")]
    Client,
}

/// A receiver of messages in Slack.
pub struct Slack {
    client: Client,
    way: Built,
    console: Console,
    templates: Templates,
    clock: Arc<dyn Clock>,
}

enum Built {
    Bot { api: Url, authorization: HeaderValue, channel: String },
    Webhook(Url),
}

/// Whether a text is the id of a channel, as Slack makes them.
#[must_use]
pub fn is_channel(text: &str) -> bool {
    text.len() <= MAX_CHANNEL
        && text.starts_with(['C', 'G', 'D'])
        && text.len() > 1
        && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
}

impl Slack {
    /// Builds the receiver; nothing is sent yet.
    ///
    /// # Errors
    /// [`BuildError`].
    pub fn new(
        way: Way,
        (console, templates): (Console, Templates),
        clock: Arc<dyn Clock>,
    ) -> Result<Self, BuildError> {
        let (endpoint, way) = match way {
            Way::Bot { api, token, channel } => {
                let authorization = http::bearer(token.expose()).ok_or(BuildError::Token)?;
                if !is_channel(&channel) {
                    return Err(BuildError::Channel);
                }
                let url = api.url().clone();
                (api, Built::Bot { api: url, authorization, channel })
            }
            Way::Webhook(endpoint) => {
                let url = endpoint.url().clone();
                (endpoint, Built::Webhook(url))
            }
        };
        let client = http::client(&endpoint, None, TIMEOUT).map_err(|_| BuildError::Client)?;
        Ok(Self { client, way, console, templates, clock })
    }

    async fn tell(&self, message: Message<'_>) -> Result<Taken, HookError> {
        let event = Event::read(message.body, &self.console)?;
        let said = blocks::message(&event, &self.templates);
        match &self.way {
            Built::Webhook(url) => {
                let answer = self.post(url.clone(), None, &Value::Object(said)).await?;
                answer::of_webhook(&answer, self.clock.now())
            }
            Built::Bot { channel, .. } => {
                if let Some((channel, ts)) = message.place.and_then(|place| place.split_once(' ')) {
                    let mut update = said.clone();
                    update.extend([("channel".to_owned(), json!(channel)), ("ts".to_owned(), json!(ts))]);
                    match self.method("chat.update", &Value::Object(update)).await? {
                        // Why posted anew: whoever deleted it, or whom time kept from changing it, is told all the same.
                        Said::Gone => {}
                        Said::Taken { .. } => {
                            return Ok(Taken { place: message.place.map(ToOwned::to_owned) });
                        }
                    }
                }
                let mut post = said;
                post.insert("channel".to_owned(), json!(channel));
                post.insert("metadata".to_owned(), blocks::metadata(message.id, &event));
                for (key, value) in [("unfurl_links", false), ("unfurl_media", false), ("link_names", false)]
                {
                    post.insert(key.to_owned(), json!(value));
                }
                match self.method("chat.postMessage", &Value::Object(post)).await? {
                    Said::Taken { place } => Ok(Taken { place }),
                    Said::Gone => Err(HookError::Refused("Slack refused the message")),
                }
            }
        }
    }

    /// Calls a method of the Web API.
    async fn method(&self, name: &str, body: &Value) -> Result<Said, HookError> {
        let Built::Bot { api, authorization, .. } = &self.way else {
            return Err(HookError::Refused("an incoming webhook has no methods"));
        };
        let url = api.join(name).map_err(|_| HookError::Refused("`api` ends in a slash"))?;
        let answer = self.post(url, Some(authorization), body).await?;
        answer::of_method(&answer, self.clock.now())
    }

    async fn post(
        &self,
        url: Url,
        authorization: Option<&HeaderValue>,
        body: &Value,
    ) -> Result<Answer, HookError> {
        let mut request = self
            .client
            .post(url)
            .header(CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"))
            .body(body.to_string());
        if let Some(authorization) = authorization {
            request = request.header(AUTHORIZATION, authorization.clone());
        }
        http::exchange(request, MAX_ANSWER).await.map_err(|failure| answer::failed(failure.why))
    }
}

impl SendHook for Slack {
    fn send<'a>(&'a self, message: Message<'a>) -> Sending<'a> {
        Box::pin(self.tell(message))
    }

    /// Asks whose token it is. An incoming webhook can't be asked without a message.
    fn look(&self) -> Looking<'_> {
        Box::pin(async move {
            match self.way {
                Built::Bot { .. } => {
                    self.method("auth.test", &json!(BTreeMap::<&str, &str>::new())).await.map(drop)
                }
                Built::Webhook(_) => Ok(()),
            }
        })
    }
}
