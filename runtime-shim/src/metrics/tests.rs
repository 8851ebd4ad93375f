use super::routes::MAX_ROUTES;
use super::*;

fn answer(metrics: &Metrics, route: &str, status: u16) {
    metrics.answered(&Answered {
        component: "app",
        method: &Method::GET,
        route,
        status: StatusCode::from_u16(status).unwrap(),
        duration: Duration::from_millis(3),
    });
}

fn rendered(metrics: &Metrics) -> String {
    String::from_utf8(metrics.render().unwrap()).unwrap()
}

#[test]
fn every_class_of_a_component_is_zero_before_the_first_request() {
    let metrics = Metrics::new().unwrap();
    metrics.declare_component("app");
    let text = rendered(&metrics);
    for class in CLASSES {
        assert!(text.contains(&format!("http_responses_total{{class=\"{class}\",component=\"app\"}} 0")));
    }
}

#[test]
fn a_request_is_counted_under_pattern_status_and_class() {
    let metrics = Metrics::new().unwrap();
    answer(&metrics, "/users/:id", 404);
    let text = rendered(&metrics);
    assert!(text.contains(
        "http_requests_total{component=\"app\",method=\"GET\",route=\"/users/:id\",status=\"404\"} 1"
    ));
    assert!(text.contains("http_responses_total{class=\"4xx\",component=\"app\"} 1"));
    assert!(text.contains("http_request_duration_seconds_bucket{component=\"app\",method=\"GET\",route=\"/users/:id\",le=\"0.005\"} 1"));
}

#[test]
fn routes_beyond_the_bound_are_counted_as_other() {
    let metrics = Metrics::new().unwrap();
    for number in 0..MAX_ROUTES + 50 {
        answer(&metrics, &format!("/{number}"), 200);
    }
    let text = rendered(&metrics);
    let series = text.lines().filter(|line| line.starts_with("http_requests_total{")).count();
    assert_eq!(series, MAX_ROUTES + 1);
    assert!(text.contains("route=\"other\",status=\"200\"} 50"));
}

#[test]
fn names_are_known_before_there_are_series() {
    let metrics = Metrics::new().unwrap();
    assert!(!rendered(&metrics).contains("http_requests_total"));
    for name in ["http_requests_total", "slipway_component_metrics_up", "slipway_build_info"] {
        assert!(metrics.names().contains(name), "{name}");
    }
}

#[test]
fn without_metrics_of_the_application_nothing_is_said_of_them() {
    let metrics = Metrics::new().unwrap();
    for (up, line) in [(None, None), (Some(false), Some("0")), (Some(true), Some("1")), (None, None)] {
        metrics.component_metrics_up(up);
        let text = rendered(&metrics);
        let found = text.lines().find_map(|line| line.strip_prefix("slipway_component_metrics_up "));
        assert_eq!(found, line);
    }
}
