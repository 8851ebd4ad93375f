//! The log of a hook's deliveries: <https://docs.github.com/rest/repos/webhooks>,
//! <https://docs.github.com/rest/orgs/webhooks>
//!
//! A page's place is documented as an opaque cursor in the header `link`; the form `v1_<id>` is what is seen of GitHub's.
//! The answer to a cursor that is none is documented as 422; its words are assumed.

use std::sync::Arc;

use axum::extract::{Path, Query, State as Shared};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::github::error::{ApiError, json_response};
use crate::github::hook::{self, Attempt, Class, Hook, HookOwner};
use crate::github::state::State;

/// Attempts on a page when nobody says, and at most.
const PER_PAGE: usize = 30;
const MOST_PER_PAGE: usize = 100;

/// Path parameters of a hook; one of an organisation has no `name`.
#[derive(Clone, Debug, Deserialize)]
pub struct AtHook {
    owner: String,
    name: Option<String>,
    hook: String,
    attempt: Option<String>,
}

impl AtHook {
    fn hook(&self, state: &State) -> Result<Hook, ApiError> {
        let owner = HookOwner::new(&self.owner, self.name.as_deref()).map_err(|_| ApiError::not_found())?;
        let id: u64 = self.hook.parse().map_err(|_| ApiError::not_found())?;
        let hook = state.hooks().hook(id).filter(|hook| hook.owner.is(&owner)).cloned();
        hook.ok_or_else(ApiError::not_found)
    }

    fn attempt(&self, state: &State, hook: &Hook) -> Result<Attempt, ApiError> {
        let id: Option<u64> = self.attempt.as_ref().and_then(|text| text.parse().ok());
        let attempt = state.hooks().attempts(hook.id).find(|attempt| Some(attempt.id) == id).cloned();
        attempt.ok_or_else(ApiError::not_found)
    }
}

/// Query of the list.
#[derive(Clone, Debug, Deserialize)]
pub struct Filter {
    per_page: Option<usize>,
    cursor: Option<String>,
    status: Option<String>,
}

impl Filter {
    fn size(&self) -> usize {
        self.per_page.unwrap_or(PER_PAGE).clamp(1, MOST_PER_PAGE)
    }

    fn start(&self) -> Result<Option<u64>, ApiError> {
        let id = |cursor: &String| cursor.strip_prefix("v1_")?.parse().ok();
        self.cursor.as_ref().map(|cursor| id(cursor).ok_or_else(no_cursor)).transpose()
    }

    fn class(&self) -> Result<Option<Class>, ApiError> {
        match self.status.as_deref() {
            None => Ok(None),
            Some("success") => Ok(Some(Class::Success)),
            Some("failure") => Ok(Some(Class::Failure)),
            Some(_) => {
                Err(ApiError::unprocessable("Invalid request.\n\n\"status\" is not a possible value."))
            }
        }
    }

    fn next(&self, hook: &Hook, base_url: &str, start: u64) -> String {
        let (owner, id, size) = (&hook.owner, hook.id, self.size());
        let status = self.status.iter().map(|status| format!("&status={status}")).collect::<String>();
        let url =
            format!("{base_url}/{owner}/hooks/{id}/deliveries?per_page={size}&cursor=v1_{start}{status}");
        format!("<{url}>; rel=\"next\"")
    }
}

fn no_cursor() -> ApiError {
    ApiError::unprocessable("Invalid request.\n\n\"cursor\" is not a valid cursor.")
}

/// `GET …/hooks/{hook}/deliveries`: the attempts, newest first.
pub async fn deliveries(
    Shared(state): Shared<Arc<State>>,
    Path(at): Path<AtHook>,
    Query(filter): Query<Filter>,
) -> Result<Response, ApiError> {
    let hook = at.hook(&state)?;
    let (start, class) = (filter.start()?, filter.class()?);
    let page = state.hooks().page(hook.id, start, class, filter.size()).ok_or_else(no_cursor)?;
    let list: Vec<Value> = page.attempts.iter().map(Attempt::to_json).collect();
    let mut response = json_response(StatusCode::OK, &Value::Array(list));
    let next = page.next.map(|start| filter.next(&hook, &state.base_url, start));
    if let Some(link) = next.and_then(|link| HeaderValue::try_from(link).ok()) {
        response.headers_mut().insert(header::LINK, link);
    }
    Ok(response)
}

/// `POST …/hooks/{hook}/deliveries/{attempt}/attempts`: the same once more, a moment later.
pub async fn redeliver(
    Shared(state): Shared<Arc<State>>,
    Path(at): Path<AtHook>,
) -> Result<Response, ApiError> {
    let hook = at.hook(&state)?;
    let attempt = at.attempt(&state, &hook)?;
    hook::redeliver_later(Arc::clone(&state), hook, attempt);
    Ok(json_response(StatusCode::ACCEPTED, &json!({})))
}

/// `/app/hook/deliveries…`: only for the App itself, which says who it is by a JSON Web Token. The double knows no App.
pub async fn of_app() -> Response {
    ApiError::new(StatusCode::UNAUTHORIZED, "A JSON web token could not be decoded").into_response()
}
