//! Whether the application may be asked for more: what `/readyz` answers.

use std::sync::Arc;
use std::time::Duration;

use super::app::App;
use super::internal;
use crate::shared::Shared;

/// Where an application says whether it is ready: 404 is no opinion, 2xx is ready, anything else is not.
const PATH: &str = "/internal/ready";

/// How long what it says counts for further probes.
const FRESH: Duration = Duration::from_secs(1);

/// What is told of an application that gives no sentence of its own.
const UNREADY: &str = "the application is not ready";

/// Most bytes of an application's own sentence.
const MAX_SENTENCE: usize = 300;

/// Asks the application once for all probes of a moment.
pub struct Readiness(Shared<Result<(), String>>);

impl Readiness {
    /// The last answer while it counts, else that to `question`.
    ///
    /// # Errors
    /// What the answer says.
    pub async fn get(
        &self,
        question: impl Future<Output = Result<(), String>> + Send + 'static,
    ) -> Result<(), String> {
        self.0.get(question).await.unwrap_or_else(|| Err(UNREADY.into()))
    }
}

impl Default for Readiness {
    fn default() -> Self {
        Self(Shared::new(FRESH))
    }
}

/// Whether the application's databases answer, and the application agrees.
///
/// # Errors
/// A sentence that says why not.
pub async fn ready(app: &Arc<App>) -> Result<(), String> {
    databases(app).await.map_err(|error| {
        tracing::warn!(error, "database does not answer");
        "the database does not answer".to_owned()
    })?;
    if !internal::has(app, PATH) {
        return Ok(());
    }
    let asked = Arc::clone(app);
    app.readiness.get(async move { ask(&asked).await }).await
}

async fn databases(app: &App) -> Result<(), String> {
    let mut databases = app.components.iter().flat_map(|component| component.granted().databases.iter());
    databases.try_for_each(|database| database.ping())?;
    app.postgres.ping().await
}

async fn ask(app: &App) -> Result<(), String> {
    match internal::get(app, PATH).await {
        None => Ok(()),
        Some(Ok((status, _))) if status.is_success() || status == http::StatusCode::NOT_FOUND => Ok(()),
        Some(Ok((_, body))) => Err(sentence(&body)),
        Some(Err(unanswered)) => {
            tracing::warn!("the application does not say whether it is ready: {unanswered}");
            Err(UNREADY.into())
        }
    }
}

/// The sentence in `{"error": "<sentence>"}`, on one line and not too long.
fn sentence(body: &[u8]) -> String {
    let body: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
    let Some(text) = body.get("error").and_then(serde_json::Value::as_str) else { return UNREADY.into() };
    let mut line = text.replace(|character: char| character.is_control(), " ");
    line.truncate(line.floor_char_boundary(MAX_SENTENCE));
    if line.trim().is_empty() { UNREADY.into() } else { line }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_applications_own_sentence_is_told_on_one_short_line() {
        assert_eq!(sentence(br#"{"error": "the schema\nis too old"}"#), "the schema is too old");
        let long = format!(r#"{{"error": "x{}"}}"#, "é".repeat(400));
        assert_eq!(sentence(long.as_bytes()), format!("x{}", "é".repeat(149)));
    }

    #[test]
    fn without_a_sentence_the_application_is_just_not_ready() {
        for body in ["", "no", "[1]", r#"{"error": 1}"#, r#"{"error": " "}"#] {
            assert_eq!(sentence(body.as_bytes()), UNREADY);
        }
    }
}
