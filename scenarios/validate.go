package scenarios

import (
	"cmp"
	"fmt"
	"math"
	"net/url"
	"regexp"
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/workload"
	"github.com/ombak-sim/ombak/workload/fault"
)

// validate reports every invalid value. It changes nothing but the list of mistakes.
func (s *Scenario) validate() {
	name := regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,62}$`)
	if s.Schema != SchemaName {
		s.source.faultAt("schema", "write schema: "+SchemaName, "the schema is %q", s.Schema)
	}
	if !name.MatchString(s.Name) {
		s.source.faultAt("name", "use lower-case letters, digits and hyphens", "the name %q is not valid", s.Name)
	}
	if s.Opens.IsZero() && !s.source.unknown[""] { // a misspelt opens has been reported already
		s.source.faultAt("opens", "write the instant of opening, as in 2020-04-11T19:00:00+07:00", "opens is missing")
	}
	if s.Population.PhotoBytes < 5000 || s.Population.PhotoBytes > 2<<20 {
		s.source.faultAt("population.photo_bytes", "use 5000 to 2097152", "a photo cannot have %d bytes", s.Population.PhotoBytes)
	}
	if !slices.Contains([]string{"", IdentitySeed, IdentityFresh}, s.Population.Identity) {
		s.source.faultAt("population.identity", hintWord(s.Population.Identity, []string{IdentitySeed, IdentityFresh}), "the identity %q is unknown", s.Population.Identity)
	}
	s.validateStory()
	s.validateGeneric()
	s.validateArrivals()
	s.validateJourney()
	s.validateSocketSteps()
	s.validateOnce("before", s.Before)
	s.validateOnce("after", s.After)
	s.validateCounts()
	s.validateParts()
	s.validateReach()
	s.validateConnections()
	s.validatePlans()
	s.validateInterventions()
	s.validatePlay()
}

func (s *Scenario) step(name string) int {
	return slices.IndexFunc(s.Journey, func(step Step) bool { return step.Name == name })
}

func (s *Scenario) stepNames() []string {
	names := make([]string, len(s.Journey))
	for i, step := range s.Journey {
		names[i] = step.Name
	}
	return names
}

func (s *Scenario) validateJourney() {
	if len(s.Journey) == 0 {
		s.source.faultAt("journey", "add at least one step", "the journey has no step")
	}
	s.validateJourneys()
	seen := map[string]bool{}
	for i := range s.Journey {
		step, path := &s.Journey[i], s.StepPath(i)
		if step.Name == "" || seen[step.Name] {
			s.source.faultAt(path, "give each step a name of its own", "the name %q is empty or occurs twice", step.Name)
		}
		seen[step.Name] = true
		s.validateStepName(step.Name, path)
		s.validateStep(step, path)
	}
	s.validateForks()
	s.validateBookings()
}

func (s *Scenario) validateStep(step *Step, path string) {
	switch step.Kind {
	case funnel.Request, funnel.Await, funnel.Poll:
	default:
		s.source.faultAt(path+".kind", hintWord(string(step.Kind), []string{"request", "await", "poll"}), "the kind %q is unknown", step.Kind)
	}
	if step.Kind != funnel.Request && step.Patience.IsZero() {
		s.source.faultAt(path, "add patience: 2m", "a step of kind await or poll needs patience, or it would wait for ever")
	}
	if step.Kind == funnel.Request && len(step.Expect.Pending) > 0 {
		s.source.faultAt(path+".expect.pending", "use kind: poll or kind: await", "only steps of kind await or poll can be pending")
	}
	if step.Retry.Attempts < 0 || step.Retry.Visits < 0 {
		s.source.faultAt(path+".retry", "use 0 or more", "attempts or visits is negative")
	}
	if step.Retry.Jitter != "full" && step.Retry.Jitter != "none" {
		s.source.faultAt(path+".retry.jitter", "use full or none", "the jitter %q is unknown", step.Retry.Jitter)
	}
	if step.Leave != "close" && step.Leave != "silent" {
		s.source.faultAt(path+".leave", hintWord(step.Leave, []string{"close", "silent"}), "the value %q of leave is unknown", step.Leave)
	}
	if step.Request != nil && step.Request.Look != nil && len(step.Expect.Pending) == 0 {
		s.source.faultAt(path+".request.look", "add expect: {pending: [202]} and kind: poll", "look is of no use, because no answer is pending")
	}
	if step.Retry.Cap > 0 && step.Retry.Base > step.Retry.Cap {
		s.source.faultAt(path+".retry", "give a cap of at least base, or none", "the first pause, base %v, is longer than the longest, cap %v", step.Retry.Base, step.Retry.Cap)
	}
	if step.Priority != nil && (*step.Priority < 0 || *step.Priority > lastPriority) {
		s.source.faultAt(path+".priority", fmt.Sprintf("use 0 (first) to %d", lastPriority), "the priority %d does not exist", *step.Priority)
	}
	s.validateThink(step.Think, path+".think")
	s.validateStatuses(step.Request, step.Expect, path+".expect")
	s.validateChecks(step.Expect.Checks, path+".expect.checks")
	if step.Request != nil {
		s.validateRequest(step.Request, path+".request")
	}
	s.validateRoute(step.Route, path+".route")
}

// validateOnce reports invalid steps outside the journey.
func (s *Scenario) validateOnce(key string, steps []Once) {
	s.bound(key, len(steps), longestList)
	seen := map[string]bool{}
	for i, step := range steps {
		path := fmt.Sprintf("%s[%d]", key, i)
		if step.Name == "" || seen[step.Name] {
			s.source.faultAt(path, "give each step a name of its own", "the name %q is empty or occurs twice", step.Name)
		}
		seen[step.Name] = true
		if step.Kind != funnel.Request && step.Kind != funnel.Poll {
			s.source.faultAt(path+".kind", hintWord(string(step.Kind), []string{"request", "poll"}), "the kind %q is unknown here", step.Kind)
		}
		if step.Kind == funnel.Poll && step.Patience <= 0 {
			s.source.faultAt(path, "add patience: 2m", "a step of kind poll needs patience, or it would wait for ever")
		}
		if step.Kind == funnel.Request && len(step.Expect.Pending) > 0 {
			s.source.faultAt(path+".expect.pending", "use kind: poll", "only steps of kind poll can be pending")
		}
		if step.Timeout < 0 || step.Pause < 0 || step.Every < 0 || step.Patience < 0 || step.Attempts < 0 || step.Attempts > mostOnce {
			s.source.faultAt(path, fmt.Sprintf("use times of 0 or more, and up to %d attempts", mostOnce), "a time or the number of attempts is out of range")
		}
		s.validateStatuses(step.Request, step.Expect, path+".expect")
		s.validateChecks(step.Expect.Checks, path+".expect.checks")
		if step.Request == nil {
			s.source.faultAt(path, "add request: {target: …, path: /…}", "the step has no request")
			continue
		}
		s.validateRequest(step.Request, path+".request")
		if step.Request.WebSocket != nil {
			s.source.faultAt(path+".request.websocket", "move it to the journey", "a WebSocket belongs to a person")
		}
		if _, taken := step.Request.Extract["id"]; taken {
			s.source.faultAt(path+".request.extract.id", "choose another name", "${run.id} is the id of the run")
		}
	}
}

func (s *Scenario) validateRequest(request *Request, path string) {
	targets := []string{"backend", "mail", "sms"}
	for name := range s.Targets {
		targets = append(targets, name)
	}
	sort.Strings(targets)
	if !slices.Contains(targets, request.Target) {
		s.source.faultAt(path+".target", hintWord(request.Target, targets), "no target is called %q", request.Target)
	}
	if request.Redirects < 0 || request.Redirects > mostRedirects {
		s.source.faultAt(path+".redirects", fmt.Sprintf("use 0 to %d", mostRedirects), "%d redirects cannot be followed", request.Redirects)
	}
	if request.WebSocket != nil {
		s.validateWebSocket(request, path)
	} else if request.GRPC != nil {
		s.validateCall(request, path)
	} else if !strings.HasPrefix(request.Path, "/") && !strings.HasPrefix(request.Path, "${got.") && !strings.HasPrefix(request.Path, "${run.") {
		s.source.faultAt(path+".path", "begin it with a slash, as in /v1/signups, or with a link that an answer gave, as in ${got.link}", "the path %q does not begin with a slash", request.Path)
	}
	if request.Look != nil && !strings.HasPrefix(request.Look.Path, "/") {
		s.source.faultAt(path+".look.path", "begin it with a slash, as in /v1/identity", "the path %q does not begin with a slash", request.Look.Path)
	}
	s.validateHead(request, path)
	bodies := 0
	for _, given := range []bool{request.JSON != nil, request.Text != "", len(request.Multipart) > 0} {
		if given {
			bodies++
		}
	}
	if bodies > 1 {
		s.source.faultAt(path, "keep one of them", "json, text and multipart exclude each other")
	}
	for name, extract := range request.Extract {
		place := join(path+".extract", name)
		if extract.JSON == "" && extract.Header == "" && extract.Regexp == "" {
			s.source.faultAt(place, "give json, header or regexp", "it is not said where to find the value")
		}
		s.validateExtract(extract, place)
		if _, err := regexp.Compile(extract.Regexp); err != nil {
			s.source.faultAt(place+".regexp", "", "%v", err)
		}
	}
}

var (
	methodForm = regexp.MustCompile(`^[A-Z]+$`)
	headerForm = regexp.MustCompile("^[!#$%&'*+.^_`|~0-9A-Za-z-]+$") // a token of RFC 9110, section 5.6.2
)

// validateHead reports methods and headers that no server accepts.
func (s *Scenario) validateHead(request *Request, path string) {
	method := func(name, path string) {
		if name != "" && !methodForm.MatchString(name) {
			s.source.faultAt(path, "use capital letters, as in GET", "the method %q is not valid", name)
		}
	}
	method(request.Method, path+".method")
	if request.Look != nil {
		method(request.Look.Method, path+".look.method")
	}
	for name := range request.Headers {
		place := join(path+".headers", name)
		switch {
		case !headerForm.MatchString(name):
			s.source.faultAt(place, "use letters, digits and hyphens", "the header %q is not valid", name)
		case strings.EqualFold(name, "Content-Length"), strings.EqualFold(name, "Transfer-Encoding"):
			s.source.faultAt(place, "remove it", "%s is set automatically", name)
		}
	}
}

// validateExtract reports a place in an answer where nothing can be found.
func (s *Scenario) validateExtract(extract Extract, path string) {
	if extract.JSON != "" && extract.Header != "" {
		s.source.faultAt(path, "keep one of them", "json and header exclude each other")
	}
	if picks := []string{"first", "last", "random"}; extract.Pick != "" && !slices.Contains(picks, extract.Pick) {
		s.source.faultAt(path+".pick", hintWord(extract.Pick, picks), "the value %q of pick is unknown", extract.Pick)
	}
	if extract.Pick != "" && extract.JSON == "" && extract.Regexp == "" {
		s.source.faultAt(path+".pick", "add json: items.#.id, or regexp", "there are not several values to pick from")
	}
	if rest, is := strings.CutPrefix(extract.JSON, "$."); is {
		s.source.faultAt(path+".json", "write "+rest, "the path begins with $")
	}
}

// validateStatuses reports statuses that do not exist, or that are listed twice.
func (s *Scenario) validateStatuses(request *Request, expect Expect, path string) {
	meant := make(map[Status]string)
	for _, list := range []struct {
		name     string
		statuses []Status
	}{{"completed", expect.Completed}, {"declined", expect.Declined}, {"rejected", expect.Rejected}, {"pending", expect.Pending}} {
		for _, status := range list.statuses {
			before, twice := meant[status]
			hint, final := isFinal(request, status)
			switch {
			case !final:
				s.source.faultAt(join(path, list.name), hint, "%v is not a status of a final answer", status)
			case twice:
				s.source.faultAt(join(path, list.name), "keep one", "%v is already among the %s statuses", status, before)
			}
			meant[status] = list.name
		}
	}
}

func (s *Scenario) validateChecks(checks []Check, path string) {
	for i, check := range checks {
		place := fmt.Sprintf("%s[%d]", path, i)
		if check == (Check{}) {
			s.source.faultAt(place, "give json, header or regexp, and equals or contains", "the check has no condition")
		}
		s.validateExtract(check.Extract, place)
		if _, err := regexp.Compile(check.Regexp); err != nil {
			s.source.faultAt(place+".regexp", "", "%v", err)
		}
	}
}

func (s *Scenario) validateRoute(route []Hop, path string) {
	for i, hop := range route {
		place := fmt.Sprintf("%s[%d]", path, i)
		named := 0
		for _, part := range []struct {
			name  string
			known bool
			kind  string
			all   []string
		}{
			{hop.Station, has(s.Stations, hop.Station), "station", keys(s.Stations)},
			{hop.Call, has(s.Dependencies, hop.Call), "dependency", keys(s.Dependencies)},
			{hop.Async, has(s.Dependencies, hop.Async), "dependency", keys(s.Dependencies)},
		} {
			if part.name == "" {
				continue
			}
			named++
			if !part.known {
				s.source.faultAt(place, hintWord(part.name, part.all), "no %s is called %q", part.kind, part.name)
			}
		}
		if !hop.Wait.IsZero() {
			named++
		}
		if named != 1 {
			s.source.faultAt(place, "keep one of them", "a hop must have exactly one of station, call, async and wait")
			continue
		}
		if hop.Station == "" && !hop.Work.IsZero() {
			s.source.faultAt(place+".work", "remove it", "only a station has work")
		}
		s.validateAnswer(hop, place)
	}
}

func has[T any](parts map[string]T, name string) bool { _, ok := parts[name]; return ok }

func keys[T any](parts map[string]T) []string {
	names := make([]string, 0, len(parts))
	for name := range parts {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

func (s *Scenario) validateParts() {
	for name, station := range s.Stations {
		s.validateService(join("stations", name), station.Service)
		s.validateModelled(join("stations", name), station.Service, station.Modelled, station.Batch != nil)
		if !(station.Idling >= 0) || math.IsInf(station.Idling, 0) {
			s.source.faultAt(join("stations", name)+".idling", "use 0 (none) or more", "a station cannot idle %v servers", station.Idling)
		}
		if station.Slice < 0 || station.Slice > 0 && station.Discipline != workload.Sharing {
			s.source.faultAt(join("stations", name)+".slice", "give 0 or more, with discipline: sharing", "servers cannot turn to another request after %v here", station.Slice)
		}
		if station.Beside < 0 || station.Beside > 0 && station.Batch != nil {
			s.source.faultAt(join("stations", name)+".beside", "give 0 or more, at a station without batches", "other programs cannot take %v of each request here", station.Beside)
		}
		if c := station.Chores; !(c.Share >= 0 && c.Share < 1) || c.Time < 0 || (c.Share > 0) != (c.Time > 0) || c.Share > 0 && station.Batch != nil {
			s.source.faultAt(join("stations", name)+".chores", "give a share from 0 to below 1, and the time of each, at a station without batches", "a station cannot have chores of %v of its work, %v each", c.Share, c.Time)
		}
		s.validateSharedWork(join("stations", name), station)
		s.validateAlso(join("stations", name)+".batch.also", name, station.Batch)
		if station.Batch != nil && min(station.Batch.Age, station.Batch.Late) < 0 {
			s.source.faultAt(join("stations", name)+".batch", "use times of 0 or more", "the waiting time of a batch is negative")
		}
		if station.Batch != nil && station.Batch.Rows < 0 {
			s.source.faultAt(join("stations", name)+".batch.rows", "use 0 (as backend.batch_rows) or more", "a batch cannot have %d rows", station.Batch.Rows)
		}
	}
	kinds := append(fault.Registries(), "mail", "sms", "generic")
	for name, dependency := range s.Dependencies {
		if !slices.Contains(kinds, dependency.Kind) {
			s.source.faultAt(join("dependencies", name)+".kind", hintWord(dependency.Kind, kinds), "the kind %q is unknown", dependency.Kind)
		}
		s.validateService(join("dependencies", name), dependency.Service)
		s.validateModelled(join("dependencies", name), dependency.Service, dependency.Modelled, false)
		s.validateDependency(join("dependencies", name), dependency)
	}
	s.validateCycles()
	durabilities := []string{"group-fsync", "per-request-fsync", "async"}
	if !slices.Contains(durabilities, s.Backend.Durability) {
		s.source.faultAt("backend.durability", hintWord(s.Backend.Durability, durabilities), "the durability %q is unknown", s.Backend.Durability)
	}
	if s.Backend.BatchRows < 0 || s.Backend.Quota < 0 || s.Backend.MailConnections < 0 || s.Backend.SMSConnections < 0 {
		s.source.faultAt("backend", "use 0 (the default) or more", "the number is negative")
	}
	for name := range s.Backend.CallTimeouts {
		if !has(s.Dependencies, name) {
			s.source.faultAt(join("backend.call_timeouts", name), hintWord(name, keys(s.Dependencies)), "no dependency is called %q", name)
		}
	}
	for name, target := range s.Targets {
		if target.URL != "" && !isService(target.URL) {
			s.source.faultAt(join("targets", name)+".url", "write for example http://127.0.0.1:8080, or unix:/run/app.sock", "%q is not the URL of a service", target.URL)
		}
	}
}

// socketForm is the URL of a service behind a Unix socket.
var socketForm = regexp.MustCompile(`^unix:(//)?/[^/].*$|^http\+unix://%2[Ff][^/]+(/[^?#]*)?$`)

// isService reports whether a text is the URL of a service, to which paths can be added.
func isService(text string) bool {
	if socketForm.MatchString(text) {
		return true
	}
	parsed, err := url.Parse(text)
	if err != nil || parsed.Hostname() == "" || parsed.Scheme != "http" && parsed.Scheme != "https" || parsed.RawQuery != "" || parsed.Fragment != "" {
		return false
	}
	_, err = strconv.ParseUint(cmp.Or(parsed.Port(), "80"), 10, 16)
	return err == nil
}

func (s *Scenario) validateService(path string, service workload.Service) {
	if err := service.Validate(); err != nil {
		s.source.faultAt(path, "", "%v", err)
	}
}

// validateAlso reports mistakes in the work that a batch causes at another station.
func (s *Scenario) validateAlso(path, name string, batch *Batch) {
	if batch == nil || batch.Also == (Also{}) {
		return
	}
	other, known := s.Stations[batch.Also.Station]
	switch {
	case !known:
		s.source.faultAt(path+".station", hintWord(batch.Also.Station, keys(s.Stations)), "no station is called %q", batch.Also.Station)
	case batch.Also.Station == name || other.Batch != nil:
		s.source.faultAt(path+".station", "name a station without batches", "station %q works in batches itself", batch.Also.Station)
	case batch.Also.Time < 0:
		s.source.faultAt(path+".time", "use 0 or more", "the time %v is negative", batch.Also.Time)
	}
}
