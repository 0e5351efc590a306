//! Settings with a fixed set of values. Each value's name is written once, beside its variant.

use std::fmt::Debug;

/// An enum whose variants have names in files, flags, variables and inputs.
///
/// Implemented by [`choices!`](crate::choices).
pub trait Choice: Debug + Copy + Eq + 'static {
    /// Every variant.
    const ALL: &'static [Self];
    /// The names of [`Choice::ALL`], in the same order.
    const NAMES: &'static [&'static str];

    /// The name of this variant.
    fn name(self) -> &'static str;

    /// The variant with this name.
    fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|choice| choice.name() == name)
    }
}

/// Declares an enum of choices with their names, and implements parsing and printing by name.
///
/// ```
/// use safe_push::choices;
/// use safe_push::domain::choice::Choice;
///
/// choices! {
///     /// How loud it is.
///     pub enum Volume {
///         /// Silent.
///         Off = "off",
///         /// Loud.
///         On = "on",
///     }
/// }
///
/// assert_eq!(Volume::from_name("on"), Some(Volume::On));
/// assert_eq!(Volume::from_name("no"), None);
/// assert_eq!(Volume::NAMES, ["off", "on"]);
/// ```
#[macro_export]
macro_rules! choices {
    ($(#[$enum_meta:meta])* $visibility:vis enum $name:ident { $($(#[$meta:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$enum_meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        $visibility enum $name {
            $($(#[$meta])* $variant,)+
        }

        impl $crate::domain::choice::Choice for $name {
            const ALL: &'static [Self] = &[$(Self::$variant),+];
            const NAMES: &'static [&'static str] = &[$($word),+];

            fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }
        }

        impl ::serde::Serialize for $name {
            fn serialize<S: ::serde::Serializer>(&self, serializer: S) -> ::std::result::Result<S::Ok, S::Error> {
                serializer.serialize_str($crate::domain::choice::Choice::name(*self))
            }
        }

        impl<'de> ::serde::Deserialize<'de> for $name {
            fn deserialize<D: ::serde::Deserializer<'de>>(deserializer: D) -> ::std::result::Result<Self, D::Error> {
                let word = <::std::string::String as ::serde::Deserialize>::deserialize(deserializer)?;
                <Self as $crate::domain::choice::Choice>::from_name(&word).ok_or_else(|| {
                    ::serde::de::Error::unknown_variant(&word, <Self as $crate::domain::choice::Choice>::NAMES)
                })
            }
        }
    };
}
