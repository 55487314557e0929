//! The `countersign` binary from outside, as an operator, an auditor and an attacker meet it.

#[cfg(test)]
mod acting;
#[cfg(test)]
mod backtest;
#[cfg(test)]
mod backup;
#[cfg(test)]
mod bench;
#[cfg(test)]
mod bench_baselines;
#[cfg(test)]
mod bench_risk;
#[cfg(test)]
mod browser;
#[cfg(test)]
mod certificates;
#[cfg(test)]
mod checks;
#[cfg(test)]
mod closed_loop;
#[cfg(test)]
mod crash;
#[cfg(test)]
mod decisions;
#[cfg(test)]
mod demo;
#[cfg(test)]
mod demo_tour;
#[cfg(test)]
#[path = "../shared/dice.rs"]
mod dice;
#[cfg(test)]
mod doctor;
#[cfg(test)]
mod erase;
#[cfg(test)]
mod erase_guards;
#[cfg(test)]
mod export;
#[cfg(test)]
mod keys;
#[cfg(test)]
mod log_killed;
#[cfg(test)]
mod log_latency;
#[cfg(test)]
mod log_stream;
#[cfg(test)]
mod master_key;
#[cfg(test)]
mod model;
#[cfg(test)]
mod model_own_labels;
#[cfg(test)]
mod model_train;
#[cfg(test)]
mod overload;
#[cfg(test)]
mod permitted;
#[cfg(test)]
mod playbooks;
#[cfg(test)]
mod policy;
#[cfg(test)]
mod postgres;
#[cfg(test)]
mod probe;
#[cfg(test)]
mod replicas;
#[cfg(test)]
mod rule_files;
#[cfg(test)]
mod rules;
#[cfg(test)]
mod sandbox;
#[cfg(test)]
mod stop;
#[cfg(test)]
mod sync;
#[cfg(test)]
mod tamper;
#[cfg(test)]
mod tenant;
#[cfg(test)]
mod tenant_owned;
#[cfg(test)]
mod tenant_sandbox;
#[cfg(test)]
mod tenant_trouble;
#[cfg(test)]
mod tenant_ways_out;
#[cfg(test)]
mod tls;
#[cfg(test)]
mod users;
#[cfg(test)]
mod world;
