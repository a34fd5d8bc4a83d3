//! A page that is being written. Markup is what stands in this program; everything else is escaped.

use quick_xml::escape::escape;

use super::chart::Drawing;

/// The text of a page.
#[derive(Default)]
pub(super) struct Html(String);

impl Html {
    pub(super) fn finish(self) -> String {
        self.0
    }

    /// Markup of our own: it is known before anything runs.
    pub(super) fn markup(&mut self, markup: &'static str) -> &mut Self {
        self.0.push_str(markup);
        self
    }

    /// Text, whoever wrote it.
    pub(super) fn text(&mut self, text: &str) -> &mut Self {
        self.0.push_str(&escape(text));
        self
    }

    /// A drawing, whose texts were escaped when it was drawn. The words say what is to be seen to
    /// whoever cannot.
    pub(super) fn drawing(&mut self, drawing: &Drawing, words: &str) -> &mut Self {
        self.markup("<div class=\"chart\" role=\"img\" aria-label=\"")
            .text(words)
            .markup("\">");
        self.0.push_str(drawing.svg());
        self.markup("</div>\n")
    }

    /// An element around what is written in between.
    pub(super) fn within(
        &mut self,
        tag: &'static str,
        class: &'static str,
        content: impl FnOnce(&mut Self),
    ) -> &mut Self {
        self.markup("<").markup(tag);
        if !class.is_empty() {
            self.markup(" class=\"").markup(class).markup("\"");
        }
        self.markup(">");
        content(self);
        self.markup("</").markup(tag).markup(">\n")
    }

    /// An element with a text.
    pub(super) fn element(
        &mut self,
        tag: &'static str,
        class: &'static str,
        text: &str,
    ) -> &mut Self {
        self.within(tag, class, |html| {
            html.text(text);
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_from_outside_is_text() {
        let mut html = Html::default();
        let evil = "<script>alert('\"&')</script>";
        html.element("td", "n", evil).text(evil);
        let text = "&lt;script&gt;alert(&apos;&quot;&amp;&apos;)&lt;/script&gt;";
        assert_eq!(
            html.finish(),
            format!("<td class=\"n\">{text}</td>\n{text}")
        );
    }
}
