//! `hongyan peer join`: two home areas of this node exchange with each other.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::{
    super::{
        by_hand,
        confirm::{confirmed, declined},
        exit::{Exit, Failure},
        home::{Home, NodeArguments},
        language::both,
        link::reload_if_running,
        output::{Output, OutputArguments},
    },
    invite::{now, template},
};
use crate::{
    domain::{
        area::County,
        audit::{Act, On},
    },
    pairing::{OwnAgreement, agree_at_home},
    trust::files,
};

/// Arguments of `peer join`.
#[derive(Args)]
pub(in crate::cli) struct Arguments {
    #[command(flatten)]
    node: NodeArguments,
    /// 本节点的一个区县，即协议中的 a。 A home area: party a of the agreement
    #[arg(value_name = "AREA")]
    a: County,
    /// 本节点的另一个区县，即协议中的 b。 Another one: party b
    #[arg(value_name = "AREA")]
    b: County,
    /// 协议模板：default、regional、departures-only、trial 或文件；省略即 default。 One of these, or a file
    #[arg(long, value_name = "TEMPLATE")]
    agreement: Option<PathBuf>,
    /// 已同意条款，不再询问。 The terms were agreed on; do not ask
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    output: OutputArguments,
}

pub(super) fn run(arguments: Arguments) -> Result<Exit, Failure> {
    let Arguments {
        node,
        a,
        b,
        agreement,
        yes,
        output,
    } = arguments;
    let home = Home::open(&node)?;
    let output = Output::new(output);
    let listen = home.config.exchange.listen;
    if listen.port() == 0 {
        return Err(Failure::usage(both(
            format!("节点要拨入自己的 {listen}，请在 node.toml 的 [exchange] 中填写固定端口。"),
            format!(
                "the node has to dial itself at {listen}; set a fixed port under [exchange] in node.toml"
            ),
        )));
    }
    let template = template(agreement.as_deref())?;
    let OwnAgreement { agreement, terms } =
        agree_at_home(&home.config, a, b, &template, now(&home)?)?;
    output.say(&both(terms.zh.trim_end(), terms.en.trim_end()))?;
    let question = both(
        "两个区县均同意上述条款？",
        "Do both areas agree to these terms?",
    );
    if !confirmed(&question, yes)? {
        return Err(declined());
    }
    files::write_public(
        &home.dir.agreement(agreement.version.id),
        agreement.text.as_bytes(),
    )?;
    let on = vec![On::Agreement(agreement.version.id, None)];
    by_hand::leave(&home, Act::AreasJoined, on)?;
    reload_if_running(&home)?;
    let object = json!({
        "areas": [a.as_str(), b.as_str()],
        "agreement": agreement.version.id.to_string(),
    });
    let (a, b) = (a.label(), b.label());
    let sentence = both(
        format!("{a}与{b}可以互通。"),
        format!("{a} and {b} can exchange notices now"),
    );
    output.result(&object, &sentence)?;
    Ok(Exit::Done)
}
