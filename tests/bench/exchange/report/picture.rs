//! The picture: bars, in the colours of whoever looks.

use super::{Results, goals::figure, machine::machine};
use crate::result::Outcome;

/// A panel of bars.
struct Panel {
    title: &'static str,
    load: &'static str,
    value: fn(&Outcome) -> f64,
    floor: bool,
}

const PANELS: [Panel; 4] = [
    Panel {
        title: "Saturation, notices/s",
        load: "saturation",
        value: |it| it.per_second,
        floor: true,
    },
    Panel {
        title: "256 under way, notices/s",
        load: "outstanding-256",
        value: |it| it.per_second,
        floor: false,
    },
    Panel {
        title: "256 under way, publish to handed over, p99, ms (less is better)",
        load: "outstanding-256",
        value: |it| it.handed.p99 / 1e3,
        floor: false,
    },
    Panel {
        title: "1,000 a second, publish to handed over, p99, ms (less is better)",
        load: "paced-1000",
        value: |it| it.handed.p99 / 1e3,
        floor: false,
    },
];

/// The whole picture.
pub fn picture(results: &Results) -> String {
    let mut body = String::new();
    let mut y = 20;
    for panel in PANELS {
        let mut bars: Vec<(&str, f64)> = results
            .of_load(panel.load)
            .map(|it| (it.outcome.system.as_str(), (panel.value)(&it.outcome)))
            .collect();
        if panel.floor {
            for (load, name) in [
                ("floor-append", "floor: the disk"),
                ("floor-stream", "floor: the stream"),
            ] {
                bars.extend(
                    results
                        .get("floor", load)
                        .map(|it| (name, (panel.value)(it))),
                );
            }
        }
        let most = bars
            .iter()
            .map(|(_, value)| *value)
            .fold(f64::MIN_POSITIVE, f64::max);
        y += 26;
        body.push_str(&format!(
            "  <text class=\"head\" x=\"20\" y=\"{y}\">{}</text>\n",
            panel.title
        ));
        y += 12;
        for (name, value) in bars {
            let class = if name == "hongyan" { "own" } else { "other" };
            let width = (value / most * WIDTH).max(1.0);
            body.push_str(&format!(
                "  <text x=\"20\" y=\"{}\">{name}</text>\n  <rect class=\"{class}\" x=\"170\" y=\"{y}\" \
                 width=\"{width:.0}\" height=\"18\"/>\n  <text x=\"{:.0}\" y=\"{}\">{}</text>\n",
                y + 14,
                178.0 + width,
                y + 14,
                figure(value)
            ));
            y += 24;
        }
        y += 14;
    }
    body.push_str(&format!(
        "  <text class=\"note\" x=\"20\" y=\"{y}\">{}</text>\n",
        machine()
    ));
    y += 20;
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 860 {y}\" role=\"img\" \
         aria-labelledby=\"title\" font-family=\"system-ui, 'Noto Sans', sans-serif\">\n  \
         <title id=\"title\">What moving a notice costs, beside other systems</title>\n{STYLE}  \
         <rect class=\"page\" width=\"860\" height=\"{y}\"/>\n{body}</svg>\n"
    )
}

/// Of the longest bar.
const WIDTH: f64 = 580.0;

const STYLE: &str = "  <style>
    .page { fill: #ffffff } text { fill: #1c2733; font-size: 13px } .head { font-size: 15px; font-weight: 600 } .note { font-size: 12px }
    .own { fill: #1f6f8b } .other { fill: #b9c5cf }
    @media (prefers-color-scheme: dark) {
      .page { fill: #14191f } text { fill: #e6edf3 } .own { fill: #63c1df } .other { fill: #4d5c69 }
    }
  </style>
";
