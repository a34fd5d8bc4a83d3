//! Resident identity numbers, GB 11643-1999.

/// A readable identity number: 18 characters, an existing birth date. Its `Debug` shows nothing.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct ResidentNumber(String);

impl ResidentNumber {
    /// The 18 characters. A personal value: never for a log or an error.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
