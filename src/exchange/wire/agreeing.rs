//! The messages in which two nodes bring together what they have signed of their agreements.

use super::{
    AgreeRequest, AgreeResponse, NotOfItsForm, proto,
    values::{digest_in, digest_out, signed_in, signed_out, successions_in, successions_out},
};
use crate::{
    domain::agreement::AgreementId,
    pairing::life::{Handed, Holding, NotHeard, Unsaid, Words},
    trust::signature::Signed,
};

/// What one of the two says.
pub(in crate::exchange) struct Agreed {
    /// What it holds.
    pub(in crate::exchange) held: Vec<Holding>,
    /// What the other lacks of it.
    pub(in crate::exchange) handed: Vec<Handed>,
    /// What it did not take; none in a request.
    pub(in crate::exchange) refused: Vec<NotHeard>,
    /// Its keys.
    pub(in crate::exchange) successions: Vec<Signed>,
}

pub(in crate::exchange) fn agree_request(said: Agreed) -> AgreeRequest {
    let Agreed {
        held,
        handed,
        refused: _,
        successions,
    } = said;
    AgreeRequest {
        held: held.into_iter().map(holding_out).collect(),
        statements: handed.into_iter().map(handed_out).collect(),
        successions: successions_out(&successions),
    }
}

pub(in crate::exchange) fn agree_request_in(message: AgreeRequest) -> Result<Agreed, NotOfItsForm> {
    let AgreeRequest {
        held,
        statements,
        successions,
    } = message;
    Ok(Agreed {
        held: all(held, holding_in)?,
        handed: all(statements, handed_in)?,
        refused: Vec::new(),
        successions: successions_in(successions),
    })
}

pub(in crate::exchange) fn agree_response(said: Agreed) -> AgreeResponse {
    let Agreed {
        held,
        handed,
        refused,
        successions,
    } = said;
    AgreeResponse {
        held: held.into_iter().map(holding_out).collect(),
        statements: handed.into_iter().map(handed_out).collect(),
        refusals: refused
            .into_iter()
            .map(|NotHeard { id, why }| proto::StatementRefusal {
                id: id.to_string(),
                code: why.name().to_owned(),
            })
            .collect(),
        successions: successions_out(&successions),
    }
}

pub(in crate::exchange) fn agree_response_in(
    message: AgreeResponse,
) -> Result<Agreed, NotOfItsForm> {
    let AgreeResponse {
        held,
        statements,
        refusals,
        successions,
    } = message;
    Ok(Agreed {
        held: all(held, holding_in)?,
        handed: all(statements, handed_in)?,
        refused: all(refusals, |refusal| {
            let proto::StatementRefusal { id, code } = refusal;
            Ok(NotHeard {
                id: id_in(&id)?,
                why: Unsaid::from_name(&code).ok_or(NotOfItsForm("a code"))?,
            })
        })?,
        successions: successions_in(successions),
    })
}

fn all<T, U>(
    items: Vec<T>,
    read: impl Fn(T) -> Result<U, NotOfItsForm>,
) -> Result<Vec<U>, NotOfItsForm> {
    items.into_iter().map(read).collect()
}

fn id_in(id: &str) -> Result<AgreementId, NotOfItsForm> {
    id.parse().map_err(|_| NotOfItsForm("an agreement"))
}

fn holding_out(holding: Holding) -> proto::StatementsHeld {
    let Holding { id, a, b } = holding;
    proto::StatementsHeld {
        id: id.to_string(),
        a: Some(words_out(a)),
        b: Some(words_out(b)),
    }
}

fn holding_in(held: proto::StatementsHeld) -> Result<Holding, NotOfItsForm> {
    let proto::StatementsHeld { id, a, b } = held;
    Ok(Holding {
        id: id_in(&id)?,
        a: words_in(a)?,
        b: words_in(b)?,
    })
}

fn words_out(words: Words) -> proto::StatementsOfSide {
    let Words { count, digest } = words;
    proto::StatementsOfSide {
        count,
        digest: digest_out(digest),
    }
}

fn words_in(words: Option<proto::StatementsOfSide>) -> Result<Words, NotOfItsForm> {
    let words = words.ok_or(NotOfItsForm("what a side said"))?;
    let proto::StatementsOfSide { count, digest } = words;
    Ok(Words {
        count,
        digest: digest_in(&digest)?,
    })
}

fn handed_out(handed: Handed) -> proto::SignedStatement {
    let Handed { id, signed, text } = handed;
    proto::SignedStatement {
        id: id.to_string(),
        signed: Some(signed_out(&signed)),
        text: text.unwrap_or_default(),
    }
}

fn handed_in(statement: proto::SignedStatement) -> Result<Handed, NotOfItsForm> {
    let proto::SignedStatement { id, signed, text } = statement;
    Ok(Handed {
        id: id_in(&id)?,
        signed: signed_in(signed.ok_or(NotOfItsForm("a statement without a signature"))?),
        text: Some(text).filter(|text| !text.is_empty()),
    })
}
