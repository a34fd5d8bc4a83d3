//! What may stand where in the bytes of a notice: the table that `walk` reads. A test compares it
//! with the descriptors, so that it cannot drift from the proto.

use crate::domain::{field::Field, notice::Figure};

/// A message: its fields, each of which may stand once.
#[derive(Debug)]
pub(super) struct Shape {
    pub(super) fields: &'static [Place],
}

/// A place that a field may take.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) number: u32,
    pub(super) value: Value,
    /// True for the members of the message's one `oneof`: only one of them may stand.
    pub(super) alternative: bool,
    /// The field as offices know it.
    pub(super) field: Option<Field>,
}

/// What a field holds.
#[derive(Clone, Copy, Debug)]
pub(super) enum Value {
    /// A number up to that one.
    Number(u64),
    /// Bytes.
    Bytes,
    /// UTF-8.
    Text,
    /// A message.
    Message(&'static Shape),
}

impl Shape {
    pub(super) fn place(&self, number: u32) -> Option<(usize, &'static Place)> {
        self.fields
            .iter()
            .enumerate()
            .find(|(_, place)| place.number == number)
    }
}

pub(super) static NOTICE: Shape = Shape {
    fields: &[
        frame(1, Value::Bytes),
        frame(2, Value::Number(u64::MAX)),
        place(3, Value::Text, Field::FromArea),
        place(4, Value::Text, Field::ToArea),
        frame(5, Value::Bytes),
        place(6, Value::Bytes, Field::Answers),
        frame(7, Value::Message(&AGREEMENT_VERSION)),
        frame(8, Value::Text),
        frame(9, Value::Number(u64::MAX)),
        frame(10, Value::Number(u64::MAX)),
        frame(11, Value::Number(BOOL)),
        frame(12, Value::Bytes),
        frame(13, Value::Message(&CONSENT)),
        content(20, &MOVEMENT),
        content(21, &MOVEMENT),
        content(22, &FEEDBACK),
        content(23, &MESSAGE),
        content(24, &VERIFICATION_REQUEST),
        content(25, &SERVICE_RECORD),
        content(26, &DATED),
        content(27, &CONTINUITY_TRANSFER),
        content(28, &DATED),
        content(29, &CERTIFICATE_RESULT),
        content(30, &RETURN),
        content(31, &CORRECTION),
        content(32, &WITHDRAWAL),
        content(33, &DATED),
        content(34, &TAKEN_UP),
        content(35, &REMINDER),
        content(36, &BULLETIN),
    ],
};

static AGREEMENT_VERSION: Shape = Shape {
    fields: &[frame(1, Value::Text), frame(2, Value::Number(UINT32))],
};

static MOVEMENT: Shape = Shape {
    fields: &[
        frame(1, Value::Message(&PERSON)),
        place(2, Value::Text, Field::OriginArea),
        place(3, Value::Text, Field::DestinationArea),
        place(4, Value::Text, Field::ManagingArea),
        place(5, Value::Text, Field::DestinationAddress),
        place(6, Value::Text, Field::EventDate),
        place(7, Value::Text, Field::ExpectedUntil),
        frame(8, Value::Message(&CERTIFICATE)),
        frame(9, Value::Message(&CARE)),
    ],
};

static PERSON: Shape = Shape {
    fields: &[
        place(1, Value::Text, Field::Name),
        place(2, Value::Text, Field::ResidentId),
        place(3, Value::Text, Field::ResidentIdVerified),
        place(4, Value::Text, Field::MaritalStatus),
        place(5, Value::Text, Field::Phone),
    ],
};

static CERTIFICATE: Shape = Shape {
    fields: &[
        place(1, Value::Text, Field::CertificateNumber),
        place(2, Value::Text, Field::CertificateStatus),
        place(3, Value::Text, Field::ValidUntil),
    ],
};

static CARE: Shape = Shape {
    fields: &[
        place(1, Value::Text, Field::ExpectedDeliveryDate),
        place(2, Value::Text, Field::LastCheckOn),
        place(3, Value::Text, Field::NextCheckOn),
        place(4, Value::Text, Field::Provider),
        place(5, Value::Text, Field::MethodClass),
        place(6, Value::Text, Field::NextSupplyOn),
        place(7, Value::Text, Field::VaccinationDueOn),
    ],
};

static CONSENT: Shape = Shape {
    fields: &[
        place(1, Value::Text, Field::ConsentDate),
        place(2, Value::Text, Field::ConsentReference),
    ],
};

static FEEDBACK: Shape = Shape {
    fields: &[
        place(1, Value::Number(ENUM), Field::Outcome),
        place(2, Value::Text, Field::EventDate),
        place(3, Value::Text, Field::MovedToArea),
        place(4, Value::Bytes, Field::DuplicateOf),
        place(5, Value::Text, Field::Note),
    ],
};

static MESSAGE: Shape = Shape {
    fields: &[place(1, Value::Text, Field::Text)],
};

static VERIFICATION_REQUEST: Shape = Shape {
    fields: &[
        frame(1, Value::Message(&PERSON)),
        place(2, Value::Message(&FACTS), Field::Facts),
        place(3, Value::Text, Field::EventDate),
    ],
};

static FACTS: Shape = Shape {
    fields: &[
        place(1, Value::Number(BOOL), Field::Facts),
        place(2, Value::Number(BOOL), Field::Facts),
        place(3, Value::Number(BOOL), Field::Facts),
        place(4, Value::Number(BOOL), Field::Facts),
        place(5, Value::Number(BOOL), Field::Facts),
    ],
};

static SERVICE_RECORD: Shape = Shape {
    fields: &[
        place(1, Value::Number(ENUM), Field::Service),
        place(2, Value::Text, Field::EventDate),
        place(3, Value::Text, Field::Provider),
        place(4, Value::Text, Field::NextDueOn),
    ],
};

/// Of the kinds that say nothing but a day: a request, a query, an erasure.
static DATED: Shape = Shape {
    fields: &[place(1, Value::Text, Field::EventDate)],
};

static CONTINUITY_TRANSFER: Shape = Shape {
    fields: &[
        place(1, Value::Text, Field::EventDate),
        frame(2, Value::Message(&CARE)),
    ],
};

static CERTIFICATE_RESULT: Shape = Shape {
    fields: &[
        place(1, Value::Text, Field::EventDate),
        frame(2, Value::Message(&CERTIFICATE)),
    ],
};

static RETURN: Shape = Shape {
    fields: &[
        place(1, Value::Text, Field::EventDate),
        place(2, Value::Number(ENUM), Field::Reason),
        place(3, Value::Text, Field::MovedToArea),
    ],
};

static CORRECTION: Shape = Shape {
    fields: &[
        place(1, Value::Text, Field::CorrectedOn),
        alternative(2, &MOVEMENT, Field::Corrects),
        alternative(3, &MOVEMENT, Field::Corrects),
    ],
};

static WITHDRAWAL: Shape = Shape {
    fields: &[
        place(1, Value::Text, Field::EventDate),
        place(2, Value::Number(ENUM), Field::Reason),
    ],
};

static TAKEN_UP: Shape = Shape { fields: &[] };

static REMINDER: Shape = Shape {
    fields: &[place(1, Value::Text, Field::DueOn)],
};

static BULLETIN: Shape = Shape {
    fields: &[
        place(1, Value::Text, Field::Month),
        frame(2, Value::Message(&FIGURES)),
    ],
};

static FIGURES: Shape = Shape {
    fields: &[
        figure(1, Figure::DeparturesSent),
        figure(2, Figure::ArrivalsSent),
        figure(3, Figure::NoticesReceived),
        figure(4, Figure::TakenUp),
        figure(5, Figure::Answered),
        figure(6, Figure::AnsweredInTime),
        figure(7, Figure::Overdue),
        figure(8, Figure::OneSided),
    ],
};

const BOOL: u64 = 1;
const UINT32: u64 = u32::MAX as u64;
const ENUM: u64 = i32::MAX as u64;

const fn place(number: u32, value: Value, field: Field) -> Place {
    Place {
        number,
        value,
        alternative: false,
        field: Some(field),
    }
}

const fn frame(number: u32, value: Value) -> Place {
    Place {
        number,
        value,
        alternative: false,
        field: None,
    }
}

const fn content(number: u32, shape: &'static Shape) -> Place {
    alternative(number, shape, Field::Kind)
}

const fn alternative(number: u32, shape: &'static Shape, field: Field) -> Place {
    Place {
        number,
        value: Value::Message(shape),
        alternative: true,
        field: Some(field),
    }
}

const fn figure(number: u32, figure: Figure) -> Place {
    place(number, Value::Number(u64::MAX), Field::Figure(figure))
}

#[cfg(test)]
mod tests {
    use prost::Message as _;
    use prost_types::{
        DescriptorProto, FieldDescriptorProto, FileDescriptorSet,
        field_descriptor_proto::{Label, Type},
    };

    use super::*;
    use crate::proto::FILE_DESCRIPTOR_SET;

    #[test]
    fn the_table_is_the_proto() {
        let set = FileDescriptorSet::decode(FILE_DESCRIPTOR_SET).unwrap();
        let file = set
            .file
            .iter()
            .find(|file| file.package() == "hongyan.notice.v1")
            .unwrap();
        let mut seen = Vec::new();
        compare(&NOTICE, "Notice", &file.message_type, &mut seen);
        seen.sort_unstable();
        seen.dedup();
        let mut all: Vec<&str> = file.message_type.iter().map(|m| m.name()).collect();
        all.sort_unstable();
        assert_eq!(seen, all, "messages of the package that the table lacks");
    }

    fn compare<'a>(
        shape: &Shape,
        name: &str,
        messages: &'a [DescriptorProto],
        seen: &mut Vec<&'a str>,
    ) {
        let message = messages.iter().find(|m| m.name() == name).unwrap();
        seen.push(message.name());
        // A number that may be left out is, to the descriptor, a oneof of its own.
        let alternative =
            |field: &FieldDescriptorProto| field.oneof_index.is_some() && !field.proto3_optional();
        let mut oneofs: Vec<_> = message.field.iter().filter(|it| alternative(it)).collect();
        oneofs.dedup_by_key(|field| field.oneof_index);
        assert!(oneofs.len() <= 1, "the table knows one oneof");
        assert_eq!(shape.fields.len(), message.field.len(), "{name}");
        for field in &message.field {
            let at = format!("{name}.{}", field.name());
            assert_eq!(field.label(), Label::Optional, "{at} is repeated");
            let (_, place) = shape.place(field.number() as u32).expect(&at);
            assert_eq!(place.alternative, alternative(field), "{at}");
            match (place.value, field.r#type()) {
                (Value::Number(u64::MAX), Type::Uint64 | Type::Int64)
                | (Value::Number(UINT32), Type::Uint32)
                | (Value::Number(ENUM), Type::Enum)
                | (Value::Number(BOOL), Type::Bool)
                | (Value::Bytes, Type::Bytes)
                | (Value::Text, Type::String) => {}
                (Value::Message(inner), Type::Message) => {
                    let (_, name) = field.type_name().rsplit_once('.').unwrap();
                    compare(inner, name, messages, seen);
                }
                (value, other) => panic!("{at}: {value:?} in the table, {other:?} in the proto"),
            }
        }
    }
}
