"""Whether dashboards can be provisioned, in any Grafana and for any release: prints each fault, and ends with 1 if any."""

import json
import pathlib
import re
import sys

# Grafana's own, which are no variables of the dashboard.
BUILT_IN = {"__all", "__rate_interval", "__range", "__range_s"}
WIDTH = 24


def faults(dashboard):
    variables = [variable["name"] for variable in dashboard["templating"]["list"]]
    for name in ("datasource", "namespace", "service"):
        if name not in variables:
            yield f"has no variable {name}"
    text = json.dumps([dashboard["panels"], dashboard["templating"]])
    used = {plain or braced for plain, braced in re.findall(r"\$(?:(\w+)|\{(\w+)\})", text)}
    if strange := used - set(variables) - BUILT_IN:
        yield f"uses variables that it does not have: {', '.join(sorted(strange))}"
    if idle := set(variables) - used:
        yield f"has variables that nothing uses: {', '.join(sorted(idle))}"
    if "id" in dashboard:
        yield "has an id, which is another in each Grafana: leave it out"
    for key in ("title", "id"):
        values = [panel[key] for panel in dashboard["panels"]]
        if twice := sorted({str(value) for value in values if values.count(value) > 1}):
            yield f"has panels of the same {key}: {', '.join(twice)}"
    places = set()
    for panel in dashboard["panels"]:
        for fault in [*panel_faults(panel), *place_faults(panel["gridPos"], places)]:
            yield f"panel {panel['title']}: {fault}"


def panel_faults(panel):
    if panel["type"] == "row":
        return
    if not panel.get("description"):
        yield "has no description"
    if "unit" not in panel["fieldConfig"]["defaults"]:
        yield "has no unit"
    if not panel["targets"]:
        yield "asks for nothing"
    for part in [panel, *panel["targets"]]:
        if part["datasource"] != {"type": "prometheus", "uid": "${datasource}"}:
            yield "asks a Prometheus that only one Grafana knows: use ${datasource}"
    for target in panel["targets"]:
        metrics = len(re.findall(r"\w\{", target["expr"]))
        if target["expr"].count('namespace="$namespace"') != metrics:
            yield f"asks for series of every namespace: {target['expr']}"


def place_faults(place, places):
    cells = {(x, y) for x in range(place["x"], place["x"] + place["w"]) for y in range(place["y"], place["y"] + place["h"])}
    if place["x"] + place["w"] > WIDTH:
        yield "is wider than the dashboard"
    if cells & places:
        yield "lies over another"
    places |= cells


def main(paths):
    found, uids = [], []
    for path in map(pathlib.Path, paths):
        dashboard = json.loads(path.read_text(encoding="utf-8"))
        uids.append(dashboard["uid"])
        if dashboard["uid"] != f"slipway-{path.stem}":
            found.append(f"{path.name}: its uid is {dashboard['uid']} and not slipway-{path.stem}")
        found += [f"{path.name}: {fault}" for fault in faults(dashboard)]
    for fault in found:
        print(f"dashboards.py: {fault}", file=sys.stderr)
    return 1 if found or not uids else 0


sys.exit(main(sys.argv[1:]))
