# Makes of a rendered PrometheusRule the file of rules that it stands for.
/^kind: / { inside = $2 == "PrometheusRule"; begun = 0 }
/^---/ { inside = 0 }
inside && begun { sub(/^  /, ""); print }
inside && /^spec:/ { begun = 1 }
