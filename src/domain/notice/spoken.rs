//! Which notice a notice may speak of.

use super::Kind;
use crate::domain::{field::Field, problem::Code, refusal::Refusal};

/// A notice that another one names, as that other sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spoken {
    /// Its kind.
    pub kind: Kind,
    /// How it went.
    pub way: Way,
}

/// How a notice went that another one names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// From the same area to the same area: its sender speaks of it.
    Along,
    /// On the opposite channel: its receiver speaks of it.
    Against,
}

impl Spoken {
    /// Whether a notice of that kind may speak of it; `corrects` is what a correction says of
    /// itself. An answer speaks of what it answers, and its receiver gives it. Whoever corrects,
    /// withdraws, erases or reminds sent the notice, whoever takes it up received it. Records of
    /// services and queries of certificates go from the destination to the origin, which the
    /// departure or arrival named tells. The rest may speak of any notice of a case.
    ///
    /// # Errors
    /// `value_format`, at `corrects` where only the kind is another than the correction says, else
    /// at `answers`.
    pub fn fits(self, speaker: Kind, corrects: Option<Kind>) -> Result<(), Refusal> {
        let Self { kind, way } = self;
        let moved = matches!(kind, Kind::Departure | Kind::Arrival);
        let fits = match speaker {
            Kind::Feedback | Kind::ContinuityTransfer | Kind::CertificateResult => {
                kind.answered_by() == Some(speaker) && way == Way::Against
            }
            Kind::ServiceRecord | Kind::CertificateQuery => matches!(
                (kind, way),
                (Kind::Arrival, Way::Along) | (Kind::Departure, Way::Against)
            ),
            Kind::Correction => moved && way == Way::Along,
            // What says that a notice is no more is not taken back, nor what the node made.
            Kind::Withdrawal | Kind::Erasure => {
                let ends = matches!(kind, Kind::Withdrawal | Kind::Erasure);
                way == Way::Along && !ends && !kind.made_by_node() && kind != Kind::Bulletin
            }
            Kind::Reminder => kind.is_answered() && way == Way::Along,
            Kind::TakenUp => way == Way::Against && !kind.made_by_node() && kind != Kind::Bulletin,
            Kind::VerificationRequest | Kind::ContinuityRequest | Kind::Message | Kind::Return => {
                kind != Kind::Bulletin
            }
            Kind::Departure | Kind::Arrival | Kind::Bulletin => false,
        };
        if !fits {
            return Err(Refusal::of(Code::ValueFormat, Field::Answers));
        }
        match corrects {
            Some(corrects) if corrects != kind => {
                Err(Refusal::of(Code::ValueFormat, Field::Corrects))
            }
            Some(_) | None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::notice::Names;

    /// A line a kind that speaks, a column a kind that is named, in the order of their numbers:
    /// `>` if its sender may speak so, `<` its receiver, `x` both, `.` neither.
    const TABLE: &str = "
                          d a f m v s q t c r h k w e u n b
    departure             . . . . . . . . . . . . . . . . .
    arrival               . . . . . . . . . . . . . . . . .
    feedback              < < . . < . . . . . . . . . . . .
    message               x x x x x x x x x x x x x x x x .
    verification_request  x x x x x x x x x x x x x x x x .
    service_record        < > . . . . . . . . . . . . . . .
    continuity_request    x x x x x x x x x x x x x x x x .
    continuity_transfer   . . . . . . < . . . . . . . . . .
    certificate_query     < > . . . . . . . . . . . . . . .
    certificate_result    . . . . . . . . < . . . . . . . .
    return                x x x x x x x x x x x x x x x x .
    correction            > > . . . . . . . . . . . . . . .
    withdrawal            > > > > > > > > > > > > . . . . .
    erasure               > > > > > > > > > > > > . . . . .
    taken_up              < < < < < < < < < < < < < < . . .
    reminder              > > . . > . > . > . . . . . . . .
    bulletin              . . . . . . . . . . . . . . . . .
    ";

    #[test]
    fn who_may_speak_of_what_is_as_the_table_says() {
        let mut lines = TABLE.trim().lines().map(str::split_whitespace);
        assert_eq!(lines.next().unwrap().count(), Kind::ALL.len());
        let mut speakers = Kind::ALL.into_iter();
        for mut line in lines {
            let speaker: Kind = line.next().unwrap().parse().unwrap();
            assert_eq!(Some(speaker), speakers.next());
            let mut any = false;
            for (kind, expected) in Kind::ALL.into_iter().zip(line.by_ref()) {
                let fits = |way| {
                    let corrects = (speaker == Kind::Correction).then_some(kind);
                    Spoken { kind, way }.fits(speaker, corrects)
                };
                let told = match [Way::Along, Way::Against].map(|way| fits(way).is_ok()) {
                    [true, true] => "x",
                    [true, false] => ">",
                    [false, true] => "<",
                    [false, false] => ".",
                };
                assert_eq!(told, expected, "{speaker} of {kind}");
                any |= expected != ".";
            }
            assert_eq!(line.next(), None);
            assert_eq!(any, speaker.names_a_notice() != Names::Never, "{speaker}");
        }
        assert_eq!(speakers.next(), None);
    }

    #[test]
    fn a_correction_is_of_the_kind_that_it_names() {
        let departure = Spoken {
            kind: Kind::Departure,
            way: Way::Along,
        };
        let wrong = |field| Err(Refusal::of(Code::ValueFormat, field));
        let fits = |corrects| departure.fits(Kind::Correction, Some(corrects));
        assert_eq!(fits(Kind::Departure), Ok(()));
        assert_eq!(fits(Kind::Arrival), wrong(Field::Corrects));
        let theirs = Spoken {
            way: Way::Against,
            ..departure
        };
        let told = theirs.fits(Kind::Correction, Some(Kind::Arrival));
        assert_eq!(told, wrong(Field::Answers));
    }
}
