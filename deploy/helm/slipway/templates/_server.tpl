{{/* Parts of the pod that serves. */}}

{{/* Arguments of `slipway up`: those of the Dockerfile, and what the values say. */}}
{{- define "slipway.arguments" -}}
- up
- --from=/app
- --cache-dir=/app/compiled
- --state-dir=/var/lib/slipway
- --listen=0.0.0.0:3000
- --admin-listen=0.0.0.0:9090
- --max-burst-time=8s
- --max-concurrent-requests={{ int .Values.maxConcurrentRequests }}
- --drain-delay={{ int .Values.drain.delaySeconds }}s
- --drain-timeout={{ int .Values.drain.timeoutSeconds }}s
- --log-format={{ .Values.log.format }}
- --log-level={{ .Values.log.level }}
{{- if eq .Values.sweep.by "pods" }}
- --sweep-every={{ int .Values.sweep.everySeconds }}s
{{- end }}
{{- if .Values.targets }}
- --variable=targets=@/etc/slipway/targets.toml
{{- end }}
{{- with .Values.otlpEndpoint }}
- --otlp-endpoint={{ . }}
- --trace-service-name={{ include "slipway.fullname" $ }}
{{- end }}
{{- end }}

{{/* Secrets, one by one: only what is named here can get into the process. Of a Secret made elsewhere, only what cannot be
done without has to be there. */}}
{{- define "slipway.secretEnvironment" -}}
{{- $secret := include "slipway.secretName" . -}}
{{- $given := list "api_tokens" "github_webhook_secret" "github_webhook_secret_previous" "github_token" "internal_token" -}}
{{- $needed := list -}}
{{- if not .Values.openAccess }}{{ $needed = append $needed "api_tokens" }}{{ end -}}
{{- if eq .Values.sweep.by "cronJob" }}{{ $needed = append $needed "internal_token" }}{{ end -}}
{{- if not .Values.existingSecret }}{{ $given = keys .Values.secrets | sortAlpha }}{{ end -}}
{{- if $secret -}}
{{- range $given }}
- name: SPIN_VARIABLE_{{ upper . }}
  valueFrom:
    secretKeyRef:
      name: {{ $secret }}
      key: {{ . }}
      {{- if and $.Values.existingSecret (not (has . $needed)) }}
      optional: true
      {{- end }}
{{- end }}
{{- end }}
{{- if eq .Values.database.kind "postgres" }}
- name: SPIN_VARIABLE_DATABASE_URL
  valueFrom:
    secretKeyRef:
      name: {{ .Values.database.postgres.urlSecret.name }}
      key: {{ .Values.database.postgres.urlSecret.key }}
{{- end }}
{{- end }}

{{/* On the admin port, so that no route of the application can answer instead. */}}
{{- define "slipway.probes" -}}
startupProbe:
  httpGet:
    path: /startupz
    port: admin
  periodSeconds: 2
  timeoutSeconds: 2
  failureThreshold: 30
livenessProbe:
  httpGet:
    path: /healthz
    port: admin
  periodSeconds: 10
  timeoutSeconds: 2
  failureThreshold: 3
readinessProbe:
  httpGet:
    path: /readyz
    port: admin
  periodSeconds: 5
  timeoutSeconds: 3
  failureThreshold: 2
{{- end }}

{{- define "slipway.volumes" -}}
- name: state
{{- if and (eq .Values.database.kind "sqlite") .Values.database.sqlite.persistence.enabled }}
  persistentVolumeClaim:
    claimName: {{ include "slipway.claimName" . }}
{{- else }}
  emptyDir:
    sizeLimit: {{ .Values.stateSizeLimit }}
{{- end }}
{{- if .Values.targets }}
- name: targets
  configMap:
    name: {{ include "slipway.fullname" . }}-targets
{{- end }}
{{- end }}

{{/* Changed configuration makes new pods. */}}
{{- define "slipway.podAnnotations" -}}
checksum/config: {{ include (print .Template.BasePath "/configmap.yaml") . | sha256sum }}
{{- with .Values.targets }}
checksum/targets: {{ . | sha256sum }}
{{- end }}
{{- if and .Values.secrets (not .Values.existingSecret) }}
checksum/secret: {{ .Values.secrets | toJson | sha256sum }}
{{- end }}
{{- with .Values.podAnnotations }}
{{ toYaml . }}
{{- end }}
{{- end }}
