//! The double behaves as GitHub's documentation says. Grouped as the API is.

#[path = "github_double/hub.rs"]
mod hub;

#[path = "github_double/access.rs"]
mod access;
#[path = "github_double/contents.rs"]
mod contents;
#[path = "github_double/faults.rs"]
mod faults;
#[path = "github_double/git_data.rs"]
mod git_data;
#[path = "github_double/graphql.rs"]
mod graphql;
#[path = "github_double/hooks.rs"]
mod hooks;
