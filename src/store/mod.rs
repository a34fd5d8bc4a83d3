//! The store: what a node must not forget.
//!
//! Callers hold a [`Store`] and speak in verbs: publish, claim, settle, receive, work, subscribe,
//! acknowledge, and the reads. Behind it stands one `backend` of possibly several; the laws that
//! each keeps are the functions of `conformance`.

mod backend;
pub mod backups;
mod embedded;
pub(crate) mod erasures;
mod facade;
pub(crate) mod journal;
mod vault;
mod verb;
mod withdrawn;

pub(crate) use embedded::copying;
#[cfg(any(test, fuzzing))]
pub(crate) use embedded::fuzz;

pub use self::{
    embedded::{
        EmbeddedLimits,
        audit_check::{
            AuditCheckError, AuditFault, AuditReport, AuditWrong, Beside, EndCompared, KnownAct,
            verify_audit,
        },
        compared::{HeadCompared, compare_heads},
        maintenance::{
            CheckReport, LossReport, LostPlaces, accept_loss, blocks_not_wrapped_by, check,
            rebuild_index, wrap_by,
        },
        open::{OpenError, OpenReport},
        shelf::{Shelf, ShelfError},
    },
    erasures::ErasuresError,
    facade::Store,
    journal::{
        audited::Audited,
        heads::{SegmentHeads, segment_heads},
        record::{Direction, Facts, Holding, Position, Side, StopReason},
        recovery::JournalError,
    },
    vault::VaultError,
    verb::*,
    withdrawn::Withdrawn,
};

#[cfg(test)]
mod conformance;
