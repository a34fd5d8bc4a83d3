//! Hongyan 鸿雁: the gateway by which county offices tell each other that a person has moved.
pub mod domain;
pub mod ledger;
