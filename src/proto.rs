//! The messages and services that `build.rs` makes of the protos. They stay at the edges: past
//! `envelope`, `exchange` and `office` everything is a type of the domain. None has a `Debug`,
//! since it would print people.

#![expect(unreachable_pub, unused_qualifications, reason = "generated code")]

pub(crate) mod notice {
    pub(crate) mod v1 {
        tonic::include_proto!("hongyan.notice.v1");
    }
}

pub(crate) mod exchange {
    pub(crate) mod v1 {
        tonic::include_proto!("hongyan.exchange.v1");
    }
}

pub(crate) mod office {
    pub(crate) mod v1 {
        tonic::include_proto!("hongyan.office.v1");
    }
}

/// The descriptors of all packages and what they import, as the reflection service shows them.
pub(crate) const FILE_DESCRIPTOR_SET: &[u8] = tonic::include_file_descriptor_set!("hongyan");

#[cfg(test)]
mod tests {
    use prost::Message as _;
    use prost_types::FileDescriptorSet;

    use super::FILE_DESCRIPTOR_SET;

    #[test]
    fn the_descriptor_set_holds_every_package() {
        let set = FileDescriptorSet::decode(FILE_DESCRIPTOR_SET).unwrap();
        let mut packages: Vec<&str> = set.file.iter().map(|file| file.package()).collect();
        packages.sort_unstable();
        assert_eq!(
            packages,
            [
                "hongyan.exchange.v1",
                "hongyan.notice.v1",
                "hongyan.office.v1"
            ]
        );
    }

    /// `notice::Person` has a `show` of the trait only if it has no `Debug`: otherwise the call
    /// would be ambiguous and this would not compile.
    #[test]
    fn personal_messages_have_no_debug() {
        trait Show<Ambiguous> {
            fn show() {}
        }
        struct HasDebug;
        impl<T> Show<()> for T {}
        impl<T: std::fmt::Debug> Show<HasDebug> for T {}
        <super::notice::v1::Person as Show<_>>::show();
        <super::notice::v1::Notice as Show<_>>::show();
        <super::office::v1::Draft as Show<_>>::show();
        <super::office::v1::Handover as Show<_>>::show();
    }
}
