//! Hongyan 鸿雁: the gateway by which county offices tell each other that a person has moved.
pub mod agreement;
pub mod cli;
pub mod clock;
pub mod config;
pub mod document;
pub mod domain;
pub mod envelope;
pub mod ledger;
pub mod office;
pub mod pairing;
mod proto;
pub mod store;
pub mod telemetry;
pub mod trust;
