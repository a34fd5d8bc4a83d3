//! The five counties of the demonstration.

use crate::{
    cli::{
        exit::Failure,
        language::{Language, both},
    },
    domain::area::County,
};

/// A county that takes part.
#[derive(Clone, Copy)]
pub(super) struct Place {
    /// Its area.
    pub(super) area: County,
    /// Its name in English.
    pub(super) english: &'static str,
    /// Townships of it, 12 digits.
    pub(super) townships: [&'static str; 2],
    /// The file name of its sample ledger.
    pub(super) ledger: &'static str,
    /// The ledger.
    pub(super) bytes: &'static [u8],
}

impl Place {
    /// How people call it.
    pub(super) fn label(&self, language: Language) -> String {
        language.pick(self.area.label(), format!("{} {}", self.english, self.area))
    }
}

/// All of them.
///
/// # Errors
/// Never: the codes are ones.
pub(super) fn cast() -> Result<[Place; 5], Failure> {
    Ok([
        Place {
            area: area(JINJIANG)?,
            english: "Jinjiang",
            townships: ["350582104000", "350582001000"],
            ledger: "jinjiang-departures.xlsx",
            bytes: include_bytes!("../../../tests/ledgers/jinjiang-departures.xlsx"),
        },
        Place {
            area: area(GUANDU)?,
            english: "Guandu",
            townships: ["530111001000", "530111007000"],
            ledger: "guandu-arrivals.xls",
            bytes: include_bytes!("../../../tests/ledgers/guandu-arrivals.xls"),
        },
        Place {
            area: area(HUANGDAO)?,
            english: "Huangdao",
            townships: ["370211001000", "370211103000"],
            ledger: "huangdao-arrivals.utf8bom.csv",
            bytes: include_bytes!("../../../tests/ledgers/huangdao-arrivals.utf8bom.csv"),
        },
        Place {
            area: area(SHIZHONG)?,
            english: "Shizhong",
            townships: ["370402001000", "370402102000"],
            ledger: "shizhong-departures.ods",
            bytes: include_bytes!("../../../tests/ledgers/shizhong-departures.ods"),
        },
        Place {
            area: area(XINPING)?,
            english: "Xinping",
            townships: ["530427001000", "530427103000"],
            ledger: "xinping-departures.gbk.csv",
            bytes: include_bytes!("../../../tests/ledgers/xinping-departures.gbk.csv"),
        },
    ])
}

/// Who is paired with whom, as the sample ledgers need it.
pub(super) const PAIRS: [(&str, &str); 3] = [
    (JINJIANG, GUANDU),
    (XINPING, HUANGDAO),
    (HUANGDAO, SHIZHONG),
];

/// The one that is killed.
pub(super) const KILLED: &str = GUANDU;

const JINJIANG: &str = "350582";
const GUANDU: &str = "530111";
const HUANGDAO: &str = "370211";
const SHIZHONG: &str = "370402";
const XINPING: &str = "530427";

/// Reads a code of this table.
pub(super) fn area(code: &str) -> Result<County, Failure> {
    code.parse().map_err(|_| {
        Failure::refused(both(
            format!("{code} 不是区划代码。"),
            format!("{code} is no area"),
        ))
    })
}
