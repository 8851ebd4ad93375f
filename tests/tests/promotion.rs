//! From a signed webhook to a commit and a record: the real program, the real components, a real git repository.

#[path = "promotion/world.rs"]
mod world;

#[path = "promotion/argo.rs"]
mod argo;
#[path = "promotion/flow.rs"]
mod flow;
#[path = "promotion/refusals.rs"]
mod refusals;
#[path = "promotion/repeats.rs"]
mod repeats;
#[path = "promotion/trouble.rs"]
mod trouble;
