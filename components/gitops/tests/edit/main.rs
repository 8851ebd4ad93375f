//! YAML edits, seen from outside.

mod properties;
mod refusals;
mod table;

use gitops::edit::{Edit, EditError, Edited, Place, YamlPath, apply};

fn set(text: &str, path: &str, value: &str) -> Result<Edited, EditError> {
    let place = Place::Value(YamlPath::parse(path).expect("a path"));
    apply(text, &Edit { file: "values.yaml".to_owned(), place }, value)
}

fn set_image(text: &str, image: &str, value: &str) -> Result<Edited, EditError> {
    let place = Place::KustomizeImage(image.to_owned());
    apply(text, &Edit { file: "kustomization.yaml".to_owned(), place }, value)
}
