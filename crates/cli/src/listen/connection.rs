//! One connection, from its handshake to its end.

use std::{convert::Infallible, net::IpAddr, pin::Pin, sync::Arc, time::Duration};

use axum::{
    Router,
    body::Body,
    http::{HeaderMap, HeaderValue, Request, Response, header},
    response::IntoResponse,
};
use countersign_server::{PeerAddress, PeerTenants, Problem};
use hyper::{body::Incoming, server::conn::http1};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    sync::{Semaphore, watch},
    time,
};

use super::{Limits, patient::Patient, stopped};
use crate::tls::Tls;

/// The most bytes of a head, and of what is read ahead of a body. hyper bounds the headers of a head to 100.
const MAX_BUFFER: usize = 32 * 1024;

/// The routes, and what the listener adds to each request and answer.
pub struct Service {
    router: TowerToHyperService<Router>,
    permits: Arc<Semaphore>,
    tenants: Option<PeerTenants>,
    origin: Origin,
    within: Duration,
}

/// Where a connection comes from.
#[derive(Clone, Copy)]
pub enum Origin {
    /// From this address.
    Peer(IpAddr),
    /// From the proxy before us, which says for whom.
    Proxy,
}

/// The header to which each proxy adds the address that it was asked from.
const FORWARDED: &str = "x-forwarded-for";

impl Origin {
    /// The address that a request comes from; of those that proxies named, the last, since a client may have made up the others.
    fn address(self, headers: &HeaderMap) -> Option<PeerAddress> {
        let address: IpAddr = match self {
            Self::Peer(address) => address,
            Self::Proxy => {
                let named = headers.get_all(FORWARDED).iter().next_back()?.to_str().ok()?;
                named.rsplit(',').next()?.trim().parse().ok()?
            }
        };
        Some(PeerAddress(address.to_canonical()))
    }
}

impl Service {
    /// Serves these routes, each request `within` its time; `permits` are what is left for further connections.
    pub fn new(router: Router, permits: Arc<Semaphore>, origin: Origin, within: Duration) -> Self {
        Self { router: TowerToHyperService::new(router), permits, tenants: None, origin, within }
    }
}

impl hyper::service::Service<Request<Incoming>> for Service {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn call(&self, mut request: Request<Incoming>) -> Self::Future {
        if let Some(tenants) = &self.tenants {
            request.extensions_mut().insert(tenants.clone());
        }
        if let Some(address) = self.origin.address(request.headers()) {
            request.extensions_mut().insert(address);
        }
        let answering = time::timeout(self.within, self.router.call(request));
        let permits = Arc::clone(&self.permits);
        Box::pin(async move {
            let mut response = match answering.await {
                Ok(answered) => answered?,
                Err(_) => Problem::late().into_response(),
            };
            // Why: when the last place is taken somebody waits for one, health checks and operators too.
            if permits.available_permits() == 0 {
                response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
            }
            Ok(response)
        })
    }
}

/// Speaks with a client until one of both ends it; the end says nothing about who it was.
pub async fn talk(
    stream: TcpStream,
    tls: Option<Tls>,
    mut service: Service,
    mut stop: watch::Receiver<bool>,
    limits: Limits,
) {
    let Some(tls) = tls else {
        return speak(stream, service, stop, std::future::pending(), limits).await;
    };
    let shaken = tokio::select! {
        shaken = tls.accept(stream, limits.handshake) => shaken,
        () = stopped(&mut stop) => return,
    };
    match shaken {
        Ok((stream, peer)) => {
            service.tenants.clone_from(&peer.tenants);
            speak(stream, service, stop, tls.until_refused(&peer, limits.look), limits).await;
        }
        Err(failure) => tracing::debug!(reason = failure.as_str(), "a TLS handshake failed"),
    }
}

/// Serves requests until the client ends, or until the request under way when it is stopped or its client `refused`.
async fn speak<S: AsyncRead + AsyncWrite + Unpin>(
    stream: S,
    service: Service,
    mut stop: watch::Receiver<bool>,
    refused: impl Future<Output = ()>,
    limits: Limits,
) {
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head)
        .max_buf_size(MAX_BUFFER)
        .serve_connection(TokioIo::new(Patient::new(stream, limits.take)), service);
    let mut connection = std::pin::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = async { tokio::select! { () = stopped(&mut stop) => {}, () = refused => {} } } => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection broke off");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn behind_a_proxy_only_what_it_added_counts() {
        let of = |origin: Origin, named: &[&str]| {
            let mut headers = HeaderMap::new();
            for named in named {
                headers.append(FORWARDED, HeaderValue::from_str(named).unwrap());
            }
            origin.address(&headers).map(|address| address.0.to_string())
        };
        let peer = Origin::Peer("::ffff:203.0.113.7".parse().unwrap());
        assert_eq!(of(peer, &["198.51.100.1"]).as_deref(), Some("203.0.113.7"));
        assert_eq!(of(Origin::Proxy, &["198.51.100.1, 203.0.113.7"]).as_deref(), Some("203.0.113.7"));
        assert_eq!(of(Origin::Proxy, &["198.51.100.1", "203.0.113.7"]).as_deref(), Some("203.0.113.7"));
        for unknown in [&[][..], &["203.0.113.7, unknown"], &[""]] {
            assert_eq!(of(Origin::Proxy, unknown), None);
        }
    }
}

#[cfg(test)]
mod fuzz {
    use countersign_fuzz::Target;

    use super::*;

    fn address(lines: &[Vec<u8>]) -> Option<IpAddr> {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(FORWARDED, HeaderValue::from_bytes(line).ok()?);
        }
        Origin::Proxy.address(&headers).map(|address| address.0)
    }

    /// What a client made up before what the proxy added changes nothing.
    #[test]
    fn forwarded_addresses() {
        Target::new("forwarded")
            .examples([
                "198.51.100.1, 203.0.113.7",
                "198.51.100.1\n203.0.113.7",
                "::ffff:203.0.113.7",
                "2001:db8::1, fe80::1%eth0",
                "[2001:db8::1]:443",
            ])
            .words([", ", "\n", "::ffff:", "%0", "0x7f.1", "127.1", "unknown", "_hidden", "for="])
            .at_most(8 * 1024)
            .run(|input| {
                let lines: Vec<Vec<u8>> = input.split(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
                let found = address(&lines);
                if found.is_some_and(|found| found.to_canonical() != found) {
                    return Err(format!("{found:?} has two forms"));
                }
                let mut more = vec![b"192.0.2.66".to_vec()];
                more.extend(lines);
                if let Some(last) = more.last_mut() {
                    last.splice(0..0, *b"192.0.2.67, ");
                }
                if found != address(&more) {
                    return Err(format!("{found:?} changes by what was made up before it"));
                }
                Ok(found.map_or("none", |found| if found.is_ipv4() { "four" } else { "six" }).to_owned())
            });
    }
}
