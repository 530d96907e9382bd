{{- /* Made by `npm run manifests` from src/operator/manifests/chart.ts: do not edit. */ -}}
{{- define "vestal.image" -}}
{{- $repository := required "image.repository is needed: where the cluster can pull Vestal's image from" .Values.image.repository -}}
{{ $repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end -}}
