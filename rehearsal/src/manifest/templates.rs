//! All templates of some manifests, and which of them a run is made of.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{AnalysisTemplate, Document, Documents, Scope, TemplateError};

/// Names a template.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TemplateRef {
    /// Its name.
    pub template_name: String,
    /// Whether it is a ClusterAnalysisTemplate.
    #[serde(default)]
    pub cluster_scope: bool,
}

impl TemplateRef {
    /// Where it is to be found.
    pub fn scope(&self) -> Scope {
        if self.cluster_scope { Scope::Cluster } else { Scope::Namespace }
    }
}

/// The templates of some manifests. They are read when they are wanted: what nobody asks for may be what it likes.
#[derive(Clone, Copy, Debug)]
pub struct Templates<'a> {
    documents: &'a Documents,
}

impl<'a> Templates<'a> {
    /// Those of `documents`.
    pub fn of(documents: &'a Documents) -> Self {
        Self { documents }
    }

    /// The names of all, with their scopes.
    pub fn refs(&self) -> Vec<TemplateRef> {
        let of = |scope: Scope| {
            self.documents.of_kind("argoproj.io", scope.kind()).map(move |document| TemplateRef {
                template_name: document.name.clone(),
                cluster_scope: scope == Scope::Cluster,
            })
        };
        of(Scope::Namespace).chain(of(Scope::Cluster)).collect()
    }

    /// The one that `name` means; without a name, the only one that there is.
    ///
    /// # Errors
    /// If there is no such one, or more than one.
    pub fn choose(&self, name: Option<&str>) -> Result<TemplateRef, TemplateError> {
        let refs = self.refs();
        let names = || refs.iter().map(|found| found.template_name.clone()).collect::<Vec<_>>();
        if let Some(name) = name {
            let found = refs.iter().find(|found| found.template_name == name).cloned();
            let missing =
                || TemplateError::Missing { kind: "template", name: name.to_owned(), known: names() };
            return found.ok_or_else(missing);
        }
        match &refs[..] {
            [] => Err(TemplateError::None),
            [only] => Ok(only.clone()),
            _ => Err(TemplateError::Several(names())),
        }
    }

    /// The templates that `refs` name and those that these refer to, each once: namespaced ones first.
    ///
    /// # Errors
    /// If one is missing, or says something that is not known here.
    pub fn collect(&self, refs: &[TemplateRef]) -> Result<Vec<AnalysisTemplate>, TemplateError> {
        let mut seen = BTreeSet::new();
        let mut found = Vec::new();
        let mut wanted: Vec<TemplateRef> = refs.iter().rev().cloned().collect();
        while let Some(next) = wanted.pop() {
            if seen.insert(next.clone()) {
                let template = AnalysisTemplate::read(self.find(&next)?)?;
                wanted.extend(template.templates.iter().rev().cloned());
                found.push(template);
            }
        }
        found.sort_by_key(|template| template.scope);
        Ok(found)
    }

    fn find(&self, wanted: &TemplateRef) -> Result<&'a Document, TemplateError> {
        let kind = wanted.scope().kind();
        let name = &wanted.template_name;
        let mut found = self.documents.of_kind("argoproj.io", kind).filter(|document| document.name == *name);
        match (found.next(), found.next()) {
            (Some(only), None) => Ok(only),
            (Some(_), Some(_)) => Err(TemplateError::Twice { kind, name: name.clone() }),
            (None, _) => {
                let known = self.documents.of_kind("argoproj.io", kind).map(|document| document.name.clone());
                Err(TemplateError::Missing { kind, name: name.clone(), known: known.collect() })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEMPLATES: &str = "
{apiVersion: argoproj.io/v1alpha1, kind: ClusterAnalysisTemplate, metadata: {name: shared}, spec: {metrics: [{name: c, provider: {prometheus: {query: up}}}]}}
---
{apiVersion: argoproj.io/v1alpha1, kind: AnalysisTemplate, metadata: {name: a}, spec: {templates: [{templateName: shared, clusterScope: true}, {templateName: b}]}}
---
{apiVersion: argoproj.io/v1alpha1, kind: AnalysisTemplate, metadata: {name: b}, spec: {templates: [{templateName: a}], metrics: [{name: m, provider: {prometheus: {query: up}}}]}}
---
{apiVersion: argoproj.io/v1alpha1, kind: AnalysisTemplate, metadata: {name: web}, spec: {metrics: [{name: m, provider: {web: {url: x}}}]}}
---
{apiVersion: example.com/v1, kind: AnalysisTemplate, metadata: {name: foreign}, spec: {}}
";

    fn collected(documents: &Documents, name: &str) -> Result<Vec<String>, String> {
        let templates = Templates::of(documents);
        let chosen = templates.choose(Some(name)).map_err(|error| error.to_string())?;
        let found = templates.collect(&[chosen]).map_err(|error| error.to_string())?;
        Ok(found.into_iter().map(|template| template.name).collect())
    }

    #[test]
    fn templates_refer_to_others_even_in_a_circle() {
        let documents = Documents::read(TEMPLATES).unwrap();
        assert_eq!(collected(&documents, "a").unwrap(), ["a", "b", "shared"]);
        assert_eq!(collected(&documents, "shared").unwrap(), ["shared"]);
    }

    #[test]
    fn what_nobody_asks_for_is_not_read() {
        let documents = Documents::read(TEMPLATES).unwrap();
        let refused = collected(&documents, "web").unwrap_err();
        assert_eq!(
            refused,
            "AnalysisTemplate web: metric m: the provider `web` is not known here: only prometheus is"
        );
    }

    #[test]
    fn a_template_that_is_not_there_is_told_with_those_that_are() {
        let documents = Documents::read(TEMPLATES).unwrap();
        assert_eq!(
            collected(&documents, "foreign").unwrap_err(),
            "there is no template foreign, only a, b, web, shared"
        );
        let without = Templates::of(&documents).choose(None).unwrap_err();
        assert!(matches!(without, TemplateError::Several(names) if names.len() == 4));
        let twice = Documents::read(&format!("{TEMPLATES}---{TEMPLATES}")).unwrap();
        assert!(collected(&twice, "a").unwrap_err().contains("several AnalysisTemplates a"));
        assert!(matches!(Templates::of(&Documents::default()).choose(None), Err(TemplateError::None)));
    }

    #[test]
    fn fields_that_are_not_known_are_refused_by_name() {
        for (field, name) in [
            ("metric: {count: 1, counts: 2}", "counts"),
            ("metric: {failureLimits: 2}", "failureLimits"),
            ("prometheus: {rangeQuery: {step: 1s}}", "rangeQuery"),
            ("prometheus: {authentication: {oauth2: {tokenUrl: x}}}", "oauth2"),
            ("prometheus: {authentication: {sigv4: {region: x}}}", "sigv4"),
            ("prometheus: {adress: x}", "adress"),
            ("spec: {metric: []}", "metric"),
            ("spec: {experiments: []}", "experiments"),
        ] {
            let (place, fields) = field.split_once(": ").unwrap();
            let inside = |wanted: &str| {
                if place == wanted { fields[1..fields.len() - 1].to_owned() + "," } else { String::new() }
            };
            let text = format!(
                "{{apiVersion: argoproj.io/v1alpha1, kind: AnalysisTemplate, metadata: {{name: t}}, spec: {{{} metrics: [{{{} name: m, \
                 provider: {{prometheus: {{{} query: up}}}}}}]}}}}",
                inside("spec"),
                inside("metric"),
                inside("prometheus"),
            );
            let documents = Documents::read(&text).unwrap();
            let refused = collected(&documents, "t").unwrap_err();
            assert!(
                refused.contains(&format!("`{name}`")) || refused.contains(&format!(".{name}`")),
                "{refused}"
            );
        }
    }
}
