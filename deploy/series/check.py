"""Asks a real Prometheus, which scrapes real processes, every expression of dashboards, alerts and gates.

Every metric, label and value that is asked for exists; what gates and alerts need does from the first scrape on; each panel
shows something; no alert fires over what is healthy; and each gate passes, fails or leaves open what it should, with the
original query, which passes a release whose every request fails, beside it.
"""

import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time

import yaml

sys.dont_write_bytecode = True
ROOT = pathlib.Path(__file__).resolve().parents[2]

import expressions
import promql
from judge import FAILED, INCONCLUSIVE, SUCCESSFUL, Judge
from fleet import APP, GATES, Fleet
from processes import Processes, eventually
from prometheus import Prometheus

CHART = ROOT / "deploy/helm/slipway"
DASHBOARDS = sorted((ROOT / "deploy/grafana/dashboards").glob("*.json"))
# Longer than the gates' window in values.yaml.
TRAFFIC_SECONDS = 26
# These come with the first request of each route; all others are there before any.
WITH_TRAFFIC = {"http_requests_total", "http_request_duration_seconds_bucket"}
VARIABLES = {
    "$__rate_interval": "20s",
    "$__range_s": "60",
    "$__range": "60s",
    "$namespace": "slipway",
    "$component": ".*",
    "$pod": ".*",
    "$gate_window": "20s",
    "$gate_min_requests": "20",
    "$max_concurrent": "4",
    "$max_error_share": "0.05",
}
# As it stood in the system that this replaces.
ORIGINAL_POD = 'namespace="slipway",rollouts_pod_template_hash="{{args.pod-template-hash}}"'
ORIGINAL = {
    "apiVersion": "argoproj.io/v1alpha1",
    "kind": "AnalysisTemplate",
    "metadata": {"name": "original"},
    "spec": {
        "args": [{"name": "pod-template-hash"}],
        "metrics": [
            {
                "name": "original",
                "successCondition": "result[0] >= 0.95",
                "provider": {
                    "prometheus": {
                        "query": f'sum(rate(http_requests_total{{{ORIGINAL_POD},status!~"5.."}}[20s])) / '
                        f"sum(rate(http_requests_total{{{ORIGINAL_POD}}}[20s])) or vector(1)"
                    }
                },
            }
        ],
    },
}
S, F, I = SUCCESSFUL, FAILED, INCONCLUSIVE
#                success-rate, error-rate, latency-p95, saturation, availability
VERDICTS = {
    "healthy": (S, S, S, S, S),
    "failing": (F, F, S, S, S),
    "faulty": (F, F, S, S, S),
    "dead": (F, F, S, S, S),
    "slow": (S, S, F, F, S),
    "quiet": (I, I, I, S, S),
    "silent": (I, I, I, S, S),
    "absent": (I, I, I, I, I),
}
# Which of them an alert names, over the proxies as over a release.
ALERTS = {
    "SlipwayErrorRatioHigh": ("component", {"failing", "faulty", "dead"}),
    "SlipwayLatencyHigh": ("component", {"slow"}),
    "SlipwaySaturated": ("pod", {"slipway-slow"}),
}
METRICS = ("success-rate", "error-rate", "latency-p95", "saturation", "availability")


class Check:
    """Counts what is right, and tells what is not."""

    def __init__(self):
        self.asked = self.failures = 0

    def expect(self, right, sentence):
        self.asked += 1
        if not right:
            self.failures += 1
            print(f"check: FAILED: {sentence}", file=sys.stderr)


def rendered():
    """What the chart makes of values.yaml."""
    values = [CHART / "tests/base.yaml", ROOT / "deploy/series/values.yaml"]
    arguments = [part for file in values for part in ("--values", str(file))]
    command = ["helm", "template", "slipway", str(CHART), "--namespace", "slipway", *arguments]
    text = subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout
    return [document for document in yaml.safe_load_all(text) if document]


def only(documents, kind):
    """The one document of this kind."""
    [document] = [document for document in documents if document["kind"] == kind]
    return document


def filled(text, job, stable="stable", canary="canary"):
    text = text.replace("$service", job).replace("$stable", stable).replace("$canary", canary)
    for name, value in VARIABLES.items():
        text = text.replace(name, value)
    return text


def gate(query, hash):
    return query.replace("{{args.pod-template-hash}}", hash)


def before_traffic(check, prometheus, alerts, gates):
    """What gates and alerts ask for is there before the first request, or `no errors` would look like `no series`."""
    asked = [(alert.place, alert.text) for alert in alerts]
    asked += [(name, gate(query, "healthy")) for name, query in gates.items()]
    for place, text in asked:
        for selector in promql.selectors(text):
            if selector.metric not in WITH_TRAFFIC:
                there = prometheus.query(f"count({selector.text})")
                check.expect(there, f"{place}: no series from the first scrape: {selector.text}")


def labels_exist(check, prometheus, place, text, known):
    """Matchers name labels of their metric; groupings, labels of a metric in the expression."""
    selectors = promql.selectors(text)
    check.expect(selectors, f"{place}: asks for no series")
    for selector in selectors:
        if selector.metric not in known:
            known[selector.metric] = prometheus.labels(selector.metric)
        strange = set(selector.labels) - known[selector.metric]
        check.expect(not strange, f"{place}: {selector.metric} has no label {', '.join(sorted(strange))}")
    everything = set().union(*(known[selector.metric] for selector in selectors))
    strange = promql.groupings(text) - everything
    check.expect(not strange, f"{place}: groups by labels that no series has: {', '.join(sorted(strange))}")


def panels(check, prometheus, known):
    """Each expression gives something, for our application or for a proxy, and so does each selector alone."""
    services = [(APP, "stable", "canary"), (GATES, "healthy", "faulty")]
    for path in DASHBOARDS:
        for found in expressions.of_dashboard(path):
            try:
                texts = [filled(found.text, *service) for service in services]
                labels_exist(check, prometheus, found.place, texts[0], known)
                answers = [prometheus.query(text) for text in texts]
                check.expect(any(answers), f"{found.place}: gives nothing: {texts[0]}")
                given = {label for answer in answers for labels, _ in answer for label in labels}
                absent = set(found.shown) - given
                check.expect(not absent, f"{found.place}: shows labels that are not in it: {', '.join(sorted(absent))}")
                for pair in zip(*(promql.selectors(text) for text in texts)):
                    there = any(prometheus.query(selector.text) for selector in pair)
                    check.expect(there, f"{found.place}: no series: {pair[0].text}")
            except ValueError as error:
                check.expect(False, f"{found.place}: {error}")
        for name, asked, label in expressions.variables_of(path):
            text = filled(asked, APP)
            try:
                samples = prometheus.query(text)
            except ValueError as error:
                check.expect(False, f"{path.name}: the variable {name}: {error}")
                continue
            check.expect(samples, f"{path.name}: the variable {name} has no values: {text}")
            if samples and name in ("stable", "canary"):
                first = samples[0][0]["rollouts_pod_template_hash"]
                check.expect(first == name, f"{path.name}: the variable {name} begins with {first}")
            missing = [labels for labels, _ in samples if label and label not in labels]
            check.expect(not missing, f"{path.name}: the variable {name} asks for the label {label}: {missing[:1]}")


def alerts_hold(check, prometheus, alerts, known):
    """No alert fires over our own application, those over requests do over the proxies in trouble, all can be evaluated."""
    for alert in alerts:
        try:
            labels_exist(check, prometheus, alert.place, alert.text, known)
            fires = prometheus.query(alert.text)
            check.expect(not fires, f"{alert.place}: fires over what is healthy: {fires}")
            for selector in promql.selectors(alert.text):
                check.expect(prometheus.query(selector.text), f"{alert.place}: no series: {selector.text}")
        except ValueError as error:
            check.expect(False, f"{alert.place}: {error}")
    texts = {alert.place.removeprefix("alert "): alert.text for alert in alerts}
    for name, (label, wanted) in ALERTS.items():
        found = {labels[label] for labels, _ in prometheus.query(texts[name].replace(APP, GATES))}
        check.expect(found == wanted, f"{name}: fires over {sorted(found)} and not {sorted(wanted)}")
    rules = [rule for group in prometheus.get("rules")["groups"] for rule in group["rules"]]
    check.expect(len(rules) == len(alerts), f"{len(alerts)} alerts are rendered, {len(rules)} are loaded")
    for rule in rules:
        check.expect(rule["health"] == "ok", f"{rule['name']}: {rule['health']}: {rule.get('lastError')}")
        # A sum keeps only what it groups by.
        metrics = [known[selector.metric] for selector in promql.selectors(rule["query"])]
        labels = promql.groupings(rule["query"]) or set().union(*metrics)
        absent = set(re.findall(r"\$labels\.(\w+)", rule["annotations"]["description"])) - labels
        check.expect(not absent, f"{rule['name']}: tells labels that it has not: {', '.join(sorted(absent))}")


def gates_judge(check, judge):
    """Each gate over each kind of release."""
    for hash, expected in VERDICTS.items():
        found = judge.measurements(hash)
        for name, wanted in zip(METRICS, expected):
            phase, value = found[name]
            check.expect(phase == wanted, f"gate {name} of {hash}: {phase} and not {wanted}, over {value}")
        if hash == "failing":
            phase, value = found["original"]
            check.expect(
                (phase, value) == (S, "[1]"), f"the original query no longer passes what fails: {value}; then why not use it?"
            )


def dashboards_show_the_gates(check, gates):
    """The panels of the gates are the templates' own expressions, letter by letter."""
    panels = {found.place: found.text for path in DASHBOARDS for found in expressions.of_dashboard(path)}
    for name in METRICS:
        panel = panels.get(f"release.json: Gate {name}", "")
        same = filled(panel, GATES, canary="faulty") == gate(gates[name], "faulty")
        check.expect(same, f"release.json: Gate {name} is another expression than the AnalysisTemplate's")


def run(check, folder, target):
    documents = rendered()
    rules = only(documents, "PrometheusRule")["spec"]
    alerts = expressions.of_rules(rules)
    templates = [found for found in documents if found["kind"] == "AnalysisTemplate"]
    metrics = [metric for template in templates for metric in template["spec"]["metrics"]]
    gates = {metric["name"]: metric["provider"]["prometheus"]["query"].strip() for metric in metrics}
    check.expect(set(gates) == set(METRICS), f"the gates are {sorted(gates)}")
    dashboards_show_the_gates(check, gates)
    with Processes(folder) as processes:
        fleet = Fleet(processes, ROOT, target)
        [monitor] = only(documents, "PodMonitor")["spec"]["podMetricsEndpoints"]
        prometheus = Prometheus(processes, fleet.targets, monitor, rules)
        ups = 'count(up{namespace="slipway",rollouts_pod_template_hash!=""} == 1)'
        everything = [({}, float(len(fleet.targets)))]
        eventually("all are scraped", 30, lambda: prometheus.query(ups) == everything)
        before_traffic(check, prometheus, alerts, gates)
        fleet.ask()
        time.sleep(TRAFFIC_SECONDS)
        known = {}
        gates_judge(check, Judge(target / "debug" / "slipway", folder, [*templates, ORIGINAL], prometheus.url))
        panels(check, prometheus, known)
        alerts_hold(check, prometheus, alerts, known)


def main():
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")).resolve()
    needed = [target / "debug" / name for name in ("slipway", "github-double", "send-webhook")]
    needed += [target / "wasm32-wasip2/component" / f"{name}.wasm" for name in ("tracker", "webhook")]
    missing = [str(path) for path in needed if not path.exists()]
    if missing:
        print(f"check: missing: {', '.join(missing)}: run cargo build --workspace and make components", file=sys.stderr)
        return 2
    # Ended from outside, everything that was started is ended too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    check, began = Check(), time.monotonic()
    with tempfile.TemporaryDirectory(prefix="slipway-series-") as folder:
        try:
            run(check, pathlib.Path(folder), target)
        except (TimeoutError, RuntimeError, ValueError, subprocess.CalledProcessError) as error:
            check.expect(False, error)
    print(f"check: {check.asked} expectations, {check.failures} failures, in {time.monotonic() - began:.0f} s")
    return 1 if check.failures or not check.asked else 0


sys.exit(main())
