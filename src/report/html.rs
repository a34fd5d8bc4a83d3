//! A page that is being written. Markup is what stands in this program; everything else is escaped.

use quick_xml::escape::escape;

use super::bulletin::Drawing;
use crate::domain::{language::Language, problem::Text};

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

    /// Everything up to the body. The page may load nothing, whatever stands in it; of a sandbox its
    /// title says so, and on paper the margin of every sheet.
    pub(super) fn head(
        &mut self,
        title: &str,
        style: &'static str,
        sandbox: bool,
        language: Language,
    ) {
        self.markup(language.pick(
            "<!DOCTYPE html>\n<html lang=\"zh-CN\">\n",
            "<!DOCTYPE html>\n<html lang=\"en\">\n",
        ));
        self.markup(HEAD);
        let stamp = if sandbox { "sandbox " } else { "" };
        self.element("title", "", &format!("{stamp}{title}"));
        self.markup("<style>\n").markup(style);
        if sandbox {
            self.markup(STAMPED_PAPER);
        }
        self.markup("</style>\n</head>\n<body>\n");
    }

    /// What says across every page that it is of a sandbox, and at its head what that means.
    pub(super) fn stamp(&mut self, words: Text, language: Language) {
        self.element("div", "stamp", language.word(words));
        self.element("div", "across", language.word(ACROSS));
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

const ACROSS: Text = Text {
    zh: "沙箱 SANDBOX",
    en: "SANDBOX 沙箱",
};

const HEAD: &str = "<head>
<meta charset=\"utf-8\">
<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">
<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">
";

const STAMPED_PAPER: &str = "@media print { @page { @top-center { content: \"沙箱 SANDBOX\"; color: #a1260d; font-weight: 700; } } }
";

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
