{{- define "ombak.labels" -}}
app.kubernetes.io/part-of: ombak
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
{{- end }}

{{- define "ombak.image" -}}
image: "{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}"
imagePullPolicy: {{ .Values.image.pullPolicy }}
{{- end }}

{{- define "ombak.pod" -}}
automountServiceAccountToken: false
securityContext:
  runAsNonRoot: true
  runAsUser: 65532
  runAsGroup: 65532
  fsGroup: 65532
  seccompProfile: {type: RuntimeDefault}
{{- end }}

{{- define "ombak.container" -}}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: {drop: [ALL]}
{{- end }}

{{- define "ombak.token" -}}
- name: FLEET_TOKEN
  valueFrom:
    secretKeyRef: {name: {{ .Values.secret }}, key: fleet-token}
{{- end }}

{{- define "ombak.url" -}}
{{- .Values.server.url | default (printf "nats://$(FLEET_TOKEN)@%s-fleet:%d" .Release.Name (int .Values.server.port)) -}}
{{- end }}

{{- define "ombak.authority" -}}
- name: fleet
  secret:
    secretName: {{ .Values.secret }}
    defaultMode: 0440
    items: [{key: fleet-ca.pem, path: fleet-ca.pem}]
{{- end }}
