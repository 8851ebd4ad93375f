{{/*
Combinations that cannot work, or would do something else than what is meant. Each check gives a line a fault, so that all
of them are told at once. What a value may look like by itself is in values.schema.json.
*/}}

{{- define "slipway.validate" -}}
{{- $faults := list -}}
{{- range list "image" "app" "spinkube" "access" "database" "strategy" "steps" "traffic" "gates" "analysis" "alerts" "operation" -}}
{{- $faults = concat $faults (include (printf "slipway.validate.%s" .) $ | trim | splitList "\n") -}}
{{- end -}}
{{- $faults = compact $faults -}}
{{- if $faults -}}
{{- fail (printf "these values cannot be used:\n  - %s" (join "\n  - " $faults)) -}}
{{- end -}}
{{- end }}

{{- define "slipway.validate.image" -}}
{{- with .Values.image -}}
{{- if not .repository }}
image.repository is empty: name where the image of the Dockerfile was pushed to.
{{- end -}}
{{- if and .requireDigest (not .digest) }}
image.digest is empty, but image.requireDigest is true: a tag can be moved to something that no gate has seen; give sha256:….
{{- end -}}
{{- end -}}
{{- end }}

{{/* Whose application it is: ours has a ledger, tokens, targets and a sweep, others have variables of their own. */}}
{{- define "slipway.validate.app" -}}
{{- with .Values -}}
{{- if and .app.image .image.requireDigest (not (regexMatch "@sha256:[0-9a-f]{64}$" .app.image)) }}
app.image has no digest, but image.requireDigest is true: a tag can be moved to something that no gate has seen; give REFERENCE@sha256:….
{{- end -}}
{{- $foreign := not (include "slipway.own" $) -}}
{{- $ours := dict "targets" .targets "variables" .variables "existingSecret" .existingSecret "secrets" .secrets "database.postgres.host" .database.postgres.host "database.postgres.urlSecret" .database.postgres.urlSecret.name -}}
{{- range $key, $value := $ours -}}
{{- if and $foreign $value }}
{{ $key }} is given, but app.image is somebody else's application, which would never read it: use app.variables, app.secretVariables and app.runtimeConfigSecret; or, if it is Slipway's own, set app.slipway to true.
{{- end -}}
{{- end -}}
{{- range $key := list "variables" "secretVariables" "runtimeConfigSecret" "components" -}}
{{- if and (not $foreign) (get $.Values.app $key) }}
app.{{ $key }} is given, but the application is Slipway's own, which is set up by the values outside of app: remove it, or name another application in app.image.
{{- end -}}
{{- end -}}
{{- range $name, $value := .app.variables -}}
{{- if hasKey $.Values.app.secretVariables $name }}
app.variables and app.secretVariables both have {{ $name }}: choose one.
{{- end -}}
{{- end -}}
{{- if and (not .app.image) (or .app.pullSecret .app.insecureRegistry) }}
app.pullSecret and app.insecureRegistry are for app.image, which is empty; the credentials of image are image.pullSecrets.
{{- end -}}
{{- end -}}
{{- end }}

{{/* What the node's Spin and a sidecar cannot do, and what nothing else needs. */}}
{{- define "slipway.validate.spinkube" -}}
{{- with .Values -}}
{{- if eq .runtime "spinkube" -}}
{{- if not .app.image }}
runtime is spinkube, but app.image is empty: the node runs what `spin registry push` made; name it, and set app.slipway to true if it is Slipway's own application.
{{- end -}}
{{- if .app.insecureRegistry }}
runtime is spinkube with app.insecureRegistry: there the node pulls app.image, and containerd's own settings say how. Remove it.
{{- end -}}
{{- if and (eq (include "slipway.ledger" $) "sqlite") .database.sqlite.persistence.enabled }}
runtime is spinkube with a volume for SQLite: the node's Spin keeps its file in the container, and loses it with the pod. Use postgres, or set database.sqlite.persistence.enabled to false.
{{- end -}}
{{- if and (eq (include "slipway.sweep" $) "pods") .app.image }}
runtime is spinkube with sweep.by pods: the node's Spin does not ask itself. Use sweep.by: cronJob.
{{- end -}}
{{- else -}}
{{- range $key := list "readyPath" "metricsPath" -}}
{{- if get $.Values.app $key }}
app.{{ $key }} is for the sidecar of runtime spinkube: with runtime embedded, an application answers at /internal/ready and /internal/metrics. Remove it.
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end }}

{{- define "slipway.validate.access" -}}
{{- if include "slipway.own" . -}}
{{- with .Values -}}
{{- if and .existingSecret .secrets }}
existingSecret and secrets are both given: choose one, since only one Secret is read.
{{- end -}}
{{- $tokens := or .existingSecret (get .secrets "api_tokens") -}}
{{- if and (not .openAccess) (not $tokens) }}
Nobody could use the API: name an existingSecret with the key api_tokens, or set secrets.api_tokens, or open it to everybody with openAccess: true.
{{- end -}}
{{- if and .openAccess (get .secrets "api_tokens") }}
openAccess is true, so that secrets.api_tokens would keep nobody out: remove one of them.
{{- end -}}
{{- if and .targets (not .existingSecret) (not (get .secrets "github_webhook_secret")) }}
targets are given, but no github_webhook_secret: every webhook would be refused. Put it into existingSecret or secrets.
{{- end -}}
{{- end -}}
{{- end -}}
{{- end }}

{{- define "slipway.validate.database" -}}
{{- if include "slipway.own" . -}}
{{- with .Values -}}
{{- $postgres := .database.postgres -}}
{{- if eq .database.kind "postgres" -}}
{{- if not $postgres.host }}
database.kind is postgres, but database.postgres.host is empty: pods may only reach the host that is named there.
{{- end -}}
{{- if not $postgres.urlSecret.name }}
database.kind is postgres, but database.postgres.urlSecret.name is empty: name the Secret that holds the URL.
{{- end -}}
{{- else -}}
{{- if or $postgres.host $postgres.urlSecret.name }}
database.kind is sqlite, but database.postgres has a host or a Secret: set database.kind to postgres, or remove them.
{{- end -}}
{{- if ne .strategy.type "rolling" }}
database.kind is sqlite with strategy.type {{ .strategy.type }}: new and old pods would each have a ledger of their own. Use postgres, or strategy.type rolling.
{{- end -}}
{{- if or .autoscaling.enabled (gt (int .replicas) 1) }}
database.kind is sqlite with more than one pod: each would have a ledger of its own. Use postgres, or one replica without autoscaling.
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end }}

{{- define "slipway.validate.strategy" -}}
{{- with .Values -}}
{{- $type := .strategy.type -}}
{{- $canary := or .strategy.canary.steps .strategy.canary.background.gates -}}
{{- $blueGreen := or .strategy.blueGreen.prePromotion .strategy.blueGreen.postPromotion -}}
{{- if and $canary (ne $type "canary") }}
strategy.type is {{ $type }}, but strategy.canary has steps or gates, which it would never take: choose one strategy.
{{- end -}}
{{- if and $blueGreen (ne $type "blueGreen") }}
strategy.type is {{ $type }}, but strategy.blueGreen has gates, which it would never ask: choose one strategy.
{{- end -}}
{{- if and (eq $type "canary") (not .strategy.canary.steps) }}
strategy.type is canary without strategy.canary.steps: all pods would be replaced at once, with no gate. Give steps, or say rolling.
{{- end -}}
{{- if and (eq $type "canary") (eq .router "none") (lt (int (include "slipway.leastReplicas" $)) 2) }}
A canary of one replica with router none takes all traffic or none: have two or more replicas, or a router.
{{- end -}}
{{- $none := list "0" "0%" -}}
{{- $stuck := and (has (toString .strategy.canary.maxSurge) $none) (has (toString .strategy.canary.maxUnavailable) $none) -}}
{{- if and $stuck (ne (include "slipway.ledger" $) "sqlite") (ne $type "blueGreen") }}
strategy.canary.maxSurge and maxUnavailable are both 0: no pod could ever be replaced.
{{- end -}}
{{- if and (eq $type "blueGreen") (gt (int .strategy.blueGreen.previewReplicas) (int (include "slipway.leastReplicas" $))) }}
strategy.blueGreen.previewReplicas is more than the pods that are active: the preview would be larger than what it replaces.
{{- end -}}
{{- end -}}
{{- end }}

{{- define "slipway.validate.steps" -}}
{{- $canary := .Values.strategy.canary -}}
{{- $weight := 0 -}}
{{- range $at, $step := $canary.steps -}}
{{- if hasKey $step "setWeight" -}}
{{- if lt (int $step.setWeight) (int $weight) }}
strategy.canary.steps[{{ $at }}]: the weight falls from {{ int $weight }} to {{ int $step.setWeight }}; a release only ever gets more traffic.
{{- end -}}
{{- $weight = $step.setWeight -}}
{{- end -}}
{{- if and (hasKey $step "analysis") (eq (int $weight) 0) }}
strategy.canary.steps[{{ $at }}]: an analysis before the first setWeight judges pods that have no traffic. Set a weight before it.
{{- end -}}
{{- end -}}
{{- if and $canary.background.gates (ge (int $canary.background.startingStep) (len $canary.steps)) }}
strategy.canary.background.startingStep is {{ int $canary.background.startingStep }}, but there are only {{ len $canary.steps }} steps, counted from 0: the gate would never be asked.
{{- end -}}
{{- end }}

{{- define "slipway.validate.traffic" -}}
{{- $router := .Values.router -}}
{{- $keys := dict "gateway" "parentRefs" "nginx" "ingressClassName" "alb" "ingressClassName" "traefik" "entryPoints" -}}
{{- range $layer, $key := $keys -}}
{{- $setting := get (get $.Values $layer) $key -}}
{{- if and $setting (ne $layer $router) }}
router is {{ $router }}, but {{ $layer }}.{{ $key }} is set too: two traffic layers would each split the traffic. Choose one.
{{- else if and (not $setting) (eq $layer $router) }}
router is {{ $router }}, but {{ $layer }}.{{ $key }} is empty: fill it in, or choose another router; with none, nothing outside of the cluster gets in.
{{- end -}}
{{- end -}}
{{- with .Values.tls -}}
{{- if and (or .secretName .clusterIssuer) (has $router (list "gateway" "alb" "none")) }}
tls is set, but router {{ $router }} has no use for it: certificates belong to the Gateway's listener, or to an annotation of the load balancer.
{{- else if and .clusterIssuer (ne $router "nginx") }}
tls.clusterIssuer works with nginx only: cert-manager does not read IngressRoutes. Make a Certificate and name its Secret in tls.secretName.
{{- else if and .clusterIssuer (or (not .secretName) (not $.Values.hosts)) }}
tls.clusterIssuer needs tls.secretName, for the Secret to fill, and hosts, for the names in the certificate.
{{- end -}}
{{- end -}}
{{- if and (eq $router "none") .Values.hosts }}
hosts are given, but router is none: nothing would serve them.
{{- end -}}
{{- end }}

{{/* Gates that the strategy asks exist, and can be judged. */}}
{{- define "slipway.validate.gates" -}}
{{- $scrape := int .Values.podMonitor.intervalSeconds -}}
{{- $background := .Values.strategy.canary.background.gates -}}
{{- range $name := include "slipway.usedGates" . | fromJsonArray -}}
{{- $gate := get $.Values.analysis.gates $name -}}
{{- if not $gate }}
strategy names the gate {{ $name }}, which analysis.gates does not have: there are {{ keys $.Values.analysis.gates | sortAlpha | join ", " }}.
{{- else -}}
{{- if lt (int $gate.windowSeconds) (mul 4 $scrape) }}
analysis.gates.{{ $name }}.windowSeconds is {{ int $gate.windowSeconds }}, less than four scrapes of {{ $scrape }} s: one that is missed would leave the gate without data. Use {{ mul 4 $scrape }} or more.
{{- end -}}
{{- if and (not $gate.count) (not (has $name $background)) }}
analysis.gates.{{ $name }} has no count, so that its step would never end: give one; only background gates can do without.
{{- end -}}
{{- if and $gate.count (ge (int $gate.failureLimit) (int $gate.count)) }}
analysis.gates.{{ $name }}.failureLimit is {{ int $gate.failureLimit }} of {{ int $gate.count }} measurements: it could never fail. Use {{ sub $gate.count 1 }} or less.
{{- end -}}
{{- end -}}
{{- end -}}
{{- end }}

{{- define "slipway.validate.analysis" -}}
{{- if include "slipway.usedGates" . | fromJsonArray -}}
{{- if not .Values.analysis.prometheus }}
The strategy has gates, but analysis.prometheus is empty: give the URL of the Prometheus that scrapes the pods.
{{- end -}}
{{- end -}}
{{- /* How long the release takes from the step on at which the background gates begin, unless that is open. */ -}}
{{- $canary := .Values.strategy.canary -}}
{{- $seconds := 0 -}}
{{- $open := ge (int $canary.background.startingStep) (len $canary.steps) -}}
{{- range $at, $step := $canary.steps -}}
{{- if ge $at (int $canary.background.startingStep) -}}
{{- if hasKey $step "pause" }}{{ $seconds = add $seconds (default 0 $step.pause.duration) }}{{ end -}}
{{- if or (hasKey $step "analysis") (and (hasKey $step "pause") (not $step.pause.duration)) }}{{ $open = true }}{{ end -}}
{{- end -}}
{{- end -}}
{{- range $canary.background.gates -}}
{{- $delay := get (default dict (get $.Values.analysis.gates .)) "initialDelaySeconds" | default 0 | int -}}
{{- if and (not $open) (ge $delay (int $seconds)) }}
analysis.gates.{{ . }}.initialDelaySeconds is {{ $delay }}, but the release may be over {{ $seconds }} s after the gate begins: it would never be asked.
{{- end -}}
{{- end -}}
{{- range .Values.strategy.blueGreen.prePromotion -}}
{{- $metrics := get (default dict (get $.Values.analysis.gates .)) "metrics" | default dict -}}
{{- if and (eq $.Values.analysis.noTraffic "fail") (omit $metrics "saturation" "availability") }}
strategy.blueGreen.prePromotion asks {{ . }} with analysis.noTraffic fail: a preview that no client asks would fail each time. Use saturation there.
{{- end -}}
{{- end -}}
{{- end }}

{{- define "slipway.validate.alerts" -}}
{{- if .Values.prometheusRule.enabled -}}
{{- with .Values -}}
{{- $at := .prometheusRule.thresholds -}}
{{- if not .podMonitor.enabled }}
prometheusRule.enabled is true, but podMonitor.enabled is false: alerts are over the series of the chart's own PodMonitor, and would all be silent or all fire.
{{- end -}}
{{- if not .prometheusRule.runbooks }}
prometheusRule.enabled is true, but prometheusRule.runbooks is empty: give the URL under which docs/runbooks.md can be read, or nobody who is woken knows what to do.
{{- end -}}
{{- if and (eq (include "slipway.sweep" $) "pods") (le (int $at.sweepAgeSeconds) (mul 2 (int .sweep.everySeconds))) }}
prometheusRule.thresholds.sweepAgeSeconds is {{ int $at.sweepAgeSeconds }}, but pods sweep every {{ int .sweep.everySeconds }} s only: one sweep that is late would be an alert. Use more than {{ mul 2 (int .sweep.everySeconds) }}.
{{- end -}}
{{- $gathered := get .variables "commit_max_wait_seconds" | default "0" | int -}}
{{- if le (int $at.oldestWaitingSeconds) $gathered }}
prometheusRule.thresholds.oldestWaitingSeconds is {{ int $at.oldestWaitingSeconds }}, but with commit_max_wait_seconds {{ $gathered }} commits wait as long on purpose. Use more.
{{- end -}}
{{- end -}}
{{- end -}}
{{- end }}

{{- define "slipway.validate.operation" -}}
{{- with .Values -}}
{{- if eq (include "slipway.sweep" $) "cronJob" -}}
{{- if not .sweep.cronJob.image }}
sweep.by is cronJob, but sweep.cronJob.image is empty: name an image with curl 8.3 or newer, or say sweep.by: pods.
{{- end -}}
{{- if not (or .existingSecret (get .secrets "internal_token")) }}
sweep.by is cronJob, but there is no internal_token for it: put one into existingSecret or secrets, or say sweep.by: pods.
{{- end -}}
{{- end -}}
{{- if and .notifications.enabled (not .notifications.environment) }}
notifications.enabled is true, but notifications.environment is empty: say in which environment the deployments of this Rollout are recorded.
{{- end -}}
{{- $requests := default dict .resources.requests -}}
{{- if and .autoscaling.enabled (not (and (get $requests "cpu") (get $requests "memory"))) }}
autoscaling.enabled is true, but resources.requests lacks cpu or memory: what it scales by are shares of these.
{{- end -}}
{{- if and .autoscaling.enabled (gt (int .autoscaling.minReplicas) (int .autoscaling.maxReplicas)) }}
autoscaling.minReplicas is {{ int .autoscaling.minReplicas }}, more than autoscaling.maxReplicas {{ int .autoscaling.maxReplicas }}.
{{- end -}}
{{- $least := int (include "slipway.leastReplicas" $) -}}
{{- if and .podDisruptionBudget.enabled (gt $least 1) (ge (int .podDisruptionBudget.maxUnavailable) $least) }}
podDisruptionBudget.maxUnavailable is {{ int .podDisruptionBudget.maxUnavailable }} of {{ $least }} pods: a drain of nodes could end them all at once.
{{- end -}}
{{- end -}}
{{- end }}
