{{/* {root, suffix}: a Service over the pods that serve. Argo Rollouts narrows its selector to one hash where the strategy
names it. The admin port is on the stable one alone, and only for those who ask for the sweep. */}}
{{- define "slipway.service" -}}
apiVersion: v1
kind: Service
metadata:
  name: {{ include "slipway.fullname" .root }}{{ .suffix }}
  labels:
    {{- include "slipway.labels" .root | nindent 4 }}
spec:
  selector:
    {{- include "slipway.serverLabels" .root | nindent 4 }}
  ports:
    - name: http
      port: 80
      targetPort: http
      appProtocol: http
    {{- if and (not .suffix) (eq .root.Values.sweep.by "cronJob") }}
    - name: admin
      port: 9090
      targetPort: admin
      appProtocol: http
    {{- end }}
{{- end }}
