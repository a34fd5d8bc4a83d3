//! How a receipt writes its outcomes.
//!
//! ```text
//! count u32, then until so many places are told of:
//!   0  a run of stored: length u32, as long as it can be
//!   1  voided
//!   2  refused: code (u8 length, name), field (u8 length, name; empty for the whole notice)
//! ```

use super::forms::{FormError, MAX_ITEMS, Reader, Writer};
use crate::domain::{field::Field, problem::Code, receipt::Outcome, refusal::Refusal};

pub(in crate::trust) fn write_outcomes(
    outcomes: &[Outcome],
    out: &mut Writer,
) -> Result<(), FormError> {
    let count = u32::try_from(outcomes.len()).map_err(|_| FormError::TooMany)?;
    if count > MAX_ITEMS {
        return Err(FormError::TooMany);
    }
    out.u32(count);
    let mut run = 0_u32;
    for outcome in outcomes {
        if *outcome == Outcome::Stored {
            run = run.saturating_add(1);
            continue;
        }
        write_run(&mut run, out);
        match outcome {
            Outcome::Stored => {}
            Outcome::Voided => out.u8(VOIDED),
            Outcome::Refused(Refusal { code, field }) => {
                out.u8(REFUSED);
                write_name(code.name(), out)?;
                write_name(field.map_or("", Field::name), out)?;
            }
        }
    }
    write_run(&mut run, out);
    Ok(())
}

pub(in crate::trust) fn read_outcomes(input: &mut Reader<'_>) -> Result<Vec<Outcome>, FormError> {
    let count = input.u32()?;
    if count > MAX_ITEMS {
        return Err(FormError::TooMany);
    }
    let mut left = count as usize;
    let mut outcomes = Vec::with_capacity(left);
    while left > 0 {
        let told = match input.u8()? {
            STORED => {
                let run = input.u32()? as usize;
                // A run that could have been one with the run before it is not canonical.
                if run == 0 || run > left || outcomes.last() == Some(&Outcome::Stored) {
                    return Err(FormError::NotCanonical);
                }
                outcomes.extend(std::iter::repeat_n(Outcome::Stored, run));
                run
            }
            VOIDED => {
                outcomes.push(Outcome::Voided);
                1
            }
            REFUSED => {
                outcomes.push(Outcome::Refused(read_refusal(input)?));
                1
            }
            _ => return Err(FormError::NotCanonical),
        };
        left = left.saturating_sub(told);
    }
    Ok(outcomes)
}

fn read_refusal(input: &mut Reader<'_>) -> Result<Refusal, FormError> {
    let length = input.u8()?;
    let code = Code::from_name(input.text(length.into())?).ok_or(FormError::UnknownName)?;
    let length = input.u8()?;
    let field = match input.text(length.into())? {
        "" => None,
        name => Some(Field::from_name(name).ok_or(FormError::UnknownName)?),
    };
    Ok(Refusal { code, field })
}

fn write_run(run: &mut u32, out: &mut Writer) {
    if *run > 0 {
        out.u8(STORED);
        out.u32(*run);
        *run = 0;
    }
}

fn write_name(name: &str, out: &mut Writer) -> Result<(), FormError> {
    out.u8(u8::try_from(name.len()).map_err(|_| FormError::NotCanonical)?);
    out.bytes(name.as_bytes());
    Ok(())
}

const STORED: u8 = 0;
const VOIDED: u8 = 1;
const REFUSED: u8 = 2;
