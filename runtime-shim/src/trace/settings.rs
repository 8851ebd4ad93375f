//! Whether and where to trace: arguments go before the environment, whose variables are those of OpenTelemetry:
//! <https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/> and
//! <https://opentelemetry.io/docs/specs/otel/protocol/exporter/>.

use std::collections::HashMap;

use anyhow::{Context, Result, ensure};
use http::Uri;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::Sampler;

use crate::cli::Tracing;

const DISABLED: &str = "OTEL_SDK_DISABLED";
const ENDPOINT: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";
const PROTOCOL: &str = "OTEL_EXPORTER_OTLP_PROTOCOL";
const RESOURCE_ATTRIBUTES: &str = "OTEL_RESOURCE_ATTRIBUTES";
const SAMPLER: &str = "OTEL_TRACES_SAMPLER";
const SAMPLER_ARGUMENT: &str = "OTEL_TRACES_SAMPLER_ARG";
const SERVICE_NAME: &str = "OTEL_SERVICE_NAME";
const TRACES_ENDPOINT: &str = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT";
const TRACES_PROTOCOL: &str = "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL";

/// Where a collector takes traces, below an endpoint for everything.
const PATH: &str = "/v1/traces";

/// The only protocol that is offered.
const HTTP_PROTOBUF: &str = "http/protobuf";

/// Reads a variable of the environment; one that is empty counts as not set.
type Environment<'a> = &'a dyn Fn(&str) -> Option<String>;

/// How to trace.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where to send spans.
    pub(super) endpoint: Uri,
    /// What to send with them, in addition to what the environment says.
    pub(super) headers: HashMap<String, String>,
    /// Which traces to record.
    pub(super) sampler: Sampler,
    /// The name to go by; that of the environment if there is none.
    service_name: Option<String>,
}

impl Settings {
    /// What arguments and environment say; nothing if there is to be no tracing. `service` is the name to go by if
    /// nobody says another.
    ///
    /// # Errors
    /// If spans can never be sent like that.
    pub fn new(arguments: &Tracing, service: &str) -> Result<Option<Self>> {
        let environment = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        Self::read(arguments, service, &environment)
    }

    fn read(arguments: &Tracing, service: &str, environment: Environment<'_>) -> Result<Option<Self>> {
        let disabled = environment(DISABLED).is_some_and(|value| value.eq_ignore_ascii_case("true"));
        let Some(endpoint) = endpoint(arguments, environment)?.filter(|_| !disabled) else { return Ok(None) };
        if let Some(protocol) = environment(TRACES_PROTOCOL).or_else(|| environment(PROTOCOL))
            && protocol != HTTP_PROTOBUF
        {
            tracing::warn!("{protocol} is not offered: spans are sent as {HTTP_PROTOBUF}");
        }
        let headers = arguments.otlp_headers.iter();
        Ok(Some(Self {
            endpoint,
            headers: headers.map(|header| (header.name.clone(), header.value.clone())).collect(),
            sampler: match arguments.trace_sample_ratio {
                Some(ratio) => parent_based(Sampler::TraceIdRatioBased(ratio)),
                None => sampler(environment),
            },
            service_name: service_name(arguments, service, environment),
        }))
    }

    /// What the process says of itself.
    pub(super) fn resource(&self) -> Resource {
        let resource = Resource::builder();
        match &self.service_name {
            Some(name) => resource.with_service_name(name.clone()).build(),
            None => resource.build(),
        }
    }
}

/// The URL that spans are sent to; one for traces alone is taken as it is.
fn endpoint(arguments: &Tracing, environment: Environment<'_>) -> Result<Option<Uri>> {
    let (from, url) = if let Some(url) = &arguments.otlp_endpoint {
        ("--otlp-endpoint", below(&url.to_string()))
    } else if let Some(url) = environment(TRACES_ENDPOINT) {
        (TRACES_ENDPOINT, url)
    } else if let Some(url) = environment(ENDPOINT) {
        (ENDPOINT, below(&url))
    } else {
        return Ok(None);
    };
    let endpoint: Uri = url.parse().with_context(|| format!("{from} is not a URL"))?;
    let offered = matches!(endpoint.scheme_str(), Some("http" | "https")) && endpoint.host().is_some();
    ensure!(offered, "{from} must be a URL of a collector, such as http://localhost:4318");
    let user = endpoint.authority().is_some_and(|authority| authority.as_str().contains('@'));
    ensure!(!user, "{from} must have no user or password: send an authorization header");
    Ok(Some(endpoint))
}

fn below(url: &str) -> String {
    format!("{}{PATH}", url.trim_end_matches('/'))
}

/// The sampler that the environment names. One that is not known is told of and not used, as OpenTelemetry asks.
fn sampler(environment: Environment<'_>) -> Sampler {
    let name = environment(SAMPLER);
    match name.as_deref() {
        None | Some("parentbased_always_on") => parent_based(Sampler::AlwaysOn),
        Some("always_on") => Sampler::AlwaysOn,
        Some("always_off") => Sampler::AlwaysOff,
        Some("parentbased_always_off") => parent_based(Sampler::AlwaysOff),
        Some("traceidratio") => Sampler::TraceIdRatioBased(ratio(environment)),
        Some("parentbased_traceidratio") => parent_based(Sampler::TraceIdRatioBased(ratio(environment))),
        Some(other) => {
            tracing::warn!("{SAMPLER} names no sampler that is offered, and has no effect: {other}");
            parent_based(Sampler::AlwaysOn)
        }
    }
}

fn ratio(environment: Environment<'_>) -> f64 {
    let Some(text) = environment(SAMPLER_ARGUMENT) else { return 1.0 };
    text.parse().ok().filter(|ratio| (0.0..=1.0).contains(ratio)).unwrap_or_else(|| {
        tracing::warn!("{SAMPLER_ARGUMENT} is no number from 0 to 1, and has no effect: {text}");
        1.0
    })
}

fn parent_based(root: Sampler) -> Sampler {
    Sampler::ParentBased(Box::new(root))
}

/// The name to go by, unless the environment has one, which is then found by whoever reads it.
fn service_name(arguments: &Tracing, service: &str, environment: Environment<'_>) -> Option<String> {
    let attributes = environment(RESOURCE_ATTRIBUTES).unwrap_or_default();
    let named = environment(SERVICE_NAME).is_some()
        || attributes.split(',').any(|attribute| {
            attribute.split_once('=').is_some_and(|(name, _)| name.trim() == super::semantic::SERVICE_NAME)
        });
    arguments.trace_service_name.clone().or_else(|| (!named).then(|| service.to_owned()))
}

#[cfg(test)]
mod tests {
    use opentelemetry::Key;

    use super::*;

    fn read(arguments: &Tracing, environment: &[(&str, &str)]) -> Result<Option<Settings>> {
        let of = |name: &str| {
            environment.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        };
        Settings::read(arguments, "shop", &of)
    }

    fn endpoint(arguments: &Tracing, environment: &[(&str, &str)]) -> Option<String> {
        read(arguments, environment).unwrap().map(|settings| settings.endpoint.to_string())
    }

    fn sampler(environment: &[(&str, &str)]) -> String {
        let all = [&[(ENDPOINT, "http://c:4318")], environment].concat();
        format!("{:?}", read(&Tracing::default(), &all).unwrap().unwrap().sampler)
    }

    #[test]
    fn without_an_endpoint_there_is_no_tracing() {
        assert_eq!(endpoint(&Tracing::default(), &[(SERVICE_NAME, "x"), (SAMPLER, "always_on")]), None);
        assert_eq!(endpoint(&Tracing::default(), &[(ENDPOINT, "http://c:4318"), (DISABLED, "True")]), None);
    }

    #[test]
    fn the_argument_goes_before_that_for_traces_and_that_before_that_for_all() {
        let arguments =
            Tracing { otlp_endpoint: Some(Uri::from_static("http://a:4318/")), ..Tracing::default() };
        let environment = [(TRACES_ENDPOINT, "https://b/own/path"), (ENDPOINT, "http://c:4318/below/")];
        assert_eq!(endpoint(&arguments, &environment).as_deref(), Some("http://a:4318/v1/traces"));
        assert_eq!(endpoint(&Tracing::default(), &environment).as_deref(), Some("https://b/own/path"));
        assert_eq!(
            endpoint(&Tracing::default(), &environment[1..]).as_deref(),
            Some("http://c:4318/below/v1/traces")
        );
    }

    #[test]
    fn an_endpoint_that_cannot_be_one_is_refused_and_not_shown_with_its_password() {
        for wrong in ["localhost:4318", "grpc://c:4317", "http:///x", "http://user:secret@c:4318"] {
            let error = format!("{:#}", read(&Tracing::default(), &[(ENDPOINT, wrong)]).unwrap_err());
            assert!(error.contains(ENDPOINT) && !error.contains("secret"), "{error}");
        }
    }

    #[test]
    fn samplers_are_those_of_the_specification() {
        assert_eq!(sampler(&[]), "ParentBased(AlwaysOn)");
        assert_eq!(sampler(&[(SAMPLER, "always_off")]), "AlwaysOff");
        assert_eq!(sampler(&[(SAMPLER, "unheard_of")]), "ParentBased(AlwaysOn)");
        let ratio = [(SAMPLER, "parentbased_traceidratio"), (SAMPLER_ARGUMENT, "0.25")];
        assert_eq!(sampler(&ratio), "ParentBased(TraceIdRatioBased(0.25))");
        assert_eq!(sampler(&[(SAMPLER, "traceidratio"), (SAMPLER_ARGUMENT, "7")]), "TraceIdRatioBased(1.0)");
    }

    #[test]
    fn a_service_has_the_name_that_was_said_first() {
        let name = |arguments: &Tracing, environment: &[(&str, &str)]| {
            let all = [&[(ENDPOINT, "http://c:4318")], environment].concat();
            read(arguments, &all).unwrap().unwrap().service_name
        };
        let named = Tracing { trace_service_name: Some("said".into()), ..Tracing::default() };
        assert_eq!(name(&named, &[(SERVICE_NAME, "x")]).as_deref(), Some("said"));
        assert_eq!(name(&Tracing::default(), &[]).as_deref(), Some("shop"));
        assert_eq!(name(&Tracing::default(), &[(SERVICE_NAME, "x")]), None, "it is read elsewhere");
        assert_eq!(name(&Tracing::default(), &[(RESOURCE_ATTRIBUTES, "a=b, service.name=x")]), None);
        let settings = read(&named, &[(ENDPOINT, "http://c:4318")]).unwrap().unwrap();
        let resource = settings.resource();
        assert_eq!(
            resource.get(&Key::new("service.name")).map(|name| name.to_string()).as_deref(),
            Some("said")
        );
    }
}
