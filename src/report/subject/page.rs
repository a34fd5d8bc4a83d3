//! The page that she is given.

use super::{
    Basis, Done, Subject, SubjectCase, SubjectNotice, Telling,
    words::{field_value, kind, purpose},
};
use crate::{
    domain::{calendar::minute, language::Language, problem::Text},
    report::{html::Html, words},
};

pub(super) fn page(subject: &Subject, language: Language) -> String {
    let page = Page { subject, language };
    let mut html = Html::default();
    html.head(&page.title(), STYLE, subject.sandbox, language);
    if subject.sandbox {
        html.stamp(STAMP, language);
    }
    html.markup("<main>\n");
    page.heading(&mut html);
    page.summary(&mut html);
    if subject.notices().next().is_some() {
        page.cases(&mut html);
        page.disclosed(&mut html);
        page.told_here(&mut html);
        page.bases(&mut html);
        page.rights(&mut html);
    }
    html.markup("</main>\n</body>\n</html>\n");
    html.finish()
}

struct Page<'a> {
    subject: &'a Subject,
    language: Language,
}

impl Page<'_> {
    fn pick(&self, zh: &'static str, en: &'static str) -> &'static str {
        self.language.pick(zh, en)
    }

    fn title(&self) -> String {
        let homes = self.subject.homes.iter();
        let homes: Vec<String> = homes.map(|home| words::own_name((*home).into())).collect();
        let homes = homes.join(self.pick("、", ", "));
        match self.language {
            Language::Zh => format!("{homes}个人信息持有情况告知书"),
            Language::En => format!("What {homes} holds of you"),
        }
    }

    fn heading(&self, html: &mut Html) {
        html.element("h1", "", &self.title());
        let homes = self.subject.homes.iter();
        let rows = [
            (
                self.pick("身份证号", "Identity number"),
                self.subject.number.as_str().to_owned(),
            ),
            (
                self.pick("所查地区", "Areas looked through"),
                homes
                    .map(|home| words::area((*home).into()))
                    .collect::<Vec<_>>()
                    .join(self.pick("、", ", ")),
            ),
            (
                self.pick("查询时间", "As of"),
                minute(self.subject.as_of_ms),
            ),
            (
                self.pick("查询事由", "Asked for"),
                self.subject.purpose.clone(),
            ),
        ];
        self.pairs(html, "facts", rows);
    }

    fn summary(&self, html: &mut Html) {
        html.element("h2", "", self.pick("概况", "Summary"));
        let subject = self.subject;
        let notices = subject.notices().count();
        if notices == 0 {
            let nothing = self.pick(
                "截至查询时间，本机关在流动人口信息交换系统中不持有与该身份证号有关的信息。",
                "As of that time this office holds nothing under that number in the exchange of notices about people who move.",
            );
            html.element("p", "nothing", nothing);
            return;
        }
        let mut areas: Vec<String> = (subject.disclosed())
            .map(|notice| notice.other.label())
            .collect();
        areas.sort_unstable();
        areas.dedup();
        let areas = match areas.as_slice() {
            [] => self.pick("无", "none").to_owned(),
            areas => areas.join(self.pick("、", ", ")),
        };
        let rows = [
            (self.pick("个案", "Cases"), subject.cases.len().to_string()),
            (self.pick("通报", "Notices"), notices.to_string()),
            (self.pick("提供给的地区", "Given to"), areas),
            (
                self.pick(
                    "本机关内部查看、接收次数",
                    "Times shown or handed over here",
                ),
                subject.told_here.len().to_string(),
            ),
        ];
        self.pairs(html, "facts", rows);
    }

    fn cases(&self, html: &mut Html) {
        html.element("h2", "", self.pick("持有的信息", "What is held"));
        for (at, case) in self.subject.cases.iter().enumerate() {
            self.case(html, at.saturating_add(1), case);
        }
        if !self.subject.apart.is_empty() {
            let apart = self.pick(
                "未送达对方的通报",
                "Notices that never reached the other area",
            );
            html.element("h3", "", apart);
            for notice in &self.subject.apart {
                self.notice(html, notice);
            }
        }
    }

    fn case(&self, html: &mut Html, at: usize, case: &SubjectCase) {
        let SubjectCase {
            id,
            home,
            other,
            state,
            opened_ms,
            notices,
            done,
        } = case;
        let (home, other) = (home.label(), other.label());
        let title = match self.language {
            Language::Zh => format!("个案{at}：{home}与{other}"),
            Language::En => format!("Case {at}: {home} and {other}"),
        };
        html.element("h3", "", &title);
        let (state, opened) = (self.language.of(state), minute(*opened_ms));
        let line = match self.language {
            Language::Zh => format!("状态：{state}　立案时间：{opened}　个案编号：{id}"),
            Language::En => format!("State: {state}. Opened {opened}. Id {id}"),
        };
        html.element("p", "line", &line);
        for notice in notices {
            self.notice(html, notice);
        }
        self.done(html, done);
    }

    fn notice(&self, html: &mut Html, notice: &SubjectNotice) {
        let language = self.language;
        html.markup("<section class=\"notice\">\n");
        let kind = kind(notice.kind, language);
        let other = notice.other.label();
        let place = self.place(notice);
        let title = match (language, notice.sent) {
            (Language::Zh, true) => format!("通报{place}　{kind}，发往{other}"),
            (Language::Zh, false) => format!("通报{place}　{kind}，来自{other}"),
            (Language::En, true) => format!("Notice {place}: {kind}, to {other}"),
            (Language::En, false) => format!("Notice {place}: {kind}, from {other}"),
        };
        html.element("h4", "", &title);
        let mut rows = vec![
            (
                if notice.sent {
                    self.pick("报送时间", "Published")
                } else {
                    self.pick("收存时间", "Stored here")
                },
                minute(notice.at_ms),
            ),
            (
                self.pick("现状", "Stands"),
                language.of(&notice.state).to_owned(),
            ),
        ];
        if let Some(at) = notice.answered_at_ms {
            rows.push((
                self.pick("对方节点答复时间", "Answered by their node"),
                minute(at),
            ));
        }
        if let Some(at) = notice.taken_up_at_ms {
            rows.push((
                self.pick("办公室接收时间", "Taken up by a desk"),
                minute(at),
            ));
        }
        if let Some(agreement) = notice.agreement {
            let basis = self.subject.basis(notice).and_then(|it| it.terms.as_ref());
            let why =
                basis.map(|[code, basis, ..]| format!("{}，{basis}", purpose(code, language)));
            let why = why.map(|why| language.pick(why.clone(), why.replace('，', "; ")));
            let why = why.map_or_else(String::new, |why| match language {
                Language::Zh => format!("（{why}）"),
                Language::En => format!(" ({why})"),
            });
            rows.push((
                self.pick("依据协议", "Under agreement"),
                format!("{agreement}{why}"),
            ));
        }
        if let Some(id) = notice.corrected_by {
            let by = match (self.subject.place(id), language) {
                (Some(place), Language::Zh) => format!("已由通报{place}更正"),
                (Some(place), Language::En) => format!("by notice {place}"),
                (None, _) => id.to_string(),
            };
            rows.push((self.pick("更正", "Corrected"), by));
        }
        rows.push((self.pick("通报编号", "Id"), notice.id.to_string()));
        self.pairs(html, "meta", rows);
        match &notice.fields {
            Some(fields) => {
                let rows = fields.iter().map(|(field, value)| {
                    let value = field_value(*field, value, language);
                    (language.word(field.label()), value)
                });
                self.pairs(html, "values", rows);
            }
            None => {
                let erased = self.pick("内容已删除。", "What it said was erased.");
                html.element("p", "nothing", erased);
            }
        }
        html.markup("</section>\n");
    }

    fn place(&self, notice: &SubjectNotice) -> String {
        let place = self.subject.place(notice.id);
        place.map_or_else(String::new, |place| place.to_string())
    }

    fn done(&self, html: &mut Html, done: &[Done]) {
        if done.is_empty() {
            return;
        }
        html.element("h4", "", self.pick("本机关办理情况", "What desks here did"));
        let headings = [
            self.pick("时间", "At"),
            self.pick("办公室", "Office"),
            self.pick("办理", "Did"),
            self.pick("说明", "Detail"),
        ];
        let rows = done.iter().map(|it| {
            let Done {
                at_ms,
                office,
                what,
                detail,
            } = it;
            [
                minute(*at_ms),
                office.clone(),
                self.language.word(*what).to_owned(),
                detail.clone(),
            ]
        });
        table(html, headings, rows);
    }

    fn disclosed(&self, html: &mut Html) {
        html.element(
            "h2",
            "",
            self.pick("向其他地区提供的记录", "Given to other areas"),
        );
        let headings = [
            self.pick("提供时间", "Sent"),
            self.pick("接收方", "To"),
            self.pick("通报", "Notice"),
            self.pick("信息类别", "Kinds of data"),
            self.pick("对方收存", "Answered"),
            self.pick("依据协议和目的", "Agreement, purpose"),
        ];
        let rows: Vec<_> = (self.subject.disclosed())
            .map(|notice| {
                let language = self.language;
                let groups = notice.groups().into_iter();
                let groups: Vec<_> = groups.map(|group| language.word(group.label())).collect();
                let basis = self.subject.basis(notice).and_then(|it| it.terms.as_ref());
                let purpose = basis.map_or_else(String::new, |[code, ..]| purpose(code, language));
                let agreement = notice.agreement.map(|it| it.to_string());
                [
                    minute(notice.at_ms),
                    notice.other.label(),
                    format!("{} {}", self.place(notice), kind(notice.kind, language)),
                    groups.join(self.pick("、", ", ")),
                    notice.answered_at_ms.map(minute).unwrap_or_default(),
                    format!("{} {purpose}", agreement.unwrap_or_default()),
                ]
            })
            .collect();
        if rows.is_empty() {
            html.element("p", "nothing", self.pick("无。", "Nothing."));
        } else {
            table(html, headings, rows.into_iter());
        }
    }

    fn told_here(&self, html: &mut Html) {
        html.element(
            "h2",
            "",
            self.pick("本机关内部查看、接收的记录", "Shown or handed over here"),
        );
        let headings = [
            self.pick("时间", "At"),
            self.pick("办公室", "Office"),
            self.pick("操作", "Did"),
            self.pick("所涉通报", "Notices"),
            self.pick("目的", "Purpose"),
        ];
        let rows: Vec<_> = (self.subject.told_here.iter())
            .map(|telling| {
                let Telling {
                    at_ms,
                    who,
                    what,
                    notices,
                    purpose,
                } = telling;
                let places = notices.iter().filter_map(|id| self.subject.place(*id));
                let mut places: Vec<usize> = places.collect();
                places.sort_unstable();
                let places: Vec<String> = places.iter().map(ToString::to_string).collect();
                [
                    minute(*at_ms),
                    who.clone(),
                    self.language.word(*what).replace('_', " "),
                    places.join(self.pick("、", ", ")),
                    self.language.of(purpose).to_owned(),
                ]
            })
            .collect();
        if rows.is_empty() {
            html.element("p", "nothing", self.pick("无。", "Nothing."));
        } else {
            table(html, headings, rows.into_iter());
        }
    }

    fn bases(&self, html: &mut Html) {
        html.element("h2", "", self.pick("依据", "On what basis"));
        let headings = [
            self.pick("协议", "Agreement"),
            self.pick("目的", "Purpose"),
            self.pick("法律依据", "Legal basis"),
            self.pick("有效期", "In force"),
        ];
        let rows = self.subject.bases.iter().map(|basis| {
            let Basis { version, terms } = basis;
            let [purpose, legal_basis, period] = match terms {
                Some([code, basis, from, until]) => [
                    purpose(code, self.language),
                    basis.clone(),
                    format!("{from} – {until}"),
                ],
                None => [
                    self.pick("本节点已不再保存", "no longer kept here")
                        .to_owned(),
                    String::new(),
                    String::new(),
                ],
            };
            [version.to_string(), purpose, legal_basis, period]
        });
        table(html, headings, rows);
    }

    fn rights(&self, html: &mut Html) {
        html.element("h2", "", self.pick("您的权利", "Your rights"));
        html.within("ul", "notes", |html| {
            for note in NOTES {
                html.element("li", "", self.language.word(note));
            }
        });
    }

    /// A table of names and values.
    fn pairs(
        &self,
        html: &mut Html,
        class: &'static str,
        rows: impl IntoIterator<Item = (&'static str, String)>,
    ) {
        html.within("table", class, |html| {
            html.within("tbody", "", |html| {
                for (name, value) in rows {
                    html.within("tr", "", |html| {
                        html.element("th", "", name);
                        html.element("td", "", &value);
                    });
                }
            });
        });
    }
}

fn table<const N: usize>(
    html: &mut Html,
    headings: [&'static str; N],
    rows: impl Iterator<Item = [String; N]>,
) {
    html.within("div", "table", |html| {
        html.within("table", "list", |html| {
            html.within("thead", "", |html| {
                html.within("tr", "", |html| {
                    for heading in headings {
                        html.element("th", "", heading);
                    }
                });
            });
            html.within("tbody", "", |html| {
                for row in rows {
                    html.within("tr", "", |html| {
                        for cell in &row {
                            html.element("td", "", cell);
                        }
                    });
                }
            });
        });
    });
}

const STAMP: Text = Text {
    zh: "沙箱数据，仅供测试，不涉及真实个人",
    en: "SANDBOX: test data only, no real person",
};

const NOTES: [Text; 4] = [
    Text {
        zh: "信息有误的，您可以要求更正：由发出该通报的地区更正，更正会送达每一个收到过的地区。",
        en: "What is wrong you may have mended: the area that sent the notice corrects it, and the correction reaches every area that got it.",
    },
    Text {
        zh: "您可以要求删除；依法须留存的，只留存不含个人信息的摘要和计数。删除要求会送达每一个收到过的地区。",
        en: "You may ask for erasure; what stays is digests and counts without anything of you. It reaches every area that got a notice.",
    },
    Text {
        zh: "健康服务信息须经您单独同意；您可以随时撤回同意，撤回后不再发送。",
        en: "Care data travel only with your separate consent; you may withdraw it at any time, and no more is sent.",
    },
    Text {
        zh: "本告知书由鸿雁依据节点保存的通报和审计记录生成，查询本身也已记入审计。其中含有个人信息，请妥善保管。",
        en: "Made by Hongyan of the notices and the record that the node keeps; that it was asked is on record too. It holds personal data: keep it safe.",
    },
];

const STYLE: &str = include_str!("style.css");
