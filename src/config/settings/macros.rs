//! [`settings!`](crate::settings): from the declaration to types and the table.

/// Declares settings by group: a help text, the places where each may be written, a name, a type and, if there is one, a default.
///
/// Makes `Settings`, whose members are values where there is a default and `Option`s where there is none; `PartialSettings`, which one
/// layer sets; `Key`, which names a setting; and `SETTINGS`, the table for everything that lists them. The words in brackets are functions
/// of [`Setting`](crate::config::settings::Setting).
///
/// ```
/// use safe_push::config::settings::Action;
/// use safe_push::domain::plan::Builder;
///
/// safe_push::settings! {
///     "Build" {
///         /// Program that builds the image
///         #[flag = "builder", value = "PROGRAM", inputs = &[Action::Push], repository]
///         builder: Builder = Builder::Native,
///
///         /// Cog version to build for
///         #[flag = "cog-version", value = "VERSION", otherwise = "the newest"]
///         cog_version: String,
///     }
/// }
///
/// let settings = Settings::from(PartialSettings { cog_version: Some("0.16.12".to_owned()), ..PartialSettings::default() });
/// assert_eq!(settings.builder, Builder::Native);
/// assert_eq!(settings.cog_version.as_deref(), Some("0.16.12"));
/// assert_eq!(SETTINGS[0].default_text().as_deref(), Some("native"));
/// assert_eq!(Key::cog_version.setting().variable(), "SAFE_PUSH_COG_VERSION");
/// ```
///
/// A default that is not a choice does not compile. Nothing else differs from the example above:
///
/// ```compile_fail,E0599
/// use safe_push::config::settings::Action;
/// use safe_push::domain::plan::Builder;
///
/// safe_push::settings! {
///     "Build" {
///         /// Program that builds the image
///         #[flag = "builder", value = "PROGRAM", inputs = &[Action::Push], repository]
///         builder: Builder = Builder::Natvie,
///     }
/// }
/// ```
///
/// Nor does a misspelled place, or a range for something that is not a number:
///
/// ```compile_fail,E0599
/// safe_push::settings! {
///     "Build" {
///         /// Cog version to build for
///         #[falg = "cog-version"]
///         cog_version: String,
///     }
/// }
/// ```
///
/// ```compile_fail,E0080
/// safe_push::settings! {
///     "Build" {
///         /// Cog version to build for
///         #[range = 1..=2]
///         cog_version: String,
///     }
/// }
/// ```
#[macro_export]
macro_rules! settings {
    ($($heading:literal {$(
        #[doc = $help:literal]
        #[$($word:ident $(= $argument:expr)?),+ $(,)?]
        $name:ident: $type:ty $(= $default:expr)?,
    )+})+) => {
        /// Names a setting.
        #[expect(non_camel_case_types, reason = "a key is spelled as its setting")]
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Key {
            $($(#[doc = $help] $name,)+)+
        }

        impl Key {
            /// Every setting, in the order of the declaration.
            pub const ALL: &'static [Self] = &[$($(Self::$name,)+)+];

            /// What is declared about it.
            pub fn setting(self) -> &'static $crate::config::settings::Setting {
                // Keys and settings are in one order.
                &SETTINGS[self as usize]
            }
        }

        /// What one layer sets.
        #[derive(Debug, Clone, Default, PartialEq, ::serde::Serialize, ::serde::Deserialize)]
        #[serde(default)]
        pub struct PartialSettings {
            $($(#[doc = $help] #[serde(skip_serializing_if = "Option::is_none")] pub $name: Option<$type>,)+)+
        }

        /// What all layers set together, or the defaults.
        #[derive(Debug, Clone, PartialEq)]
        pub struct Settings {
            $($(#[doc = $help] pub $name: $crate::settings!(@type $type $(, $default)?),)+)+
        }

        impl From<PartialSettings> for Settings {
            fn from(partial: PartialSettings) -> Self {
                Self { $($($name: $crate::settings!(@value partial.$name $(, $default)?),)+)+ }
            }
        }

        impl Default for Settings {
            fn default() -> Self {
                PartialSettings::default().into()
            }
        }

        /// Every setting, in the order of the help.
        pub static SETTINGS: &[$crate::config::settings::Setting] = &[$($(
            $crate::settings!(@default
                $crate::config::settings::Setting::new::<$type>(stringify!($name), $heading, $help)$(.$word($($argument)?))+,
                $type $(, $default)?
            ),
        )+)+];
    };

    (@type $type:ty) => { Option<$type> };
    (@type $type:ty, $default:expr) => { $type };

    (@value $value:expr) => { $value };
    (@value $value:expr, $default:expr) => { $value.unwrap_or_else(|| $default) };

    (@default $setting:expr, $type:ty) => { $setting };
    (@default $setting:expr, $type:ty, $default:expr) => {
        $setting.default(|| {
            let default: $type = $default;
            $crate::config::settings::SettingValue::shown(&default)
        })
    };
}
