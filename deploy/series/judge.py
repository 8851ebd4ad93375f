"""What Argo Rollouts makes of gates: told by `slipway gate`, which judges as it does."""

import json
import subprocess

import yaml

SUCCESSFUL, FAILED, INCONCLUSIVE = "Successful", "Failed", "Inconclusive"


class Judge:
    """Judges all templates, each with one measurement."""

    def __init__(self, slipway, folder, templates, prometheus):
        self.file = folder / "gates.yaml"
        self.file.write_text(yaml.safe_dump_all(templates), encoding="utf-8")
        names = [part for template in templates for part in ("--template", template["metadata"]["name"])]
        self.command = [slipway, "gate", "-f", self.file, *names, "--once", "--output=json", f"--prometheus={prometheus}"]

    def measurements(self, hash):
        """For each metric: what its measurement means, and its value."""
        command = [*self.command, "--arg", f"pod-template-hash={hash}"]
        judged = subprocess.run(command, capture_output=True, text=True, check=False)
        told = json.loads(judged.stdout)
        if not told["metrics"]:
            raise ValueError(told["message"])
        last = {metric["name"]: metric["measurements"][-1] for metric in told["metrics"]}
        return {name: (found["phase"], found["value"] or found["message"]) for name, found in last.items()}
