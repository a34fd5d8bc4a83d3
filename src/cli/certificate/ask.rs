//! `hongyan certificate ask`: the question of a woman's departure or arrival, and its answer.
//!
//! It names the notice by which the two areas know of her, and so no value of hers stands among the
//! arguments, which every user of the machine can read.

use std::time::Duration;

use clap::Args;
use jiff::civil::Date;
use serde_json::{Value, json};

use super::super::{
    exit::{Exit, Failure},
    home::Home,
    language::both,
    link::{LinkArguments, block_on, connect},
    moment::{rfc3339, short},
    output::{Output, OutputArguments},
};
use crate::{
    domain::{
        calendar,
        draft::{Draft, Reference},
        notice::{Certificate, CertificateQuery, Content, NoticeId},
        problem::{Code, Sentence},
    },
    office::client::{Answer, Asked, Heard},
};

/// Arguments of `certificate ask`.
#[derive(Args)]
#[command(after_help = "\
退出码 Exit codes: 0 已答复 answered; 1 被拒绝，或尚无答复 refused, or not answered yet; 3 无法连接节点 node not reached.\n
示例 Example:
  hongyan certificate ask --node ./guandu 6e1f2a30-…")]
pub(in crate::cli) struct Arguments {
    /// 她的流出或流入通报的编号。 Id of the departure or arrival that tells of her
    #[arg(value_name = "NOTICE")]
    notice: NoticeId,
    #[command(flatten)]
    link: LinkArguments,
    /// 业务编号；同一编号、同一天再问，不会重复发出。 A reference; asked again with it nothing is sent twice
    #[arg(long, value_name = "TEXT")]
    reference: Option<Reference>,
    /// 查验日期，默认今天。 Day of the question, today unless told otherwise
    #[arg(long, value_name = "DATE", value_parser = day)]
    on: Option<Date>,
    /// 最多等多少秒，1到30。 How long to wait for the answer
    #[arg(long, value_name = "SECONDS", default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=30))]
    wait: u64,
    #[command(flatten)]
    output: OutputArguments,
}

pub(super) fn run(arguments: Arguments) -> Result<Exit, Failure> {
    let Arguments {
        notice,
        link,
        reference,
        on,
        wait,
        output,
    } = arguments;
    let home = Home::open(&link.node)?;
    let Some(from) = home.config.areas.first().copied() else {
        return Err(Failure::usage(both(
            "node.toml 没有本方区县。",
            "node.toml names no home area",
        )));
    };
    let event_date = match on {
        Some(day) => day,
        None => home.today()?,
    };
    let question = Draft {
        reference,
        from,
        from_follows: true,
        to: None,
        answers: Some(notice),
        consent: None,
        content: Content::CertificateQuery(CertificateQuery { event_date }),
    };
    let asked = block_on(async {
        let client = connect(&home, &link.office).await?;
        let wait = Duration::from_secs(wait);
        Ok(client.ask_certificate(&question, wait).await?)
    })?;
    let output = Output::new(output);
    output.result(&object(&asked), &words(&asked))?;
    Ok(match asked.heard {
        Heard::Answer(_) => Exit::Done,
        Heard::ByNotice { .. } | Heard::Ended { .. } => Exit::Refused,
    })
}

fn object(asked: &Asked) -> Value {
    let Asked {
        question,
        repeated,
        heard,
    } = asked;
    let mut object = match heard {
        Heard::Answer(Answer {
            id,
            certificate:
                Certificate {
                    number,
                    status,
                    valid_until,
                },
            looked_up_on,
            answered_at_ms,
        }) => json!({
            "status": "answered",
            "notice_id": id.to_string(),
            "certificate_number": number,
            "certificate_status": status,
            "valid_until": valid_until.map(|day| day.to_string()),
            "looked_up_on": looked_up_on.to_string(),
            "answered_at": rfc3339(*answered_at_ms),
        }),
        Heard::ByNotice {
            due_on,
            delivered,
            peer_reachable,
        } => json!({
            "status": "by_notice",
            "due_on": due_on.map(|day| day.to_string()),
            "delivered": delivered,
            "peer_reachable": peer_reachable,
        }),
        Heard::Ended { delivery, code } => json!({
            "status": "ended",
            "delivery": delivery,
            "code": code,
        }),
    };
    if let Some(object) = object.as_object_mut() {
        object.insert("question".to_owned(), json!(question.to_string()));
        object.insert("repeated".to_owned(), json!(repeated));
    }
    object
}

fn words(asked: &Asked) -> Sentence {
    let question = asked.question;
    match &asked.heard {
        Heard::Answer(answer) => answered(answer),
        Heard::ByNotice {
            due_on,
            delivered,
            peer_reachable,
        } => {
            let (zh, en) = match (delivered, peer_reachable) {
                (true, _) => (
                    "对方节点已收到",
                    "the other area's node has it and nobody has answered yet",
                ),
                (false, true) => ("正在送往对方节点", "it is on its way to the other area"),
                (false, false) => (
                    "对方节点目前连不上，会一直重试",
                    "the other area's node cannot be reached now and is tried again and again",
                ),
            };
            let due = due_on.map(|day| {
                both(
                    format!("，最迟 {day} 答复"),
                    format!(", which is due by {day}"),
                )
            });
            let Sentence {
                zh: due_zh,
                en: due_en,
            } = due.unwrap_or_else(|| both("", ""));
            both(
                format!("尚无答复：{zh}。答复将以通报送达{due_zh}。查验编号 {question}"),
                format!(
                    "no answer yet: {en}. It will come as a notice{due_en}. Question {question}"
                ),
            )
        }
        Heard::Ended { delivery, code } => {
            let told = code.as_deref().and_then(Code::from_name).map(Code::text);
            let (zh, en) = told.map_or_else(
                || (delivery.as_str(), delivery.as_str()),
                |text| (text.zh, text.en),
            );
            both(
                format!("不会有答复，查验未送到对方：{zh} 查验编号 {question}"),
                format!(
                    "there will be no answer, the question did not get through: {en} Question {question}"
                ),
            )
        }
    }
}

fn answered(answer: &Answer) -> Sentence {
    let Answer {
        id,
        certificate:
            Certificate {
                number,
                status,
                valid_until,
            },
        looked_up_on,
        answered_at_ms,
    } = answer;
    let status = status.as_deref().unwrap_or_default();
    let number = number.as_deref().unwrap_or("–");
    let until = valid_until.map_or_else(|| "–".to_owned(), |day| day.to_string());
    let at = short(*answered_at_ms);
    both(
        format!(
            "婚育证明：{status}\n证号 {number}，有效期至 {until}\n{looked_up_on} 核查，{at} 答复，通报编号 {id}"
        ),
        format!(
            "certificate: {status}\nnumber {number}, valid until {until}\nlooked up on {looked_up_on}, answered at {at}, notice {id}"
        ),
    )
}

fn day(text: &str) -> Result<Date, &'static str> {
    calendar::parse_day(text).ok_or("a day is written as 2026-10-08")
}
