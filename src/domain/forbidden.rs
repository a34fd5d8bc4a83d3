//! What is refused in any column: the labels, sanctions and findings that this system does not
//! carry (§8 of the field's rules).

use super::cleaning::plain;

/// Whether the text carries a value that may not be held, however it is spaced or spelled.
pub fn is_forbidden(text: &str) -> bool {
    may_be_forbidden(text) && is_forbidden_in_full(text)
}

/// False only for a text in which nothing of the table can stand, told in one pass.
fn may_be_forbidden(text: &str) -> bool {
    if text.is_ascii() {
        // Neither spaces nor spelling come between the letters of the label.
        return text
            .as_bytes()
            .windows(3)
            .any(|label| label.eq_ignore_ascii_case(b"a95"));
    }
    let (mut letter, mut digit) = (false, false);
    for c in text.chars() {
        match c {
            // One of every word of the table, the rarest in everyday text.
            '躲' | '落' | '抚' | '策' | '划' | '超' | '违' | '孕' | '妇' | '证' | '押' | '罚'
            | '奖' | '产' | '流' | '妊' | '胎' => return true,
            'a' | 'A' | 'ａ' | 'Ａ' => letter = true,
            '9' | '９' => digit = true,
            _ => {}
        }
    }
    letter && digit
}

fn is_forbidden_in_full(text: &str) -> bool {
    let text = plain(text).to_lowercase();
    let mut dense: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    let word = WORDS.iter().any(|word| dense.contains(word));
    if word {
        for (phrase, unless) in INNOCENT {
            mask(&mut dense, phrase, unless);
        }
    }
    word && WORDS.iter().any(|word| dense.contains(word)) || carries_label(&text)
}

/// The one table of words; `A95` is looked for as a code of its own by [`carries_label`].
const WORDS: [&str; 23] = [
    "外出躲藏",
    "躲藏",
    "下落不明",
    "社会抚养费",
    "政策外",
    "计划外",
    "超生",
    "违法生育",
    "返乡孕检",
    "返乡妇检",
    "回乡孕检",
    "回乡妇检",
    "保证金",
    "押金",
    "罚款",
    "处罚",
    "举报奖励",
    "流产",
    "引产",
    "人流",
    "终止妊娠",
    "胎儿性别",
    "b超鉴定",
];

/// Everyday phrases that contain a word of the table by accident of spelling, each with the
/// characters behind it that make it the forbidden word after all.
const INNOCENT: [(&str, &str); 10] = [
    ("计划外出", "生"),
    ("物流产业", ""),
    ("人流动", ""),
    ("人流入", ""),
    ("人流量", ""),
    ("人流出", "院血"),
    ("引产业", ""),
    ("超生态", ""),
    ("超生鲜", ""),
    ("超生活", ""),
];

/// Replaces a phrase by a character that is in no word, unless one of those characters follows.
fn mask(text: &mut String, phrase: &str, unless: &str) {
    let mut masked = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some((before, after)) = rest.split_once(phrase) {
        masked.push_str(before);
        if after.starts_with(|c| unless.contains(c)) {
            masked.push_str(phrase);
        } else {
            masked.push('·');
        }
        rest = after;
    }
    masked.push_str(rest);
    *text = masked;
}

/// Whether `a95` stands there as a code: not inside a longer number, nor as a house number.
fn carries_label(text: &str) -> bool {
    text.match_indices("a95").any(|(at, label)| {
        let before = text.get(..at).and_then(|before| before.chars().next_back());
        let after = text.get(at.saturating_add(label.len())..);
        let after = after.and_then(|after| after.chars().next());
        let inside = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
        let house = after.is_some_and(|c| "号栋幢座室楼铺厂库".contains(c));
        // Behind a joint it is a piece of an identifier: `r-a95`.
        let joined = before.is_some_and(|c| "-_./#".contains(c));
        !inside(before) && !joined && !inside(after) && !house
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_word_of_the_table_is_found_whatever_stands_around_it() {
        for word in WORDS {
            for text in [
                word.to_owned(),
                format!("备注{word}。"),
                word.chars().map(|c| format!("{c} ")).collect(),
            ] {
                assert!(is_forbidden(&text), "{text}");
            }
        }
        for text in [
            "A95",
            "a95 ",
            "Ａ９５",
            "编码A95外出",
            "B超鉴定",
            "计划外出生",
            "已人流出院",
        ] {
            assert!(is_forbidden(text), "{text}");
        }
    }

    proptest! {
        #[test]
        fn the_quick_look_misses_nothing(text in "[躲藏人流产社会抚养费押金bBＢ超鉴定aAａ9９5５ x\u{200b}]{0,12}") {
            prop_assert!(may_be_forbidden(&text) || !is_forbidden_in_full(&text));
        }
    }

    #[test]
    fn the_quick_look_knows_every_word() {
        for word in WORDS {
            assert!(may_be_forbidden(word), "{word}");
        }
    }

    #[test]
    fn everyday_phrases_are_not_taken_for_them() {
        for text in [
            "计划外出务工",
            "本人流出至外省",
            "个人流动",
            "物流产业园宿舍3栋",
            "工业区A95号",
            "T350582A951",
            "r-a95",
            "永超生鲜超市",
            "山东省青岛市黄岛区人民街88号",
        ] {
            assert!(!is_forbidden(text), "{text}");
        }
        assert!(is_forbidden("计划外出务工，社会抚养费未缴清"));
    }
}
