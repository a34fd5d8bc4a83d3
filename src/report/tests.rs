//! The forms of reports, held against files, and the laws of what is left out.

use std::io::{Cursor, Read as _};

use proptest::{collection::vec, prelude::*, sample::select};
use serde_json::{Map, Value as Json};

use super::{Bulletin, List, Owes, Report, Row, Told, samples, subject, with_sums};
use crate::{
    domain::{
        case::{Count, Response, WorkList},
        indicator::{ByHand, Figures, Indicator},
        language::Language,
        notice::Kind,
    },
    golden,
};

type Object = Map<String, Json>;

const BOTH: [(Language, &str); 2] = [(Language::Zh, "zh"), (Language::En, "en")];

/// The rows of an xlsx file as they stand in it.
fn rows_of(xlsx: Vec<u8>) -> String {
    let mut archive = zip::ZipArchive::new(Cursor::new(xlsx)).unwrap();
    let mut text = String::new();
    let mut sheet = archive.by_name("xl/worksheets/sheet1.xml").unwrap();
    sheet.read_to_string(&mut text).unwrap();
    text.replace("<row", "\n<row") + "\n"
}

fn lines(objects: impl Iterator<Item = Object>) -> String {
    let lines = objects.map(|object| format!("{}\n", serde_json::to_string(&object).unwrap()));
    lines.collect()
}

#[test]
fn every_form_is_the_golden_one() {
    let mut faults = Vec::new();
    let mut compare = |name: &str, text: &str| {
        golden::compare("src/report/golden", name, text, &mut faults);
    };
    let by_area = samples::report(false, true).told();
    let by_kind = samples::report(true, false).told();
    let list = samples::list(true);
    compare("report.jsonl", &lines(by_area.objects()));
    compare("kinds.jsonl", &lines(by_kind.objects()));
    compare("list.jsonl", &lines(list.objects()));
    for (language, name) in BOTH {
        compare(&format!("report.{name}.txt"), &by_area.table(language));
        compare(&format!("kinds.{name}.txt"), &by_kind.table(language));
        compare(&format!("list.{name}.txt"), &list.table(language));
        let mut csv = Vec::new();
        by_area.csv(&mut csv, language).unwrap();
        compare(&format!("report.{name}.csv"), str::from_utf8(&csv).unwrap());
        let mut csv = Vec::new();
        list.csv(&mut csv, language).unwrap();
        compare(&format!("list.{name}.csv"), str::from_utf8(&csv).unwrap());
        let mut xlsx = Cursor::new(Vec::new());
        by_area.xlsx(&mut xlsx, language).unwrap();
        compare(&format!("report.{name}.xml"), &rows_of(xlsx.into_inner()));
        let mut xlsx = Cursor::new(Vec::new());
        list.xlsx(&mut xlsx, language).unwrap();
        compare(&format!("list.{name}.xml"), &rows_of(xlsx.into_inner()));
        let sandbox = language == Language::En;
        let page = samples::bulletin(sandbox).html(language).unwrap();
        compare(&format!("bulletin.{name}.html"), &page);
        let page = subject::samples::subject(sandbox).html(language);
        compare(&format!("subject.{name}.html"), &page);
    }
    assert!(
        faults.is_empty(),
        "differs; if meant:\n{}",
        faults.join("\n")
    );
}

#[test]
fn whatever_is_of_a_sandbox_says_so_and_nothing_else_does() {
    for sandbox in [true, false] {
        let (told, list) = (
            samples::report(false, sandbox).told(),
            samples::list(sandbox),
        );
        for (language, _) in BOTH {
            let mut sheets = [Vec::new(), Vec::new()];
            let [one, other] = &mut sheets;
            told.csv(one, language).unwrap();
            list.csv(other, language).unwrap();
            let mut forms = sheets.map(|csv| String::from_utf8(csv).unwrap()).to_vec();
            forms.push(told.table(language));
            forms.push(list.table(language));
            forms.push(samples::bulletin(sandbox).html(language).unwrap());
            forms.push(subject::samples::subject(sandbox).html(language));
            forms.push(subject::samples::nobody(sandbox).html(language));
            for form in forms {
                let stamped = ["沙箱", "SANDBOX"].iter().any(|word| form.contains(word));
                assert_eq!(stamped, sandbox, "{form}");
            }
        }
        for object in told.objects().chain(list.objects()) {
            assert_eq!(object["sandbox"], Json::Bool(sandbox));
        }
    }
}

#[test]
fn a_page_of_nobody_says_that_nothing_is_held() {
    for (language, words) in [(Language::Zh, "不持有"), (Language::En, "holds nothing")] {
        let page = subject::samples::nobody(false).html(language);
        assert!(page.contains(words), "{page}");
        assert!(
            subject::samples::subject(false)
                .html(language)
                .contains("测试甲&lt;b&gt;")
        );
    }
}

#[test]
fn an_empty_list_and_an_empty_month_say_so() {
    let list = List {
        items: Vec::new(),
        list: WorkList::OneSided,
        ..samples::list(false)
    };
    assert_eq!(
        list.table(Language::En),
        "福建省泉州市晋江市 350582: Cases that one side has no record of, 2026-11-02 09:00\nNo cases."
    );
    let empty = Report {
        rows: Vec::new(),
        ..samples::report(false, false)
    };
    assert_eq!(empty.told().objects().count(), 0);
    let bulletin = Bulletin {
        report: empty,
        past: Vec::new(),
    };
    let page = bulletin.html(Language::Zh).unwrap();
    assert_eq!(page.matches("本期无到期事项。").count(), 2);
    assert!(!page.contains("<svg"));
}

/// The page loads nothing, runs nothing, and every text of a chart is text.
#[test]
fn the_page_needs_nothing_else() {
    for (language, _) in BOTH {
        let page = samples::bulletin(true).html(language).unwrap();
        for word in [
            "<script", "<link", "<img", "url(", "@import", " src=", "href=",
        ] {
            assert!(!page.contains(word), "{word}");
        }
        let urls: Vec<_> = page.match_indices("http").collect();
        // The name of the language that charts are written in, and the head that forbids.
        let known =
            page.matches("http://www.w3.org/2000/svg").count() + page.matches("http-equiv").count();
        assert_eq!(urls.len(), known);
        assert_eq!(page.matches("<svg").count(), 6);
        assert!(page.contains(">\n官渡区 530111\n</text>"));
    }
}

#[test]
fn a_month_too_small_and_a_month_unknown_break_the_line() {
    let bulletin = samples::bulletin(false);
    let months = bulletin.months(Owes::They);
    assert_eq!(months.len(), 12);
    let gaps: Vec<String> = months
        .iter()
        .filter(|(_, rates)| *rates == [None, None])
        .map(|(month, _)| month.to_string())
        .collect();
    assert_eq!(gaps, ["2025-12", "2026-03"]);
    let page = bulletin.html(Language::Zh).unwrap();
    // Between the gaps and behind them, for two rates on each of two sides; before them there is one
    // month, which is a mark and no line.
    let lines = page.matches("stroke-width=\"2\" points").count();
    assert_eq!(lines, 8);
}

#[test]
fn twelve_months_are_shown_at_most() {
    let mut bulletin = samples::bulletin(false);
    let mut before = bulletin.past.clone();
    for past in &mut before {
        past.month = "2025-10".parse().unwrap();
    }
    bulletin.past.extend(before);
    let months = bulletin.months(Owes::They);
    assert_eq!(months.len(), 12);
    assert_eq!(months[0].0.to_string(), "2025-11");
    bulletin.past.clear();
    assert!(bulletin.months(Owes::We).is_empty());
}

#[test]
fn single_kinds_change_nothing_in_a_bulletin() {
    let whole = Bulletin {
        report: samples::report(true, false),
        past: Vec::new(),
    };
    let mut without = whole.clone();
    without.report.rows.retain(|row| row.kind.is_none());
    let page = |bulletin: &Bulletin| bulletin.html(Language::Zh).unwrap();
    assert_eq!(page(&whole), page(&without));
    assert_ne!(whole.report.rows.len(), without.report.rows.len());
}

#[test]
fn a_chart_shows_the_areas_with_the_most_due_and_the_table_all() {
    let codes = (110_100..110_120).map(|code: u32| code.to_string());
    let cells = codes.zip(10..).map(|(peer, due)| Row {
        peer: Some(peer.parse().unwrap()),
        side: Owes::They,
        kind: None,
        figures: samples::figures(due, 90, 90, 4),
    });
    let bulletin = Bulletin {
        report: Report {
            rows: with_sums(cells.collect()),
            ..samples::report(false, false)
        },
        past: Vec::new(),
    };
    let page = bulletin.html(Language::En).unwrap();
    assert!(page.contains("(the 16 with the most due, of 20)"));
    for (code, due) in (110_100..110_120).zip(10..) {
        let shown = page.matches(&format!("{code}\n</text>")).count();
        assert_eq!(shown, usize::from(due >= 14), "{code}");
        assert_eq!(page.matches(&format!("{code}</th>")).count(), 1, "{code}");
    }
}

#[test]
fn few_are_left_out_with_what_would_tell_of_them() {
    let told = |due: &[u64]| {
        let peers = ["530111", "360102", "520502", "450123", "530926"];
        let cells = due.iter().zip(peers).map(|(due, peer)| Row {
            peer: Some(peer.parse().unwrap()),
            side: Owes::They,
            kind: None,
            figures: Figures {
                sent: *due,
                stored: *due,
                ..Figures::default()
            },
        });
        let report = Report {
            rows: with_sums(cells.collect()),
            ..samples::report(false, false)
        };
        let objects: Vec<_> = report.told().objects().collect();
        let of = |peer: Option<&str>| {
            let object = objects
                .iter()
                .find(|object| object["peer_area"].as_str() == peer);
            let rate = &object.unwrap()["ingestion_rate"];
            let n = rate["n"].as_u64().map(|n| n.to_string());
            n.unwrap_or_else(|| rate["left_out"].as_str().unwrap().to_owned())
        };
        let all = of(None);
        let each = peers.into_iter().take(due.len()).map(|peer| of(Some(peer)));
        (all, each.collect::<Vec<_>>())
    };
    let (few, gap) = ("fewer_than_5", "withheld");
    for (due, all, each) in [
        (vec![100, 50, 9, 7], "166", vec!["100", "50", "9", "7"]),
        // One alone could be worked out: the next goes with it.
        (vec![100, 50, 9, 3], "162", vec!["100", "50", gap, gap]),
        (vec![100, 3], "103", vec![gap, gap]),
        // None is nobody: it hides nothing.
        (vec![100, 0, 9, 3], "112", vec!["100", "0", gap, gap]),
        // Two of which the sum is below five are no better than one.
        (vec![100, 50, 2, 2], "154", vec!["100", gap, gap, gap]),
        // Of 6 behind two, each may be five.
        (vec![100, 50, 4, 2], "156", vec!["100", "50", gap, gap]),
        // Of 5 behind three, none can.
        (
            vec![100, 50, 2, 2, 1],
            "155",
            vec!["100", gap, gap, gap, gap],
        ),
        // Nothing else could be left out, so the sum is; each may then be said to be few.
        (vec![3, 2, 1], gap, vec![few, few, few]),
        (vec![4], few, vec![few]),
        (vec![2, 1, 0], few, vec![few, few, "0"]),
    ] {
        let expected = (
            all.to_owned(),
            each.into_iter().map(str::to_owned).collect(),
        );
        assert_eq!(told(&due), expected, "{due:?}");
    }
}

/// A number of people: none, few, or so many that nothing else on a page is that much.
fn number() -> impl Strategy<Value = u64> {
    prop_oneof![Just(0), 1_u64..5, 5_u64..12, 100_u64..500]
}

fn cell(kinds: Vec<Option<Kind>>) -> impl Strategy<Value = Row> {
    let peers = vec!["530111", "360102", "520502", "450123", "530926", "513425"];
    let place = (select(peers), select(Owes::ALL.to_vec()), select(kinds));
    (place, number(), number(), number()).prop_map(|((peer, side, kind), due, cases, trips)| {
        let mut response = Response::default();
        for _ in 0..due {
            response += &Response::of(20);
        }
        Row {
            peer: Some(peer.parse().unwrap()),
            side,
            kind,
            figures: Figures {
                owed: Count {
                    to_take_up: cases,
                    taken_up_in_time: cases / 2,
                    to_answer: due,
                    answered: due,
                    answered_in_time: due / 2,
                    response,
                },
                cases,
                cases_one_sided: cases,
                persons_active: trips,
                persons_served: trips,
                trips_saved: trips,
                ..Figures::default()
            },
        }
    })
}

fn report() -> impl Strategy<Value = Report> {
    let departure = Some(Kind::Departure);
    let kinds = select(vec![
        vec![None],
        vec![
            departure,
            Some(Kind::Arrival),
            Some(Kind::VerificationRequest),
        ],
    ]);
    let cells = kinds.prop_flat_map(|kinds| vec(cell(kinds), 0..14));
    cells.prop_map(|cells| Report {
        by_hand: ByHand::default(),
        rows: with_sums(cells),
        ..samples::report(false, false)
    })
}

/// What a row tells of an indicator: of how many it is, if that is told.
fn n(object: &Object, indicator: Indicator) -> Option<u64> {
    let told = &object[indicator.name()];
    let name = if told.get("n").is_some() {
        "n"
    } else {
        "value"
    };
    told[name].as_u64()
}

/// The sums that a reader knows of: a row of all, and the rows that make it up.
fn sums(told: &Told) -> Vec<(Object, Vec<Object>)> {
    let objects: Vec<Object> = told.objects().collect();
    let mut sums = Vec::new();
    for whole in &objects {
        for (one, other) in [("peer_area", "kind"), ("kind", "peer_area")] {
            let parts = objects.iter().filter(|part| {
                whole[one].is_null()
                    && !part[one].is_null()
                    && part[other] == whole[other]
                    && part["owes"] == whole["owes"]
            });
            let parts: Vec<_> = parts.cloned().collect();
            if !parts.is_empty() {
                sums.push((whole.clone(), parts));
            }
        }
    }
    sums
}

/// Numbers that stand by themselves in what a page shows.
fn numbers_shown(page: &str) -> Vec<u64> {
    let mut shown = String::new();
    let (_, body) = page.split_once("</style>").unwrap_or(("", page));
    for piece in body.split('<') {
        shown.push_str(piece.split_once('>').map_or(piece, |(_, text)| text));
        shown.push(' ');
    }
    shown
        .split(|c: char| c.is_whitespace() || "()=┆│".contains(c))
        .filter_map(|word| word.parse().ok())
        .collect()
}

proptest! {
    #[test]
    fn nobody_can_work_out_a_number_below_five(report in report()) {
        let told = report.told();
        for (whole, parts) in sums(&told) {
            for indicator in Indicator::ALL {
                let shown: u64 = parts.iter().filter_map(|part| n(part, indicator)).sum();
                let gaps = parts.iter().filter(|part| n(part, indicator).is_none()).count() as u64;
                match n(&whole, indicator) {
                    // What is behind the gaps: the most that one can be is five at least.
                    Some(all) if gaps > 0 => {
                        let behind = all - shown;
                        prop_assert!(gaps >= 2, "{} {behind}", indicator.name());
                        prop_assert!(behind + 1 >= gaps + 5, "{} {behind}", indicator.name());
                    }
                    Some(all) => prop_assert_eq!(all, shown, "{}", indicator.name()),
                    // A sum that is left out cannot be added up.
                    None => {
                        let unknown = whole[indicator.name()]["left_out"] == "not_known";
                        prop_assert!(unknown || gaps > 0, "{}", indicator.name());
                    }
                }
            }
        }
    }

    #[test]
    fn no_form_shows_a_number_below_five(report in report()) {
        let few = |number: &u64| (1..5).contains(number);
        let told = report.told();
        for object in told.objects() {
            for indicator in Indicator::ALL {
                prop_assert!(!n(&object, indicator).is_some_and(|n| few(&n)));
            }
        }
        let bulletin = Bulletin { report, past: Vec::new() };
        for (language, _) in BOTH {
            let mut csv = Vec::new();
            told.csv(&mut csv, language).unwrap();
            let csv = String::from_utf8(csv).unwrap().replace([',', '"'], " ");
            let page = bulletin.html(language).unwrap();
            for form in [told.table(language), csv, page] {
                let shown = numbers_shown(&form);
                prop_assert!(!shown.iter().any(few), "{form}");
            }
        }
    }

    #[test]
    fn what_is_enough_is_told_where_nothing_is_few(due in vec(5_u64..300, 1..6)) {
        let peers = ["530111", "360102", "520502", "450123", "530926", "513425"];
        let cells = due.iter().zip(peers).map(|(due, peer)| Row {
            peer: Some(peer.parse().unwrap()),
            side: Owes::We,
            kind: None,
            figures: samples::figures(*due, 100, 100, 3),
        });
        let report = Report { rows: with_sums(cells.collect()), ..samples::report(false, false) };
        let told = report.told();
        for object in told.objects() {
            prop_assert!(n(&object, Indicator::FeedbackRate).is_some());
        }
    }
}
