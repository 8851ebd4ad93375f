//! A part of an application: some of its components.

use thiserror::Error;

use super::model::{Component, HttpTrigger, Manifest};

/// Components that were asked for and are not there.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("there is no component {}; the application has {}", .unknown.join(", "), .known.join(", "))]
pub struct UnknownComponents {
    /// Their ids.
    pub unknown: Vec<String>,
    /// The ids that there are.
    pub known: Vec<String>,
}

impl Manifest {
    /// The application with only the components in `ids` and those that they call, directly or by others; `calls` says
    /// whether the first may call the second. Components that are only called keep no routes. All, if `ids` is empty.
    ///
    /// # Errors
    /// If an id is unknown.
    pub fn select(
        self,
        ids: &[String],
        calls: impl Fn(&Component, &Component) -> bool,
    ) -> Result<Self, UnknownComponents> {
        if ids.is_empty() {
            return Ok(self);
        }
        let is_known = |id: &String| self.components.iter().any(|component| component.id == *id);
        let unknown: Vec<String> = ids.iter().filter(|id| !is_known(id)).cloned().collect();
        if !unknown.is_empty() {
            let known = self.components.iter().map(|component| component.id.clone()).collect();
            return Err(UnknownComponents { unknown, known });
        }
        let named: Vec<bool> = self.components.iter().map(|component| ids.contains(&component.id)).collect();
        let kept = with_called(&self.components, named.clone(), calls);
        let place = |old: usize| kept.iter().take(old).filter(|kept| **kept).count();
        let is_named = |trigger: &HttpTrigger| named.get(trigger.component).is_some_and(|named| *named);
        let triggers = self.triggers.into_iter().filter(is_named);
        let triggers =
            triggers.map(|trigger| HttpTrigger { component: place(trigger.component), ..trigger }).collect();
        let components =
            self.components.into_iter().zip(&kept).filter_map(|(component, kept)| kept.then_some(component));
        Ok(Self { triggers, components: components.collect(), ..self })
    }
}

/// Adds what the chosen components call until nothing is added any more.
fn with_called(
    components: &[Component],
    mut chosen: Vec<bool>,
    calls: impl Fn(&Component, &Component) -> bool,
) -> Vec<bool> {
    loop {
        let callers: Vec<&Component> = components
            .iter()
            .zip(&chosen)
            .filter_map(|(component, chosen)| chosen.then_some(component))
            .collect();
        let mut grown = false;
        for (component, chosen) in components.iter().zip(&mut chosen) {
            if !*chosen && callers.iter().any(|caller| calls(caller, component)) {
                (*chosen, grown) = (true, true);
            }
        }
        if !grown {
            return chosen;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::model::{Application, TriggerRoute};
    use super::*;

    /// Components a to d, each with a route of its name.
    fn manifest() -> Manifest {
        let ids = ["a", "b", "c", "d"];
        let trigger = |at| HttpTrigger { route: TriggerRoute::Path(format!("/{}", ids[at])), component: at };
        let component = |id: &str| Component { id: id.to_owned(), ..Component::default() };
        Manifest {
            application: Application::default(),
            variables: Default::default(),
            triggers: (0..ids.len()).map(trigger).collect(),
            components: ids.into_iter().map(component).collect(),
        }
    }

    /// The routes with the components that they lead to, and all components.
    fn select(ids: &[&str], calls: &[(&str, &str)]) -> Result<(Vec<String>, String), UnknownComponents> {
        let ids: Vec<String> = ids.iter().map(|&id| id.to_owned()).collect();
        let calls = |caller: &Component, called: &Component| calls.contains(&(&*caller.id, &*called.id));
        let manifest = manifest().select(&ids, calls)?;
        let route = |route: crate::routing::Route| {
            format!("{} {}", route.route, manifest.components[route.component].id)
        };
        let routes = manifest.routes().map(route).collect();
        Ok((routes, manifest.components.iter().map(|component| component.id.as_str()).collect()))
    }

    #[test]
    fn without_ids_everything_is_kept() {
        assert_eq!(select(&[], &[]).unwrap().1, "abcd");
    }

    #[test]
    fn only_what_is_named_keeps_its_routes() {
        let (routes, components) = select(&["d", "b"], &[]).unwrap();
        assert_eq!((routes, &*components), (vec!["/b b".into(), "/d d".into()], "bd"));
    }

    #[test]
    fn what_is_called_is_kept_without_routes() {
        let (routes, components) = select(&["d"], &[("d", "c"), ("c", "a"), ("a", "d"), ("b", "a")]).unwrap();
        assert_eq!((routes, &*components), (vec!["/d d".into()], "acd"));
    }

    #[test]
    fn an_unknown_id_is_told_with_those_that_there_are() {
        let error = select(&["a", "x"], &[]).unwrap_err();
        assert_eq!(error.to_string(), "there is no component x; the application has a, b, c, d");
    }
}
