{{/* {root, suffix}: a Service over the pods that serve. Argo Rollouts narrows its selector to one hash where the strategy
names it. The admin port is on the stable one alone, and only for those who ask for the sweep. Ports are numbers: those of a native
sidecar are not found by name everywhere. */}}
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
      targetPort: 3000
      appProtocol: http
    {{- if and (not .suffix) (eq (include "slipway.sweep" .root) "cronJob") (eq .root.Values.runtime "embedded") }}
    - name: admin
      port: 9090
      targetPort: 9090
      appProtocol: http
    {{- end }}
{{- end }}
