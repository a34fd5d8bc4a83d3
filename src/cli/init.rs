//! `hongyan init`: a node's directory.

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use clap::Args;
use serde_json::json;

use super::{
    exit::{Exit, Failure},
    language::both,
    link::OPERATOR,
    output::{Output, OutputArguments},
};
use crate::{
    clock::Clock,
    config::{Initial, Mode, NodeConfig, NodeDir, node_toml},
    domain::area::County,
    trust::{
        authority::Authority,
        files::{self, FileError},
        identity::{SpiffeId, TrustDomain},
        issue::{DEFAULT_VALIDITY, Request},
        keys::{SigningKey, draw},
        master_key::MasterKeys,
        office_authority::OfficeAuthority,
        reference::ReferenceKey,
    },
};

/// Arguments of `init`.
#[derive(Args)]
#[command(
    after_help = "示例 Example:\n  hongyan init --area 350582 --dir ./jinjiang --authority ./ca --sandbox"
)]
pub(super) struct Arguments {
    /// 本节点代表的县级区划代码；可重复，第一个用作节点名称。 County-level area; may repeat, the first names the node
    #[arg(long = "area", value_name = "CODE", required = true)]
    areas: Vec<County>,
    /// 节点目录，须尚不存在。 The directory to make
    #[arg(long, value_name = "DIR")]
    dir: PathBuf,
    /// 用该证书机构直接签发。 Sign at once with that authority
    #[arg(long, value_name = "DIR")]
    authority: Option<PathBuf>,
    /// 没有 --authority 时须给出信任域。 Trust domain, where no authority is given
    #[arg(
        long,
        value_name = "NAME",
        required_unless_present = "authority",
        conflicts_with = "authority"
    )]
    trust_domain: Option<TrustDomain>,
    /// 与其他节点交换的监听地址。 Where peers are served
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:7443")]
    exchange: SocketAddr,
    /// 本地业务系统的监听地址。 Where offices are served
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:7444")]
    office: SocketAddr,
    /// 对方拨入的地址（主机:端口），与监听地址不同时填写。 Address that peers dial, if it differs
    #[arg(long, value_name = "HOST:PORT")]
    public: Option<String>,
    /// 测试节点：只收发测试通报。 A sandbox node
    #[arg(long)]
    sandbox: bool,
    #[command(flatten)]
    output: OutputArguments,
}

pub(super) fn run(arguments: Arguments) -> Result<Exit, Failure> {
    let Arguments {
        areas,
        dir,
        authority,
        trust_domain,
        exchange,
        office,
        public,
        sandbox,
        output,
    } = arguments;
    for area in &areas {
        if area.entry().is_none() {
            return Err(Failure::usage(both(
                format!("县级代码表中没有 {area}，请核对区划代码。"),
                format!("the table of county-level areas has no {area}; check the code"),
            )));
        }
    }
    let Some((first, further)) = areas.split_first() else {
        return Err(Failure::usage(both(
            "须给出 --area。",
            "--area is required",
        )));
    };
    let authority = match authority {
        Some(dir) => Some((Authority::open(&dir)?, dir)),
        None => None,
    };
    let domain = match (&authority, trust_domain) {
        (Some((authority, _)), _) => authority.trust_domain().clone(),
        (None, Some(domain)) => domain,
        (None, None) => {
            return Err(Failure::usage(both(
                "须给出 --authority 或 --trust-domain。",
                "--authority or --trust-domain is required",
            )));
        }
    };
    let id = SpiffeId::node(domain, *first);
    let operator = id
        .with_office(OPERATOR)
        .map_err(|error| Failure::refused(both(error.to_string(), error.to_string())))?;
    let text = node_toml(&Initial {
        id: &id,
        further_areas: further,
        mode: if sandbox {
            Mode::Sandbox
        } else {
            Mode::Production
        },
        exchange,
        public: public.as_deref(),
        office,
        operator: &operator,
    });
    // What was given becomes a configuration now or not at all.
    NodeConfig::parse(&text)?;
    let building = Building::begin(&dir)?;
    building.fill(&id, &operator, authority.as_ref(), &text)?;
    building.finish(&dir)?;
    tell(&dir, &id, authority.is_some(), Output::new(output))?;
    Ok(Exit::Done)
}

/// A directory beside the one to make; gone again unless it is finished.
struct Building(PathBuf);

impl Building {
    fn begin(dir: &Path) -> Result<Self, Failure> {
        let taken = match fs::read_dir(dir) {
            Ok(mut entries) => entries.next().is_some(),
            Err(_) => dir.symlink_metadata().is_ok(),
        };
        if taken {
            let path = dir.into();
            return Err(FileError::Exists { path }.into());
        }
        let parent = match dir.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        let drawn = u64::from_be_bytes(draw()?);
        let path = parent.join(format!(".hongyan-init-{drawn:016x}"));
        files::make_dir(&path)?;
        Ok(Self(path))
    }

    fn fill(
        &self,
        id: &SpiffeId,
        operator: &SpiffeId,
        authority: Option<&(Authority, PathBuf)>,
        config: &str,
    ) -> Result<(), Failure> {
        let now = Clock::system().now();
        let dir = NodeDir::new(&self.0);
        for path in [dir.peers(), dir.agreements(), dir.data()] {
            files::make_dir(&path)?;
        }
        let Request { key_pem, csr_pem } = Request::new(id)?;
        files::write_new_secret(&dir.node_key(), key_pem.as_bytes())?;
        SigningKey::create(&dir.signing_key())?;
        ReferenceKey::create(&dir.reference_key())?;
        MasterKeys::create(&dir.master_key())?;
        let offices = OfficeAuthority::create(&dir.path().join("office"), id, now)?;
        let issued = offices.issue(operator, DEFAULT_VALIDITY, now)?;
        files::write_new_secret(&dir.operator_key(), issued.key_pem.as_bytes())?;
        files::write_public(
            &dir.operator_certificate(),
            issued.certificate_pem.as_bytes(),
        )?;
        match authority {
            Some((authority, at)) => {
                let certificate = authority.sign(&csr_pem, DEFAULT_VALIDITY, now)?;
                files::write_public(&dir.node_certificate(), certificate.as_bytes())?;
                files::write_public(&dir.root(), authority.root_pem().as_bytes())?;
                files::write_public(&dir.crl(), &files::read_public(&at.join("crl.pem"))?)?;
            }
            None => files::write_public(&request_path(&dir), csr_pem.as_bytes())?,
        }
        files::write_public(&dir.config(), config.as_bytes())?;
        Ok(())
    }

    fn finish(self, dir: &Path) -> Result<(), Failure> {
        // An empty directory in its place gives way; any other stays.
        fs::rename(&self.0, dir).map_err(|source| FileError::Io {
            path: dir.into(),
            source,
        })?;
        Ok(())
    }
}

impl Drop for Building {
    fn drop(&mut self) {
        // Gone already where it was finished.
        drop(fs::remove_dir_all(&self.0));
    }
}

fn request_path(dir: &NodeDir) -> PathBuf {
    dir.path().join("tls/node.csr")
}

fn tell(dir: &Path, id: &SpiffeId, signed: bool, output: Output) -> Result<(), Failure> {
    let at = dir.display();
    let request = request_path(&NodeDir::new(dir));
    let object = json!({
        "node": id.to_string(),
        "directory": dir,
        "master_key": NodeDir::new(dir).master_key(),
        "csr": (!signed).then_some(&request),
    });
    let sentence = if signed {
        both(
            format!(
                "已建立节点 {id}：{at}\n下一步：hongyan peer invite 邀请对方，或 hongyan serve --node {at} 启动。"
            ),
            format!(
                "node {id} made in {at}\nnext: hongyan peer invite, or hongyan serve --node {at}"
            ),
        )
    } else {
        let request = request.display();
        both(
            format!(
                "已建立节点 {id}：{at}\n下一步：把 {request} 交给证书机构签发，\
                 把得到的证书放到 tls/node.crt，机构的根证书放到 tls/ca.crt，吊销列表放到 tls/crl.pem。"
            ),
            format!(
                "node {id} made in {at}\nnext: have {request} signed; put the certificate in \
                 tls/node.crt, the authority's root in tls/ca.crt and its list in tls/crl.pem"
            ),
        )
    };
    output.result(&object, &sentence)?;
    output.say(&both(
        "主密钥在 keys/master.key：没有它，节点保存的内容无法打开。请另存一份，与 data/ 的备份分开保管。",
        "the master key is in keys/master.key: without it nothing that the node holds can be opened. Keep a copy elsewhere, apart from copies of data/",
    ))?;
    Ok(())
}
