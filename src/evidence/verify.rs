//! A file judged, part by part, by nothing but its bytes.

use rustls_pki_types::CertificateDer;

use super::{
    claim::{Accord, Claim},
    document::{Document, End, RawAgreement, base64, hex},
    error::{EvidenceError, Part},
    gap::Gap,
    nodes::{self, Node},
};
use crate::{
    agreement::life::{Says, Statement},
    domain::{
        agreement::AgreementVersion,
        area::County,
        channel::{Channel, Digest, Sequence},
        journal::JournalHead,
        notice::NoticeId,
        receipt::{Outcome, VoidReason},
    },
    envelope,
    pairing::{NotVouched, SignedPair},
    trust::{
        chain::{chain, channel_origin, notice_digest},
        forms::{Frame, ParcelForm, ReceiptForm},
        keys::Fingerprint,
        showing::ShowingForm,
        signature::Signed,
        statement::StatementForm,
    },
};

/// What a file that holds says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The channel.
    pub channel: Channel,
    /// The place.
    pub sequence: Sequence,
    /// The id of the notice.
    pub id: NoticeId,
    /// The digest of its bytes.
    pub digest: Digest,
    /// The agreement that it names.
    pub agreement: AgreementVersion,
    /// True for trial data.
    pub sandbox: bool,
    /// At which end the file was written.
    pub end: End,
    /// Why the place is void; none where the notice was told, or nothing was signed yet.
    pub void: Option<VoidReason>,
    /// What the receiver answered; none without a receipt.
    pub outcome: Option<Outcome>,
    /// What is proven.
    pub proven: Vec<Claim>,
    /// What is not.
    pub not_proven: Vec<Gap>,
}

/// Tells what a file proves. Believes nothing but what is signed in it, and of roots those that are
/// given; without any, the file's own are shown to be compared.
///
/// # Errors
/// The first thing that is wrong: then nothing in the file is to be believed.
pub fn verify(file: &[u8], roots: &[CertificateDer<'_>]) -> Result<Verdict, EvidenceError> {
    let (document, seal, sealed) = Document::read(file)?.unseal()?;
    let pairs = nodes::pairs(&document.pairings)?;
    let channel = Channel {
        from: county(&document.from)?,
        to: county(&document.to)?,
    };
    let frame = Frame {
        channel,
        sandbox: document.sandbox,
    };
    let [sender, receiver] = nodes::read(
        [&document.sender, &document.receiver],
        &pairs,
        channel,
        document.sandbox,
    )?;
    let mut judging = Judging {
        frame,
        sequence: Sequence::new(document.sequence),
        id: notice_id(&document.notice_id)?,
        digest: hex(&document.digest, Part::Digest)?,
        end: document.side,
        sender,
        receiver,
        proven: Vec::new(),
        not_proven: Vec::new(),
    };
    judging.seal(&seal.read(Part::Seal)?, sealed)?;
    let parcel = judging.parcel(&document)?;
    let outcome = judging.receipt(&document, parcel.as_ref())?;
    let agreement = version(&document.agreement.name)?;
    judging.content(document.content.as_deref(), agreement, parcel.is_some())?;
    judging.agreement(&document.agreement, agreement, &pairs)?;
    judging.pairings(&pairs, roots)?;
    if document.sandbox {
        judging.not_proven.push(Gap::Sandbox);
    }
    judging.not_proven.push(Gap::Office(channel.from));
    judging.not_proven.push(Gap::Clocks);
    Ok(Verdict {
        channel,
        sequence: judging.sequence,
        id: judging.id,
        digest: judging.digest,
        agreement,
        sandbox: document.sandbox,
        end: document.side,
        void: parcel.as_ref().and_then(|parcel| parcel.void),
        outcome,
        proven: judging.proven,
        not_proven: judging.not_proven,
    })
}

/// What is known of a file while it is judged.
struct Judging {
    frame: Frame,
    sequence: Sequence,
    id: NoticeId,
    digest: Digest,
    end: End,
    sender: Node,
    receiver: Node,
    proven: Vec<Claim>,
    not_proven: Vec<Gap>,
}

/// What the sender signed, as far as the rest needs it.
struct Parcel {
    form: ParcelForm,
    digests: Vec<Digest>,
    /// What a receipt names.
    signed: Digest,
    /// Why the place is void.
    void: Option<VoidReason>,
    /// Which of its places it is.
    offset: usize,
}

impl Judging {
    const fn channel(&self) -> Channel {
        self.frame.channel
    }

    /// Who wrote the file, and whether it is as it was written.
    fn seal(&mut self, seal: &Signed, document: Digest) -> Result<(), EvidenceError> {
        let Channel { from, to } = self.channel();
        let (node, channel) = match self.end {
            End::Sender => (&self.sender, Channel { from, to }),
            End::Receiver => (&self.receiver, Channel { from: to, to: from }),
        };
        let form: ShowingForm = node.verify(seal.clone(), Part::Seal)?.into_inner();
        let frame = Frame {
            channel,
            sandbox: self.frame.sandbox,
        };
        if form.frame != frame {
            return Err(EvidenceError::Other(Part::Seal));
        }
        if form.document != document {
            return Err(EvidenceError::Seal);
        }
        self.proven.push(Claim::Shown {
            node: node.id.clone(),
            at_ms: form.time_ms,
        });
        Ok(())
    }

    /// What the sender signed.
    fn parcel(&mut self, document: &Document) -> Result<Option<Parcel>, EvidenceError> {
        let Some(raw) = &document.parcel else {
            self.not_proven.push(Gap::Sent);
            return Ok(None);
        };
        let signed = Signed::received(
            base64(&raw.form, Part::Parcel)?,
            base64(&raw.signature, Part::Parcel)?,
        );
        let digests = raw
            .digests
            .iter()
            .map(|digest| hex(digest, Part::Parcel))
            .collect::<Result<Vec<_>, _>>()?;
        let form: ParcelForm = self
            .sender
            .verify(signed.clone(), Part::Parcel)?
            .into_inner();
        if form.frame != self.frame {
            return Err(EvidenceError::Other(Part::Parcel));
        }
        if digests.len() != form.count as usize {
            return Err(EvidenceError::Chain(Part::Parcel));
        }
        let head = digests
            .iter()
            .fold(form.previous, |head, digest| chain(head, *digest));
        if head != form.head || !self.begins_well(&form) {
            return Err(EvidenceError::Chain(Part::Parcel));
        }
        let offset = self.sequence.get().checked_sub(form.first.get());
        let offset = offset.and_then(|offset| usize::try_from(offset).ok());
        let offset = offset.filter(|offset| *offset < digests.len());
        let offset = offset.ok_or(EvidenceError::Outside)?;
        if digests.get(offset) != Some(&self.digest) {
            return Err(EvidenceError::Digest);
        }
        let void = form
            .voids
            .iter()
            .find_map(|(at, reason)| (*at as usize == offset).then_some(*reason));
        self.proven.push(Claim::Sent {
            node: self.sender.id.clone(),
            channel: self.channel(),
            sequence: self.sequence,
            digest: self.digest,
            void,
            at_ms: form.time_ms,
        });
        self.journal(form.journal, true);
        Ok(Some(Parcel {
            signed: signed.digest(),
            form,
            digests,
            void,
            offset,
        }))
    }

    /// The first parcel of a channel follows its name.
    fn begins_well(&self, form: &ParcelForm) -> bool {
        let origin = channel_origin(
            self.sender.id.trust_domain(),
            self.receiver.id.trust_domain(),
            self.channel(),
            self.frame.sandbox,
        );
        form.first > Sequence::new(1) || form.previous == origin
    }

    fn journal(&mut self, journal: Option<JournalHead>, of_sender: bool) {
        let Channel { from, to } = self.channel();
        let (node, home) = if of_sender {
            (&self.sender, from)
        } else {
            (&self.receiver, to)
        };
        match journal {
            Some(journal) => self.proven.push(Claim::Journal {
                node: node.id.clone(),
                home,
                journal,
            }),
            None if self.not_proven.contains(&Gap::Journals) => {}
            None => self.not_proven.push(Gap::Journals),
        }
    }

    /// What the receiver answered for the place.
    fn receipt(
        &mut self,
        document: &Document,
        parcel: Option<&Parcel>,
    ) -> Result<Option<Outcome>, EvidenceError> {
        let Some(raw) = &document.receipt else {
            self.not_proven.push(Gap::Receipt);
            return Ok(None);
        };
        let signed = raw.read(Part::Receipt)?;
        let form: ReceiptForm = self.receiver.verify(signed, Part::Receipt)?.into_inner();
        let Some(parcel) = parcel else {
            return Err(EvidenceError::Other(Part::Receipt));
        };
        let answered = form.outcomes.len();
        let fits = form.frame == self.frame
            && form.answers == parcel.signed
            && form.first == parcel.form.first
            && answered <= parcel.digests.len();
        if !fits {
            return Err(EvidenceError::Other(Part::Receipt));
        }
        let head = parcel
            .digests
            .iter()
            .take(answered)
            .fold(parcel.form.previous, |head, digest| chain(head, *digest));
        if answered > 0 && head != form.head {
            return Err(EvidenceError::Chain(Part::Receipt));
        }
        let outcome = form.outcomes.get(parcel.offset).cloned();
        if outcome == Some(Outcome::Voided) && parcel.void.is_none() {
            return Err(EvidenceError::Other(Part::Receipt));
        }
        match &outcome {
            Some(outcome) => self.proven.push(Claim::Received {
                node: self.receiver.id.clone(),
                outcome: outcome.clone(),
                at_ms: form.time_ms,
            }),
            None => self.not_proven.push(Gap::Receipt),
        }
        self.journal(form.journal, false);
        if self.end == End::Receiver {
            self.not_proven.push(Gap::OwnReceipt);
        }
        Ok(outcome)
    }

    /// The content, where it is in the file.
    fn content(
        &mut self,
        content: Option<&str>,
        agreement: AgreementVersion,
        signed: bool,
    ) -> Result<(), EvidenceError> {
        let Some(content) = content else {
            self.not_proven.push(Gap::Content);
            self.not_proven.push(Gap::NoticeId(self.id));
            return Ok(());
        };
        let bytes = base64(content, Part::Content)?;
        if notice_digest(&bytes) != self.digest {
            return Err(EvidenceError::Content);
        }
        let header = envelope::decode(&bytes)
            .map_err(|_| EvidenceError::Content)?
            .header;
        let fits = header.id == self.id
            && header.channel() == self.channel()
            && header.sandbox == self.frame.sandbox;
        if !fits {
            return Err(EvidenceError::Content);
        }
        if header.agreement != agreement {
            return Err(EvidenceError::Agreement);
        }
        // Else it is the writer's word alone, as the rest of the file.
        if signed {
            self.proven.push(Claim::Content {
                id: header.id,
                kind: header.kind,
                published_at_ms: header.published_at_ms,
            });
        }
        Ok(())
    }

    /// What shows that both sides have signed the agreement.
    fn agreement(
        &mut self,
        raw: &RawAgreement,
        version: AgreementVersion,
        pairs: &[SignedPair],
    ) -> Result<(), EvidenceError> {
        let canonical = raw.canonical.as_deref();
        let canonical = canonical
            .map(|text| base64(text, Part::Agreement))
            .transpose()?;
        let digest = match &canonical {
            Some(bytes) if names(bytes, version) => Some(sha256(bytes)),
            Some(_) => return Err(EvidenceError::Agreement),
            None => None,
        };
        let (mut sender, mut receiver) = (false, false);
        for signed in &raw.statements {
            let (of_sender, says) = self.statement(&signed.read(Part::Statement)?)?;
            if says.agreement != version || Some(says.digest) != digest {
                return Err(EvidenceError::Other(Part::Statement));
            }
            if matches!(says.says, Says::Propose | Says::Accept) {
                let side = if of_sender {
                    &mut sender
                } else {
                    &mut receiver
                };
                *side = true;
            }
        }
        let in_pairing = pairs.iter().any(|pair| pair.agreement() == Some(version));
        let by = match digest {
            Some(digest) if sender && receiver => Some(Accord::Statements { digest }),
            _ if in_pairing => Some(Accord::Pairing),
            _ => None,
        };
        match by {
            Some(by) => self.proven.push(Claim::Agreed { version, by }),
            None => self.not_proven.push(Gap::Agreement),
        }
        Ok(())
    }

    /// What a side said, and whether that was the sender.
    fn statement(&self, signed: &Signed) -> Result<(bool, Statement), EvidenceError> {
        let by_sender = self.sender.signer::<StatementForm>(signed).is_some();
        let (by, other) = if by_sender {
            (&self.sender, &self.receiver)
        } else {
            (&self.receiver, &self.sender)
        };
        let form: StatementForm = by.verify(signed.clone(), Part::Statement)?.into_inner();
        let frame = Frame {
            channel: Channel {
                from: by.id.area(),
                to: other.id.area(),
            },
            sandbox: self.frame.sandbox,
        };
        if form.frame != frame {
            return Err(EvidenceError::Other(Part::Statement));
        }
        let says =
            Statement::read(&form.statement).map_err(|_| EvidenceError::Value(Part::Statement))?;
        Ok((by_sender, says))
    }

    /// How the keys are known.
    fn pairings(
        &mut self,
        pairs: &[SignedPair],
        roots: &[CertificateDer<'_>],
    ) -> Result<(), EvidenceError> {
        for pair in pairs {
            self.proven.push(Claim::Paired {
                nodes: pair.parties().map(|party| party.id.clone()),
                at: pair.created(),
            });
        }
        let alone = self.sender.id == self.receiver.id;
        let nodes: &[&Node] = if alone {
            &[&self.sender]
        } else {
            &[&self.sender, &self.receiver]
        };
        let (mut proven, mut not_proven) = (Vec::new(), Vec::new());
        for node in nodes {
            for form in &node.successions {
                proven.push(Claim::Succeeded {
                    node: node.id.clone(),
                    key: form.successor.id().fingerprint(),
                    at_ms: form.time_ms,
                });
            }
            let root = certified(pairs, node, roots)?;
            proven.extend(root.iter().map(|root| Claim::Certified {
                node: node.id.clone(),
                root: *root,
            }));
            if roots.is_empty() || root.is_none() {
                not_proven.push(Gap::Root {
                    node: node.id.clone(),
                    key: node.newest().id(),
                    root,
                });
            }
        }
        if proven
            .iter()
            .any(|claim| matches!(claim, Claim::Certified { .. }))
        {
            not_proven.push(Gap::Revocation);
        }
        if alone {
            not_proven.push(Gap::OneNode);
        }
        self.proven.extend(proven);
        self.not_proven.extend(not_proven);
        Ok(())
    }
}

/// The root under which a certificate vouched for a key of the node's when it was paired last.
fn certified(
    pairs: &[SignedPair],
    node: &Node,
    roots: &[CertificateDer<'_>],
) -> Result<Option<Fingerprint>, EvidenceError> {
    let mut newest = None;
    for pair in pairs {
        if let Some(party) = pair.party(&node.id) {
            let root = pair.root_of(party);
            newest = root.map_err(|NotVouched| EvidenceError::Certificate)?;
        }
    }
    let given = |root: &Fingerprint| roots.iter().any(|given| Fingerprint::of(given) == *root);
    match newest {
        Some(root) if !roots.is_empty() && !given(&root) => Err(EvidenceError::OtherRoot),
        newest => Ok(newest),
    }
}

/// Whether canonical bytes of an agreement begin with that name.
fn names(canonical: &[u8], version: AgreementVersion) -> bool {
    let id = version.id.to_string();
    let mut begin = b"hongyan agreement v1\0".to_vec();
    begin.extend(u32::try_from(id.len()).unwrap_or(u32::MAX).to_be_bytes());
    begin.extend(id.as_bytes());
    begin.extend(version.version.to_be_bytes());
    canonical.starts_with(&begin)
}

fn sha256(bytes: &[u8]) -> Digest {
    Digest::new(*Fingerprint::of(bytes).as_bytes())
}

fn county(text: &str) -> Result<County, EvidenceError> {
    text.parse()
        .map_err(|_| EvidenceError::Value(Part::Channel))
}

fn notice_id(text: &str) -> Result<NoticeId, EvidenceError> {
    let id: Option<NoticeId> = text.parse().ok();
    id.filter(|id| id.to_string() == text)
        .ok_or(EvidenceError::Value(Part::NoticeId))
}

fn version(text: &str) -> Result<AgreementVersion, EvidenceError> {
    let version: Option<AgreementVersion> = text.parse().ok();
    version
        .filter(|version| version.to_string() == text)
        .ok_or(EvidenceError::Value(Part::Agreement))
}
