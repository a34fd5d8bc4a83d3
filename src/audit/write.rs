//! Writing a file of acts, part by part.

use std::io::{self, Write};

use super::row::{self, Layout, Opening};
use crate::{
    domain::area::County,
    store::Audited,
    trust::{
        audit_head::AuditHeadForm,
        identity::TrustDomain,
        keys::PublicKey,
        signature::{PinnedKey, Signed},
    },
};

/// A file that is being written.
pub struct ExcerptWriter<W: Write> {
    out: W,
    layout: Layout,
    trust_domain: TrustDomain,
    sandbox: bool,
    /// Whose acts they are, once the first is written.
    home: Option<County>,
}

impl<W: Write> ExcerptWriter<W> {
    /// A file of acts of a node in that trust domain.
    pub const fn new(out: W, layout: Layout, trust_domain: TrustDomain, sandbox: bool) -> Self {
        Self {
            out,
            layout,
            trust_domain,
            sandbox,
            home: None,
        }
    }

    /// Writes the next act.
    ///
    /// # Errors
    /// If the output fails.
    pub fn act(&mut self, audited: &Audited) -> io::Result<()> {
        if self.home.is_none() {
            self.home = Some(audited.home);
            if let Some(headings) = self.layout.headings() {
                self.out.write_all(&headings)?;
            }
            let opening = row::opening(&Opening {
                trust_domain: self.trust_domain.clone(),
                home: audited.home,
                sandbox: self.sandbox,
            });
            self.out.write_all(&self.layout.line(&opening))?;
        }
        self.out.write_all(&self.layout.line(&row::act(audited)))
    }

    /// Writes what was signed of all of them, with the key that signed.
    ///
    /// # Errors
    /// If the node did not sign them, or the output fails.
    pub fn finish(mut self, signed: &Signed, key: &[u8]) -> io::Result<()> {
        let home = self.home.ok_or_else(not_signed)?;
        let public = PublicKey::from_spki(key).map_err(|_| not_signed())?;
        let pinned = PinnedKey::new(public, self.trust_domain.clone(), [home].into());
        let verified = pinned.verify::<AuditHeadForm>(signed.clone());
        let form = verified.map_err(|_| not_signed())?.into_inner();
        let closing = row::closing(&form, signed, key);
        self.out.write_all(&self.layout.line(&closing))?;
        self.out.flush()
    }
}

fn not_signed() -> io::Error {
    io::Error::other("the node's signature over the acts is missing or does not fit")
}
