"""Renders the templates of the built ConfigMaps over the objects of this folder, with Helm, which has the same template
language and functions as Argo; and looks whether triggers, templates, the receiver and the chart say the same.

    render.py ROLLOUTS ARGOCD OUTPUT     built ConfigMaps; the folder for the bodies, OBJECT.EVENT.json
"""

import json
import pathlib
import re
import subprocess
import sys
import tempfile

import yaml

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[2]
# Most bytes of the body and of its detail that the receiver takes.
BODY, DETAIL = 64 * 1024, 16 * 1024
FIELDS = {"event", "service", "environment", "images", "detail"}
CHART = {
    "Chart.yaml": "{apiVersion: v2, name: bodies, version: 0.0.0}",
    "templates/bodies.yaml": "{{- range $name, $body := .Values.bodies }}\n{{ $name }}: "
    '{{ tpl $body (merge (dict "Template" $.Template) $.Values.vars) | toJson }}\n{{- end }}\n',
}
faults = []


def expect(is_so, sentence):
    if not is_so:
        faults.append(sentence)


def render(bodies, variables):
    """Bodies by name."""
    with tempfile.TemporaryDirectory() as scratch:
        chart = pathlib.Path(scratch)
        (chart / "templates").mkdir()
        for file, text in CHART.items():
            (chart / file).write_text(text)
        (chart / "values.yaml").write_text(json.dumps({"bodies": bodies, "vars": variables}))
        run = subprocess.run(["helm", "template", "x", chart], capture_output=True, text=True, check=False)
    if run.returncode:
        sys.exit(f"render: {run.stderr}")
    return yaml.safe_load(run.stdout)


def fires(when, app):
    """What an expression says of an Application, as far as the language that it is written in is also Python."""
    def look(path):
        value = {"app": app}
        for key in re.split(r"\??\.", path):
            value = (value or {}).get(key)
        return value
    return eval(re.sub(r"app(?:\??\.\w+)+", lambda path: f"look('{path[0]}')", when), {"look": look})


def receiver(source):
    """Events that the receiver knows."""
    code = (ROOT / "components/webhook/src/argo/source.rs").read_text()
    return set(re.findall(r'about_\w+\("([a-z-]+)"', re.search(rf"const {source}: .*?\];", code, re.S)[0]))


def check_config(data, prefix, source, path):
    """Templates by event."""
    service = yaml.safe_load(data["service.webhook.slipway"])
    headers = {header["name"]: header["value"] for header in service["headers"]}
    expect(headers == {"Authorization": "Bearer $argo_webhook_token", "Content-Type": "application/json"}, f"{source}: headers")
    expect(service["url"].startswith("http"), f"{source}: the service has no URL")
    triggers = {key.removeprefix("trigger."): yaml.safe_load(value) for key, value in data.items() if key.startswith("trigger.")}
    templates = {key.removeprefix("template.slipway-"): yaml.safe_load(value)["webhook"]["slipway"]
                 for key, value in data.items() if key.startswith("template.")}
    events = receiver(source)
    expect(len(events) > 4 and set(templates) == events, f"{source}: templates {sorted(templates)}, the receiver has {sorted(events)}")
    expect(set(triggers) == {prefix + event for event in events}, f"{source}: triggers {sorted(triggers)}")
    expect(sorted(yaml.safe_load(data["defaultTriggers.slipway"])) == sorted(triggers), f"{source}: default triggers")
    for name, conditions in triggers.items():
        expect([c["send"] for c in conditions] == [["slipway-" + name.removeprefix(prefix)]], f"{source}: {name} sends something else")
        expect(all(bool(c.get("oncePer")) == bool(c.get("when")) for c in conditions), f"{source}: {name}: when without oncePer")
    for event, template in templates.items():
        expect((template["method"], template["path"]) == ("POST", path), f"{source}: {event} goes elsewhere")
    return {event: template["body"] for event, template in templates.items()}, triggers


def check_body(name, event, text):
    try:
        body = json.loads(text)
    except ValueError as error:
        return expect(False, f"{name}, {event}: {error} in {text}")
    expect(body["event"] == event, f"{name}, {event}: it says {body['event']}")
    expect(FIELDS <= set(body) <= FIELDS | {"commits", "actor"}, f"{name}, {event}: fields {sorted(body)}")
    expect(len(text) < BODY and len(json.dumps(body["detail"])) < DETAIL, f"{name}, {event}: it is too large")
    return body


def main(rollouts, argocd, output):
    output = pathlib.Path(output)
    rollout_bodies, _ = check_config(yaml.safe_load(open(rollouts))["data"], "on-", "ROLLOUTS", "/webhooks/argo-rollouts")
    app_bodies, triggers = check_config(yaml.safe_load(open(argocd))["data"], "slipway-", "ARGO_CD", "/webhooks/argocd")
    written = 0
    for file in sorted((HERE / "objects").glob("*.yaml")):
        given = yaml.safe_load(file.read_text())
        expected = given.pop("events")
        is_app = "app" in given
        if is_app:
            fired = [name.removeprefix("slipway-") for name, [c] in triggers.items() if fires(c["when"], given["app"])]
            expect(set(fired) == set(expected), f"{file.stem}: {sorted(fired)} fire, expected {sorted(expected)}")
        rendered = render(app_bodies if is_app else rollout_bodies, given)
        bodies = {event: check_body(file.stem, event, text) for event, text in rendered.items()}
        # All events of an object are told with the same words.
        alike = {json.dumps({**body, "event": ""}) for body in bodies.values() if body}
        expect(len(alike) == 1, f"{file.stem}: the templates differ in more than the event")
        for event in filter(bodies.get, expected):
            (output / f"{file.stem}.{event}.json").write_text(json.dumps(bodies[event], indent=2, ensure_ascii=False) + "\n")
            written += 1
    expect(written > 8, f"only {written} bodies were rendered")
    for fault in faults:
        print(f"notifications: FAILED: {fault}", file=sys.stderr)
    print(f"notifications: {len(rollout_bodies) + len(app_bodies)} templates, {written} bodies, {len(faults)} failures")
    sys.exit(bool(faults))


main(*sys.argv[1:])
