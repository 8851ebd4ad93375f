//! Walks through an operation and collects what was asked for.

use async_graphql_parser::types::{
    ExecutableDocument, Field, OperationDefinition, OperationType, Selection, SelectionSet,
};
use async_graphql_parser::{Pos, Positioned};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::Refusal;
use super::schema::{Object, Resolved};
use crate::github::state::State;

/// The operation that shall run.
///
/// # Errors
/// A sentence, when the document does not hold it.
pub fn operation<'a>(
    document: &'a ExecutableDocument,
    name: Option<&str>,
) -> Result<&'a OperationDefinition, &'static str> {
    let mut wanted = document
        .operations
        .iter()
        .filter(|(known, _)| name.is_none_or(|name| known.is_some_and(|known| known.as_str() == name)));
    match (wanted.next(), wanted.next()) {
        (Some((_, operation)), None) => Ok(&operation.node),
        (Some(_), Some(_)) => Err("An operation name is required"),
        (None, _) => Err("There is no such operation"),
    }
}

/// One run of one operation.
pub struct Execution<'a> {
    state: &'a State,
    document: &'a ExecutableDocument,
    variables: Map<String, Value>,
    path: Vec<String>,
    errors: Vec<Value>,
}

impl<'a> Execution<'a> {
    /// Prepares a run; variables that were left out get their defaults.
    pub fn new(
        state: &'a State,
        document: &'a ExecutableDocument,
        operation: &OperationDefinition,
        mut variables: Map<String, Value>,
    ) -> Self {
        for definition in &operation.variable_definitions {
            let definition = &definition.node;
            if let Some(default) = &definition.default_value {
                let default = default.node.clone().into_json().unwrap_or_default();
                variables.entry(definition.name.node.as_str()).or_insert(default);
            }
        }
        Self { state, document, variables, path: Vec::new(), errors: Vec::new() }
    }

    /// Runs it and gives the answer's body.
    pub fn run(mut self, operation: &OperationDefinition) -> Value {
        let root = if operation.ty == OperationType::Mutation { Object::Mutation } else { Object::Query };
        let data = self.select(&root, &operation.selection_set);
        if self.errors.is_empty() {
            json!({ "data": data })
        } else {
            json!({ "data": data, "errors": self.errors })
        }
    }

    fn select(&mut self, object: &Object, set: &Positioned<SelectionSet>) -> Value {
        let mut fields = Map::new();
        self.collect(object, set, &mut fields);
        Value::Object(fields)
    }

    fn collect(&mut self, object: &Object, set: &Positioned<SelectionSet>, fields: &mut Map<String, Value>) {
        let document = self.document;
        for selection in &set.node.items {
            match &selection.node {
                Selection::Field(field) => {
                    let key = field.node.response_key().node.to_string();
                    self.path.push(key.clone());
                    let value = self.field(object, &field.node, field.pos);
                    self.path.pop();
                    fields.insert(key, value);
                }
                Selection::InlineFragment(fragment) => {
                    let condition = fragment.node.type_condition.as_ref();
                    if condition.is_none_or(|condition| object.is(condition.node.on.node.as_str())) {
                        self.collect(object, &fragment.node.selection_set, fields);
                    }
                }
                Selection::FragmentSpread(spread) => {
                    let fragment = document.fragments.get(&spread.node.fragment_name.node);
                    if let Some(fragment) = fragment
                        && object.is(fragment.node.type_condition.node.on.node.as_str())
                    {
                        self.collect(object, &fragment.node.selection_set, fields);
                    }
                }
            }
        }
    }

    fn field(&mut self, object: &Object, field: &Field, pos: Pos) -> Value {
        let arguments = Arguments::of(field, &self.variables);
        match object.resolve(self.state, field.name.node.as_str(), &arguments) {
            Ok(Resolved::Value(value)) => value,
            Ok(Resolved::Object(object)) => self.select(&object, &field.selection_set),
            Err(refusal) => {
                self.refuse(refusal, pos);
                Value::Null
            }
        }
    }

    fn refuse(&mut self, refusal: Refusal, pos: Pos) {
        let mut error = json!({
            "path": self.path,
            "locations": [{ "line": pos.line, "column": pos.column }],
            "message": refusal.message,
        });
        if let Some(kind) = refusal.kind {
            error["type"] = json!(kind);
        }
        self.errors.push(error);
    }
}

/// The arguments of one field, variables put in.
pub struct Arguments {
    field: String,
    values: Map<String, Value>,
}

impl Arguments {
    fn of(field: &Field, variables: &Map<String, Value>) -> Self {
        let values = field
            .arguments
            .iter()
            .map(|(name, value)| {
                let constant = value.node.clone().into_const_with(|variable| {
                    serde_json::from_value(variables.get(variable.as_str()).cloned().unwrap_or_default())
                });
                let value = constant.ok().and_then(|constant| constant.into_json().ok());
                (name.node.to_string(), value.unwrap_or_default())
            })
            .collect();
        Self { field: field.name.node.to_string(), values }
    }

    /// Reads them all.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, Refusal> {
        serde_json::from_value(Value::Object(self.values.clone())).map_err(|error| Refusal {
            kind: None,
            message: format!("An argument of '{}' was provided invalid value: {error}", self.field),
        })
    }
}
