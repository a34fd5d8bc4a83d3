//! Certificates and connections as they meet: real files, real listener, real connector, loopback.

mod authorities;
mod calls;
mod office;
mod refusals;
mod reloads;
mod world;
