//! The only place that sees the protos of the service. Whatever comes is taken apart whole, so a
//! new field stops the build here.

mod agreements;
mod asked;
mod audit;
mod cases;
mod certificate;
mod consents;
mod draft;
mod due;
mod erasing;
#[cfg(any(test, fuzzing))]
#[path = "../../../tests/fuzz/targets/office.rs"]
pub(crate) mod fuzz;
mod retention;
mod service;
mod subject;
mod told;
mod touched;

use std::sync::Arc;

use tonic::server::NamedService as _;

use self::service::Service;
use super::Office;
use crate::proto::office::v1::office_server::OfficeServer;

/// The name of the service, as health and reflection know it.
pub(super) const NAME: &str = OfficeServer::<Service>::NAME;

/// The service as tonic serves it, with bounds on messages both ways.
pub(super) fn service(office: Arc<Office>, message_bytes: usize) -> OfficeServer<Service> {
    OfficeServer::new(Service::new(office))
        .max_decoding_message_size(message_bytes)
        .max_encoding_message_size(message_bytes)
}
