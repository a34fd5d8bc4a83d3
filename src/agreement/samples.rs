//! Agreements for tests.

use super::{Agreement, Agreements};

/// Between 350582 and 530111: one care field and no certificate one way, notes the other.
pub(crate) const TEXT: &str = r#"id = "350582-530111"
version = 1
sandbox = true
purpose = "mobility_service"
legal_basis = "basis of the test"
valid_from = "2026-01-01"
valid_until = "2028-12-31"

[parties]
a = "350582"
b = "530111"

[[grant]]
from = "a"
to = "b"
kinds = ["departure", "feedback"]
fields = ["identity", "next_check_on"]

[[grant]]
from = "a"
to = "b"
kinds = ["departure"]
fields = ["movement"]

[[grant]]
from = "b"
to = "a"
kinds = ["feedback", "message"]
fields = []
free_text = true

[kind.departure]
deliver_within = "20 calendar days"
answer_within = "10 working days"

[desk.b]
office = "流动人口办公室"
telephone = "0871-00000000"

[impact_assessment]
digest = "9999999999999999999999999999999999999999999999999999999999999999"
date = "2025-12-01"
"#;

/// Those texts, held together, signed when the two sides paired.
pub(crate) fn held(texts: &[&str]) -> Agreements {
    let parsed = texts.iter().map(|text| Agreement::parse(text).unwrap());
    Agreements::new(parsed, []).unwrap()
}
