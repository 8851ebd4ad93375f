#!/usr/bin/env python3
"""Prints a unit test for promtool: a healthy release, and the same release with one fault after the other.

In every case, exactly the alerts that are named have to fire, and no others. An hour of scrapes, one every 15 s. Ends
with 1 if an alert of the rules given as argument has no case in which it fires.
"""

import json
import re
import sys

STEPS = 240
JOB = {"namespace": "slipway", "job": "slipway/slipway"}
PODS = ("slipway-a", "slipway-b")
# promtool repeats numbers only.
NEVER = " ".join(["Inf"] * STEPS)


def healthy():
    """Series of two pods that serve two requests a second each, and fail one in a hundred and fifty."""
    series = {}

    def put(name, values, **labels):
        for pod in PODS:
            everything = {**JOB, "pod": pod, "rollouts_pod_template_hash": "5d9c", **labels}
            series[selector(name, everything)] = values

    put("up", f"1x{STEPS}")
    for component in ("tracker", "webhook"):
        for status in ("1xx", "2xx", "3xx", "4xx", "5xx"):
            put("http_responses_total", f"0x{STEPS}", component=component, **{"class": status})
        put("http_responses_total", f"0+30x{STEPS}", component=component, **{"class": "2xx"})
        for bound, count in (("0.1", 20), ("0.5", 30), ("2.5", 30), ("+Inf", 30)):
            place = {"component": component, "method": "GET", "route": "/", "le": bound}
            put("http_request_duration_seconds_bucket", f"0+{count}x{STEPS}", **place)
        for reason in ("trap", "timeout"):
            put("slipway_instances_trapped_total", f"0x{STEPS}", component=component, reason=reason)
    put("http_responses_total", f"0+0.2x{STEPS}", component="tracker", **{"class": "5xx"})
    unsigned = {"component": "webhook", "method": "POST", "route": "/webhooks/github", "status": "401"}
    put("http_requests_total", f"1x{STEPS}", **unsigned)
    # Somebody asks the API without a token, which is no delivery.
    put("http_requests_total", f"0+5x{STEPS}", **{**unsigned, "component": "tracker", "method": "GET", "route": "/api/v1/promotions"})
    put("http_requests_in_flight", f"5x{STEPS}")
    put("process_start_time_seconds", f"1700000000x{STEPS}")
    for limit in ("requests", "processors"):
        put("slipway_requests_refused_total", f"7x{STEPS}", limit=limit, reason="queue_full")
    put("slipway_component_metrics_up", f"1x{STEPS}")
    put("slipway_postgres_waiting", f"0x{STEPS}")
    put("slipway_promotions", f"3x{STEPS}", state="failed")
    put("slipway_promotions_oldest_waiting_seconds", f"60x{STEPS}")
    put("slipway_redeliveries_missing", f"0x{STEPS}")
    put("slipway_sweep_age_seconds", f"30x{STEPS}", sweep="reconcile")
    # Never healed: no hooks are named, which is no fault.
    put("slipway_sweep_age_seconds", NEVER, sweep="heal")
    return series


def selector(name, labels):
    inner = ",".join(f'{key}="{value}"' for key, value in sorted(labels.items()))
    return f"{name}{{{inner}}}"


def changed(name, values, *parts):
    """A healthy release in which these series, those whose labels have all `parts` in them, go another way."""
    series = healthy()
    hit = [key for key in series if key.startswith(name + "{") and all(part in key for part in parts)]
    assert hit, f"no series of {name} has {parts}"
    return {**series, **dict.fromkeys(hit, values)}


def without_hash():
    return {re.sub(r',rollouts_pod_template_hash="[^"]*"', "", key): values for key, values in healthy().items()}


def failing_neighbour():
    """Another release in the same namespace, in which everything fails."""
    series = healthy()
    for key in healthy():
        other = key.replace("slipway/slipway", "slipway/other")
        series[other] = f"0+30x{STEPS}" if "5xx" in key or "trapped" in key else series[key]
    return series


TRACKER_5XX = ('component="tracker"', 'class="5xx"')
WEBHOOK_5XX = ('component="webhook"', 'class="5xx"')

CASES = [
    ("healthy", healthy(), []),
    ("another release in the namespace fails", failing_neighbour(), []),
    ("nothing is scraped", {}, ["SlipwayAbsent"]),
    ("no pod answers", changed("up", f"0x{STEPS}"), ["SlipwayAbsent", "SlipwayPodDown"]),
    ("one pod does not answer", changed("up", f"0x{STEPS}", "slipway-a"), ["SlipwayPodDown"]),
    ("one pod missed two minutes", changed("up", "1x230 0x8", "slipway-a"), []),
    ("the hash is no label", without_hash(), ["SlipwayHashMissing"]),
    ("a pod restarts", changed("process_start_time_seconds", f"0+60x{STEPS}", "slipway-a"), ["SlipwayRestarting"]),
    ("a pod restarted twice", changed("process_start_time_seconds", "1x200 2x20 3x20", "slipway-a"), []),
    ("six of a hundred fail", changed("http_responses_total", f"0+1.92x{STEPS}", *TRACKER_5XX), ["SlipwayErrorRatioHigh"]),
    ("four of a hundred fail", changed("http_responses_total", f"0+1.25x{STEPS}", *TRACKER_5XX), []),
    (
        "all of too few requests fail",
        {
            **changed("http_responses_total", f"0x{STEPS}", 'component="tracker"'),
            selector(
                "http_responses_total",
                {**JOB, "pod": "slipway-a", "rollouts_pod_template_hash": "5d9c", "component": "tracker", "class": "5xx"},
            ): f"0+0.5x{STEPS}",
        },
        [],
    ),
    (
        "one in ten takes more than a second",
        changed("http_request_duration_seconds_bucket", f"0+27x{STEPS}", 'component="tracker"', 'le="0.5"'),
        ["SlipwayLatencyHigh"],
    ),
    (
        "requests are refused",
        changed("slipway_requests_refused_total", f"0+2x{STEPS}", 'limit="processors"'),
        ["SlipwayRequestsRefused"],
    ),
    ("one pod is full", changed("http_requests_in_flight", f"950x{STEPS}", "slipway-a"), ["SlipwaySaturated"]),
    ("one pod was full for a minute", changed("http_requests_in_flight", "5x235 950x4", "slipway-a"), []),
    (
        "an instance trapped",
        changed("slipway_instances_trapped_total", "0x230 1x10", 'component="tracker"', 'reason="trap"', "slipway-a"),
        ["SlipwayInstancesTrapped"],
    ),
    (
        "the application does not tell",
        changed("slipway_component_metrics_up", f"0x{STEPS}", "slipway-a"),
        ["SlipwayComponentMetricsDown"],
    ),
    (
        "calls wait for Postgres",
        changed("slipway_postgres_waiting", f"4x{STEPS}", "slipway-a"),
        ["SlipwayPostgresPoolExhausted"],
    ),
    ("calls wait at one scrape in ten", changed("slipway_postgres_waiting", " ".join(["4 0x8"] * 25), "slipway-a"), []),
    (
        "a promotion waits",
        changed("slipway_promotions_oldest_waiting_seconds", f"0+15x{STEPS}"),
        ["SlipwayPromotionsStuck"],
    ),
    (
        "a promotion failed",
        changed("slipway_promotions", "3x230 4x10", 'state="failed"'),
        ["SlipwayPromotionsFailed"],
    ),
    ("nobody sweeps any more", changed("slipway_sweep_age_seconds", f"0+15x{STEPS}", "reconcile"), ["SlipwaySweepOld"]),
    ("nobody ever swept", changed("slipway_sweep_age_seconds", NEVER, "reconcile"), ["SlipwaySweepOld"]),
    (
        "one webhook got an error",
        changed("http_responses_total", "0x230 1x10", *WEBHOOK_5XX, "slipway-a"),
        ["SlipwayDeliveriesFailing"],
    ),
    (
        "webhooks are not signed",
        changed("http_requests_total", "1x230 1+1x10", 'route="/webhooks/github"', "slipway-a"),
        ["SlipwayDeliveriesUnsigned"],
    ),
    (
        "a delivery is missing",
        changed("slipway_redeliveries_missing", f"1x{STEPS}"),
        ["SlipwayDeliveriesMissing"],
    ),
]


def test(name, series, alerts):
    samples = [{"labels": f'{{alertname="{alert}"}}', "value": 1} for alert in sorted(alerts)]
    # promtool names no case that fails, but shows its expression.
    firing = f'sort(group by (alertname) (ALERTS{{alertstate="firing"}})) # {name}'
    return {
        "name": name,
        "interval": "15s",
        "input_series": [{"series": key, "values": values} for key, values in series.items()],
        "promql_expr_test": [{"expr": firing, "eval_time": "60m", "exp_samples": samples}],
    }


def wording():
    """What is read by whoever is woken: percent, and not a fraction."""
    case = test("wording", changed("http_responses_total", f"0+10x{STEPS}", *TRACKER_5XX), ["SlipwayErrorRatioHigh"])
    annotations = {
        "summary": "Slipway answers with errors",
        "description": "25% of the answers of tracker were 5xx.",
        "runbook_url": "https://git.test/docs/runbooks.md#slipwayerrorratiohigh",
    }
    labels = {"component": "tracker", "severity": "critical", "namespace": "slipway", "service": "slipway"}
    alert = {"exp_labels": labels, "exp_annotations": annotations}
    case["alert_rule_test"] = [{"eval_time": "60m", "alertname": "SlipwayErrorRatioHigh", "exp_alerts": [alert]}]
    return case


def main(rules):
    with open(rules, encoding="utf-8") as file:
        alerts = set(re.findall(r"- alert: (\w+)", file.read()))
    fired = {alert for _, _, case in CASES for alert in case}
    if not alerts or alerts != fired:
        sys.exit(f"cases.py: rules without a case, or cases without a rule: {sorted(alerts ^ fired)}")
    tests = [test(*case) for case in CASES] + [wording()]
    # JSON is YAML too.
    json.dump({"rule_files": ["alerts.yaml"], "evaluation_interval": "15s", "tests": tests}, sys.stdout, indent=1)


main(*sys.argv[1:])
