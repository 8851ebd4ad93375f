"""What an expression in PromQL asks for: selectors, and labels that it groups by. Not a parser: what it does not know, it
refuses."""

import re
from dataclasses import dataclass

SELECTOR = re.compile(r"([a-zA-Z_:][\w:]*)\s*\{([^{}]*)\}")
MATCHER = re.compile(r'\s*(\w+)\s*(=~|!~|!=|=)\s*"([^"]*)"\s*(?:,|$)')
GROUPING = re.compile(r"\b(by|without|on|ignoring|group_left|group_right)\s*\(([^()]*)\)")
WORDS = set(
    "sum rate increase max min count avg group sort sort_desc absent changes time vector histogram_quantile and or "
    "unless bool offset max_over_time min_over_time avg_over_time last_over_time by on without ignoring group_left "
    "group_right NaN Inf".split()
)


@dataclass(frozen=True)
class Selector:
    """A metric with its matchers."""

    metric: str
    text: str
    labels: tuple


def selectors(expression):
    """All selectors of an expression. One without braces is an error: it would be of every namespace."""
    found = []
    for metric, matchers in SELECTOR.findall(expression):
        labels, rest = [], matchers
        while rest.strip():
            matcher = MATCHER.match(rest)
            if not matcher:
                raise ValueError(f"matchers that cannot be read: {matchers}")
            labels.append(matcher[1])
            rest = rest[matcher.end() :]
        found.append(Selector(metric, f"{metric}{{{matchers}}}", tuple(labels)))
    bare = GROUPING.sub(" ", SELECTOR.sub(" ", expression))
    bare = re.sub(r'\[[^\]]*\]|"[^"]*"', " ", bare)
    unknown = [word for word in re.findall(r"(?<![\w.])[a-zA-Z_]\w*", bare) if word not in WORDS]
    if unknown:
        raise ValueError(f"neither known words nor metrics with matchers: {', '.join(unknown)}")
    return found


def groupings(expression):
    """All labels that are named in by (…), on (…) and the like; `le` among them."""
    return {label.strip() for _, labels in GROUPING.findall(expression) for label in labels.split(",") if label.strip()}
