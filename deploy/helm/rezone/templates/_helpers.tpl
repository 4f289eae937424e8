{{- /* Names, labels, and what the settings are made of. */ -}}

{{- define "rezone.labels" -}}
app.kubernetes.io/name: rezone
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "rezone.metadata" -}}
name: {{ .Release.Name }}
namespace: {{ .Release.Namespace }}
labels:
  {{- include "rezone.labels" . | nindent 2 }}
{{- end -}}

{{- define "rezone.image" -}}
{{- $i := .Values.image -}}
{{- if $i.digest }}{{ $i.repository }}@{{ $i.digest }}{{ else }}{{ $i.repository }}:{{ $i.tag | default .Chart.AppVersion }}{{ end -}}
{{- end -}}

{{- define "rezone.serviceAccount" -}}
{{- .Values.serviceAccount.name | default (ternary .Release.Name "default" .Values.serviceAccount.create) -}}
{{- end -}}

{{- /* GROUP@ROLE+ROLE */ -}}
{{- define "rezone.group" -}}
{{- .group | default "" -}}{{- with .roles }}@{{ join "+" . }}{{ end -}}
{{- end -}}

{{- /* Does rezone ask the API server? "true" or nothing */ -}}
{{- define "rezone.kube" -}}
{{- if or .Values.agents.services .Values.agents.selectors }}true{{ end -}}
{{- end -}}

{{- /* All settings, as they stand in the ConfigMap. A setting of the chart's own cannot be set twice. */ -}}
{{- define "rezone.settings" -}}
{{- $known := .Files.Get "files/settings.json" | fromJson -}}
{{- $own := dict "mode" .Values.mode "cgroup" (print "/host" .Values.cgroupPath) "keep_pins" true "log_format" "json"
      "port" (.Values.agents.ports | toStrings | join ",") -}}
{{- if .Values.agents.services -}}
{{- $list := list -}}
{{- range .Values.agents.services -}}
{{- $list = append $list (printf "%s/%s%s%s" .namespace .service (empty .group | ternary "" "=") (include "rezone.group" .)) -}}
{{- end -}}
{{- $_ := set $own "kube_service" (join "," $list) -}}
{{- end -}}
{{- if .Values.agents.selectors -}}
{{- $list := list -}}
{{- range .Values.agents.selectors -}}
{{- $list = append $list (printf "%s:%s:%s" (include "rezone.group" .) .namespace .selector) -}}
{{- end -}}
{{- $_ := set $own "kube_selector" (join ";" $list) -}}
{{- end -}}
{{- if include "rezone.kube" . -}}{{- $_ := set $own "kube_port_name" .Values.agents.portName -}}{{- end -}}
{{- if .Values.topology -}}{{- $_ := set $own "topology" "/etc/rezone/topology.yaml" -}}{{- end -}}
{{- $elsewhere := dict "mode" "mode" "cgroup" "cgroupPath" "port" "agents.ports" "kube_service" "agents.services"
      "kube_selector" "agents.selectors" "kube_port_name" "agents.portName" "topology" "topology" "listen" "metrics.port" -}}
{{- range $key, $value := .Values.settings -}}
{{- if has $key (list "pin_dir" "node_name") -}}
{{- fail (printf "settings.%s: the chart needs its own: all containers and commands look in the default folder, and the node's name is the pod's" $key) -}}
{{- end -}}
{{- if hasKey $elsewhere $key -}}{{- fail (printf "settings.%s: set %s of the chart instead" $key (get $elsewhere $key)) -}}{{- end -}}
{{- if not (or (has $key $known.restart) (has $key $known.at_once)) -}}
{{- fail (printf "settings.%s: rezone has no such setting; docs/configuration.md has all, written here with _ for -" $key) -}}
{{- end -}}
{{- include "rezone.form" (dict "name" (print "settings." $key) "value" $value "form" (get $known.forms $key) "words" (get $known.words $key)) -}}
{{- $_ := set $own $key $value -}}
{{- end -}}
{{- toYaml $own -}}
{{- end -}}

{{- /* Does a setting's value look like one? rezone checks the rest, limits too, but only once it reads the ConfigMap. */ -}}
{{- define "rezone.form" -}}
{{- $text := toJson .value -}}
{{- $bare := trimAll "\"" $text -}}
{{- if .words -}}
{{- if not (has $bare .words) -}}
{{- fail (printf "%s: %s is not among %s; in YAML, write off, on, yes and no in quotes" .name $text (join ", " .words)) -}}
{{- end -}}
{{- else if eq .form "DURATION" -}}
{{- if not (regexMatch "^(0|([0-9]+([.][0-9]+)?(ns|us|µs|ms|s|m|h))+)$" $bare) -}}
{{- fail (printf "%s: %s is no duration; write it as 30s, 1m30s or 500ms" .name $text) -}}
{{- end -}}
{{- else if eq .form "N" -}}
{{- if not (regexMatch "^[0-9]+([.][0-9]+)?(e[+]?[0-9]+)?$" $bare) -}}{{- fail (printf "%s: %s is no number" .name $text) -}}{{- end -}}
{{- else if eq .form "" -}}
{{- if not (has $bare (list "true" "false")) -}}{{- fail (printf "%s: %s is neither true nor false" .name $text) -}}{{- end -}}
{{- end -}}
{{- end -}}

{{- /* Of them those that rezone takes by a restart alone: their sum is an annotation of the pods. */ -}}
{{- define "rezone.restarts" -}}
{{- $known := .Files.Get "files/settings.json" | fromJson -}}
{{- $all := include "rezone.settings" . | fromYaml -}}
{{- range $known.restart }}{{ if hasKey $all . }}{{ . }}={{ get $all . }}{{ "\n" }}{{ end }}{{ end -}}
{{- end -}}

{{- /* Values that are refused before anything is applied. */ -}}
{{- define "rezone.guards" -}}
{{- if and (eq .Values.mode "enforce") (not (include "rezone.kube" .)) (not .Values.topology) -}}
{{- fail "mode enforce without a source of agents: rezone would know no zone and move nobody; set agents.services, agents.selectors or topology" -}}
{{- end -}}
{{- if and .Values.metrics.podMonitor.enabled (not .Values.metrics.enabled) -}}
{{- fail "metrics.podMonitor.enabled without metrics.enabled: there would be no port to scrape; set metrics.enabled=true" -}}
{{- end -}}
{{- range $key := list "app.kubernetes.io/name" "app.kubernetes.io/instance" -}}
{{- if hasKey $.Values.podLabels $key -}}{{- fail (printf "podLabels: %s is the chart's own: by it the DaemonSet finds its pods; leave it out" $key) -}}{{- end -}}
{{- end -}}
{{- if hasKey .Values.podAnnotations "rezone/restart" -}}
{{- fail "podAnnotations: rezone/restart is the chart's own: by it a setting restarts the pods; leave it out" -}}
{{- end -}}
{{- end -}}
