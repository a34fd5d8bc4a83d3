//! Certificates and connections as they meet: real files, real listener, real connector, loopback.

mod authorities;
mod calls;
mod office;
mod own;
mod refusals;
mod reloads;
mod world;
