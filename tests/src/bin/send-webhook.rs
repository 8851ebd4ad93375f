//! Sends one signed webhook delivery, as GitHub would after an image push.

use std::process::ExitCode;

use anyhow::Context;
use clap::{Parser, ValueEnum};
use tests::http::HttpClient;
use tests::webhook::{Delivery, Push};

/// Send one signed webhook delivery, as GitHub would after an image push, and print the answer.
///
/// Ends with exit code 1 when the receiver refuses it.
#[derive(Debug, Parser)]
struct Arguments {
    /// Where the receiver listens.
    #[arg(long, default_value = "http://127.0.0.1:3000/webhooks/github")]
    url: String,
    /// The webhook's secret; an empty one sends the delivery unsigned.
    #[arg(long, default_value = "dev-secret", env = "SLIPWAY_WEBHOOK_SECRET", hide_env_values = true)]
    secret: String,
    /// The image that was pushed: ghcr.io/OWNER/NAME, without a tag.
    #[arg(long, default_value = "ghcr.io/acme/api")]
    image: String,
    /// The tag that it was pushed under.
    #[arg(long)]
    tag: String,
    /// Its digest, sha256:…; made up from image and tag if not given.
    #[arg(long)]
    digest: Option<String>,
    /// The commit that it was built from.
    #[arg(long)]
    source_commit: Option<String>,
    /// GitHub may send either for the same push, or both.
    #[arg(long, value_enum, default_value_t = Event::RegistryPackage)]
    event: Event,
    /// Id of the delivery: give one twice to send it again. A new one if not given.
    #[arg(long, value_name = "GUID")]
    delivery: Option<String>,
    /// Send the form encoding instead of JSON.
    #[arg(long)]
    form: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
#[value(rename_all = "snake_case")]
enum Event {
    RegistryPackage,
    Package,
}

#[tokio::main]
async fn main() -> anyhow::Result<ExitCode> {
    let arguments = Arguments::parse();
    let delivery = delivery(&arguments)?;
    println!("delivery {} to {}", delivery.guid(), arguments.url);
    let answer =
        delivery.send(&HttpClient::new(), &arguments.url).await.context("the receiver did not answer")?;
    println!("{}", answer.status);
    match serde_json::from_slice::<serde_json::Value>(&answer.body) {
        Ok(json) => println!("{json:#}"),
        Err(_) => println!("{}", answer.text()),
    }
    Ok(if answer.status < 400 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn delivery(arguments: &Arguments) -> anyhow::Result<Delivery> {
    let mut push = Push::new(&arguments.image, &arguments.tag)?;
    if let Some(digest) = &arguments.digest {
        push = push.with_digest(digest);
    }
    if let Some(commit) = &arguments.source_commit {
        push = push.built_from(commit);
    }
    let mut delivery = match arguments.event {
        Event::RegistryPackage => Delivery::registry_package(&push),
        Event::Package => Delivery::package(&push),
    };
    if let Some(guid) = &arguments.delivery {
        delivery = delivery.with_guid(guid);
    }
    if arguments.form {
        delivery = delivery.as_form();
    }
    Ok(if arguments.secret.is_empty() { delivery } else { delivery.signed(&arguments.secret) })
}
