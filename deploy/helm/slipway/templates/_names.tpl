{{/* Names, labels, and references that more than one object has. */}}

{{- define "slipway.name" -}}
{{ default .Chart.Name .Values.nameOverride | trunc 50 | trimSuffix "-" }}
{{- end }}

{{/* At most 40 characters: names of gates, pods and hashes come behind it, and 63 is the end. Without the dots that a
release may have, and a Service may not. */}}
{{- define "slipway.fullname" -}}
{{- $name := include "slipway.name" . -}}
{{- $release := .Release.Name | replace "." "-" -}}
{{- $full := ternary $release (printf "%s-%s" $release $name) (contains $name $release) -}}
{{ default $full .Values.fullnameOverride | trunc 40 | trimSuffix "-" }}
{{- end }}

{{- define "slipway.selectorLabels" -}}
app.kubernetes.io/name: {{ include "slipway.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{/* Pods that serve, and not those of a Job. */}}
{{- define "slipway.serverLabels" -}}
{{ include "slipway.selectorLabels" . }}
app.kubernetes.io/component: server
{{- end }}

{{- define "slipway.labels" -}}
{{ include "slipway.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{- define "slipway.image" -}}
{{- with .Values.image -}}
{{- if .digest -}}
{{ .repository }}@{{ .digest }}
{{- else -}}
{{ .repository }}:{{ default $.Chart.AppVersion .tag }}
{{- end -}}
{{- end -}}
{{- end }}

{{- define "slipway.imagePullSecrets" -}}
{{- $secrets := .Values.image.pullSecrets -}}
{{- if and .Values.app.pullSecret (eq .Values.runtime "spinkube") }}{{ $secrets = append $secrets .Values.app.pullSecret | uniq }}{{ end -}}
{{- with $secrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- end }}

{{- define "slipway.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{ default (include "slipway.fullname" .) .Values.serviceAccount.name }}
{{- else -}}
{{ default "default" .Values.serviceAccount.name }}
{{- end -}}
{{- end }}

{{/* The Secret with the variables, if there is one. */}}
{{- define "slipway.secretName" -}}
{{- if .Values.existingSecret -}}
{{ .Values.existingSecret }}
{{- else if .Values.secrets -}}
{{ include "slipway.fullname" . }}
{{- end -}}
{{- end }}

{{- define "slipway.claimName" -}}
{{ default (printf "%s-ledger" (include "slipway.fullname" .)) .Values.database.sqlite.persistence.existingClaim }}
{{- end }}

{{/* Whether there are two Services between which a router moves traffic. */}}
{{- define "slipway.splitsTraffic" -}}
{{- if and (eq .Values.strategy.type "canary") (ne .Values.router "none") -}}true{{- end -}}
{{- end }}

{{/* The fewest pods that the values ask for. */}}
{{- define "slipway.leastReplicas" -}}
{{ ternary .Values.autoscaling.minReplicas .Values.replicas .Values.autoscaling.enabled | int }}
{{- end }}

{{/* The port of GitHub's API. */}}
{{- define "slipway.githubPort" -}}
{{- $url := urlParse (default "https://api.github.com" .Values.variables.github_api_url) -}}
{{- $port := regexFind ":[0-9]+$" $url.host | trimPrefix ":" -}}
{{ default (ternary "80" "443" (eq $url.scheme "http")) $port }}
{{- end }}
