//! Values of a draft, one field at a time.

use jiff::civil::Date;

use super::Judging;
use crate::domain::{
    area::AreaCode, calendar::parse_day, field::Field, notice::NoticeId, problem::Code,
};

impl Judging<'_> {
    /// A field that must be filled.
    pub(super) fn required<T>(
        &mut self,
        field: Field,
        read: impl Fn(&mut Self, Field) -> Option<T>,
    ) -> Option<T> {
        if self.raw.get(field).is_none() {
            self.problem(Code::MissingField, field);
            return None;
        }
        read(self, field)
    }

    /// A field that may be empty: the outer `None` is for one that is filled and wrong.
    pub(super) fn optional<T>(
        &mut self,
        field: Field,
        read: impl Fn(&mut Self, Field) -> Option<T>,
    ) -> Option<Option<T>> {
        match self.raw.get(field) {
            None => Some(None),
            Some(_) => read(self, field).map(Some),
        }
    }

    /// One of a closed list of names.
    pub(super) fn named<T>(&mut self, field: Field, named: fn(&str) -> Option<T>) -> Option<T> {
        self.read(field, Code::ValueFormat, named)
    }

    /// A value by a reader that knows one reason to refuse it.
    pub(super) fn read<T>(
        &mut self,
        field: Field,
        code: Code,
        read: impl Fn(&str) -> Option<T>,
    ) -> Option<T> {
        let value = self.raw.get(field).and_then(read);
        if value.is_none() {
            self.problem(code, field);
        }
        value
    }

    pub(super) fn text(&mut self, field: Field) -> Option<String> {
        // What is wrong with a text, `texts` has said.
        self.raw.get(field).map(str::to_owned)
    }

    pub(super) fn date(&mut self, field: Field) -> Option<Date> {
        self.read(field, Code::DateFormat, parse_day)
    }

    pub(super) fn past_date(&mut self, field: Field) -> Option<Date> {
        let date = self.date(field)?;
        if date > self.rules.today {
            self.problem(Code::DateInFuture, field);
        }
        Some(date)
    }

    pub(super) fn id(&mut self, field: Field) -> Option<NoticeId> {
        self.read(field, Code::ValueFormat, |text| text.parse().ok())
    }

    /// An area whose county the table knows.
    pub(super) fn area(&mut self, field: Field) -> Option<AreaCode> {
        self.read(field, Code::AreaUnknown, |text| {
            text.parse()
                .ok()
                .filter(|area: &AreaCode| area.county().entry().is_some())
        })
    }

    pub(super) fn phone(&mut self, field: Field) -> Option<String> {
        self.read(field, Code::ValueFormat, |text| {
            let digits = text.bytes().all(|byte| byte.is_ascii_digit());
            (digits && (5..=20).contains(&text.len())).then(|| text.to_owned())
        })
    }

    pub(super) fn method_class(&mut self, field: Field) -> Option<String> {
        self.read(field, Code::ValueFormat, |text| {
            let plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric());
            (plain && text.len() == 3).then(|| text.to_owned())
        })
    }
}
