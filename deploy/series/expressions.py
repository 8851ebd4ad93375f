"""Where the expressions are: in dashboards, and in rendered PrometheusRules."""

import json
import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Expression:
    """One expression in PromQL, where it is from, and the labels that a panel shows of it."""

    place: str
    text: str
    shown: tuple = ()


def of_dashboard(path):
    """Expressions of all panels; those of variables are told by `variables_of`."""
    dashboard = json.loads(path.read_text(encoding="utf-8"))
    found = []
    for panel in dashboard["panels"]:
        for target in panel.get("targets", []):
            shown = re.findall(r"\{\{\s*(\w+)\s*\}\}", target["legendFormat"])
            found.append(Expression(f"{path.name}: {panel['title']}", target["expr"], tuple(shown)))
    return found


def variables_of(path):
    """What a dashboard's variables ask: (name, metric or expression, label or none)."""
    found = []
    for variable in json.loads(path.read_text(encoding="utf-8"))["templating"]["list"]:
        if variable["type"] != "query":
            continue
        query = variable["query"]["query"]
        values = re.fullmatch(r"label_values\((.+), (\w+)\)", query)
        result = re.fullmatch(r"query_result\((.+)\)", query)
        if values:
            found.append((variable["name"], values[1], values[2]))
        elif result:
            found.append((variable["name"], result[1], None))
        else:
            raise ValueError(f"{path.name}: the variable {variable['name']} asks in a way that is not known: {query}")
    return found


def of_rules(rules):
    """Expressions of alerts."""
    return [Expression(f"alert {rule['alert']}", rule["expr"].strip()) for group in rules["groups"] for rule in group["rules"]]
