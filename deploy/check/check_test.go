package check

import (
	"flag"
	"maps"
	"os"
	"os/exec"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"helm.sh/helm/v4/pkg/chart/common"
	"helm.sh/helm/v4/pkg/chart/common/util"
	"helm.sh/helm/v4/pkg/chart/v2/loader"
	"helm.sh/helm/v4/pkg/engine"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"sigs.k8s.io/yaml"
)

var update = flag.Bool("update", false, "write the manifests again")

// render returns the objects that the chart makes of some values, as YAML documents in the order of their names.
func render(t *testing.T, values map[string]any) []string {
	t.Helper()
	chart, err := loader.Load("../helm/ombak")
	if err != nil {
		t.Fatal(err)
	}
	filled, err := util.ToRenderValues(chart, values, common.ReleaseOptions{Name: "ombak", Namespace: "default", Revision: 1, IsInstall: true}, common.DefaultCapabilities)
	if err != nil {
		t.Fatal(err)
	}
	files, err := engine.Render(chart, filled)
	if err != nil {
		t.Fatal(err)
	}
	var documents []string
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if path.Ext(name) != ".yaml" {
			continue
		}
		for document := range strings.SplitSeq(files[name], "\n---\n") {
			if document = strings.TrimSpace(document); document != "" {
				documents = append(documents, document+"\n")
			}
		}
	}
	return documents
}

// pods decodes every object strictly into the type of the API, and returns the pods in them by the names of the objects.
func pods(t *testing.T, documents []string) map[string]corev1.PodSpec {
	t.Helper()
	found := map[string]corev1.PodSpec{}
	for _, document := range documents {
		var kind struct {
			APIVersion string `json:"apiVersion"`
			Kind       string `json:"kind"`
		}
		if err := yaml.Unmarshal([]byte(document), &kind); err != nil {
			t.Fatalf("%v:\n%s", err, document)
		}
		decode := func(into any) {
			if err := yaml.UnmarshalStrict([]byte(document), into); err != nil {
				t.Errorf("%s: %v", kind.Kind, err)
			}
		}
		switch kind.APIVersion + " " + kind.Kind {
		case "v1 Service":
			decode(new(corev1.Service))
		case "networking.k8s.io/v1 NetworkPolicy":
			decode(new(networkingv1.NetworkPolicy))
		case "apps/v1 Deployment":
			var object appsv1.Deployment
			decode(&object)
			found[object.Name] = object.Spec.Template.Spec
			if selector := object.Spec.Selector.MatchLabels; !includes(object.Spec.Template.Labels, selector) {
				t.Errorf("%s selects %v, and its pods have %v", object.Name, selector, object.Spec.Template.Labels)
			}
		case "batch/v1 Job":
			var object batchv1.Job
			decode(&object)
			found[object.Name] = object.Spec.Template.Spec
			if object.Spec.BackoffLimit == nil || *object.Spec.BackoffLimit != 0 || object.Spec.Template.Spec.RestartPolicy != corev1.RestartPolicyNever {
				t.Errorf("%s would be run again by itself", object.Name)
			}
		default:
			t.Errorf("the chart makes a %s %s, which nothing here checks", kind.APIVersion, kind.Kind)
		}
	}
	return found
}

func includes(labels, wanted map[string]string) bool {
	for name, value := range wanted {
		if labels[name] != value {
			return false
		}
	}
	return true
}

// ours are values of which every part of the chart makes something.
var ours = map[string]any{
	"agents": map[string]any{
		"replicas": 4, "allowTargets": []any{"shop.default.svc:8080"}, "labels": map[string]any{"zone": "b"},
		"nodeSelector": map[string]any{"pool": "load"}, "tolerations": []any{map[string]any{"key": "load", "operator": "Exists"}},
	},
	"run": map[string]any{"arguments": []any{"load", "mine.yaml", "--target", "http://shop.default.svc:8080", "--generators", "4"}, "claim": "reports"},
}

// simple are the values of the manifests.
var simple = map[string]any{
	"agents": map[string]any{"allowTargets": []any{"shop.default.svc:8080"}},
	"run":    map[string]any{"arguments": []any{"load", "mine.yaml", "--target", "http://shop.default.svc:8080", "--generators", "2"}, "claim": "reports"},
}

// The objects are of the API, run as nobody with nothing, and call ombak with flags that it has.
func TestChart(t *testing.T) {
	for _, test := range []struct {
		why    string
		values map[string]any
		pods   []string
	}{
		{"as it is", nil, []string{"ombak-agents", "ombak-fleet"}},
		{"with a run", ours, []string{"ombak-agents", "ombak-fleet", "ombak-run-1"}},
		{"with a NATS server that is there", map[string]any{"server": map[string]any{"url": "nats://nats.messaging.svc:4222"}}, []string{"ombak-agents"}},
	} {
		found := pods(t, render(t, test.values))
		if names := slices.Sorted(maps.Keys(found)); !slices.Equal(names, test.pods) {
			t.Errorf("%s: the chart makes the pods %v, not %v", test.why, names, test.pods)
		}
		for name, pod := range found {
			safe(t, name, pod)
			for _, container := range pod.Containers {
				known(t, container.Args)
				mounted(t, name, pod, container)
			}
		}
	}
}

// safe checks that a pod can do no more than it must.
func safe(t *testing.T, name string, pod corev1.PodSpec) {
	t.Helper()
	context := pod.SecurityContext
	if context == nil || context.RunAsNonRoot == nil || !*context.RunAsNonRoot || context.SeccompProfile == nil || pod.AutomountServiceAccountToken == nil || *pod.AutomountServiceAccountToken {
		t.Errorf("%s may be more than it needs: %+v", name, context)
	}
	for _, container := range pod.Containers {
		own := container.SecurityContext
		if own == nil || own.ReadOnlyRootFilesystem == nil || !*own.ReadOnlyRootFilesystem || own.AllowPrivilegeEscalation == nil || *own.AllowPrivilegeEscalation || own.Capabilities == nil || len(own.Capabilities.Drop) != 1 {
			t.Errorf("%s may do more than it needs: %+v", name, own)
		}
		if container.Resources.Requests.Cpu().IsZero() || container.Resources.Requests.Memory().IsZero() || container.Resources.Limits.Memory().IsZero() {
			t.Errorf("%s says nothing of what it takes: %+v", name, container.Resources)
		}
		if !container.Resources.Limits.Cpu().IsZero() {
			t.Errorf("%s has a limit of CPU, which would throttle a generator and be measured as the service's", name)
		}
	}
}

// mounted checks that every volume is there, and that the key of the authority reaches the server alone.
func mounted(t *testing.T, name string, pod corev1.PodSpec, container corev1.Container) {
	t.Helper()
	for _, mount := range container.VolumeMounts {
		at := slices.IndexFunc(pod.Volumes, func(v corev1.Volume) bool { return v.Name == mount.Name })
		if at < 0 {
			t.Errorf("%s mounts %s, which is none of its volumes", name, mount.Name)
			continue
		}
		if secret := pod.Volumes[at].Secret; secret != nil && container.Args[1] != "serve" && (len(secret.Items) != 1 || secret.Items[0].Key != "fleet-ca.pem") {
			t.Errorf("%s sees more of the secret than the authority's certificate", name)
		}
	}
}

// known checks that ombak has the command and its flags, by the reference that is made from the program.
func known(t *testing.T, arguments []string) {
	t.Helper()
	text, err := os.ReadFile("../../docs/reference/commands.md")
	if err != nil {
		t.Fatal(err)
	}
	command := arguments[0]
	if command == "fleet" {
		command += " " + arguments[1]
	}
	_, section, found := strings.Cut(string(text), "# ombak "+command+"\n")
	if !found {
		t.Errorf("ombak has no command %s", command)
		return
	}
	section, _, _ = strings.Cut(section, "\n##")
	for _, argument := range arguments {
		if name := regexp.MustCompile(`^--([a-z-]+)`).FindStringSubmatch(argument); name != nil && !strings.Contains(section, "`--"+name[1]) {
			t.Errorf("ombak %s has no flag --%s", command, name[1])
		}
	}
}

// The manifests are what the chart makes, for those who do not use Helm.
func TestManifests(t *testing.T) {
	text := "# Made from deploy/helm/ombak; change the chart, not this file. Make the Secret ombak-fleet and the ConfigMap\n# ombak-scenarios first: docs/how-to/run-a-fleet-on-kubernetes.md says how.\n" +
		strings.Join(render(t, simple), "---\n")
	const name = "../kubernetes/ombak.yaml"
	if *update {
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if string(have) != text {
		t.Error("the manifests differ from the chart; write them again with go test -update")
	}
}

// The compose file calls ombak with flags that it has, and gives each service no more than it needs.
func TestCompose(t *testing.T) {
	text, err := os.ReadFile("../compose.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var compose struct {
		Services map[string]struct {
			Command  []string `json:"command"`
			ReadOnly bool     `json:"read_only"`
			User     string   `json:"user"`
			CapDrop  []string `json:"cap_drop"`
			Volumes  []string `json:"volumes"`
		} `json:"services"`
		Volumes map[string]any `json:"volumes"`
	}
	if err := yaml.Unmarshal(text, &compose); err != nil {
		t.Fatal(err)
	}
	if len(compose.Services) != 3 {
		t.Errorf("the file has the services %v", slices.Sorted(maps.Keys(compose.Services)))
	}
	for name, service := range compose.Services {
		if !service.ReadOnly || service.User != "65532:65532" || !slices.Equal(service.CapDrop, []string{"ALL"}) {
			t.Errorf("%s may do more than it needs", name)
		}
		if len(service.Command) > 0 {
			known(t, service.Command)
		}
		for _, volume := range service.Volumes {
			source, _, _ := strings.Cut(volume, ":")
			if _, named := compose.Volumes[source]; !named && !strings.HasPrefix(source, "/") && !strings.HasPrefix(source, "${") {
				t.Errorf("%s mounts %q, which is no volume", name, volume)
			}
		}
	}
}

// The program that the image holds is the same in two builds, and needs nothing beside it.
func TestImageIsReproducible(t *testing.T) {
	text, err := os.ReadFile("../Containerfile")
	if err != nil {
		t.Fatal(err)
	}
	flags := regexp.MustCompile(`go build (-trimpath) -ldflags "(.*)" -o`).FindStringSubmatch(string(text))
	if flags == nil || !strings.Contains(string(text), "FROM scratch") || !strings.Contains(string(text), "USER 65532:65532") {
		t.Fatal("the image is not a static binary alone, of nobody")
	}
	if testing.Short() {
		t.Skip("building twice takes a while")
	}
	var built [2][]byte
	for i := range built {
		file := path.Join(t.TempDir(), "ombak")
		command := exec.CommandContext(t.Context(), "go", "build", flags[1], "-ldflags", strings.ReplaceAll(flags[2], "$VERSION", "0.1.0"), "-o", file, "./cmd/ombak")
		command.Dir, command.Env = "../..", append(os.Environ(), "CGO_ENABLED=0")
		if said, err := command.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, said)
		}
		if built[i], err = os.ReadFile(file); err != nil {
			t.Fatal(err)
		}
	}
	if !slices.Equal(built[0], built[1]) {
		t.Error("two builds differ")
	}
}
