{{/* {root, className, annotations, port}: the Ingress of a router that has one; `port` is that of its backend, as YAML. */}}
{{- define "slipway.ingress" -}}
{{- $backend := printf "service:\n  name: %s\n  port:\n    %s" (include "slipway.fullname" .root) .port -}}
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: {{ include "slipway.fullname" .root }}
  labels:
    {{- include "slipway.labels" .root | nindent 4 }}
  {{- with .annotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  ingressClassName: {{ .className }}
  {{- with .root.Values.tls.secretName }}
  tls:
    - secretName: {{ . }}
      {{- with $.root.Values.hosts }}
      hosts:
        {{- toYaml . | nindent 8 }}
      {{- end }}
  {{- end }}
  rules:
    {{- range default (list "") .root.Values.hosts }}
    - http:
        paths:
          - path: /
            pathType: Prefix
            backend:
              {{- $backend | nindent 14 }}
      {{- with . }}
      host: {{ . | quote }}
      {{- end }}
    {{- end }}
{{- end }}
