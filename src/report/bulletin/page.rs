//! The page of a bulletin.

use super::{
    Bulletin, NotDrawn, RATES,
    chart::{Bar, Point, bands, bars, trend},
    thousandths,
};
use crate::{
    domain::{
        calendar::minute,
        indicator::{Better, Indicator, Reference, Unit, Value},
        language::Language,
        month::Month,
        problem::Text,
    },
    report::{
        Owes,
        html::Html,
        spread::spread,
        told::{Told, ToldRow},
        words,
    },
};

pub(super) fn page(
    bulletin: &Bulletin,
    told: &Told,
    language: Language,
) -> Result<String, NotDrawn> {
    let page = Page {
        bulletin,
        told,
        language,
    };
    let mut html = Html::default();
    page.head(&mut html);
    if told.sandbox {
        html.stamp(STAMP, language);
    }
    html.markup("<main>\n");
    page.heading(&mut html);
    page.summary(&mut html);
    for side in Owes::ALL {
        page.question(&mut html, side)?;
    }
    page.notes(&mut html);
    html.markup("</main>\n</body>\n</html>\n");
    Ok(html.finish())
}

struct Page<'a> {
    bulletin: &'a Bulletin,
    told: &'a Told,
    language: Language,
}

impl Page<'_> {
    fn pick(&self, zh: &'static str, en: &'static str) -> &'static str {
        self.language.pick(zh, en)
    }

    fn month(&self) -> String {
        month_words(Month::of(self.told.until), self.language)
    }

    fn title(&self) -> String {
        let (area, month) = (words::own_name(self.told.area), self.month());
        match self.language {
            Language::Zh => format!("{area}流动人口信息交换情况通报"),
            Language::En => format!("Exchange bulletin of {area}, {month}"),
        }
    }

    fn head(&self, html: &mut Html) {
        let title = format!("{} {}", self.title(), self.month());
        html.head(&title, STYLE, self.told.sandbox, self.language);
    }

    fn heading(&self, html: &mut Html) {
        let Told {
            from,
            until,
            area,
            as_of_ms,
            ..
        } = self.told;
        html.element("h1", "", &self.title());
        let (area, at) = (words::area(*area), minute(*as_of_ms));
        let line = match self.language {
            Language::Zh => format!("{}　{area}", self.month()),
            Language::En => area,
        };
        html.element("p", "area", &line);
        let line = match self.language {
            Language::Zh => format!("统计期：{from}至{until}到期事项　统计时间：{at}"),
            Language::En => format!("Of what was due from {from} to {until}, counted at {at}"),
        };
        html.element("p", "period", &line);
    }

    /// What all areas came to.
    fn summary(&self, html: &mut Html) {
        html.element("h2", "", self.pick("总体情况", "Summary"));
        let headings = [
            self.pick("指标", "Indicator"),
            self.language.word(words::side(Owes::They)),
            self.language.word(words::side(Owes::We)),
            self.pick("参考值", "Reference"),
        ];
        table(html, headings, |html| {
            for indicator in self.told.told_of() {
                html.within("tr", "", |html| {
                    html.element("th", "", &words::heading(indicator, self.language));
                    for side in Owes::ALL {
                        let value = self.told.overall(side, indicator);
                        self.cell(html, indicator, value, true);
                    }
                    let reference = indicator.reference().map(words::reference);
                    html.element("td", "", &reference.unwrap_or_default());
                });
            }
        });
    }

    /// A value, its n where wanted, and whether it falls short.
    fn cell(&self, html: &mut Html, indicator: Indicator, value: Value, n: bool) {
        html.within("td", "", |html| {
            let reached = indicator.reference().and_then(|it| value.reaches(it));
            if reached == Some(false) {
                let short = match indicator.better() {
                    Better::Higher => self.pick("▼ 未达", "▼ below"),
                    Better::Lower => self.pick("▲ 超出", "▲ above"),
                };
                html.element("b", "short", short).markup(" ");
            }
            html.text(&words::value(value, self.language));
            if let Some(of) = words::n(value).filter(|_| n) {
                html.markup(" ").element("small", "", &format!("n={of}"));
            }
        });
    }

    fn question(&self, html: &mut Html, side: Owes) -> Result<(), NotDrawn> {
        html.markup("<section>\n");
        html.element("h2", "", self.language.word(words::question(side)));
        let mut areas: Vec<&ToldRow> = self.told.parts(side).collect();
        areas.sort_by_key(|row| {
            let owed = words::n(row.value(Indicator::FeedbackRate));
            (std::cmp::Reverse(owed), row.peer)
        });
        if areas.is_empty() {
            let none = self.pick("本期无到期事项。", "Nothing was due.");
            html.element("p", "", none).markup("</section>\n");
            return Ok(());
        }
        self.areas(html, side, &areas);
        html.markup("<div class=\"charts\">\n");
        self.bars(html, &areas)?;
        html.markup("<div>\n");
        self.bands(html, side)?;
        self.trend(html, side)?;
        html.markup("</div>\n</div>\n</section>\n");
        Ok(())
    }

    /// A row for each area, that with the most to answer first, and that of all of them last.
    fn areas(&self, html: &mut Html, side: Owes, areas: &[&ToldRow]) {
        let label = |indicator: Indicator| words::heading(indicator, self.language);
        let headings = [
            self.pick("地区", "Area").to_owned(),
            self.pick("应反馈", "Due").to_owned(),
            label(Indicator::FeedbackRate),
            label(Indicator::OnTimeFeedbackRate),
            label(Indicator::ResponseTime),
            label(Indicator::TakeUpRate),
        ];
        table(html, headings, |html| {
            for row in areas.iter().copied().chain(self.told.whole(side)) {
                let class = if row.is_whole() { "all" } else { "" };
                html.within("tr", class, |html| {
                    html.element("th", "", &words::peer(row.peer, self.language));
                    let rate = row.value(Indicator::FeedbackRate);
                    html.element("td", "", &due(rate, self.language));
                    for indicator in RATES {
                        self.cell(html, indicator, row.value(indicator), false);
                    }
                    for indicator in [Indicator::ResponseTime, Indicator::TakeUpRate] {
                        self.cell(html, indicator, row.value(indicator), true);
                    }
                });
            }
        });
    }

    fn bars(&self, html: &mut Html, areas: &[&ToldRow]) -> Result<(), NotDrawn> {
        let bar = |row: &&ToldRow| Bar {
            name: words::peer(row.peer, self.language),
            rates: RATES.map(|rate| thousandths(row.value(rate))),
        };
        let shown: Vec<Bar> = areas.iter().take(MOST_BARS).map(bar).collect();
        let drawing = bars(&shown, references())?;
        let words = self.pick(
            "各地反馈率和反馈及时率",
            "Answered, and answered in time, by area",
        );
        let mut caption = words.to_owned();
        if areas.len() > MOST_BARS {
            caption += &match self.language {
                Language::Zh => format!("（应反馈最多的{MOST_BARS}个地区，共{}个）", areas.len()),
                Language::En => format!(" (the {MOST_BARS} with the most due, of {})", areas.len()),
            };
        }
        html.within("figure", "", |html| {
            html.element("figcaption", "", &caption);
            self.legend(html, ["■", "■"]);
            html.drawing(&drawing, words);
        });
        Ok(())
    }

    fn bands(&self, html: &mut Html, side: Owes) -> Result<(), NotDrawn> {
        // What is not told as a value is not drawn either.
        let value = self.told.overall(side, Indicator::ResponseTime);
        let rows = self.bulletin.report.rows.iter();
        let mut whole = rows
            .filter(|row| row.side == side && row.peer.is_none() && row.kind.is_none())
            .map(|row| spread(&row.figures.owed.response));
        let (Value::Days { n, .. }, Some(spread)) = (value, whole.next()) else {
            return Ok(());
        };
        let drawing = bands(&spread)?;
        let words = match self.language {
            Language::Zh => format!("反馈用时分布（工作日，柱上为件数，n={n}）"),
            Language::En => format!("How many took how many working days (n={n})"),
        };
        html.within("figure", "", |html| {
            html.element("figcaption", "", &words);
            html.drawing(&drawing, &words);
        });
        Ok(())
    }

    fn trend(&self, html: &mut Html, side: Owes) -> Result<(), NotDrawn> {
        let months = self.bulletin.months(side);
        if months.len() < 2 {
            return Ok(());
        }
        let points: Vec<Point> = months
            .into_iter()
            .map(|(month, rates)| Point {
                month: month.to_string(),
                rates,
            })
            .collect();
        let drawing = trend(&points, references())?;
        let words = self.pick("逐月变化", "Month by month");
        html.within("figure", "", |html| {
            html.element("figcaption", "", words);
            self.legend(html, ["●", "▲"]);
            html.drawing(&drawing, words);
        });
        Ok(())
    }

    /// What the colours stand for, and the dashes.
    fn legend(&self, html: &mut Html, marks: [&str; 2]) {
        html.within("p", "legend", |html| {
            let classes = ["dark", "light"];
            for ((rate, mark), class) in RATES.into_iter().zip(marks).zip(classes) {
                html.element("b", class, mark).text(" ");
                html.text(self.language.word(rate.label()));
                if let Some(reference) = rate.reference() {
                    let reference = words::reference(reference);
                    html.text(&match self.language {
                        Language::Zh => format!("（虚线：参考值 {reference}）"),
                        Language::En => format!(" (dashes: {reference})"),
                    });
                }
                html.markup("<br>");
            }
        });
    }

    fn notes(&self, html: &mut Html) {
        html.element("h2", "", self.pick("说明", "Notes"));
        html.within("ul", "notes", |html| {
            for note in NOTES {
                html.element("li", "", self.language.word(note));
            }
            if self.told.has_gaps() {
                html.element("li", "", self.language.word(words::GAPS));
            }
        });
    }
}

/// How much was due: the n of the rates that it stands beside.
fn due(rate: Value, language: Language) -> String {
    match rate {
        Value::Nothing => "0".to_owned(),
        rate => words::n(rate).map_or_else(|| words::value(rate, language), |n| n.to_string()),
    }
}

fn references() -> [Option<u64>; 2] {
    RATES.map(|rate| match rate.reference() {
        Some(Reference::AtLeast(least)) if rate.unit() == Unit::Rate => Some(least),
        _ => None,
    })
}

fn month_words(month: Month, language: Language) -> String {
    let text = month.to_string();
    match (language, text.split_once('-')) {
        (Language::Zh, Some((year, month))) => {
            format!("{year}年{}月", month.trim_start_matches('0'))
        }
        _ => text,
    }
}

fn table<T: AsRef<str>>(
    html: &mut Html,
    headings: impl IntoIterator<Item = T>,
    rows: impl FnOnce(&mut Html),
) {
    html.within("div", "table", |html| {
        html.within("table", "", |html| {
            html.within("thead", "", |html| {
                html.within("tr", "", |html| {
                    for heading in headings {
                        html.element("th", "", heading.as_ref());
                    }
                });
            });
            html.within("tbody", "", rows);
        });
    });
}

/// More would make the chart longer than a page.
const MOST_BARS: usize = 16;

const STAMP: Text = Text {
    zh: "沙箱数据，仅供测试，不得作为正式通报",
    en: "SANDBOX: test data only, no real figures",
};

const NOTES: [Text; 4] = [
    Text {
        zh: "各项比率的分母只计期内到期的事项，逾期后补的反馈计入反馈率，不计入反馈及时率；n为分母。",
        en: "Rates are of what was due in the period (n). A late answer counts as answered, not as answered in time.",
    },
    Text {
        zh: "反馈用时自通报发出之日起按工作日计，给出半数和九成反馈所用的工作日；45+表示45个及以上。",
        en: "Response times are working days from the notice to its answer: within so many came half of the answers, and nine in ten. 45+ stands for 45 and more.",
    },
    Text {
        zh: "各地区按应反馈数由多到少排列；反馈及时率和反馈用时的参考值由本系统设定，其余为全国通用标准。",
        en: "Areas stand in the order of what was due. The references for answers in time and response times are this system's own, the others those in national use.",
    },
    Text {
        zh: "本通报只有统计数字，不含任何个人信息，由鸿雁生成。",
        en: "This bulletin holds counts and nothing of any person. Made by Hongyan.",
    },
];

const STYLE: &str = include_str!("style.css");
