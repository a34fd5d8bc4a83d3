//! What to try while the nodes are up, and where to look afterwards.

use std::io;

use super::{place::Place, show::Show};
use crate::{cli::language::both, domain::problem::Sentence};

impl Show {
    /// Says that the nodes are up, and what to try.
    pub(super) fn stay(&self) -> io::Result<()> {
        let program = self.program.display();
        let node = |place: &Place| self.stage.node(place.area).display().to_string();
        let [first, second, ..] = &self.cast;
        let (a, b) = (node(first), node(second));
        let ledger = self.stage.ledger(first);
        let ledger = ledger.display();
        self.output.say(&both(
            "节点仍在运行。可在另一终端尝试：",
            "The nodes are still up. Try in another terminal:",
        ))?;
        for (line, zh, en) in [
            (
                format!("notice list --node {a}"),
                "通报去向",
                "what is where",
            ),
            (
                format!("channel list --node {b}"),
                "通道进度",
                "how far the channels have come",
            ),
            (format!("doctor --node {b}"), "体检", "is everything well"),
            (
                format!("publish --node {a} {ledger}"),
                "再次发布同一台账：不会重复",
                "the same ledger again: nothing is published twice",
            ),
        ] {
            let note = self.output.language.pick(zh, en);
            self.output
                .line(&format!("  {program} {line}    # {note}"))?;
        }
        self.output.say(&self.logs())?;
        self.output
            .say(&both("按 Ctrl-C 结束。", "Ctrl-C ends the nodes."))
    }

    /// Says what is left.
    pub(super) fn farewell(&self, kept: bool) -> io::Result<()> {
        if !kept {
            return self.output.say(&both(
                "节点已停止，临时目录已删除。如需查看，请去掉 --exit 或加上 --dir。",
                "The nodes have stopped and the temporary directory is gone; to look around, leave \
                 out --exit or add --dir.",
            ));
        }
        self.output.say(&self.logs())
    }

    fn logs(&self) -> Sentence {
        let root = self.stage.root().display();
        both(
            format!("目录：{root}；日志：{root}/<区划代码>/serve.log"),
            format!("directories: {root}; logs: {root}/<area>/serve.log"),
        )
    }
}
