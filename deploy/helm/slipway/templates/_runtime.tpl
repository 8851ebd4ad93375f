{{/* Who hosts the application, whose it is, and what follows from that. */}}

{{/* Whether it is Slipway's own application: the tracker and the webhook receiver. */}}
{{- define "slipway.own" -}}
{{- if or (not .Values.app.image) .Values.app.slipway -}}true{{- end -}}
{{- end }}

{{/* Where the ledger is: sqlite, postgres, or none, since only our own application has one. */}}
{{- define "slipway.ledger" -}}
{{- ternary .Values.database.kind "none" (eq (include "slipway.own" .) "true") -}}
{{- end }}

{{/* Who has promotions tried again: pods, cronJob, or none, where there are no promotions. */}}
{{- define "slipway.sweep" -}}
{{- ternary .Values.sweep.by "none" (eq (include "slipway.own" .) "true") -}}
{{- end }}

{{/* The pods' port that takes the sweep. The sidecar's admin port has no internal paths: there, the application takes it
like any request, and its token is what keeps others out. */}}
{{- define "slipway.sweepPort" -}}
{{ ternary "9090" "3000" (eq .Values.runtime "embedded") }}
{{- end }}

{{/* The same port, at the Service. */}}
{{- define "slipway.sweepServicePort" -}}
{{ ternary "9090" "80" (eq .Values.runtime "embedded") }}
{{- end }}

{{/* The port of the registry that a pod of the embedded runtime pulls its application from. */}}
{{- define "slipway.registryPort" -}}
{{- $host := regexFind "^[^/]+/" .Values.app.image | trimSuffix "/" -}}
{{- $port := regexFind ":[0-9]+$" $host | trimPrefix ":" -}}
{{ default (ternary "80" "443" .Values.app.insecureRegistry) $port }}
{{- end }}

{{/* The container that the application's processor time and memory are those of. */}}
{{- define "slipway.appContainer" -}}
{{ ternary "slipway" "app" (eq .Values.runtime "embedded") }}
{{- end }}
