//! What is left of the values of a notice for those who see where it stands, and not whom it is about.
//!
//! As the field has it: of a name the first character, of an identity number the six digits of the area
//! of its first issue and the check digit, of a telephone number the last four digits, of an area its
//! county. Whatever else tells of her is not shown at all.

use super::field::{Field, Group};

/// A value as it is shown masked.
pub fn masked(field: Field, value: &str) -> String {
    match field {
        Field::Name => ends(value, 1, 0),
        Field::ResidentId => ends(value, 6, 1),
        Field::Phone => ends(value, 0, 4),
        Field::OriginArea | Field::DestinationArea | Field::ManagingArea | Field::MovedToArea => {
            ends(value, 6, 0)
        }
        Field::ConsentReference => HIDDEN.to_owned(),
        _ => match field.group() {
            Group::Frame => value.to_owned(),
            Group::Identity
            | Group::Movement
            | Group::Entitlement
            | Group::Care
            | Group::FreeText => HIDDEN.to_owned(),
        },
    }
}

/// The first and the last of its characters; nothing of a value that is hardly longer than that.
fn ends(value: &str, first: usize, last: usize) -> String {
    let count = value.chars().count();
    let shown = first.saturating_add(last);
    if count <= shown {
        return HIDDEN.to_owned();
    }
    let behind = count.saturating_sub(last);
    let kept = |(at, c): (usize, char)| {
        let shows = at < first || at >= behind;
        if shows { c } else { MASK }
    };
    value.chars().enumerate().map(kept).collect()
}

const MASK: char = '＊';

/// For what is not shown at all: it does not tell how long it is.
const HIDDEN: &str = "＊＊＊";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_left_that_tells_who_she_is() {
        for (field, value, shown) in [
            (Field::Name, "甲乙丙", "甲＊＊"),
            (Field::Name, "甲", "＊＊＊"),
            (
                Field::ResidentId,
                "990001199503040021",
                "990001＊＊＊＊＊＊＊＊＊＊＊1",
            ),
            (Field::Phone, "19900001234", "＊＊＊＊＊＊＊1234"),
            (Field::Phone, "1234", "＊＊＊"),
            (Field::DestinationArea, "530111001000", "530111＊＊＊＊＊＊"),
            (Field::DestinationAddress, "云南省昆明市", "＊＊＊"),
            (Field::MaritalStatus, "21", "＊＊＊"),
            (Field::NextCheckOn, "2026-11-01", "＊＊＊"),
            (Field::CertificateNumber, "350582-1", "＊＊＊"),
            (Field::Note, "已电话联系", "＊＊＊"),
            (Field::ConsentReference, "同意书1", "＊＊＊"),
            (Field::Outcome, "confirmed", "confirmed"),
            (Field::EventDate, "2026-10-08", "2026-10-08"),
        ] {
            assert_eq!(masked(field, value), shown, "{field}");
        }
        for field in Field::ALL {
            let whole = field.group() == Group::Frame && field != Field::ConsentReference;
            assert_eq!(masked(field, "abc") == "abc", whole, "{field}");
        }
    }
}
