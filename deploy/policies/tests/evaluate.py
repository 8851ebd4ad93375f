"""Evaluates Kyverno's ValidatingPolicies and ImageValidatingPolicies, as far as they are CEL, over pods.

    evaluate.py POLICIES FOLDER RENDERINGS...     FOLDER has good.yaml, fine/ and bad/
"""

import fnmatch
import pathlib
import sys

import celpy
import yaml
from celpy import celtypes


def verify_image_signatures(image, attestors):
    """Stands in for Kyverno's function, which asks the registry: how many of the attestors have signed."""
    return celtypes.IntType(0 if "unsigned" in str(image) else len(attestors))


FUNCTIONS = {"verifyImageSignatures": verify_image_signatures}


class Policy:
    def __init__(self, document):
        self.name = document["metadata"]["name"]
        spec = document["spec"]
        self.globs = [reference["glob"] for reference in spec.get("matchImageReferences", [])]
        self.attestors = {attestor["name"]: attestor for attestor in spec.get("attestors", [])}
        self.variables = [(v["name"], compiled(v["expression"])) for v in spec.get("variables", [])]
        self.validations = [
            (compiled(v["expression"]), v["message"], v.get("messageExpression") and compiled(v["messageExpression"]))
            for v in spec["validations"]
        ]

    def refusals(self, pod):
        """Every sentence with which the policy refuses the pod."""
        names = {"object": celpy.json_to_cel(pod), "variables": celtypes.MapType()}
        if self.globs:
            names["images"] = celpy.json_to_cel(self.images(pod))
            names["attestors"] = celpy.json_to_cel(self.attestors)
        for name, program in self.variables:
            names["variables"][celtypes.StringType(name)] = program.evaluate(names)
        for program, message, sentence in self.validations:
            if not program.evaluate(names):
                yield str(sentence.evaluate(names)) if sentence else message

    def images(self, pod):
        """The images that the policy is about, by the lists that they stand in."""
        lists = {}
        for kind in ("containers", "initContainers", "ephemeralContainers"):
            images = [container["image"] for container in pod["spec"].get(kind, [])]
            lists[kind] = [i for i in images if any(fnmatch.fnmatch(i, glob) for glob in self.globs)]
        return lists


def compiled(expression):
    environment = celpy.Environment()
    return environment.program(environment.compile(expression), functions=FUNCTIONS)


def overlaid(below, above):
    """`above` laid over `below`: maps by key, lists by position."""
    if isinstance(below, dict) and isinstance(above, dict):
        return {key: overlaid(below.get(key), above.get(key)) if key in above else below[key]
                for key in [*below, *(key for key in above if key not in below)]}
    if isinstance(below, list) and isinstance(above, list) and below and isinstance(below[0], dict):
        return [overlaid(one, other) for one, other in zip(below, above)] + below[len(above):] + above[len(below):]
    return below if above is None else above


def pods(document):
    """The pod of a workload, if the document is one."""
    spec = document.get("spec", {})
    template = spec.get("template") or spec.get("jobTemplate", {}).get("spec", {}).get("template")
    if template and "containers" in template.get("spec", {}):
        yield {"metadata": document["metadata"], "spec": template["spec"]}


def main(policy_file, folder, renderings):
    folder = pathlib.Path(folder)
    policies = [Policy(document) for document in yaml.safe_load_all(pathlib.Path(policy_file).read_text())]
    good = yaml.safe_load((folder / "good.yaml").read_text())
    failures = []

    def refusals(pod):
        return [sentence for policy in policies for sentence in policy.refusals(pod)]

    def passes(name, pod):
        for sentence in refusals(pod):
            failures.append(f"{name}: refused: {sentence}")

    passes("good.yaml", good)
    fine = sorted(folder.glob("fine/*.yaml"))
    for file in fine:
        passes(file, overlaid(good, yaml.safe_load(file.read_text())))
    rendered = 0
    for file in renderings:
        for document in yaml.safe_load_all(pathlib.Path(file).read_text()):
            for pod in pods(document or {}):
                passes(f"{pathlib.Path(file).name}: {document['kind']}", pod)
                rendered += 1
    bad = sorted(folder.glob("bad/*.yaml"))
    refused = set()
    for file in bad:
        text = file.read_text()
        expected = text.splitlines()[0].removeprefix("# expect: ")
        found = refusals(overlaid(good, yaml.safe_load(text)))
        refused.update(found)
        if found != [expected]:
            failures.append(f"{file}: expected only: {expected}; got: {found}")
    for policy in policies:
        for _, message, sentence in policy.validations:
            if not sentence and message not in refused:
                failures.append(f"{policy.name}: no file of bad/ is refused with: {message}")
    if rendered < len(renderings):
        failures.append(f"only {rendered} pods in {len(renderings)} renderings")

    for failure in failures:
        print(f"policies/check: FAILED: {failure}", file=sys.stderr)
    print(f"policies/check: {len(policies)} policies, {len(bad)} pods refused, {len(fine) + 1 + rendered} pods pass, "
          f"{len(failures)} failures")
    return bool(failures)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], sys.argv[3:]))
