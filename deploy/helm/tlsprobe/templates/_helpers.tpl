{{- define "tlsprobe.name" -}}
{{- if contains "tlsprobe" .Release.Name }}{{ .Release.Name }}{{ else }}{{ printf "%s-tlsprobe" .Release.Name }}{{ end }}
{{- end }}

{{- define "tlsprobe.selector" -}}
app.kubernetes.io/name: tlsprobe
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "tlsprobe.labels" -}}
{{ include "tlsprobe.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{- define "tlsprobe.serviceAccount" -}}
{{ .Values.serviceAccount.name | default (include "tlsprobe.name" .) }}
{{- end }}

{{- define "tlsprobe.image" -}}
{{- with .Values.image -}}
{{ .repository }}{{ if .digest }}@{{ .digest }}{{ else }}:{{ .tag | default $.Chart.AppVersion }}{{ end }}
{{- end -}}
{{- end }}

{{- /* Combinations of values that cannot work; the schema checks each value by itself. */ -}}
{{- define "tlsprobe.check" -}}
{{- $instead := dict
    "listen" "use listener.address"
    "database" "use database.secret, so that the password is in a Secret"
    "state_directory" "the chart mounts it"
    "targets_files" "use targets" -}}
{{- range $setting, $advice := $instead }}
{{- if hasKey $.Values.config $setting }}{{ fail (printf "config.%s: the chart sets this: %s" $setting $advice) }}{{ end }}
{{- end }}
{{- if not .Values.database.secret }}
{{- if gt (int .Values.replicas) 1 }}{{ fail "replicas: more than one needs PostgreSQL: set database.secret" }}{{ end }}
{{- if .Values.workers }}{{ fail "workers: they need PostgreSQL: set database.secret" }}{{ end }}
{{- end }}
{{- if hasKey (.Values.config.workers | default dict) "enabled" }}{{ fail "config.workers.enabled: the chart sets this: list workers" }}{{ end }}
{{- if and .Values.podMonitor.enabled .Values.serviceMonitor.enabled }}
{{- fail "podMonitor, serviceMonitor: each metric would be scraped twice: enable one of the two" }}
{{- end }}
{{- range $name, $text := .Values.files }}
{{- if has $name (list "tlsprobe.yml" "targets.yml") }}{{ fail (printf "files.%s: the chart writes this file: use config or targets" $name) }}{{ end }}
{{- end }}
{{- if not (or .Values.listener.webConfig .Values.listener.allowUnauthenticated .Values.config.http) }}
{{- fail "listener: without credentials the service does not start: name a Secret in listener.webConfig, set config.http, or let all clients of the network read with listener.allowUnauthenticated" }}
{{- end }}
{{- range .Values.secretFiles }}
{{- if and $.Values.listener.webConfig (eq .name "web") }}{{ fail "secretFiles: the name web is that of listener.webConfig: use another name" }}{{ end }}
{{- end }}
{{- if not (or .Values.targets .Values.discovery.enabled .Values.config.discovery) }}
{{- fail "targets: there is nothing to probe: list targets, or set discovery.enabled" }}
{{- end }}
{{- end }}

{{- /* tlsprobe.yml: config, and the settings that follow from the other values. */ -}}
{{- define "tlsprobe.config" -}}
{{- $config := deepCopy .Values.config -}}
{{- $name := include "tlsprobe.name" . -}}
{{- $hosts := list $name (printf "%s.%s" $name .Release.Namespace) (printf "%s.%s.svc" $name .Release.Namespace) (printf "%s.%s.svc.cluster.local" $name .Release.Namespace) -}}
{{- $http := $config.http | default dict -}}
{{- $_ := set $http "allowed_hosts" (concat $hosts ($http.allowed_hosts | default list) | uniq) -}}
{{- if .Values.listener.webConfig }}{{ $_ := set $http "web_config" "/etc/tlsprobe-secrets/web/web.yml" }}{{ end -}}
{{- $_ := set $config "http" $http -}}
{{- if .Values.listener.allowUnauthenticated }}{{ $_ := set $config "allow_unauthenticated" true }}{{ end -}}
{{- $_ := set $config "listen" (printf "%s:9844" .Values.listener.address) -}}
{{- $_ := set $config "state_directory" "/var/lib/tlsprobe" -}}
{{- if .Values.targets }}{{ $_ := set $config "targets_files" (list "/etc/tlsprobe/targets.yml") }}{{ end -}}
{{- if not .Values.database.secret }}{{ $_ := set $config "database" "sqlite:////var/lib/tlsprobe/tlsprobe.db" }}{{ end -}}
{{- if .Values.workers }}{{ $_ := set $config "workers" (merge (dict "enabled" true) ($config.workers | default dict)) }}{{ end -}}
{{- if .Values.discovery.enabled -}}
{{- $source := dict "type" "kubernetes" "resources" .Values.discovery.resources -}}
{{- if .Values.discovery.relabel }}{{ $_ := set $source "relabel" .Values.discovery.relabel }}{{ end -}}
{{- $_ := set $config "discovery" (append ($config.discovery | default list) $source) -}}
{{- end -}}
{{ toYaml $config }}
{{- end }}

{{- /* What all Pods have in common; nothing here can be loosened by a value. */ -}}
{{- define "tlsprobe.podSecurity" -}}
runAsNonRoot: true
runAsUser: 9844
runAsGroup: 9844
fsGroup: 9844
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{- define "tlsprobe.containerSecurity" -}}
allowPrivilegeEscalation: false
privileged: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}

{{- define "tlsprobe.environment" -}}
{{- if or .Values.database.secret .Values.secretVariables -}}
env:
{{- with .Values.database }}
{{- if .secret }}
  - name: TLSPROBE_DATABASE
    valueFrom:
      secretKeyRef: {name: {{ .secret }}, key: {{ .key }}}
{{- end }}
{{- end }}
{{- range .Values.secretVariables }}
  - name: {{ .name }}
    valueFrom:
      secretKeyRef: {name: {{ .secret }}, key: {{ .key }}}
{{- end }}
{{- end }}
{{- end }}

{{- define "tlsprobe.mounts" -}}
- {name: configuration, mountPath: /etc/tlsprobe, readOnly: true}
- {name: data, mountPath: /var/lib/tlsprobe}
- {name: tmp, mountPath: /tmp}
{{- if .Values.listener.webConfig }}
- {name: secret-web, mountPath: /etc/tlsprobe-secrets/web, readOnly: true}
{{- end }}
{{- range .Values.secretFiles }}
- {name: secret-{{ .name }}, mountPath: /etc/tlsprobe-secrets/{{ .name }}, readOnly: true}
{{- end }}
{{- end }}

{{- define "tlsprobe.volumes" -}}
- name: configuration
  configMap: {name: {{ include "tlsprobe.name" . }}}
- name: tmp
  emptyDir: {sizeLimit: 256Mi}
{{- with .Values.listener.webConfig }}
- name: secret-web
  secret: {secretName: {{ . }}, defaultMode: 0440}
{{- end }}
{{- range .Values.secretFiles }}
- name: secret-{{ .name }}
  secret: {secretName: {{ .secret }}, defaultMode: 0440}
{{- end }}
{{- end }}

{{- define "tlsprobe.pullSecrets" -}}
{{- with .Values.image.pullSecrets -}}
imagePullSecrets:
{{- range . }}
  - name: {{ . }}
{{- end }}
{{- end }}
{{- end }}

{{- define "tlsprobe.placement" -}}
{{- $placement := dict }}
{{- with .nodeSelector }}{{ $_ := set $placement "nodeSelector" . }}{{ end }}
{{- with .tolerations }}{{ $_ := set $placement "tolerations" . }}{{ end }}
{{- with $placement }}{{ toYaml . }}{{ end }}
{{- end }}

{{- define "tlsprobe.endpoints" -}}
{{- $endpoints := list -}}
{{- range $path, $job := dict "/metrics" "tlsprobe" "/metrics/endpoints" "tlsprobe-endpoints" -}}
{{- /* The alert TlsprobeServiceDown selects jobs by this prefix. */ -}}
{{- $endpoint := dict "port" "http" "path" $path "interval" $.Values.monitors.interval "relabelings" (list (dict "targetLabel" "job" "replacement" $job)) -}}
{{- if eq $.Values.listener.scheme "HTTPS" -}}
{{- $_ := set $endpoint "scheme" "https" -}}
{{- with $.Values.monitors.tlsConfig }}{{ $_ := set $endpoint "tlsConfig" . }}{{ end -}}
{{- end -}}
{{- $endpoints = append $endpoints (merge $endpoint $.Values.monitors.credentials) -}}
{{- end -}}
{{ toYaml $endpoints }}
{{- end }}
