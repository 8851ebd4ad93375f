"""A real Prometheus that scrapes as the chart's PodMonitor has it do, and its API."""

import json
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass

from processes import eventually, fetch, free_port


@dataclass(frozen=True)
class Target:
    """An admin port, and what Kubernetes and the PodMonitor would say of its pod."""

    port: int
    pod: str
    hash: str
    job: str


class Prometheus:
    """Scrapes every second. `monitor` is the endpoint of the rendered PodMonitor, `rules` are those of the PrometheusRule."""

    def __init__(self, processes, targets, monitor, rules):
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        config, rule_file = processes.folder / "prometheus.yml", processes.folder / "rules.yml"
        rule_file.write_text(json.dumps(rules), encoding="utf-8")
        config.write_text(json.dumps(configuration(targets, monitor, rule_file)), encoding="utf-8")
        processes.start(
            "prometheus",
            "prometheus",
            f"--config.file={config}",
            f"--storage.tsdb.path={processes.folder / 'series'}",
            f"--web.listen-address=127.0.0.1:{port}",
        )
        eventually("Prometheus is ready", 30, lambda: fetch(f"{self.url}/-/ready"))

    def get(self, path, **parameters):
        url = f"{self.url}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"
        try:
            answer = json.loads(fetch(url))
        except urllib.error.HTTPError as error:
            raise ValueError(json.loads(error.read())["error"]) from error
        return answer["data"]

    def query(self, expression):
        """Samples of a vector, as (labels, number); a scalar is one without labels."""
        data = self.get("query", query=expression)
        if data["resultType"] == "scalar":
            return [({}, float(data["result"][1]))]
        return [(sample["metric"], float(sample["value"][1])) for sample in data["result"]]

    def labels(self, metric):
        """Labels that any series of a metric has."""
        return {label for series in self.get("series", **{"match[]": metric}) for label in series}


def configuration(targets, monitor, rule_file):
    """As the Prometheus operator would write it for pods that it found."""
    pods = [
        {
            "targets": [f"127.0.0.1:{target.port}"],
            "labels": {
                "job": target.job,
                "namespace": target.job.split("/")[0],
                "pod": target.pod,
                "container": "slipway",
                "endpoint": "admin",
                "__meta_kubernetes_pod_label_rollouts_pod_template_hash": target.hash,
            },
        }
        for target in targets
    ]
    return {
        "global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "5s"},
        "rule_files": [str(rule_file)],
        "scrape_configs": [
            {
                "job_name": "podMonitor/slipway/slipway/0",
                "metrics_path": monitor["path"],
                "static_configs": pods,
                "relabel_configs": [
                    {"source_labels": relabeling["sourceLabels"], "target_label": relabeling["targetLabel"]}
                    for relabeling in monitor["relabelings"]
                ],
            }
        ],
    }
