# Makes of rendered AnalysisTemplates rules for promtool: each query once for each pod template hash in `cases`, recorded as
# gate{name="<metric>", case="<hash>"}.
BEGIN { print "groups:\n  - name: gates\n    interval: 15s\n    rules:" }
/^    - name: / { metric = $3 }
/^ +query: \|$/ { inside = match($0, /query/); query = ""; next }
inside && match($0, /[^ ]/) > inside { query = query "          " substr($0, inside + 2) "\n"; next }
inside { print_rules() }
END { if (inside) print_rules() }
function print_rules(    count, names, at, text) {
    count = split(cases, names, " ")
    for (at = 1; at <= count; at++) {
        text = query
        gsub(/\{\{args\.pod-template-hash\}\}/, names[at], text)
        printf "      - record: gate\n        labels: {name: %s, case: %s}\n        expr: |\n%s", metric, names[at], text
    }
    inside = 0
}
