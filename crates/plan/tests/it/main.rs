//! Plans carried out on a tenant in memory.

#[cfg(test)]
mod acting;
#[cfg(test)]
mod carried;
#[cfg(test)]
mod exported;
#[cfg(test)]
mod hooks;
#[cfg(test)]
mod owned;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod scopes;
#[cfg(test)]
mod shown;
#[cfg(test)]
mod sinks;
#[cfg(test)]
mod support;
