//! The shipped templates, each closed by two areas: what both sides would hold, to the byte, and
//! what their people would read. Whoever changes one of these changes what others sign.

use jiff::civil::date;

use super::{Agreement, Opening, TEMPLATES, close, open, plain_words};
use crate::golden::compare;

fn hex(bytes: &[u8]) -> String {
    let lines = bytes.chunks(40).map(|line| {
        let digits: String = line.iter().map(|byte| format!("{byte:02x}")).collect();
        digits + "\n"
    });
    lines.collect()
}

#[test]
fn the_shipped_templates_close_to_the_golden_agreements() {
    let mut faults = Vec::new();
    for (name, template) in TEMPLATES {
        let (a, b) = if name == "regional" {
            ("3505", "5301")
        } else {
            ("350582", "530111")
        };
        let opening = Opening {
            a: a.parse().unwrap(),
            sandbox: matches!(name, "regional" | "trial"),
            valid_from: date(2026, 10, 8),
            valid_until: date(2029, 10, 7),
        };
        let opened = open(template, &opening).unwrap();
        let text = close(&opened, opening.a, b.parse().unwrap()).unwrap();
        let agreement = Agreement::parse(&text).unwrap();
        let (zh, en) = plain_words(&agreement);
        for (form, text) in [
            ("toml", text),
            ("hex", hex(&agreement.canonical())),
            ("sha256", format!("{}\n", agreement.digest())),
            ("zh.txt", zh),
            ("en.txt", en),
        ] {
            let name = format!("{name}.{form}");
            compare("src/agreement/golden", &name, &text, &mut faults);
        }
    }
    assert!(
        faults.is_empty(),
        "what the templates say has changed. If that is wanted:\n{}",
        faults.join("\n")
    );
}
