//! Kubernetes' IntOrString: a number, or a string that becomes one once arguments are put in.

use serde::{Deserialize, Serialize};

/// `count: 3`, `count: "3"` or `count: "{{args.count}}"`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged, expecting = "a whole number or a string that holds one was expected")]
pub enum IntOrString {
    /// A number.
    Int(i32),
    /// A string.
    String(String),
}

impl IntOrString {
    /// The number.
    ///
    /// # Errors
    /// With a sentence, if it is a string that holds no number. Argo Rollouts takes that for 0, which no limit was meant to be.
    pub fn value(&self) -> Result<i32, String> {
        match self {
            Self::Int(number) => Ok(*number),
            Self::String(text) => text.parse().map_err(|_| format!("`{text}` is not a whole number")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_string_may_hold_a_number() {
        let value = |json: &str| serde_json::from_str::<IntOrString>(json).unwrap().value();
        assert_eq!((value("3"), value("\"3\""), value("\"-1\"")), (Ok(3), Ok(3), Ok(-1)));
        assert!(value("\"three\"").is_err());
        let refused = serde_json::from_str::<IntOrString>("1.5").unwrap_err().to_string();
        assert!(refused.contains("a whole number"), "{refused}");
    }
}
