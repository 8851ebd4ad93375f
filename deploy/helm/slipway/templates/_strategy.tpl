{{/* The strategy of the Rollout. */}}

{{/* Gates as an analysis names them: {gates, root}. The hash is what tells the new pods' series from the old ones'. */}}
{{- define "slipway.gates" -}}
templates:
  {{- range .gates }}
  - templateName: {{ include "slipway.fullname" $.root }}-{{ . }}
  {{- end }}
args:
  - name: pod-template-hash
    valueFrom:
      podTemplateHashValue: Latest
{{- end }}

{{/* SQLite has one writer in one volume: the old pod ends before the new one begins. */}}
{{- define "slipway.strategy.rolling" -}}
canary:
  {{- if eq (include "slipway.ledger" .) "sqlite" }}
  maxSurge: 0
  maxUnavailable: 1
  {{- else }}
  maxSurge: {{ .Values.strategy.canary.maxSurge }}
  maxUnavailable: {{ .Values.strategy.canary.maxUnavailable }}
  {{- end }}
{{- end }}

{{- define "slipway.strategy.canary" -}}
canary:
  maxSurge: {{ .Values.strategy.canary.maxSurge }}
  maxUnavailable: {{ .Values.strategy.canary.maxUnavailable }}
  {{- if include "slipway.splitsTraffic" . }}
  stableService: {{ include "slipway.fullname" . }}
  canaryService: {{ include "slipway.fullname" . }}-canary
  abortScaleDownDelaySeconds: {{ int .Values.strategy.abortScaleDownDelaySeconds }}
  trafficRouting:
    {{- include (printf "slipway.routing.%s" .Values.router) . | nindent 4 }}
  {{- end }}
  {{- with .Values.strategy.canary.background }}
  {{- if .gates }}
  analysis:
    startingStep: {{ int .startingStep }}
    {{- include "slipway.gates" (dict "gates" .gates "root" $) | nindent 4 }}
  {{- end }}
  {{- end }}
  steps:
    {{- range .Values.strategy.canary.steps }}
    {{- if hasKey . "analysis" }}
    - analysis:
        {{- include "slipway.gates" (dict "gates" .analysis "root" $) | nindent 8 }}
    {{- else if hasKey . "setWeight" }}
    - setWeight: {{ int .setWeight }}
    {{- else if .pause.duration }}
    - pause:
        duration: {{ int .pause.duration }}
    {{- else }}
    - pause: {}
    {{- end }}
    {{- end }}
{{- end }}

{{- define "slipway.strategy.blueGreen" -}}
{{- with .Values.strategy.blueGreen -}}
blueGreen:
  activeService: {{ include "slipway.fullname" $ }}
  previewService: {{ include "slipway.fullname" $ }}-preview
  previewReplicaCount: {{ int .previewReplicas }}
  autoPromotionEnabled: {{ .autoPromotion }}
  scaleDownDelaySeconds: {{ int .scaleDownDelaySeconds }}
  abortScaleDownDelaySeconds: {{ int $.Values.strategy.abortScaleDownDelaySeconds }}
  {{- if .prePromotion }}
  prePromotionAnalysis:
    {{- include "slipway.gates" (dict "gates" .prePromotion "root" $) | nindent 4 }}
  {{- end }}
  {{- if .postPromotion }}
  postPromotionAnalysis:
    {{- include "slipway.gates" (dict "gates" .postPromotion "root" $) | nindent 4 }}
  {{- end }}
{{- end }}
{{- end }}

{{- define "slipway.routing.gateway" -}}
plugins:
  argoproj-labs/gatewayAPI:
    httpRoute: {{ include "slipway.fullname" . }}
    namespace: {{ .Release.Namespace }}
{{- end }}

{{- define "slipway.routing.nginx" -}}
nginx:
  stableIngress: {{ include "slipway.fullname" . }}
{{- end }}

{{/* The root Service is a name in the Ingress that the action annotation of the same name explains. */}}
{{- define "slipway.routing.alb" -}}
alb:
  ingress: {{ include "slipway.fullname" . }}
  rootService: {{ include "slipway.fullname" . }}
  servicePort: 80
{{- end }}

{{- define "slipway.routing.traefik" -}}
traefik:
  weightedTraefikServiceName: {{ include "slipway.fullname" . }}
{{- end }}
