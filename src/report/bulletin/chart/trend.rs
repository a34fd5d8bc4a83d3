//! Both rates, month by month.

use plotters::{
    prelude::{ChartBuilder, Circle, LabelAreaPosition, TriangleMarker},
    style::Color as _,
};

use super::{
    COLOURS, Canvas, Drawing, FAINT, Fault, GREY, NotDrawn, Rates, Stands, drawn, per_cent,
};

/// A month.
pub(in super::super) struct Point {
    pub(in super::super) month: String,
    pub(in super::super) rates: Rates,
}

/// A line for each rate, broken where nothing is told, and one for each reference in thousandths.
pub(in super::super) fn trend(points: &[Point], references: Rates) -> Result<Drawing, NotDrawn> {
    let count = u32::try_from(points.len()).unwrap_or(u32::MAX);
    let right = f64::from(count.max(1));
    let told = points
        .iter()
        .flat_map(|point| point.rates)
        .chain(references);
    let least = told.flatten().min().unwrap_or(0);
    // From the round number below, so that what is high can still be told apart.
    let bottom = per_cent(least.saturating_sub(20) / 200 * 200);
    drawn(HEIGHT, |area| {
        let chart = ChartBuilder::on(area)
            .margin_top(10)
            .margin_right(12)
            .set_label_area_size(LabelAreaPosition::Left, 44)
            .set_label_area_size(LabelAreaPosition::Bottom, 24)
            .build_cartesian_2d(0.0..right, bottom..100.0)?;
        let canvas = Canvas(chart.plotting_area());
        let mut line = bottom;
        while line <= 100.0 {
            canvas.line(vec![(0.0, line), (right, line)], FAINT, 1)?;
            canvas.text(&format!("{line:.0}%"), (0.0, line), Stands::Before, GREY)?;
            line += if bottom < 50.0 { 20.0 } else { 10.0 };
        }
        let x = |place: u32| f64::from(place) + 0.5;
        // Every month, or from the last every second where they would touch.
        let every = if count > 6 { 2 } else { 1 };
        for (point, place) in points.iter().zip(0_u32..) {
            if (count - 1 - place).is_multiple_of(every) {
                canvas.text(&point.month, (x(place), bottom), Stands::Below, GREY)?;
            }
        }
        for (rate, colour) in COLOURS.into_iter().enumerate() {
            if let Some(reference) = references.get(rate).copied().flatten() {
                let at = per_cent(reference);
                canvas.dashes([(0.0, at), (right, at)], colour)?;
            }
            let rates = points
                .iter()
                .map(|point| point.rates.get(rate).copied().flatten());
            let mut run = Vec::new();
            for (value, place) in rates.chain([None]).zip(0_u32..) {
                match value {
                    Some(value) => run.push((x(place), per_cent(value))),
                    None => {
                        for at in &run {
                            canvas.mark(rate, *at)?;
                        }
                        if run.len() > 1 {
                            canvas.line(run, colour, 2)?;
                        }
                        run = Vec::new();
                    }
                }
            }
        }
        Ok(())
    })
}

impl Canvas<'_, '_> {
    /// A dark circle for the one, a light triangle for the other.
    fn mark(&self, rate: usize, at: (f64, f64)) -> Result<(), Fault> {
        let [dark, light] = COLOURS;
        match rate {
            0 => self.0.draw(&Circle::new(at, 4, dark.filled())),
            _ => self.0.draw(&TriangleMarker::new(at, 6, light.filled())),
        }
    }
}

const HEIGHT: u32 = 230;
