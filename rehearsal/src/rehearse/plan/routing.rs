//! `trafficRouting`: who splits the requests. All of them do it by weight, which nginx acts out.

use serde_json::Value;

use super::RefusedError;
use super::rollout::Context;
use crate::manifest::Document;

const GATEWAY_API: &str = "argoproj-labs/gatewayAPI";
/// Routers that Argo Rollouts has itself.
const BUILT_IN: [&str; 8] = ["nginx", "alb", "traefik", "istio", "smi", "apisix", "ambassador", "appMesh"];
const AT: &str = "trafficRouting";

/// Whether there is a router. `services` are those of the stable version and of the canary.
pub fn read(
    routing: &Value,
    services: (&str, &str),
    context: &mut Context<'_>,
) -> Result<bool, RefusedError> {
    let Some(routing) = routing.as_object() else {
        return Err(context.refuse(AT, "is no object"));
    };
    let mut routers = Vec::new();
    for (key, value) in routing {
        match key.as_str() {
            "managedRoutes" => {}
            "maxTrafficWeight" if value.as_u64() == Some(100) => {}
            "plugins" => routers.extend(plugins(value, services, context)?),
            name if BUILT_IN.contains(&name) => {
                built_in(name, value, context)?;
                routers.push(name.to_owned());
            }
            other => return Err(context.refuse(AT, format!("{other} cannot be rehearsed"))),
        }
    }
    match &routers[..] {
        [] => return Ok(false),
        [_] => {}
        several => return Err(context.refuse(AT, format!("several routers at once: {}", several.join(", ")))),
    }
    if services.0.is_empty() || services.1.is_empty() {
        return Err(context.refuse(AT, "needs stableService and canaryService"));
    }
    context.notes.push(format!("nginx splits the requests, in place of {}", routers.join(", ")));
    Ok(true)
}

fn plugins(
    value: &Value,
    services: (&str, &str),
    context: &Context<'_>,
) -> Result<Vec<String>, RefusedError> {
    let mut routers = Vec::new();
    for (name, settings) in value.as_object().into_iter().flatten() {
        if name != GATEWAY_API {
            return Err(context.refuse(AT, format!("the plugin {name} cannot be rehearsed")));
        }
        let names = route_names(settings);
        if names.is_empty() {
            return Err(context.refuse(AT, format!("{name} names no route")));
        }
        for (kind, route) in names {
            let found = context
                .documents
                .of_kind("gateway.networking.k8s.io", kind)
                .find(|found| found.name == route);
            let found = found
                .ok_or_else(|| context.refuse(AT, format!("there is no {kind} {route} in the manifests")))?;
            backends(found, services, context)?;
        }
        routers.push(name.clone());
    }
    Ok(routers)
}

/// `httpRoute: a`, or `httpRoutes: [{name: a}]`; the same for gRPC.
fn route_names(settings: &Value) -> Vec<(&'static str, String)> {
    let mut names = Vec::new();
    for (kind, one, several) in
        [("HTTPRoute", "httpRoute", "httpRoutes"), ("GRPCRoute", "grpcRoute", "grpcRoutes")]
    {
        names.extend(settings[one].as_str().map(|name| (kind, name.to_owned())));
        let list = settings[several].as_array().into_iter().flatten();
        names.extend(list.filter_map(|route| Some((kind, route["name"].as_str()?.to_owned()))));
    }
    names
}

/// A route that does not know both Services cannot be given weights.
fn backends(route: &Document, services: (&str, &str), context: &Context<'_>) -> Result<(), RefusedError> {
    let rules = route.value["spec"]["rules"].as_array().into_iter().flatten();
    let names: Vec<&str> = rules
        .flat_map(|rule| rule["backendRefs"].as_array().into_iter().flatten())
        .filter_map(|backend| backend["name"].as_str())
        .collect();
    for service in [services.0, services.1] {
        if !names.contains(&service) {
            let problem = format!("the {} {} has no backend {service}", route.kind, route.name);
            return Err(context.refuse(AT, problem));
        }
    }
    Ok(())
}

fn built_in(name: &str, value: &Value, context: &Context<'_>) -> Result<(), RefusedError> {
    let ingress = match name {
        "nginx" => value["stableIngress"].as_str(),
        "alb" => value["ingress"].as_str(),
        _ => return Ok(()),
    };
    let Some(ingress) = ingress else {
        return Err(context.refuse(AT, format!("{name} names no single Ingress")));
    };
    let mut known = context.documents.of_kind("networking.k8s.io", "Ingress");
    if known.any(|found| found.name == ingress) {
        return Ok(());
    }
    Err(context.refuse(AT, format!("there is no Ingress {ingress} in the manifests")))
}
