//! `/`: the latest deployments, for people.

use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{CONTENT_SECURITY_POLICY, REFERRER_POLICY};
use http::{HeaderValue, Response};
use ledger::{DeploymentFilter, Page, Patience, Store};
use sha2::{Digest, Sha256};

use crate::answer;
use crate::error::ApiError;
use crate::html::Text;
use crate::router::Route;
use crate::shown::Shown;

/// Letters of a commit id that are shown.
const COMMIT_LETTERS: usize = 12;

const STYLE: &str = include_str!("home.css");

pub(crate) async fn show<S: Store>(store: &S, patience: Patience) -> Result<Response<Bytes>, ApiError> {
    let latest = store.deployments(&DeploymentFilter::default(), &Page::default()).await?;
    let latest = Shown::list(store, patience, latest).await?;
    let mut response = answer::html(page(&latest.items));
    let headers = response.headers_mut();
    if let Ok(policy) = HeaderValue::from_str(&content_security_policy()) {
        headers.insert(CONTENT_SECURITY_POLICY, policy);
    }
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    Ok(response)
}

/// Nothing may be loaded or run; the one style sheet is known by its hash.
fn content_security_policy() -> String {
    let hash = STANDARD.encode(Sha256::digest(STYLE));
    format!(
        "default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
}

fn page(deployments: &[Shown]) -> String {
    let rows = match deployments {
        [] => "<tr><td colspan=\"6\">Nothing was deployed yet.</td></tr>\n".to_owned(),
        some => some.iter().map(row).collect(),
    };
    format!(
        r#"<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Slipway</title>
<style>{STYLE}</style>
</head>
<body>
<h1>Slipway</h1>
<nav><a href="{deployments}">Deployments</a> <a href="{promotions}">Promotions</a> <a href="{deliveries}">Deliveries</a></nav>
<table>
<caption>Latest deployments</caption>
<thead><tr><th scope="col">Service</th><th scope="col">Version</th><th scope="col">Environment</th><th scope="col">Status</th><th scope="col">GitOps commit</th><th scope="col">Recorded</th></tr></thead>
<tbody>
{rows}</tbody>
</table>
</body>
</html>
"#,
        deployments = Route::Deployments.pattern(),
        promotions = Route::Promotions.pattern(),
        deliveries = Route::Deliveries.pattern(),
    )
}

fn row(shown: &Shown) -> String {
    let deployment = &shown.deployment;
    let commit: String =
        deployment.gitops_commit.iter().flat_map(|id| id.chars()).take(COMMIT_LETTERS).collect();
    let status = deployment.status.as_str();
    let mut row = String::new();
    // Writing to a string cannot fail.
    let _ = writeln!(
        row,
        "<tr><td><a href=\"{path}/{id}\">{service}</a></td><td>{version}</td><td>{environment}</td>\
         <td><span class=\"status {status}\">{label}</span>{stalled}</td><td><code>{commit}</code></td>\
         <td><time datetime=\"{at}\">{at}</time></td></tr>",
        path = Route::Deployments.pattern(),
        id = deployment.id,
        service = Text(&deployment.service_name),
        version = Text(&deployment.version),
        environment = Text(&deployment.environment),
        label = status.replace('_', " "),
        stalled = if shown.stalled { " (stalled)" } else { "" },
        commit = Text(&commit),
        at = deployment.created_at,
    );
    row
}
