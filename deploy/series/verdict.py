"""What Argo Rollouts makes of one measurement."""

import math
import re

SUCCESSFUL, FAILED, INCONCLUSIVE = "Successful", "Failed", "Inconclusive"


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
