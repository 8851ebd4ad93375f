{{/*
The pod of `runtime: spinkube`: the node's Spin hosts the application, and our image stands in front of it as a native
sidecar. Spin has no metrics, no readiness and no drain that a release could be judged by; the sidecar has all three.

Environment variables may not reach a native container in such a pod, so that everything is said to it by arguments. Nobody
can exec into the pod either: probes and hooks are HTTP.
*/}}

{{- define "slipway.spinkube.security" -}}
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{/* Our own application's readiness wants a token that a probe has not: its API says at least whether it is set up, and,
where access is open, whether the ledger answers. */}}
{{- define "slipway.spinkube.readyPath" -}}
{{ default (ternary "/api/v1/deployments?limit=1" "/" (eq (include "slipway.own" .) "true")) .Values.app.readyPath }}
{{- end }}

{{- define "slipway.spinkube.arguments" -}}
- sidecar
- --upstream=http://127.0.0.1:8080
- --listen=0.0.0.0:3000
- --admin-listen=0.0.0.0:9090
- --component={{ include "slipway.fullname" . }}
- --ready-path={{ include "slipway.spinkube.readyPath" . }}
{{- with .Values.app.metricsPath }}
- --upstream-metrics={{ . }}
{{- end }}
{{ include "slipway.arguments" . }}
{{- end }}

{{- define "slipway.spinkube.containers" -}}
runtimeClassName: {{ .Values.spinkube.runtimeClassName }}
initContainers:
  # Begins before the application and ends after it.
  - name: slipway
    image: {{ include "slipway.image" . }}
    imagePullPolicy: {{ .Values.image.pullPolicy }}
    restartPolicy: Always
    # Absolute: by the path the shim finds out that this is a program for Linux.
    command: [/usr/local/bin/slipway]
    args:
      {{- include "slipway.spinkube.arguments" . | nindent 6 }}
    {{- include "slipway.ports" . | nindent 4 }}
    {{- include "slipway.probes" . | nindent 4 }}
    resources:
      {{- toYaml .Values.spinkube.sidecarResources | nindent 6 }}
    securityContext:
      runAsNonRoot: true
      runAsUser: 65532
      runAsGroup: 65532
      {{- include "slipway.containerSecurityContext" . | nindent 6 }}
containers:
  - name: app
    image: {{ .Values.app.image }}
    imagePullPolicy: {{ .Values.image.pullPolicy }}
    # Not run: the shim wants one to be there.
    command: [/]
    envFrom:
      - configMapRef:
          name: {{ include "slipway.fullname" . }}
    env:
      # Reached through the sidecar alone, so that no request goes uncounted.
      - name: SPIN_HTTP_LISTEN_ADDR
        value: 127.0.0.1:8080
      {{- with .Values.app.components }}
      - name: SPIN_COMPONENTS_TO_RETAIN
        value: {{ join "," . | quote }}
      {{- end }}
      {{- with .Values.otlpEndpoint }}
      - name: OTEL_EXPORTER_OTLP_ENDPOINT
        value: {{ . }}
      {{- end }}
      {{- if .Values.targets }}
      - name: SPIN_VARIABLE_TARGETS
        valueFrom:
          configMapKeyRef:
            name: {{ include "slipway.fullname" . }}-targets
            key: targets.toml
      {{- end }}
      {{- with include "slipway.secretEnvironment" . | trim }}
      {{- . | nindent 6 }}
      {{- end }}
    lifecycle:
      # Spin drops what is in flight at SIGTERM. This answers once nothing is, and only then is the signal sent.
      preStop:
        httpGet:
          path: /drain
          port: 9090
    resources:
      {{- toYaml .Values.resources | nindent 6 }}
    # The shim writes to the root of this container, and as its owner.
    securityContext:
      runAsUser: {{ int .Values.spinkube.runAsUser }}
      runAsNonRoot: {{ ne (int .Values.spinkube.runAsUser) 0 }}
      allowPrivilegeEscalation: false
      capabilities:
        drop: [ALL]
    {{- if .Values.app.runtimeConfigSecret }}
    volumeMounts:
      - name: runtime-config
        mountPath: /runtime-config.toml
        subPath: runtime-config.toml
        readOnly: true
    {{- end }}
{{- end }}

{{- define "slipway.spinkube.volumes" -}}
{{- with include "slipway.runtimeConfigVolume" . | trim -}}
volumes:
  {{- . | nindent 2 }}
{{- end }}
{{- end }}
