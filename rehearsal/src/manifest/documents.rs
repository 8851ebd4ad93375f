//! A stream of YAML documents, as `helm template` prints it and `kubectl apply -f` takes it.

use serde::Deserialize;
use serde_json::Value;

/// Manifests cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// It is no YAML.
    #[error("not valid YAML: {0}")]
    Yaml(String),
    /// A document is something else than an object with a kind.
    #[error(
        "document {number} has no {missing}: every Kubernetes object has apiVersion, kind and metadata.name"
    )]
    NotAnObject {
        /// Its place in the stream, from 1.
        number: usize,
        /// What it has not.
        missing: &'static str,
    },
}

/// One Kubernetes object.
#[derive(Clone, Debug, PartialEq)]
pub struct Document {
    /// Its `apiVersion`: group and version, such as `argoproj.io/v1alpha1`.
    pub api_version: String,
    /// Its `kind`.
    pub kind: String,
    /// Its `metadata.name`; empty where it has only a `generateName`.
    pub name: String,
    /// Its `metadata.namespace`, if it says one.
    pub namespace: Option<String>,
    /// All of it.
    pub value: Value,
}

/// The objects of a stream, in its order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Documents(pub Vec<Document>);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Head {
    api_version: Option<String>,
    kind: Option<String>,
    metadata: Option<Metadata>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metadata {
    name: Option<String>,
    generate_name: Option<String>,
    namespace: Option<String>,
}

impl Documents {
    /// Reads all documents; empty ones are left out, and a `List` is its items.
    ///
    /// # Errors
    /// If `text` is no YAML, has a key twice, or one of its documents is no Kubernetes object.
    pub fn read(text: &str) -> Result<Self, ReadError> {
        let options = serde_saphyr::options! { with_snippet: false };
        let values: Vec<Value> = serde_saphyr::from_multiple_with_options(text, options)
            .map_err(|error| ReadError::Yaml(error.to_string()))?;
        let mut documents = Vec::new();
        for (index, value) in values.into_iter().enumerate().filter(|(_, value)| !value.is_null()) {
            let document = Document::from_value(value, index + 1)?;
            match document.items() {
                Some(items) => {
                    for item in items {
                        documents.push(Document::from_value(item.clone(), index + 1)?);
                    }
                }
                None => documents.push(document),
            }
        }
        Ok(Self(documents))
    }

    /// Those of `kind` in the API `group`, whatever their version: `argoproj.io` and `Rollout`.
    pub fn of_kind<'a>(&'a self, group: &'a str, kind: &'a str) -> impl Iterator<Item = &'a Document> {
        self.0.iter().filter(move |document| document.kind == kind && document.group() == group)
    }
}

impl Document {
    fn from_value(value: Value, number: usize) -> Result<Self, ReadError> {
        let missing = |missing| ReadError::NotAnObject { number, missing };
        let head = Head::deserialize(&value)
            .map_err(|_| missing("apiVersion, kind and metadata of the right types"))?;
        let kind = head.kind.ok_or_else(|| missing("kind"))?;
        let is_list = kind == "List";
        let metadata = head.metadata.unwrap_or(Metadata { name: None, generate_name: None, namespace: None });
        if metadata.name.is_none() && metadata.generate_name.is_none() && !is_list {
            return Err(missing("metadata.name"));
        }
        Ok(Self {
            api_version: head.api_version.ok_or_else(|| missing("apiVersion"))?,
            kind,
            name: metadata.name.unwrap_or_default(),
            namespace: metadata.namespace,
            value,
        })
    }

    /// The API group: `argoproj.io`; empty for the core group.
    pub fn group(&self) -> &str {
        self.api_version.split_once('/').map_or("", |(group, _)| group)
    }

    fn items(&self) -> Option<&[Value]> {
        if self.kind != "List" {
            return None;
        }
        Some(self.value["items"].as_array().map_or(&[], Vec::as_slice))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONFIG_MAP: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: here}\n";

    #[test]
    fn empty_documents_are_left_out() {
        let documents = Documents::read(&format!("---\n---\n# nothing\n---\n{CONFIG_MAP}---\n")).unwrap();
        let [document] = &documents.0[..] else { panic!("{documents:?}") };
        assert_eq!((document.kind.as_str(), document.name.as_str()), ("ConfigMap", "a"));
        assert_eq!((document.namespace.as_deref(), document.group()), (Some("here"), ""));
        assert_eq!(Documents::read("").unwrap(), Documents::default());
    }

    proptest::proptest! {
        #[test]
        fn no_text_causes_a_panic(text in "\\PC*|([a-z&*!|>?:,{}\\[\\]\"'#%@`\n -]|---\n|<<: ){0,40}") {
            let _ = Documents::read(&text);
        }
    }

    #[test]
    fn a_list_is_its_items() {
        let list = "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: argoproj.io/v1alpha1, kind: Rollout, metadata: {name: r}}";
        let documents = Documents::read(list).unwrap();
        let rollouts: Vec<_> = documents.of_kind("argoproj.io", "Rollout").collect();
        assert_eq!(rollouts.len(), 1);
        assert_eq!(documents.of_kind("example.com", "Rollout").count(), 0);
    }

    #[test]
    fn what_is_no_object_is_refused_with_its_number() {
        let refused = |text: &str| Documents::read(text).unwrap_err().to_string();
        assert!(
            refused(&format!("{CONFIG_MAP}---\nkind: Secret\nmetadata: {{name: b}}"))
                .starts_with("document 2 has no apiVersion")
        );
        assert!(refused("- 1\n- 2").starts_with("document 1 has no"));
        assert!(refused("apiVersion: v1\nkind: Secret\nmetadata: {}").contains("metadata.name"));
        assert!(refused("a: [").starts_with("not valid YAML"));
        assert!(refused("apiVersion: v1\napiVersion: v2\nkind: A").starts_with("not valid YAML"));
    }
}
