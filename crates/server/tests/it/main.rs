//! The service through its router: one file an endpoint or a property.

#[cfg(test)]
mod accounts;
#[cfg(test)]
mod authors;
#[cfg(test)]
mod backtest;
#[cfg(test)]
mod callers;
#[cfg(test)]
mod canary;
#[cfg(test)]
mod concurrency;
#[cfg(test)]
mod console_client;
#[cfg(test)]
mod counted;
#[cfg(test)]
mod counters;
#[cfg(test)]
mod decide;
#[cfg(test)]
mod degraded;
#[cfg(test)]
mod desk;
#[cfg(test)]
mod device_posture;
#[cfg(test)]
mod erasure;
#[cfg(test)]
mod events;
#[cfg(test)]
mod fresh;
#[cfg(test)]
mod fuzz;
#[cfg(test)]
mod golden;
#[cfg(test)]
mod guard;
#[cfg(test)]
mod held;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod incidents;
#[cfg(test)]
mod inquiries;
#[cfg(test)]
mod joins;
#[cfg(test)]
mod keeping;
#[cfg(test)]
mod key_sets;
#[cfg(test)]
mod learning;
#[cfg(test)]
mod ledger_unavailable;
#[cfg(test)]
mod logs;
#[cfg(test)]
mod matrix;
#[cfg(test)]
mod models;
#[cfg(test)]
mod modes;
#[cfg(test)]
mod openapi;
#[cfg(test)]
mod openapi_tour;
#[cfg(test)]
mod outcomes;
#[cfg(test)]
mod own_models;
#[cfg(test)]
mod plans;
#[cfg(test)]
mod policies;
#[cfg(test)]
mod pull;
#[cfg(test)]
mod rates;
#[cfg(test)]
mod receipts;
#[cfg(test)]
mod refusals;
#[cfg(test)]
mod replays;
#[cfg(test)]
mod replicas;
#[cfg(test)]
mod retention;
#[cfg(test)]
mod reveals;
#[cfg(test)]
mod reviews;
#[cfg(test)]
mod scoped_verdicts;
#[cfg(test)]
mod short_form;
#[cfg(test)]
mod sign_in;
#[cfg(test)]
mod sign_ups;
#[cfg(test)]
mod signatures;
#[cfg(test)]
mod stream;
#[cfg(test)]
mod tenant_writes;
#[cfg(test)]
mod tenants;
#[cfg(test)]
mod token_decisions;
#[cfg(test)]
mod triggers;
#[cfg(test)]
mod user_risk;
#[cfg(test)]
mod watch;
#[cfg(test)]
mod watch_settings;
#[cfg(test)]
mod world;
