{{/*
Gates that cannot pass by accident. A query gives one of three things:

- a number: what was measured, over enough requests;
- NaN: the pods are scraped, but had too few requests. analysis.noTraffic says what that means;
- nothing: there is no such series. Never a pass, and never a failure: nobody measured anything. It is inconclusive.

`class` exists for every class from the first scrape on, so that "no errors" is a zero and not a missing series.
*/}}

{{/* Series of the new pods in this namespace; further matchers may come behind it. */}}
{{- define "slipway.series" -}}
namespace="{{ .Release.Namespace }}",rollouts_pod_template_hash="{{ "{{args.pod-template-hash}}" }}"
{{- end }}

{{/* {root, window, value}: `value` where there were enough requests, NaN where too few. */}}
{{- define "slipway.query.enough" -}}
{{- $all := printf "http_responses_total{%s}[%ds]" (include "slipway.series" .root) (int .window) -}}
(
  {{ .value }}
  and sum(increase({{ $all }})) >= {{ int .root.Values.analysis.minRequests }}
)
or (
  sum(rate({{ $all }})) * NaN
  and sum(increase({{ $all }})) < {{ int .root.Values.analysis.minRequests }}
)
{{- end }}

{{/* {root, window, matcher}: the share of responses of these classes. */}}
{{- define "slipway.query.share" -}}
{{- $series := include "slipway.series" .root -}}
{{- $share := printf "sum(rate(http_responses_total{%s,%s}[%ds])) / sum(rate(http_responses_total{%s}[%ds]))" $series .matcher (int .window) $series (int .window) -}}
{{ include "slipway.query.enough" (dict "root" .root "window" .window "value" $share) }}
{{- end }}

{{- define "slipway.query.successRate" -}}
{{ include "slipway.query.share" (dict "root" .root "window" .window "matcher" "class!=\"5xx\"") }}
{{- end }}

{{- define "slipway.query.errorRate" -}}
{{ include "slipway.query.share" (dict "root" .root "window" .window "matcher" "class=\"5xx\"") }}
{{- end }}

{{- define "slipway.query.latencyP95" -}}
{{- $buckets := printf "http_request_duration_seconds_bucket{%s}[%ds]" (include "slipway.series" .root) (int .window) -}}
{{- $p95 := printf "histogram_quantile(0.95, sum by (le) (rate(%s)))" $buckets -}}
{{ include "slipway.query.enough" (dict "root" .root "window" .window "value" $p95) }}
{{- end }}

{{/* The fullest pod, as a share of what it works on at once. Says something without any traffic too. */}}
{{- define "slipway.query.saturation" -}}
max(max_over_time(http_requests_in_flight{{ "{" }}{{ include "slipway.series" .root }}}[{{ int .window }}s])) / {{ int .root.Values.maxConcurrentRequests }}
{{- end }}

{{/* The share of scrapes that were answered, of the pod that answered most: of a version that crashes again and again, even
that is low. It needs no requests, and sees what ends before it is ever scraped. */}}
{{- define "slipway.query.availability" -}}
max(avg_over_time(up{{ "{" }}{{ include "slipway.series" .root }}}[{{ int .window }}s]))
{{- end }}

{{/* {root, good, bad}: the conditions, `good` and `bad` being comparisons of result[0]. With both given, what meets
neither is inconclusive. */}}
{{- define "slipway.conditions" -}}
{{- $number := "len(result) > 0 && !isNaN(result[0])" -}}
{{- $success := printf "%s && result[0] %s" $number .good -}}
{{- $failure := printf "%s && result[0] %s" $number .bad -}}
{{- if eq .root.Values.analysis.noTraffic "pass" -}}
{{- $success = printf "len(result) > 0 && (isNaN(result[0]) || result[0] %s)" .good -}}
{{- else if eq .root.Values.analysis.noTraffic "fail" -}}
{{- $failure = printf "len(result) > 0 && (isNaN(result[0]) || result[0] %s)" .bad -}}
{{- end -}}
successCondition: {{ $success | quote }}
failureCondition: {{ $failure | quote }}
{{- end }}

{{/* {root, gate, settings, metric, good, bad}: one metric. Its name has the gate's in it, since one run may have several
gates and no name twice. */}}
{{- define "slipway.metric" -}}
{{- with .settings -}}
- name: {{ $.gate }}{{ if gt (len .metrics) 1 }}-{{ kebabcase $.metric }}{{ end }}
  {{- with .initialDelaySeconds }}
  initialDelay: {{ int . }}s
  {{- end }}
  interval: {{ int .intervalSeconds }}s
  {{- with .count }}
  count: {{ int . }}
  {{- end }}
  failureLimit: {{ int .failureLimit }}
  inconclusiveLimit: {{ int (default 0 .inconclusiveLimit) }}
  {{- include "slipway.conditions" $ | nindent 2 }}
  provider:
    prometheus:
      address: {{ $.root.Values.analysis.prometheus | quote }}
      query: |
        {{- include (printf "slipway.query.%s" $.metric) (dict "root" $.root "window" .windowSeconds) | nindent 8 }}
{{- end }}
{{- end }}

{{/* {root, gate, settings}: all metrics of a gate, in an order that does not change. */}}
{{- define "slipway.metrics" -}}
{{- $metrics := .settings.metrics -}}
{{- with $metrics.successRate }}
{{ include "slipway.metric" (merge (dict "metric" "successRate" "good" (printf ">= %v" .min) "bad" (printf "< %v" .min)) $) }}
{{- end }}
{{- with $metrics.errorRate }}
{{ include "slipway.metric" (merge (dict "metric" "errorRate" "good" (printf "< %v" .max) "bad" (printf ">= %v" .max)) $) }}
{{- end }}
{{- with $metrics.latencyP95 }}
{{ include "slipway.metric" (merge (dict "metric" "latencyP95" "good" (printf "< %v" .maxSeconds) "bad" (printf ">= %v" .maxSeconds)) $) }}
{{- end }}
{{- with $metrics.saturation }}
{{ include "slipway.metric" (merge (dict "metric" "saturation" "good" (printf "< %v" .max) "bad" (printf ">= %v" .max)) $) }}
{{- end }}
{{- with $metrics.availability }}
{{ include "slipway.metric" (merge (dict "metric" "availability" "good" (printf ">= %v" .min) "bad" (printf "< %v" .min)) $) }}
{{- end }}
{{- end }}

{{/* Names of the gates that the strategy asks, as a JSON array. */}}
{{- define "slipway.usedGates" -}}
{{- $gates := list -}}
{{- if eq .Values.strategy.type "canary" -}}
{{- $gates = .Values.strategy.canary.background.gates -}}
{{- range .Values.strategy.canary.steps }}{{ $gates = concat $gates (default list .analysis) }}{{ end -}}
{{- else if eq .Values.strategy.type "blueGreen" -}}
{{- $gates = concat .Values.strategy.blueGreen.prePromotion .Values.strategy.blueGreen.postPromotion -}}
{{- end -}}
{{ $gates | uniq | sortAlpha | toJson }}
{{- end }}
