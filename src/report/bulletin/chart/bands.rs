//! How long answers took.

use plotters::prelude::{ChartBuilder, LabelAreaPosition};

use super::{COLOURS, Canvas, Drawing, FAINT, GREY, INK, NotDrawn, Stands, drawn, per_cent};
use crate::{
    domain::case::Rate,
    report::{spread::Band, words},
};

/// A column for each band of working days, as high as its share in all.
pub(in super::super) fn bands(bands: &[Band]) -> Result<Drawing, NotDrawn> {
    let whole: u64 = bands.iter().map(|band| band.count).sum();
    let share = |part| Rate { part, whole }.thousandths().map_or(0.0, per_cent);
    let most = bands
        .iter()
        .map(|band| share(band.count))
        .fold(10.0, f64::max);
    let columns = u32::try_from(bands.len()).unwrap_or(u32::MAX).max(1);
    drawn(HEIGHT, |area| {
        let top = most * 1.12;
        let chart = ChartBuilder::on(area)
            .margin_top(4)
            .margin_right(8)
            .set_label_area_size(LabelAreaPosition::Left, 40)
            .set_label_area_size(LabelAreaPosition::Bottom, 24)
            .build_cartesian_2d(0.0..f64::from(columns), 0.0..top)?;
        let canvas = Canvas(chart.plotting_area());
        let right = f64::from(columns);
        let step = if most > 50.0 { 20.0 } else { 10.0 };
        let mut line = 0.0;
        while line <= top {
            canvas.line(vec![(0.0, line), (right, line)], FAINT, 1)?;
            canvas.text(&format!("{line:.0}%"), (0.0, line), Stands::Before, GREY)?;
            line += step;
        }
        for (band, left) in bands.iter().zip(0_u32..) {
            let left = f64::from(left);
            let (middle, height) = (left + 0.5, share(band.count));
            let corners = [(left + 0.12, height), (left + 0.88, 0.0)];
            let [dark, _] = COLOURS;
            canvas.rectangle(corners, dark)?;
            canvas.text(
                &band.count.to_string(),
                (middle, height),
                Stands::Above,
                INK,
            )?;
            canvas.text(&words::band(*band), (middle, 0.0), Stands::Below, GREY)?;
        }
        Ok(())
    })
}

const HEIGHT: u32 = 230;
