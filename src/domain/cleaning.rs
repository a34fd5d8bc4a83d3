//! The tolerance of §11 of the field's rules: values as people write them, brought to the one form
//! that the domain's types take. What cannot be understood is passed on as it is, for the draft to
//! refuse by name.

use jiff::civil::Date;

use super::{calendar::parse_day, field::Field, month::Month, outcome::outcome_named};

/// The value of that field in its one form: full-width characters and spaces inside numbers
/// normalised, dates as `YYYY-MM-DD`, 15-digit area codes cut to 12, marital status and outcome as their
/// codes.
/// Empty for a value that says nothing.
pub fn clean(field: Field, value: &str) -> String {
    match field {
        Field::ResidentId => compact(value).to_ascii_uppercase(),
        Field::DestinationArea
        | Field::FromArea
        | Field::ManagingArea
        | Field::MovedToArea
        | Field::OriginArea
        | Field::ToArea => area(value),
        Field::ConsentDate
        | Field::CorrectedOn
        | Field::DueOn
        | Field::EventDate
        | Field::ExpectedDeliveryDate
        | Field::ExpectedUntil
        | Field::LastCheckOn
        | Field::NextCheckOn
        | Field::NextDueOn
        | Field::NextSupplyOn
        | Field::VaccinationDueOn
        | Field::ValidUntil => date(value),
        Field::MaritalStatus => marital_status(value),
        Field::Phone => compact(value)
            .chars()
            .filter(|c| !matches!(c, '-' | '(' | ')' | '+' | '—' | '－' | '\''))
            .collect(),
        Field::MethodClass => compact(value).to_ascii_uppercase(),
        Field::Answers
        | Field::Corrects
        | Field::DuplicateOf
        | Field::Kind
        | Field::Reason
        | Field::Service => compact(value).to_ascii_lowercase(),
        Field::Outcome => {
            let words = compact(value).to_ascii_lowercase();
            outcome_named(&words).map_or(words, str::to_owned)
        }
        Field::Facts => list(value),
        Field::Figure(_) => compact(value),
        Field::Month => month(value),
        Field::Name => name(value),
        Field::Note | Field::Reference | Field::Text => value.trim().to_owned(),
        Field::CertificateNumber
        | Field::CertificateStatus
        | Field::ConsentReference
        | Field::DestinationAddress
        | Field::Provider
        | Field::ResidentIdVerified => one_line(value),
    }
}

/// Full-width ASCII made half-width, unseen characters taken out, ends trimmed.
pub fn plain(text: &str) -> String {
    if text.is_ascii() {
        return text.trim().to_owned();
    }
    let text: String = text
        .chars()
        .filter_map(|c| match c {
            '\u{3000}' | '\u{a0}' => Some(' '),
            '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}' => None,
            '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c).wrapping_sub(0xfee0)),
            other => Some(other),
        })
        .collect();
    text.trim().to_owned()
}

/// As [`plain`], with no white space left, nor the apostrophe that keeps a number a text.
pub fn compact(text: &str) -> String {
    if !text.starts_with('\'') && text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return text.to_owned();
    }
    let text: String = plain(text).chars().filter(|c| !c.is_whitespace()).collect();
    text.trim_start_matches('\'').to_owned()
}

/// The word by which a row says that a person verified a number that fails its check digit, if the
/// remark begins with it and a reason follows: the reason. 未核实 and 待核实 are none.
pub fn verification(remark: &str) -> Option<String> {
    let remark = one_line(remark);
    let rest = remark.strip_prefix("已核实")?;
    let reason = rest.trim_matches(|c: char| !c.is_alphanumeric());
    let denied = DENIALS.iter().any(|denial| reason.starts_with(denial));
    (reason.chars().count() >= 2 && !denied).then(|| reason.to_owned())
}

/// What after 已核实 turns it into its contrary.
const DENIALS: [&str; 9] = [
    "前", "之前", "后再", "有误", "错误", "不符", "不是", "与否", "无此",
];

fn one_line(value: &str) -> String {
    if !value.contains(char::is_whitespace) {
        return value.to_owned();
    }
    let words: Vec<&str> = value.split_whitespace().collect();
    words.join(" ")
}

/// Names of two characters are often spread with spaces; between Latin words they are kept.
fn name(value: &str) -> String {
    let value: String = value.chars().filter(|c| *c != '\u{feff}').collect();
    let value = one_line(&value);
    if value.chars().any(|c| c.is_ascii_alphabetic()) {
        value
    } else {
        value.chars().filter(|c| !c.is_whitespace()).collect()
    }
}

fn area(value: &str) -> String {
    let mut value = compact(value);
    // A number kept as a number, and nothing else.
    if let Some(whole) = value.strip_suffix(".0")
        && whole.bytes().all(|byte| byte.is_ascii_digit())
    {
        value.truncate(whole.len());
    }
    if value.len() == 15 && value.bytes().all(|byte| byte.is_ascii_digit()) {
        value.truncate(12);
    }
    value
}

fn marital_status(value: &str) -> String {
    let value = compact(value);
    let digits: String = value.chars().filter(char::is_ascii_digit).collect();
    let words: String = value.chars().filter(|c| c.is_alphabetic()).collect();
    let by_word = MARITAL_STATUS
        .iter()
        .find(|(word, _)| *word == words)
        .map(|(_, code)| *code);
    let code = digits.strip_suffix('0').filter(|d| d.len() == 2);
    let code = if value.ends_with(".0") { code } else { None };
    let code = code.unwrap_or(&digits);
    match by_word {
        // A word beside another code says two things: neither is taken.
        Some(word) if code.is_empty() || code == word => word.to_owned(),
        None if words.is_empty() && code.len() == 2 => code.to_owned(),
        _ => value,
    }
}

const MARITAL_STATUS: [(&str, &str); 16] = [
    ("未婚", "10"),
    ("从未结婚", "10"),
    ("已婚", "20"),
    ("有配偶", "20"),
    ("在婚", "20"),
    ("已婚有配偶", "20"),
    ("初婚", "21"),
    ("初婚有配偶", "21"),
    ("已婚初婚", "21"),
    ("再婚", "22"),
    ("再婚有配偶", "22"),
    ("复婚", "23"),
    ("复婚有配偶", "23"),
    ("丧偶", "30"),
    ("离婚", "40"),
    ("离异", "40"),
];

fn date(value: &str) -> String {
    if parse_day(value).is_some() {
        return value.to_owned();
    }
    day(value).map_or_else(|| plain(value), |day| day.to_string())
}

/// A month in one of the forms of a day, without the day.
fn month(value: &str) -> String {
    let value = compact(value);
    let whole = value.strip_suffix('月').unwrap_or(&value);
    let first = if whole.len() == 6 && whole.bytes().all(|byte| byte.is_ascii_digit()) {
        format!("{whole}01")
    } else if value.ends_with('月') {
        format!("{value}1日")
    } else {
        let mark = whole.chars().find(|c| !c.is_ascii_digit());
        format!("{whole}{}1", mark.unwrap_or('-'))
    };
    match day(&first) {
        Some(first) => Month::of(first).to_string(),
        None => value,
    }
}

/// Names, however they are set apart, with a comma between.
fn list(value: &str) -> String {
    let value = plain(value).to_ascii_lowercase();
    let names = value.split(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | '、' | '，'));
    let names: Vec<&str> = names.filter(|name| !name.is_empty()).collect();
    names.join(",")
}

/// A day in one of the forms `2026-10-08`, `2026.10.8`, `2026/10/8`, `20261008`, `2026年10月8日`, each
/// with or without a time of midnight behind it.
fn day(value: &str) -> Option<Date> {
    let value = plain(value);
    let value = value
        .split_once([' ', 'T'])
        .filter(|(_, time)| {
            !time.is_empty()
                && time
                    .chars()
                    .all(|c| c.is_ascii_digit() || matches!(c, ':' | '.'))
                && time.contains(':')
        })
        .map_or(value.as_str(), |(day, _)| day);
    let value: String = value.chars().filter(|c| !c.is_whitespace()).collect();
    let value = value.trim_start_matches('\'');
    if value.len() == 8 && value.bytes().all(|byte| byte.is_ascii_digit()) {
        let (year, rest) = value.split_at_checked(4)?;
        let (month, day) = rest.split_at_checked(2)?;
        return parse_day(&format!("{year}-{month}-{day}"));
    }
    let (year, rest) = value.split_once(['-', '.', '/', '年'])?;
    let mark = value.chars().find(|c| !c.is_ascii_digit())?;
    let (month, day) = rest.split_once(if mark == '年' { '月' } else { mark })?;
    let day = match mark {
        '年' => day.strip_suffix(['日', '号']).unwrap_or(day),
        _ => day,
    };
    let short = |part: &str| matches!(part.len(), 1 | 2);
    if year.len() != 4 || !short(month) || !short(day) {
        return None;
    }
    parse_day(&format!("{year}-{month:0>2}-{day:0>2}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn days_in_all_their_forms_are_one_day() {
        for text in [
            "2026-10-08",
            "2026.10.8",
            "2026/10/8",
            "20261008",
            "2026年10月8日",
            "２０２６．１０．８",
            " 2026 年 10 月 08 日 ",
            "2026-10-08 00:00:00",
            "2026-10-08T00:00:00",
        ] {
            assert_eq!(clean(Field::EventDate, text), "2026-10-08", "{text}");
        }
    }

    #[test]
    fn months_in_all_their_forms_are_one_month() {
        for text in [
            "2026-10",
            "2026.10",
            "2026/10",
            "202610",
            "2026年10月",
            " ２０２６－１０ ",
        ] {
            assert_eq!(clean(Field::Month, text), "2026-10", "{text}");
        }
        assert_eq!(clean(Field::Month, "2026年2月"), "2026-02");
        for text in ["2026-13", "10月", "2026-10-08", "去年", "2026"] {
            assert_eq!(clean(Field::Month, text), text);
        }
    }

    #[test]
    fn a_list_has_commas_between_its_names() {
        for text in [
            "lives_here,phone",
            "Lives_Here， phone",
            " lives_here、phone ; ",
            "lives_here phone",
        ] {
            assert_eq!(clean(Field::Facts, text), "lives_here,phone", "{text}");
        }
    }

    #[test]
    fn what_is_no_day_is_passed_on() {
        for text in [
            "去年冬天",
            "2026年2月30日",
            "2026-13-40",
            "2026-10",
            "26-10-08",
            "2026-10.08",
            "46312",
        ] {
            assert_eq!(clean(Field::EventDate, text), text);
        }
    }

    #[test]
    fn numbers_lose_their_spaces_and_width() {
        assert_eq!(
            clean(Field::ResidentId, " 995243 20010501 030x "),
            "99524320010501030X"
        );
        assert_eq!(clean(Field::Phone, "＋８６ 138-0000-0000"), "8613800000000");
        assert_eq!(clean(Field::OriginArea, "350582001000000"), "350582001000");
        assert_eq!(clean(Field::Name, "王　　芳"), "王芳");
        assert_eq!(clean(Field::Name, " Anna  Lee "), "Anna Lee");
        assert_eq!(clean(Field::Name, "\u{b}\u{feff}A"), "A");
    }

    #[test]
    fn marital_status_is_read_by_code_or_word() {
        for (text, code) in [
            ("20", "20"),
            ("20.0", "20"),
            ("初婚", "21"),
            ("22-再婚", "22"),
            ("复婚（23）", "23"),
            ("未婚", "10"),
        ] {
            assert_eq!(clean(Field::MaritalStatus, text), code, "{text}");
        }
        assert_eq!(clean(Field::MaritalStatus, "21未婚"), "21未婚");
    }

    #[test]
    fn only_a_remark_that_begins_with_the_word_and_gives_a_reason_verifies() {
        assert_eq!(
            verification("已核实：派出所证明号码无误").as_deref(),
            Some("派出所证明号码无误")
        );
        for remark in [
            "未核实",
            "待核实",
            "已核实",
            "已核实：",
            "号码待核实，已核实前不报",
            "已核实前不报",
            "",
        ] {
            assert_eq!(verification(remark), None, "{remark}");
        }
    }

    proptest! {
        #[test]
        fn cleaning_twice_is_cleaning_once(text in ".{0,30}") {
            for field in Field::ALL {
                let once = clean(field, &text);
                prop_assert_eq!(clean(field, &once), once);
            }
        }
    }
}
