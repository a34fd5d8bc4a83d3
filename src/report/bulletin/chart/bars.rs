//! Both rates of each area, beside what they are measured against.

use plotters::prelude::{ChartBuilder, LabelAreaPosition};

use super::{COLOURS, Canvas, Drawing, FAINT, GREY, INK, NotDrawn, Rates, Stands, drawn, per_cent};
use crate::report::words;

/// An area.
pub(in super::super) struct Bar {
    pub(in super::super) name: String,
    pub(in super::super) rates: Rates,
}

/// A row for each area, from the top, with a line for each reference in thousandths.
pub(in super::super) fn bars(bars: &[Bar], references: Rates) -> Result<Drawing, NotDrawn> {
    let rows = u32::try_from(bars.len()).unwrap_or(u32::MAX);
    let bottom = f64::from(rows.max(1));
    drawn(rows.saturating_mul(ROW).saturating_add(AXIS), |area| {
        let chart = ChartBuilder::on(area)
            .margin_right(52)
            .margin_left(16)
            .set_label_area_size(LabelAreaPosition::Bottom, AXIS)
            .build_cartesian_2d(0.0..100.0, bottom..0.0)?;
        let canvas = Canvas(chart.plotting_area());
        for percent in [0.0, 20.0, 40.0, 60.0, 80.0, 100.0] {
            canvas.line(vec![(percent, 0.0), (percent, bottom)], FAINT, 1)?;
            canvas.text(
                &format!("{percent:.0}%"),
                (percent, bottom),
                Stands::Below,
                GREY,
            )?;
        }
        for (reference, colour) in references.into_iter().zip(COLOURS) {
            if let Some(reference) = reference {
                let at = per_cent(reference);
                canvas.dashes([(at, 0.0), (at, bottom)], colour)?;
            }
        }
        for (bar, row) in bars.iter().zip(0_u32..) {
            let top = f64::from(row);
            canvas.text(&bar.name, (0.0, top + 0.06), Stands::Under, INK)?;
            let places = [(0.36, 0.60), (0.62, 0.86)];
            for ((rate, colour), (from, to)) in bar.rates.into_iter().zip(COLOURS).zip(places) {
                let middle = top + (from + to) / 2.0;
                let Some(rate) = rate else {
                    canvas.text("—", (0.0, middle), Stands::Behind, GREY)?;
                    continue;
                };
                let end = per_cent(rate);
                canvas.rectangle([(0.0, top + from), (end, top + to)], colour)?;
                canvas.text(&words::per_cent(rate), (end, middle), Stands::Behind, INK)?;
            }
        }
        Ok(())
    })
}

/// Height of an area, in pixels.
const ROW: u32 = 54;
/// Height of the axis, in pixels.
const AXIS: u32 = 24;
