//! The office API as a client sees it: the command line, and whoever builds on this library.
//!
//! Every answer becomes a type of the domain here; a value that this version does not know is
//! [`ClientError::Unreadable`], never guessed at.

mod agreeing;
mod agreements;
mod auditing;
mod case_calls;
mod cases;
mod certificate;
mod consents;
mod due;
mod erasing;
mod error;
mod publishing;
mod retention;
mod states;
mod subject;
mod subscription;
mod touched;
mod working;

use std::{future::Future, sync::Arc, time::Duration};

use bytes::Bytes;
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use tonic::{
    Response, Status,
    transport::{Channel, Endpoint},
};

#[cfg(test)]
pub(in crate::office) use self::publishing::to_wire;
pub use self::{
    agreeing::Agreed,
    agreements::{
        AgreementComparison, AgreementShown, AgreementSignature, AgreementState, Compared,
        Suspended,
    },
    auditing::{AuditExcerpt, AuditExcerptPart, AuditListing, AuditRow},
    cases::{
        CLOSE_REASONS, CaseDebt, CaseDoing, CaseEvent, CaseList, CaseListing, CaseOnList,
        CaseShown, CaseState, DebtStanding, Phase,
    },
    certificate::{Answer, Asked, Heard},
    consents::ConsentWithdrawn,
    due::DueCompared,
    erasing::{ErasureState, ErasureStatement, ErasureTold},
    error::{ClientError, Refusal},
    publishing::{Published, Publishing, Told},
    retention::{KeptCase, WhyKept},
    states::{
        Adopted, ChannelComparison, ChannelState, Listing, NoticeState, PeerState, Probe, Reloaded,
        Says, Shown, Way,
    },
    subject::{Subject, SubjectAgreement, SubjectDisclosure, SubjectNotice, SubjectTerms},
    subscription::{Handover, Opening, Step, Subscription},
    touched::{Touched, TouchedAsked, TouchedCase, TouchedTotals, Touching},
    working::{CaseAct, CaseWorked, FiguresRow, FiguresTold},
};
use crate::{
    clock::Clock,
    config::{NodeConfig, NodeDir, dialled_from_here},
    domain::{agreement::AgreementId, area::County, audit::Reason, notice::NoticeId},
    pairing::life::Act,
    proto::office::v1::{self as wire, office_client::OfficeClient},
    trust::{alert::Farewell, connector::connect_office, files, tls::office_client},
};

/// A connection to one's own node.
#[derive(Clone)]
pub struct Client {
    inner: OfficeClient<Channel>,
    farewell: Farewell,
}

impl Client {
    /// Connects to the node of that directory as the office of that name, whose certificate and key
    /// lie in `office/`. An attempt ends `within` that time.
    ///
    /// # Errors
    /// [`ClientError::Unreachable`] if nobody answers or somebody else does; [`ClientError::File`]
    /// and [`ClientError::Certificate`] for what lies in the directory.
    pub async fn connect(
        dir: &NodeDir,
        config: &NodeConfig,
        office: &str,
        clock: &Clock,
        within: Duration,
    ) -> Result<Self, ClientError> {
        let own = |kind: &str| dir.path().join(format!("office/{office}.{kind}"));
        let tls = office_client(
            &files::read_public(&dir.office_root())?,
            &files::read_public(&own("crt"))?,
            &files::read_secret(&own("key"))?,
            config.id.clone(),
            clock,
        )
        .map_err(ClientError::Certificate)?;
        let address = dialled_from_here(config.office_listen).to_string();
        let farewell = Farewell::default();
        let channel = channel(tls, address, within, &farewell).await?;
        Ok(Self {
            inner: OfficeClient::new(channel)
                .max_decoding_message_size(config.limits.message_bytes.max(MESSAGE_BYTES)),
            farewell,
        })
    }

    /// Connects without TLS to a node of cardboard.
    #[cfg(test)]
    pub(crate) async fn plain(address: &str) -> Self {
        let endpoint = Endpoint::from_shared(address.to_owned()).unwrap();
        Self {
            inner: OfficeClient::new(endpoint.connect().await.unwrap()),
            farewell: Farewell::default(),
        }
    }

    /// Begins a bulk publication.
    pub fn publish(&self, window: usize) -> Publishing {
        Publishing::begin(self.inner.clone(), self.farewell.clone(), window)
    }

    /// Opens a durable consumer.
    ///
    /// # Errors
    /// [`ClientError`]; the first step, [`Step::Opened`], comes from [`Subscription::next`].
    pub async fn subscribe(&self, opening: Opening) -> Result<Subscription, ClientError> {
        Subscription::open(self.inner.clone(), &self.farewell, opening).await
    }

    /// Shows one notice: every record of it that this office may know of, the sending side's first. Of
    /// its content, what is left of it if this office may not see it and gives no reason.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn notice(
        &self,
        id: NoticeId,
        reason: Option<&Reason>,
    ) -> Result<Vec<Shown>, ClientError> {
        let request = wire::GetNoticeRequest {
            notice_id: id.as_bytes().to_vec().into(),
            reason: reason.map_or_else(String::new, |reason| reason.as_str().to_owned()),
        };
        let wire::GetNoticeResponse {
            state,
            notice,
            further,
            corrected_by,
            masked,
        } = self.ask(self.inner.clone().get_notice(request)).await?;
        let first = wire::NoticeRecord {
            state,
            notice,
            corrected_by,
            masked,
        };
        let records = std::iter::once(first).chain(further);
        records.map(TryInto::try_into).collect()
    }

    /// Evidence of one notice: the bytes of a file that its reader verifies by itself.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn evidence(&self, id: NoticeId) -> Result<Bytes, ClientError> {
        let request = wire::ExportEvidenceRequest {
            notice_id: id.as_bytes().to_vec().into(),
        };
        let wire::ExportEvidenceResponse { file } = self
            .ask(self.inner.clone().export_evidence(request))
            .await?;
        Ok(file)
    }

    /// A page of notices, newest first, and the token of the next page.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn notices(
        &self,
        listing: &Listing,
        page_size: u32,
        page_token: String,
    ) -> Result<(Vec<NoticeState>, String), ClientError> {
        let Listing {
            home,
            way,
            kinds,
            states,
        } = listing;
        let request = wire::ListNoticesRequest {
            home_area: home.map(|area| area.to_string()).unwrap_or_default(),
            direction: way
                .map_or(wire::Direction::Unspecified, Way::to_wire)
                .into(),
            kinds: kinds.iter().map(ToString::to_string).collect(),
            page_size,
            page_token,
            states: states.clone(),
        };
        let wire::ListNoticesResponse {
            notices,
            next_page_token,
        } = self.ask(self.inner.clone().list_notices(request)).await?;
        let notices = notices.into_iter().map(TryInto::try_into);
        Ok((notices.collect::<Result<_, _>>()?, next_page_token))
    }

    /// All channels.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn channels(&self) -> Result<Vec<ChannelState>, ClientError> {
        let request = wire::ListChannelsRequest {};
        let wire::ListChannelsResponse { channels } =
            self.ask(self.inner.clone().list_channels(request)).await?;
        channels.into_iter().map(TryInto::try_into).collect()
    }

    /// All peers.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn peers(&self) -> Result<Vec<PeerState>, ClientError> {
        let request = wire::ListPeersRequest {};
        let wire::ListPeersResponse { peers } =
            self.ask(self.inner.clone().list_peers(request)).await?;
        peers.into_iter().map(TryInto::try_into).collect()
    }

    /// Asks the peer that speaks for an area how the two stand to each other.
    ///
    /// # Errors
    /// [`ClientError`]; a peer that does not answer is none, but a [`Probe`] that says so.
    pub async fn probe(&self, area: County) -> Result<Probe, ClientError> {
        let request = wire::ProbePeerRequest {
            area: area.to_string(),
        };
        let answer = self.ask(self.inner.clone().probe_peer(request)).await?;
        answer.try_into()
    }

    /// All agreements that the node holds: by id, of each the newest version first.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn agreements(&self) -> Result<Vec<AgreementState>, ClientError> {
        let request = wire::ListAgreementsRequest {};
        let wire::ListAgreementsResponse { agreements } = self
            .ask(self.inner.clone().list_agreements(request))
            .await?;
        agreements.into_iter().map(TryInto::try_into).collect()
    }

    /// One version of an agreement; without a number that in force today, else the newest.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn agreement(
        &self,
        id: AgreementId,
        version: Option<u32>,
    ) -> Result<AgreementShown, ClientError> {
        let request = wire::GetAgreementRequest {
            id: id.to_string(),
            version: version.unwrap_or_default(),
        };
        let answer = self.ask(self.inner.clone().get_agreement(request)).await?;
        answer.try_into()
    }

    /// In what the agreements with the peer differ that speaks for an area.
    ///
    /// # Errors
    /// [`ClientError`]; a peer that does not answer is none.
    pub async fn compare(&self, area: County) -> Result<Compared, ClientError> {
        let request = wire::CompareAgreementsRequest {
            area: area.to_string(),
        };
        let answer = self
            .ask(self.inner.clone().compare_agreements(request))
            .await?;
        answer.try_into()
    }

    /// Brings together the histories of the stopped channels with a peer.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn adopt(&self, area: County) -> Result<Vec<Adopted>, ClientError> {
        let request = wire::AdoptChannelRequest {
            area: area.to_string(),
        };
        let wire::AdoptChannelResponse { adopted } =
            self.ask(self.inner.clone().adopt_channel(request)).await?;
        adopted.into_iter().map(TryInto::try_into).collect()
    }

    /// Says something of an agreement for the node's side; done when it is signed and in use.
    ///
    /// # Errors
    /// [`ClientError`]; a peer that could not be told is none, but an [`Agreed`] that says so.
    pub async fn agree(&self, act: Act) -> Result<Agreed, ClientError> {
        let request = wire::AgreeRequest {
            act: Some(act.into()),
        };
        self.ask(self.inner.clone().agree(request))
            .await?
            .try_into()
    }

    /// Makes the node read its directory anew; what lies there is in use when this returns.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn reload(&self) -> Result<Reloaded, ClientError> {
        let request = wire::ReloadRequest {};
        let wire::ReloadResponse { peers, agreements } =
            self.ask(self.inner.clone().reload(request)).await?;
        Ok(Reloaded { peers, agreements })
    }

    /// Waits for the answer to a call.
    async fn ask<T>(
        &self,
        call: impl Future<Output = Result<Response<T>, Status>>,
    ) -> Result<T, ClientError> {
        match call.await {
            Ok(response) => Ok(response.into_inner()),
            Err(status) => Err(ClientError::of_call(status, &self.farewell)),
        }
    }
}

async fn channel(
    tls: Arc<ClientConfig>,
    address: String,
    within: Duration,
    farewell: &Farewell,
) -> Result<Channel, ClientError> {
    let noted = farewell.clone();
    let connector = tower::service_fn(move |_: tonic::transport::Uri| {
        let (tls, address, noted) = (Arc::clone(&tls), address.clone(), noted.clone());
        async move {
            connect_office(&tls, &address, within, &noted)
                .await
                .map(TokioIo::new)
        }
    });
    // The name is neither looked up nor sent: the connector knows whom it dials.
    Endpoint::from_static("http://office.invalid")
        .http2_keep_alive_interval(KEEP_ALIVE)
        .keep_alive_timeout(KEEP_ALIVE)
        .keep_alive_while_idle(true)
        .connect_with_connector(connector)
        .await
        .map_err(|failure| ClientError::of_call(failure, farewell))
}

const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// A page of notices stays below.
const MESSAGE_BYTES: usize = 4 << 20;
