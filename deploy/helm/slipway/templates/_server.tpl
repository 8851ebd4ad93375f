{{/* Parts of the pod that serves. */}}

{{/* Arguments that `slipway up` and `slipway sidecar` both have. */}}
{{- define "slipway.arguments" -}}
- --max-concurrent-requests={{ int .Values.maxConcurrentRequests }}
- --drain-delay={{ int .Values.drain.delaySeconds }}s
- --drain-timeout={{ int .Values.drain.timeoutSeconds }}s
- --log-format={{ .Values.log.format }}
- --log-level={{ .Values.log.level }}
{{- with .Values.otlpEndpoint }}
- --otlp-endpoint={{ . }}
- --trace-service-name={{ include "slipway.fullname" $ }}
{{- end }}
{{- end }}

{{/* Secrets, one by one: only what is named here can get into the process. Of a Secret made elsewhere, only what cannot be
done without has to be there. */}}
{{- define "slipway.secretEnvironment" -}}
{{- if include "slipway.own" . -}}
{{- include "slipway.ownSecrets" . -}}
{{- else -}}
{{- range $name, $from := .Values.app.secretVariables }}
- name: SPIN_VARIABLE_{{ upper $name }}
  valueFrom:
    secretKeyRef:
      name: {{ $from.name }}
      key: {{ $from.key }}
{{- end }}
{{- end }}
{{- end }}

{{- define "slipway.ownSecrets" -}}
{{- $secret := include "slipway.secretName" . -}}
{{- $given := list "api_tokens" "github_webhook_secret" "github_webhook_secret_previous" "github_token" "internal_token" "argo_webhook_token" -}}
{{- $needed := list -}}
{{- if not .Values.openAccess }}{{ $needed = append $needed "api_tokens" }}{{ end -}}
{{- if eq (include "slipway.sweep" .) "cronJob" }}{{ $needed = append $needed "internal_token" }}{{ end -}}
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

{{- define "slipway.ports" -}}
ports:
  - name: http
    containerPort: 3000
  - name: admin
    containerPort: 9090
{{- end }}

{{/* Spin's file of databases, stores and providers of variables, of an application that is not ours. */}}
{{- define "slipway.runtimeConfigVolume" -}}
{{- with .Values.app.runtimeConfigSecret }}
- name: runtime-config
  secret:
    secretName: {{ . }}
    items:
      - key: runtime-config.toml
        path: runtime-config.toml
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
