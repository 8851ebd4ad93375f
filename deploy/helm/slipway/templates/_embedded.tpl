{{/* The pod of `runtime: embedded`: one container, our image, which hosts the application itself. */}}

{{/* Arguments of `slipway up`: those of the Dockerfile where it is our own application, and what the values say. */}}
{{- define "slipway.embedded.arguments" -}}
- up
{{- if .Values.app.image }}
- --from={{ .Values.app.image }}
{{- else }}
- --from=/app
- --cache-dir=/app/compiled
{{- end }}
- --state-dir=/var/lib/slipway
- --listen=0.0.0.0:3000
- --admin-listen=0.0.0.0:9090
{{- if include "slipway.own" . }}
- --max-burst-time=8s
{{- end }}
{{ include "slipway.arguments" . }}
{{- if eq (include "slipway.sweep" .) "pods" }}
- --sweep-every={{ int .Values.sweep.everySeconds }}s
{{- end }}
{{- if .Values.targets }}
- --variable=targets=@/etc/slipway/targets.toml
{{- end }}
{{- with .Values.app }}
{{- if .pullSecret }}
- --registry-auth=/etc/slipway-registry/.dockerconfigjson
{{- end }}
{{- if .insecureRegistry }}
- --insecure
{{- end }}
{{- if .runtimeConfigSecret }}
- --runtime-config-file=/etc/slipway-app/runtime-config.toml
{{- end }}
{{- range .components }}
- --component-id={{ . }}
{{- end }}
{{- end }}
{{- end }}

{{- define "slipway.embedded.security" -}}
{{ include "slipway.podSecurityContext" . }}
{{- end }}

{{- define "slipway.embedded.containers" -}}
containers:
  - name: slipway
    image: {{ include "slipway.image" . }}
    imagePullPolicy: {{ .Values.image.pullPolicy }}
    args:
      {{- include "slipway.embedded.arguments" . | nindent 6 }}
    envFrom:
      - configMapRef:
          name: {{ include "slipway.fullname" . }}
    {{- with include "slipway.secretEnvironment" . | trim }}
    env:
      {{- . | nindent 6 }}
    {{- end }}
    {{- include "slipway.ports" . | nindent 4 }}
    {{- include "slipway.probes" . | nindent 4 }}
    resources:
      {{- toYaml .Values.resources | nindent 6 }}
    securityContext:
      {{- include "slipway.containerSecurityContext" . | nindent 6 }}
    volumeMounts:
      - name: state
        mountPath: /var/lib/slipway
      {{- if .Values.targets }}
      - name: targets
        mountPath: /etc/slipway
        readOnly: true
      {{- end }}
      {{- if .Values.app.pullSecret }}
      - name: registry
        mountPath: /etc/slipway-registry
        readOnly: true
      {{- end }}
      {{- if .Values.app.runtimeConfigSecret }}
      - name: runtime-config
        mountPath: /etc/slipway-app
        readOnly: true
      {{- end }}
{{- end }}

{{- define "slipway.embedded.volumes" -}}
volumes:
  - name: state
  {{- if and (eq (include "slipway.ledger" .) "sqlite") .Values.database.sqlite.persistence.enabled }}
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
  {{- with .Values.app.pullSecret }}
  - name: registry
    secret:
      secretName: {{ . }}
  {{- end }}
  {{- with include "slipway.runtimeConfigVolume" . | trim }}
  {{- . | nindent 2 }}
  {{- end }}
{{- end }}
