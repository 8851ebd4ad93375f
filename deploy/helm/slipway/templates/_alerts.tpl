{{/* What the PrometheusRule is made of. Alerts are over the series of the chart's own PodMonitor: its job is
NAMESPACE/NAME. */}}

{{- define "slipway.alerts.series" -}}
namespace="{{ .Release.Namespace }}",job="{{ .Release.Namespace }}/{{ include "slipway.fullname" . }}"
{{- end }}

{{/* Four scrapes, so that one that is missed leaves enough; five minutes at least. */}}
{{- define "slipway.alerts.window" -}}
{{ max 300 (mul 4 (int .Values.podMonitor.intervalSeconds)) }}s
{{- end }}

{{/* {root, name, severity, for, expr, summary, description}: one alert. Its runbook is the heading of its name. */}}
{{- define "slipway.alert" -}}
- alert: {{ .name }}
  expr: |
    {{- .expr | trim | nindent 4 }}
  {{- with .for }}
  for: {{ . }}
  {{- end }}
  labels:
    severity: {{ .severity }}
    {{- /* Sums have neither, and Alertmanager may route by both. */}}
    namespace: {{ .root.Release.Namespace }}
    service: {{ include "slipway.fullname" .root }}
    {{- with .root.Values.prometheusRule.alertLabels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  annotations:
    summary: {{ .summary | quote }}
    description: {{ .description | quote }}
    runbook_url: {{ printf "%s#%s" .root.Values.prometheusRule.runbooks (lower .name) | quote }}
{{- end }}
