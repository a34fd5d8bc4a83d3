//! What each target begins from.

use std::{fs, path::Path};

use super::super::{ledger, text};
use crate::{
    agreement,
    config::{Initial, Mode, node_toml},
    envelope::samples,
    evidence, exchange, office,
    pairing::{Here, Inviting, Nonce, accept_invitation, invite, read_invitation},
    store, trust,
};

/// The seeds of the target of that name.
pub(super) fn seeds(name: &str) -> Vec<Vec<u8>> {
    match name {
        "agreement" => vec![closed().into()],
        "answer" => vec![paired().1.into()],
        "draft" | "list_notices" | "subscribe" => office::fuzz::seeds(name),
        "act" | "group" | "index_values" | "segment_header" | "snapshot" | "summary" => {
            store::fuzz::seeds(name)
        }
        "evidence" => vec![evidence::tests::sample()],
        "hangs" | "hoards" | "panics" => vec![b"0".to_vec()],
        "agree" | "holdings" | "probe" | "receiver_step" | "sender_step" => {
            exchange::fuzz::seeds(name)
        }
        "invitation" => [None, Some("530111")]
            .map(|invited| invitation(invited).into())
            .to_vec(),
        "json_lines" => json_lines(),
        "ledger_csv" => vec![
            start(ledger_file("huangdao-arrivals.utf8bom.csv"), 12),
            start(ledger_file("xinping-departures.gbk.csv"), 12),
            FEEDBACK.into(),
        ],
        "ledger_ods" => vec![ledger_file("shizhong-departures.ods")],
        "ledger_ods_content" => vec![ledger::CONTENT.into()],
        "ledger_xls" => vec![ledger_file("guandu-arrivals.xls")],
        "ledger_xlsx" => vec![ledger_file("jinjiang-departures.xlsx")],
        "ledger_xlsx_sheet" => vec![ledger::SHEET.into()],
        "ledger_xlsx_texts" => vec![ledger::TEXTS.into()],
        "mapping" => {
            vec!["[columns]\n\"姓名\" = \"subject.name\"\n\"流出日\" = \"event_date\"\n".into()]
        }
        "names" => NAMES.iter().map(|name| (*name).into()).collect(),
        "node_toml" => vec![node().into()],
        "notice" => samples::every_kind(),
        "peer" => vec![paired().0.into(), succeeded().into()],
        "template" => agreement::TEMPLATES
            .map(|(_, template)| template.into())
            .to_vec(),
        name => trust::fuzz::seeds(name),
    }
}

const NAMES: &[&str] = &[
    "350582-530111",
    "350582-530111/12",
    "350582104000",
    "350582",
    "spiffe://hongyan.test/area/350582",
    "spiffe://hongyan.test/area/350582/office/desk-1",
    "hongyan.test",
    "00112233445566778899aabbccddeeff",
    "00000000-0000-8000-8000-000000000001",
    "short-lived",
    "departure",
    "verification_request",
    "2026-10-08",
    "2026-10",
    "流出-1",
];

const FEEDBACK: &str = "待反馈通报\n通报编号,姓名,反馈结果,反馈日期,再流往地,重复的通报编号,说明\n\
    00000000-0000-8000-8000-000000000001,甲,属实,2026-11-20,,,'=1\n\
    00000000-0000-8000-8000-000000000002,乙,已再流出,2026.11.20,'370211001000,,\n\
    00000000-0000-8000-8000-000000000003,丙,,,,,\n";

fn ledger_file(name: &str) -> Vec<u8> {
    let ledgers = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/ledgers");
    fs::read(ledgers.join(name)).unwrap()
}

/// The first lines of a text.
fn start(text: Vec<u8>, lines: usize) -> Vec<u8> {
    let lines = text.split_inclusive(|byte| *byte == b'\n').take(lines);
    lines.flatten().copied().collect()
}

fn json_lines() -> Vec<Vec<u8>> {
    let departure = r#"{"reference":"r-1","kind":"departure","event_date":"2026-10-08","subject":{"name":"测试甲","resident_id":"994409198707016347","marital_status":"21","phone":19900000000},"origin_area":"350582104000","destination_area":"530111001000","destination_address":"测试路1号","consent":{"date":"2026-10-01","reference":"c-1"}}"#;
    let feedback = r#"{"reference":"r-2","kind":"feedback","answers":"00000000-0000-8000-8000-000000000001","outcome":"confirmed","event_date":"2026-10-09","from_area":"350582"}"#;
    // What only other kinds say.
    let others = r#"{"kind":"verification_request","to_area":"530111","from_area":"350582","event_date":"2026-10-09","subject":{"name":"测试甲","resident_id":"994409198707016347","marital_status":"21"},"facts":["lives_here","phone"]}
{"kind":"service_record","answers":"00000000-0000-8000-8000-000000000001","service":"vaccination","event_date":"2026-10-09","provider":"测试医院","next_due_on":"2026-12-01"}
{"kind":"correction","answers":"00000000-0000-8000-8000-000000000001","corrects":"arrival","corrected_on":"2026-10-09","event_date":"2026-10-07","subject":{"name":"测试乙","resident_id":"994409198707016347","marital_status":"21"},"origin_area":"530111001000","destination_area":"350582104000"}
{"kind":"withdrawal","answers":"00000000-0000-8000-8000-000000000001","reason":"duplicate","event_date":"2026-10-09"}
{"kind":"return","answers":"00000000-0000-8000-8000-000000000001","event_date":"2026-10-09","reason":"moved_on","moved_to_area":"350583104"}
{"kind":"reminder","answers":"00000000-0000-8000-8000-000000000001","due_on":"2026-10-30"}
{"kind":"bulletin","to_area":"530111","from_area":"350582","month":"2026-09","figures":{"departures_sent":300,"overdue":0}}
"#;
    let deep = format!("{}{}", "{\"subject\":".repeat(100), "[".repeat(100));
    // As many members as a row has room for, none of which is a field.
    let members: Vec<String> = (0..24_000)
        .map(|number| format!("\"x{number:05}\":0"))
        .collect();
    let wide = format!("{{{}}}\n", members.join(","));
    vec![
        format!("{departure}\n\n{feedback}\n").into(),
        others.into(),
        deep.into(),
        wide.into(),
    ]
}

fn node() -> String {
    let id = "spiffe://hongyan.test/area/350582".parse().unwrap();
    let operator = "spiffe://hongyan.test/area/350582/office/operator";
    node_toml(&Initial {
        id: &id,
        further_areas: &["350583".parse().unwrap()],
        mode: Mode::Sandbox,
        exchange: "127.0.0.1:7443".parse().unwrap(),
        public: Some("gate.example.cn:7443"),
        office: "127.0.0.1:7444".parse().unwrap(),
        operator: &operator.parse().unwrap(),
    })
}

fn closed() -> String {
    let [a, b] = ["350582", "530111"].map(|code| code.parse().unwrap());
    let opening = agreement::Opening {
        a,
        sandbox: true,
        valid_from: "2026-10-08".parse().unwrap(),
        valid_until: "2029-10-07".parse().unwrap(),
    };
    let open = agreement::open(agreement::DEFAULT, &opening).unwrap();
    agreement::close(&open, a, b).unwrap()
}

fn invitation(invited: Option<&str>) -> String {
    let inviting = Inviting {
        inviter: &text::party("spiffe://fj.test/area/350582"),
        area: None,
        invited: invited.map(|area| area.parse().unwrap()),
        template: agreement::DEFAULT,
        nonce: Nonce::new([7; 16]),
        now: text::at(),
    };
    invite(&inviting, |_| b"signed".to_vec()).unwrap()
}

/// The pairing and the answer of an accepted invitation.
fn paired() -> (String, String) {
    let invitation = read_invitation(&invitation(None), |_, _, _| true).unwrap();
    let here = Here {
        party: &text::PARTY,
        pairings: &[],
        now: invitation.created,
    };
    let (joined, answer) = accept_invitation(&invitation, &here, |_| b"signed".to_vec()).unwrap();
    (joined.pairing.to_text().unwrap(), answer)
}

/// A pairing whose peer has changed its key.
fn succeeded() -> String {
    let earlier = trust::fuzz::seeds("earlier_keys").remove(0);
    format!("{}\n{}", paired().0, String::from_utf8(earlier).unwrap())
}
