//! Problems in lines of answers, as objects.

use std::borrow::Cow;

use serde::Serialize;

use crate::office::client::Told;

/// A problem as an object.
#[derive(Serialize)]
pub(super) struct Item<'a> {
    code: &'a str,
    field: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    agreement: Option<&'a str>,
    severity: &'static str,
    message: Message<'a>,
}

#[derive(Serialize)]
struct Message<'a> {
    zh: Cow<'a, str>,
    en: Cow<'a, str>,
}

impl<'a> Item<'a> {
    pub(super) fn of(told: &'a Told) -> Self {
        let Told {
            code,
            field,
            zh,
            en,
            agreement,
        } = told;
        Self {
            code,
            field,
            agreement: agreement.as_deref(),
            severity: "error",
            message: Message {
                zh: zh.into(),
                en: en.into(),
            },
        }
    }
}
