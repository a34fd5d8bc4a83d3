//! The canonical bytes of an agreement, which its digest covers. They say what the agreement lets
//! through, each thing in one order, so they depend on no white space, comment or order of the
//! text.
//!
//! ```text
//! agreement   "hongyan agreement v1" 0, id, version u32, parties a and b, sandbox u8, purpose,
//!             legal basis, valid from, valid until,
//!             desk of a, desk of b, impact assessment: each u8 = 0 for none, else 1 and
//!             office, telephone | digest 32, date,
//!             grants u32, of each, by side and then kind: side that sends u8 (1 a, 2 b), kind,
//!             deliver within, take up within, answer within, answer urgent within, keep for,
//!             fields u32, their names in alphabetical order
//! text        length in bytes u32, UTF-8; days of the calendar as "2026-10-08"
//! days        0 for none, else reckoning u8 (1 working, 2 calendar) and count u16
//! ```

use jiff::civil::Date;

use super::{
    attachments::{Desk, ImpactAssessment},
    grants::{AnswerTimes, KindTerms, Times},
    terms::Agreement,
};
use crate::domain::calendar::{Days, Reckoning};

/// What is written into: integers big-endian, texts with their length before them.
pub(super) struct Canonical(Vec<u8>);

impl Canonical {
    /// Bytes that begin with the name of the kind of object and a zero byte.
    pub(super) fn new(context: &[u8]) -> Self {
        Self(context.to_vec())
    }

    pub(super) fn u8(&mut self, number: u8) {
        self.0.push(number);
    }

    pub(super) fn u32(&mut self, number: u32) {
        self.0.extend_from_slice(&number.to_be_bytes());
    }

    pub(super) fn u64(&mut self, number: u64) {
        self.0.extend_from_slice(&number.to_be_bytes());
    }

    pub(super) fn raw(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    pub(super) fn count(&mut self, count: usize) {
        // Nothing in an agreement comes near the bound.
        self.u32(u32::try_from(count).unwrap_or(u32::MAX));
    }

    pub(super) fn text(&mut self, text: &str) {
        self.count(text.len());
        self.raw(text.as_bytes());
    }

    pub(super) fn day(&mut self, day: Date) {
        self.text(&day.to_string());
    }

    pub(super) fn finish(self) -> Vec<u8> {
        self.0
    }

    fn days(&mut self, days: Option<Days>) {
        let Some(Days { count, reckoning }) = days else {
            return self.u8(0);
        };
        self.u8(match reckoning {
            Reckoning::Working => 1,
            Reckoning::Calendar => 2,
        });
        self.raw(&count.to_be_bytes());
    }

    fn desk(&mut self, desk: Option<&Desk>) {
        self.u8(u8::from(desk.is_some()));
        if let Some(Desk { office, telephone }) = desk {
            self.text(office);
            self.text(telephone);
        }
    }
}

/// See the head of the file.
pub(super) fn bytes(agreement: &Agreement) -> Vec<u8> {
    let Agreement {
        version,
        a,
        b,
        sandbox,
        purpose,
        legal_basis,
        valid_from,
        valid_until,
        desk_a,
        desk_b,
        impact_assessment,
        grants,
        digest: _,
        text: _,
    } = agreement;
    let mut out = Canonical::new(b"hongyan agreement v1\0");
    out.text(&version.id.to_string());
    out.u32(version.version);
    out.text(a.as_str());
    out.text(b.as_str());
    out.u8(u8::from(*sandbox));
    out.text(purpose);
    out.text(legal_basis);
    out.day(*valid_from);
    out.day(*valid_until);
    out.desk(desk_a.as_ref());
    out.desk(desk_b.as_ref());
    out.u8(u8::from(impact_assessment.is_some()));
    if let Some(ImpactAssessment { digest, date }) = impact_assessment {
        out.raw(digest.as_bytes());
        out.day(*date);
    }
    out.count(grants.len());
    for ((side, kind), KindTerms { fields, times }) in grants {
        let Times {
            deliver_within,
            take_up_within,
            answer,
            keep_for,
        } = times;
        out.u8(side.number());
        out.text(kind.name());
        out.days(Some(*deliver_within));
        out.days(*take_up_within);
        out.days(answer.map(|AnswerTimes { within, .. }| within));
        out.days(answer.map(|AnswerTimes { urgent_within, .. }| urgent_within));
        out.days(Some(*keep_for));
        let mut names: Vec<&str> = fields.iter().map(|field| field.name()).collect();
        names.sort_unstable();
        out.count(names.len());
        for name in names {
            out.text(name);
        }
    }
    out.finish()
}
