//! Evidence of a notice, for whoever has to convince others.

use bytes::Bytes;

use super::{
    Office,
    authority::COUNTERS,
    problem::Fault,
    query::{NoticeRecords, NoticeSeen, RecordSeen},
};
use crate::{
    domain::{
        agreement::AgreementVersion,
        channel::{Channel, Digest, Sequence},
        notice::NoticeId,
    },
    store::Direction,
    trust::{chain::notice_digest, identity::OfficeId},
};

/// Of which notice evidence is asked for, and what of it may be in there. It has no `Debug`: it
/// holds a person.
#[derive(Clone)]
pub struct EvidenceAsked {
    /// Its channel.
    pub channel: Channel,
    /// Which end of it this node has.
    pub direction: Direction,
    /// Its place.
    pub sequence: Sequence,
    /// Its id.
    pub id: NoticeId,
    /// Digest of its bytes.
    pub digest: Digest,
    /// The agreement that it names.
    pub agreement: AgreementVersion,
    /// Its exact bytes; none where they are not there any more, or not for whoever asks.
    pub content: Option<Bytes>,
}

/// A file of evidence. It has no `Debug`: it may hold a person.
pub(super) struct Exported {
    pub(super) file: String,
    /// Whether it holds what the notice says.
    pub(super) with_content: bool,
}

impl Office {
    /// Evidence of a notice, as the home area has it that is told first. Its content is in there only
    /// for an office that may see it.
    pub(super) async fn export_evidence(
        &self,
        caller: &OfficeId,
        id: NoticeId,
    ) -> Result<Exported, Fault> {
        self.authority(caller)?.require(COUNTERS)?;
        let NoticeRecords { first, further: _ } = self.get_notice(caller, id, None).await?;
        let RecordSeen { notice, .. } = first;
        let NoticeSeen { view, full, .. } = notice;
        let digest = view.facts.digest;
        // What is not there any more is not the notice, whatever stands in its place.
        let content = view.bytes.filter(|_| full);
        let content = content.filter(|bytes| notice_digest(bytes) == digest);
        let with_content = content.is_some();
        let asked = EvidenceAsked {
            channel: view.channel,
            direction: view.direction,
            sequence: view.sequence,
            id,
            digest,
            agreement: view.facts.agreement,
            content,
        };
        tracing::info!(office = %caller, notice = %id, with_content, "Evidence is exported.");
        let file = self.operate(caller, COUNTERS, move |operations| async move {
            operations.evidence(asked).await
        });
        Ok(Exported {
            file: file.await?,
            with_content,
        })
    }
}
