//! Enumerations that have one fixed name for the API, the database and the log.

/// A text that is none of the names of an enumeration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{kind} must be one of {names}")]
pub struct UnknownName {
    /// What the name was for, e.g. `state`.
    pub kind: &'static str,
    /// The names that exist, as a list to read.
    pub names: &'static str,
}

/// Declares an enumeration together with its names, so that serde, SQL and `Display` cannot disagree.
macro_rules! named_enum {
    (
        $(#[$attribute:meta])*
        pub enum $name:ident ($kind:literal) {
            $first:ident = $first_text:literal $(#[$first_doc:meta])*,
            $($variant:ident = $text:literal $(#[$doc:meta])*,)*
        }
    ) => {
        $(#[$attribute])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        #[serde(into = "&'static str", try_from = "String")]
        pub enum $name {
            $(#[$first_doc])* $first,
            $($(#[$doc])* $variant,)*
        }

        impl $name {
            /// Every value, in order.
            pub const ALL: &'static [Self] = &[Self::$first, $(Self::$variant),*];

            /// The one name of this value.
            pub const fn as_str(self) -> &'static str {
                match self {
                    Self::$first => $first_text,
                    $(Self::$variant => $text,)*
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str(self.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::names::UnknownName;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::ALL.iter().copied().find(|value| value.as_str() == text).ok_or($crate::names::UnknownName {
                    kind: $kind,
                    names: concat!($first_text $(, ", ", $text)*),
                })
            }
        }

        impl TryFrom<String> for $name {
            type Error = $crate::names::UnknownName;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                text.parse()
            }
        }

        impl From<$name> for &'static str {
            fn from(value: $name) -> Self {
                value.as_str()
            }
        }
    };
}

pub(crate) use named_enum;
