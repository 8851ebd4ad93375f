"""Where the expressions are: in dashboards, in rendered AnalysisTemplates and in rendered PrometheusRules."""

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


def of_manifest(path, key, name_key):
    """Block scalars called `key` in rendered YAML, each named by the `name_key` before it.

    Enough for what Helm renders of our own templates, and fails where it is not: a key without a block is an error.
    """
    found, name, lines = [], None, path.read_text(encoding="utf-8").splitlines()
    for at, line in enumerate(lines):
        named = re.match(rf"\s*- {name_key}: (\S+)$", line)
        if named:
            name = named[1]
        begun = re.match(rf"( +){key}:(.*)$", line)
        if not begun:
            continue
        if begun[2].strip() != "|":
            raise ValueError(f"{path.name}:{at + 1}: {key} is not a block")
        indent, block = len(begun[1]) + 2, []
        for further in lines[at + 1 :]:
            if further.strip() and not further.startswith(" " * indent):
                break
            block.append(further[indent:])
        found.append(Expression(f"{path.name}: {name}", "\n".join(block).strip()))
    return found
