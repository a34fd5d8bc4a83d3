//! Charts as SVG, by `plotters` without any font of its own: text stays text, and is set by whoever
//! shows it. Each of the two rates has a colour, and a mark where it is a line, so that they can be
//! told apart without colour and on paper: the one is dark, the other light.

mod bands;
mod bars;
mod trend;

use plotters::{
    coord::{Shift, types::RangedCoordf64},
    element::DashedPathElement,
    prelude::{
        Cartesian2d, DrawingArea, DrawingAreaErrorKind, EmptyElement, IntoDrawingArea as _,
        PathElement, RGBColor, Rectangle, SVGBackend, Text,
    },
    style::{
        Color as _, TextStyle,
        text_anchor::{HPos, Pos, VPos},
    },
};

pub(super) use self::{
    bands::bands,
    bars::{Bar, bars},
    trend::{Point, trend},
};

/// A chart as SVG.
pub(in crate::report) struct Drawing(String);

impl Drawing {
    pub(in crate::report) fn svg(&self) -> &str {
        &self.0
    }
}

/// A chart could not be drawn: a fault of ours, since it is drawn in memory.
#[derive(Debug, thiserror::Error)]
#[error("a chart of the bulletin cannot be drawn: {0}")]
pub struct NotDrawn(String);

/// The two rates in thousandths; none where nothing is told.
type Rates = [Option<u64>; 2];

/// Of feedback, and of feedback in time.
const COLOURS: [RGBColor; 2] = [RGBColor(11, 79, 138), RGBColor(204, 122, 0)];
const INK: RGBColor = RGBColor(34, 40, 49);
const GREY: RGBColor = RGBColor(88, 96, 105);
const FAINT: RGBColor = RGBColor(222, 226, 230);

/// Two charts side by side fill a page; one fills a telephone.
const WIDTH: u32 = 440;

/// Texts are 12 pixels high; `plotters` divides what it is told by 1.24.
const SIZE: f64 = 12.0 * 1.24;

type Fault = DrawingAreaErrorKind<std::io::Error>;
type Plane = Cartesian2d<RangedCoordf64, RangedCoordf64>;

fn drawn(
    height: u32,
    draw: impl FnOnce(&DrawingArea<SVGBackend<'_>, Shift>) -> Result<(), Fault>,
) -> Result<Drawing, NotDrawn> {
    let mut svg = String::new();
    let area = SVGBackend::with_string(&mut svg, (WIDTH, height)).into_drawing_area();
    let done = draw(&area).and_then(|()| area.present());
    drop(area);
    match done {
        Ok(()) => Ok(Drawing(svg)),
        Err(error) => Err(NotDrawn(error.to_string())),
    }
}

/// The plane of a chart: points are those of its axes, offsets are pixels to the right and down.
struct Canvas<'a, 'b>(&'a DrawingArea<SVGBackend<'b>, Plane>);

/// Where a text stands to its point.
#[derive(Clone, Copy)]
enum Stands {
    Above,
    Behind,
    Below,
    /// To the lower right.
    Under,
    Before,
}

impl Canvas<'_, '_> {
    fn text(
        &self,
        text: &str,
        at: (f64, f64),
        stands: Stands,
        colour: RGBColor,
    ) -> Result<(), Fault> {
        let (h, v, offset) = match stands {
            Stands::Above => (HPos::Center, VPos::Bottom, (0, -1)),
            Stands::Behind => (HPos::Left, VPos::Center, (4, 0)),
            Stands::Below => (HPos::Center, VPos::Top, (0, 6)),
            Stands::Under => (HPos::Left, VPos::Top, (0, 0)),
            Stands::Before => (HPos::Right, VPos::Center, (-6, 0)),
        };
        let style = TextStyle::from(("sans-serif", SIZE))
            .color(&colour)
            .pos(Pos::new(h, v));
        let text = Text::new(text.to_owned(), offset, style);
        self.0.draw(&(EmptyElement::at(at) + text))
    }

    fn rectangle(&self, corners: [(f64, f64); 2], colour: RGBColor) -> Result<(), Fault> {
        self.0.draw(&Rectangle::new(corners, colour.filled()))
    }

    fn line(&self, points: Vec<(f64, f64)>, colour: RGBColor, width: u32) -> Result<(), Fault> {
        self.0
            .draw(&PathElement::new(points, colour.stroke_width(width)))
    }

    fn dashes(&self, points: [(f64, f64); 2], colour: RGBColor) -> Result<(), Fault> {
        self.0.draw(&DashedPathElement::new(
            points,
            6,
            4,
            colour.stroke_width(1),
        ))
    }
}

/// Thousandths as per cent.
fn per_cent(thousandths: u64) -> f64 {
    u32::try_from(thousandths).map_or(0.0, |rate| f64::from(rate) / 10.0)
}
