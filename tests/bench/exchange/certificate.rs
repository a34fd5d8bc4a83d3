//! Certificate queries, from question to answer.

use std::{
    fs,
    path::Path,
    process::{Child, Stdio},
    time::{Duration, Instant},
};

use hongyan::{
    clock::Clock,
    config::NodeDir,
    domain::{
        draft::Draft,
        notice::{CertificateQuery, Content, NoticeId},
    },
    office::client::{Client, Heard},
};

use super::{
    harness::{County, GUANDU, JINJIANG, World, departure, edit, eventually, resident},
    histogram::Histogram,
    office::config,
    pair::{SETTING, block_on, event_date, new_world},
    result::{Outcome, Times},
};

/// So many questions one after another, each answered by `hongyan certificate answer` at the other
/// node; `handed` is the time from question to answer.
pub fn certificates(questions: u64) -> Outcome {
    let world = new_world();
    let counties = [world.county(JINJIANG), world.county(GUANDU)];
    let [origin, destination] = &counties;
    let template = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/agreements/regional.toml");
    world.pair_with(origin, destination, Some(&template));
    edit(&destination.dir.join("node.toml"), |text| {
        text.replace(
            "certificate_queries_per_minute = 60",
            "certificate_queries_per_minute = 60000",
        )
    });
    let _nodes = counties.each_ref().map(County::start);
    let said = origin.publish(&[departure(1)]).expect(0).lines();
    let notice = said[0]["notice_id"].as_str().unwrap();
    eventually("the departure has arrived", || {
        destination.ask(&["notice", "show", notice]).code == 0
    });
    let _answering = Answering::of(&world, origin);
    let notice: NoticeId = notice.parse().unwrap();
    let mut times = Histogram::default();
    let seconds = block_on(async {
        let client = connect(destination).await;
        for number in 0..WARMING {
            ask(&client, notice, &format!("w-{number}")).await;
        }
        let begun = Instant::now();
        for number in 0..questions {
            let took = ask(&client, notice, &format!("q-{number}")).await;
            times.record(took.as_nanos() as u64);
        }
        begun.elapsed().as_secs_f64()
    });
    Outcome {
        load: "certificate".into(),
        system: "hongyan".into(),
        setting: SETTING.into(),
        notices: questions,
        window: 1,
        per_second: questions as f64 / seconds,
        handed: Times::from(&times),
        ..Outcome::default()
    }
}

/// Asks, and waits for the answer.
async fn ask(client: &Client, notice: NoticeId, reference: &str) -> Duration {
    let question = Draft {
        reference: Some(reference.parse().unwrap()),
        from: GUANDU.parse().unwrap(),
        from_follows: true,
        to: None,
        answers: Some(notice),
        consent: None,
        content: Content::CertificateQuery(CertificateQuery {
            event_date: event_date().parse().unwrap(),
        }),
    };
    let begun = Instant::now();
    let asked = client.ask_certificate(&question, LONGEST).await.unwrap();
    assert!(matches!(asked.heard, Heard::Answer(_)), "not answered");
    begun.elapsed()
}

async fn connect(county: &County) -> Client {
    let (dir, config) = (NodeDir::new(&county.dir), config(&county.dir));
    let client = Client::connect(&dir, &config, "operator", &Clock::system(), LONGEST).await;
    client.unwrap()
}

/// The office that answers, until it is dropped.
struct Answering(Child);

impl Answering {
    fn of(world: &World, county: &County) -> Self {
        let register = world.path("register.csv");
        let text = format!(
            "身份证号,证号,状态,有效期至\n{},A-1,有效,2027-01-08\n",
            resident(1)
        );
        fs::write(&register, text).unwrap();
        let mut command = county.command(&["certificate", "answer", "--per-minute", "100000"]);
        let child = command
            .arg("--register")
            .arg(register)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        Self(child.unwrap())
    }
}

impl Drop for Answering {
    fn drop(&mut self) {
        // Already ended, or ended now.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// Questions before the first that counts.
const WARMING: u64 = 20;

const LONGEST: Duration = Duration::from_secs(30);
