//! Connectors against real servers on this machine, alone and below the whole service.

#[cfg(test)]
mod acting;
#[cfg(test)]
mod bounds;
#[cfg(test)]
mod domains;
#[cfg(test)]
mod hooks;
#[cfg(test)]
mod mail;
#[cfg(test)]
mod management;
#[cfg(test)]
mod oidc;
#[cfg(test)]
mod pause;
#[cfg(test)]
mod peer;
#[cfg(test)]
mod places;
#[cfg(test)]
mod service;
#[cfg(test)]
mod slack;
#[cfg(test)]
mod tls;
