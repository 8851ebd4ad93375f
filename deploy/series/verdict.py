"""What Argo Rollouts makes of one measurement."""

import math
import re

SUCCESSFUL, FAILED, INCONCLUSIVE = "Successful", "Failed", "Inconclusive"


def conditions(manifest):
    """(successCondition, failureCondition) of each metric of rendered AnalysisTemplates, by the metric's name."""
    found, name = {}, None
    for line in manifest.splitlines():
        if named := re.match(r"    - name: (\S+)$", line):
            name = named[1]
        elif given := re.match(r'      (success|failure)Condition: "(.*)"$', line):
            found.setdefault(name, {})[given[1]] = given[2]
    return {name: (pair["success"], pair["failure"]) for name, pair in found.items() if len(pair) == 2}


def judge(success, failure, result):
    """Failure goes before success, and neither is inconclusive, as in the controller."""
    if holds(failure, result):
        return FAILED
    return SUCCESSFUL if holds(success, result) else INCONCLUSIVE


def holds(condition, result):
    """The few words of the expression language that the chart uses mean the same in Python, once spelt its way."""
    if not re.fullmatch(r"(?:len\(result\)|isNaN|result\[0\]|[\d.]+|&&|\|\||[<>]=?|[!() ])+", condition):
        raise ValueError(f"a condition with other words than this check knows: {condition}")
    python = condition.replace("&&", " and ").replace("||", " or ").replace("!isNaN", " not isNaN")
    return bool(eval(python, {"__builtins__": {}, "len": len, "isNaN": math.isnan, "result": result}))
