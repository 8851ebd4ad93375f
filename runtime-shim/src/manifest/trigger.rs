//! `[[trigger.http]]`: <https://spinframework.dev/http-trigger>.

use toml::{Table, Value};

use super::component;
use super::model::{Component, HttpTrigger, TriggerRoute};
use super::names::check_kebab;
use super::read::Context;
use super::section::Section;
use crate::routing::{Route, RouteError, Router};

/// Reads all of `[trigger]`. Components that are written inside a trigger are added to `components`.
pub(super) fn read_all(table: Table, components: &mut Vec<Component>, context: &Context) -> Vec<HttpTrigger> {
    let mut section = Section::new("[trigger]", table, context.problems);
    let tables: Vec<Table> = section.required("http").unwrap_or_default();
    section.refuse_rest("is not supported: only `http` is");
    let triggers = tables
        .into_iter()
        .enumerate()
        .map(|(at, table)| read(at, table, components, context))
        .collect::<Vec<_>>();
    check_routes(&triggers, context);
    triggers
}

/// Reads the trigger at an index.
fn read(at: usize, table: Table, components: &mut Vec<Component>, context: &Context) -> HttpTrigger {
    let mut section = Section::new(place(at), table, context.problems);
    let id: String = section.or_default("id");
    let route = read_route(&mut section);
    read_executor(&mut section);
    for key in ["components", "dependencies", "static_response"] {
        section.refuse(key, "is not supported");
    }
    let component = match section.required::<Value>("component") {
        Some(Value::Table(table)) => {
            components.push(component::read(inline_id(&id, at, components), table, context));
            Some(components.len() - 1)
        }
        Some(reference) => find_component(&reference, components, &section),
        None => None,
    };
    section.finish();
    HttpTrigger { route, component: component.unwrap_or_default() }
}

fn find_component(reference: &Value, components: &[Component], section: &Section) -> Option<usize> {
    let Some(id) = reference.as_str() else {
        section.report("`component` must be the id of a component or a table");
        return None;
    };
    let found = components.iter().position(|component| component.id == id);
    if found.is_none() {
        section.report(format_args!("its component {id:?} is not defined"));
    }
    found
}

fn place(at: usize) -> String {
    format!("HTTP trigger {}", at + 1)
}

fn read_route(section: &mut Section) -> TriggerRoute {
    match section.required::<Value>("route") {
        Some(Value::String(route)) => return TriggerRoute::Path(route),
        Some(Value::Table(table)) => {
            let mut private = section.part("`route`", table);
            if private.required::<bool>("private") == Some(false) {
                private.report("`private` can only be `true`: write a path for a public route");
            }
            private.finish();
        }
        Some(_) => section.report("`route` must be a path in quotes or `{ private = true }`"),
        None => {}
    }
    TriggerRoute::Private
}

fn read_executor(section: &mut Section) {
    let Some(mut executor) = section.table("executor") else {
        return;
    };
    match executor.required::<String>("type").as_deref() {
        // "spin" is the older name.
        Some("http" | "spin") | None => executor.finish(),
        Some("wagi") => executor.report("Wagi is not supported: build the component for `wasi:http`"),
        Some(other) => executor.report(format_args!("unknown type {other:?}")),
    }
}

/// An id for a component that has none, as Spin would form it.
fn inline_id(trigger: &str, at: usize, components: &[Component]) -> String {
    let from_trigger = match trigger {
        "" => format!("http-trigger{}-component", at + 1),
        id => format!("{id}-component"),
    };
    let counted = (1..).map(|n| format!("inline-component{n}"));
    std::iter::once(from_trigger.clone())
        .chain(counted)
        .find(|id| check_kebab(id).is_ok() && components.iter().all(|component| component.id != *id))
        .unwrap_or(from_trigger)
}

fn check_routes(triggers: &[HttpTrigger], context: &Context) {
    // Triggers stand in for components here, so that the sentences can say which trigger is meant.
    let routes = triggers.iter().enumerate().filter_map(|(at, trigger)| match &trigger.route {
        TriggerRoute::Path(route) => Some(Route { route, component: at }),
        TriggerRoute::Private => None,
    });
    for error in Router::build(routes).err().into_iter().flatten() {
        match &error {
            RouteError::Invalid { component, .. } => context.problems.report(&place(*component), &error),
            RouteError::Duplicate { component, earlier_component, .. } => context
                .problems
                .report(&place(*component), format_args!("{error} of {}", place(*earlier_component))),
        }
    }
}
