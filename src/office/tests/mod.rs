//! The service over real TLS on loopback, on a real store.

mod auditing;
mod bulk;
mod certificate;
mod kinds;
mod publishing;
mod reading;
mod roles;
mod rooms;
mod serving;
mod subscribing;
mod world;
