//! Refuses what the double does not play, before anything is done.

use async_graphql_parser::types::{
    ExecutableDocument, OperationDefinition, OperationType, Selection, SelectionSet,
};
use async_graphql_parser::{Pos, Positioned};
use serde_json::{Value, json};

use super::schema;

/// Every problem of an operation, as entries of `errors`.
pub fn operation(document: &ExecutableDocument, operation: &OperationDefinition) -> Vec<Value> {
    let root = match operation.ty {
        OperationType::Query => "Query",
        OperationType::Mutation => "Mutation",
        OperationType::Subscription => return vec![json!({ "message": "Subscriptions are not supported" })],
    };
    let mut validation = Validation { document, problems: Vec::new(), fragments: Vec::new() };
    validation.selection(root, &operation.selection_set);
    validation.problems
}

struct Validation<'a> {
    document: &'a ExecutableDocument,
    problems: Vec<Value>,
    /// Named fragments that are being walked through: one that holds itself must end.
    fragments: Vec<&'a str>,
}

impl<'a> Validation<'a> {
    fn selection(&mut self, on: &str, set: &'a Positioned<SelectionSet>) {
        for selection in &set.node.items {
            if let Some(directive) = selection.node.directives().first() {
                let name = &directive.node.name.node;
                self.problem(
                    directive.pos,
                    format!("Directive '@{name}' is not supported by this double of GitHub"),
                );
            }
            match &selection.node {
                Selection::Field(field) => {
                    let name = field.node.name.node.as_str();
                    self.field(on, name, field.pos, &field.node.selection_set);
                }
                Selection::InlineFragment(fragment) => {
                    let condition = fragment.node.type_condition.as_ref();
                    let on = condition.map_or(on, |condition| condition.node.on.node.as_str());
                    self.fragment(on, fragment.pos, &fragment.node.selection_set);
                }
                Selection::FragmentSpread(spread) => {
                    self.spread(spread.node.fragment_name.node.as_str(), spread.pos)
                }
            }
        }
    }

    fn field(&mut self, on: &str, name: &str, pos: Pos, set: &'a Positioned<SelectionSet>) {
        let selects = !set.node.items.is_empty();
        match schema::field_type(on, name) {
            None => self.problem(
                pos,
                format!("Field '{name}' doesn't exist on type '{on}', or is not supported by this double of GitHub"),
            ),
            Some(schema::SCALAR) if selects => {
                self.problem(pos, format!("Selections can't be made on scalars (field '{name}' of '{on}')"));
            }
            Some(schema::SCALAR) => {}
            Some(_) if !selects => {
                self.problem(pos, format!("Field '{name}' of '{on}' must have a selection of subfields"));
            }
            Some(kind) => self.selection(kind, set),
        }
    }

    fn fragment(&mut self, on: &str, pos: Pos, set: &'a Positioned<SelectionSet>) {
        if schema::is_type(on) {
            self.selection(on, set);
        } else {
            self.problem(
                pos,
                format!("No such type '{on}', or it is not supported by this double of GitHub"),
            );
        }
    }

    fn spread(&mut self, name: &'a str, pos: Pos) {
        match self.document.fragments.get(name) {
            Some(_) if self.fragments.contains(&name) => {
                self.problem(pos, format!("Fragment '{name}' contains an infinite loop"));
            }
            Some(fragment) => {
                self.fragments.push(name);
                let on = fragment.node.type_condition.node.on.node.as_str();
                self.fragment(on, pos, &fragment.node.selection_set);
                self.fragments.pop();
            }
            None => self.problem(pos, format!("Fragment '{name}' was used, but not defined")),
        }
    }

    fn problem(&mut self, pos: Pos, message: String) {
        let locations = json!([{ "line": pos.line, "column": pos.column }]);
        self.problems.push(json!({ "message": message, "locations": locations }));
    }
}
