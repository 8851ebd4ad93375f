"""Prints rules as promtool takes them.

    rules.py alerts RENDERING           those of a rendered PrometheusRule
    rules.py gates RENDERING CASE...    the queries of rendered AnalysisTemplates, each for each of these pod template hashes,
                                        recorded as gate{name="<metric>", case="<hash>"}
"""

import pathlib
import sys

import yaml


def alerts(documents):
    return next(document["spec"] for document in documents if document["kind"] == "PrometheusRule")


def gates(documents, cases):
    metrics = [
        metric for document in documents if document["kind"] == "AnalysisTemplate" for metric in document["spec"]["metrics"]
    ]
    rules = [
        {
            "record": "gate",
            "labels": {"name": metric["name"], "case": case},
            "expr": metric["provider"]["prometheus"]["query"].replace("{{args.pod-template-hash}}", case),
        }
        for metric in metrics
        for case in cases
    ]
    return {"groups": [{"name": "gates", "interval": "15s", "rules": rules}]}


def main(what, rendering, *cases):
    documents = [document for document in yaml.safe_load_all(pathlib.Path(rendering).read_text(encoding="utf-8")) if document]
    yaml.safe_dump(alerts(documents) if what == "alerts" else gates(documents, cases), sys.stdout)


main(*sys.argv[1:])
