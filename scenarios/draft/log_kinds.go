package draft

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
)

// kind is one kind of request: a method, and a path whose ids are left open.
type kind struct {
	method, path string // the path has {} for an id
	requests     []*request
	statuses     map[int]int
	step         *step
}

var (
	idSegment    = regexp.MustCompile(`^(\d+|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|[0-9a-fA-F]{12,}|[0-9A-HJKMNP-TV-Z]{26}|[A-Za-z]{1,6}[-_]?\d{3,})$`)
	assetPath    = regexp.MustCompile(`(?i)\.(png|jpe?g|gif|svg|ico|webp|avif|css|js|mjs|map|woff2?|ttf|eot|otf|mp4|webm|mp3|wasm|webmanifest)$`)
	commonKinds  = 60     // so many kinds of requests become steps
	manyValues   = 12     // a segment with more values than these, most of them rare, is an id
	rareValues   = .3     // share of distinct values among a segment's requests from which it is an id
	longestTable = 10_000 // rows of a table of ids
)

// isID reports whether a segment of a path identifies one of many things.
func isID(segment string) bool {
	if idSegment.MatchString(segment) {
		return true
	}
	digits, letters := strings.ContainsAny(segment, "0123456789"), strings.ContainsAny(segment, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
	return len(segment) >= 20 && digits && letters && !strings.ContainsAny(segment, ".")
}

// kinds sorts the requests into kinds, the most frequent first. Pictures, rare requests and those that were
// never answered well are left out, with a note.
func (d *draft) kinds(requests []*request) []*kind {
	values := map[string]map[string]int{} // of the segments behind a path
	paths := make([][]string, len(requests))
	assets := 0
	for i, one := range requests {
		path, _, _ := strings.Cut(one.path, "?")
		if assetPath.MatchString(path) {
			assets++
			continue
		}
		paths[i] = openPath(path)
		countSegments(paths[i], one.method, values)
	}
	byKey := map[string]*kind{}
	for i, one := range requests {
		if paths[i] == nil {
			continue
		}
		path := joinOpen(paths[i], one.method, values)
		key := one.method + " " + path
		if byKey[key] == nil {
			byKey[key] = &kind{method: one.method, path: path, statuses: map[int]int{}}
		}
		byKey[key].requests = append(byKey[key].requests, one)
		byKey[key].statuses[one.status]++
	}
	if assets > 0 {
		d.notes.say("%s for pictures, fonts, scripts and style sheets left out", count(assets, "request"))
	}
	return d.commonKinds(byKey)
}

// commonKinds returns the kinds that become steps.
func (d *draft) commonKinds(byKey map[string]*kind) []*kind {
	order := make([]*kind, 0, len(byKey))
	refused, refusedRequests := 0, 0
	for _, key := range sorted(byKey) {
		kind := byKey[key]
		if !kind.everGood() {
			refused, refusedRequests = refused+1, refusedRequests+len(kind.requests)
			continue
		}
		order = append(order, kind)
	}
	if refused > 0 && len(order) > 0 {
		d.notes.say("%s of %s that were never answered below 400 left out", count(refusedRequests, "request"), count(refused, "kind"))
	}
	if len(order) == 0 {
		for _, key := range sorted(byKey) {
			order = append(order, byKey[key])
		}
	}
	slices.SortStableFunc(order, func(a, b *kind) int {
		return cmp.Or(cmp.Compare(len(b.requests), len(a.requests)), cmp.Compare(a.path, b.path), cmp.Compare(a.method, b.method))
	})
	if len(order) > commonKinds {
		n := 0
		for _, rare := range order[commonKinds:] {
			n += len(rare.requests)
		}
		d.notes.say("%d requests of the %d rarest kinds are left out; %d kinds became steps", n, len(order)-commonKinds, commonKinds)
		order = order[:commonKinds]
	}
	for _, kind := range order {
		for _, one := range kind.requests {
			one.kind = kind
		}
	}
	return order
}

func (k *kind) everGood() bool {
	for status := range k.statuses {
		if status > 0 && status < 400 {
			return true
		}
	}
	return k.statuses[0] > 0 // the log does not tell
}

// openPath returns the segments of a path, with {} for those that look like ids.
func openPath(path string) []string {
	segments := strings.Split(strings.TrimPrefix(path, "/"), "/")
	for i, segment := range segments {
		if isID(segment) {
			segments[i] = "{}"
		}
	}
	return segments
}

// countSegments counts the values of every segment behind the path before it.
func countSegments(segments []string, method string, values map[string]map[string]int) {
	before := method
	for _, segment := range segments {
		if values[before] == nil {
			values[before] = map[string]int{}
		}
		values[before][segment]++
		before += "/" + segment
	}
}

// joinOpen returns the path with {} also for segments that have many values, most of them rare.
func joinOpen(segments []string, method string, values map[string]map[string]int) string {
	before, path := method, ""
	for i, segment := range segments {
		total := 0
		for _, n := range values[before] {
			total += n
		}
		before += "/" + segment
		if distinct := len(values[before[:len(before)-len(segment)-1]]); i > 0 && distinct > manyValues && float64(distinct) > rareValues*float64(total) {
			segment = "{}"
		}
		path += "/" + segment
	}
	return path
}

// logStep returns the step of a kind. The ids in its path come from a table of the log's own, or are the most
// frequent one.
func (d *draft) logStep(kind *kind, target string) *step {
	slices.SortStableFunc(kind.requests, func(a, b *request) int { return a.at.Compare(b.at) })
	sample := kind.mostFrequent()
	path, query, _ := strings.Cut(sample.path, "?")
	made := &step{
		place: 0, method: kind.method, target: target, path: splitPath(path), query: splitPairs(inQuery, query),
		name: slug(strings.ToLower(kind.method) + "-" + strings.ReplaceAll(kind.path, "{}", "id")), comment: count(len(kind.requests), "request") + " in the log",
	}
	made.queries = kind.queries(made.query)
	open := strings.Split(strings.TrimPrefix(kind.path, "/"), "/")
	for i, segment := range open {
		if segment == "{}" && i < len(made.path) {
			d.openSegment(made, kind, i)
		}
	}
	for status, n := range kind.statuses {
		if status >= 200 && status < 400 && n*100 >= len(kind.requests) {
			made.completed = append(made.completed, status)
		}
	}
	slices.Sort(made.completed)
	if kind.method == "POST" || kind.method == "PUT" || kind.method == "PATCH" {
		d.notes.say("%s sends no body, because logs hold none; write it", made.name)
	}
	kind.step = made
	return made
}

// queries returns the queries of the requests that have the same parameters as a given one.
func (k *kind) queries(as []*leaf) (all [][]*leaf) {
	for _, one := range k.requests {
		_, query, _ := strings.Cut(one.path, "?")
		leaves := splitPairs(inQuery, query)
		if slices.EqualFunc(leaves, as, func(a, b *leaf) bool { return a.key == b.key && a.noValue == b.noValue }) {
			all = append(all, leaves)
		}
	}
	return all
}

// mostFrequent returns a request with the path that occurs most.
func (k *kind) mostFrequent() *request {
	counts := map[string]int{}
	best := k.requests[0]
	for _, one := range k.requests {
		if counts[one.path]++; counts[one.path] > counts[best.path] {
			best = one
		}
	}
	return best
}

// openSegment replaces an id in a path.
func (d *draft) openSegment(made *step, kind *kind, at int) {
	noun := "id"
	if at > 0 && kind.path != "" {
		noun = singular(made.path[at-1].raw)
	}
	name := word(noun)
	var ids []string
	for _, one := range kind.requests {
		path, _, _ := strings.Cut(one.path, "?")
		if segments := splitPath(path); at < len(segments) {
			ids = append(ids, segments[at].raw)
		}
	}
	distinct := map[string]bool{}
	for _, id := range ids {
		distinct[id] = true
	}
	if len(distinct) < 2 || len(ids) == 0 {
		return
	}
	if !d.options.Files {
		made.path[at].refer("", d.variable(name, made.path[at].raw))
		d.notes.say("${var.%s} in the path of %s stands for %d different values; its default is the most frequent", name, made.name, len(distinct))
		return
	}
	made.path[at].refer("", "${feeder."+name+".value}")
	if !slices.Contains(d.feeders, name) {
		d.feeders = append(d.feeders, name)
		d.files[d.feederFile(name)] = table(ids)
		d.notes.say("${feeder.%s.value} in the path of %s is taken from %s: %d requests, %d different values", name, made.name, d.feederFile(name), len(ids), len(distinct))
	}
}

// table returns a table with one column, in which frequent values occur often.
func table(ids []string) []byte {
	every := (len(ids) + longestTable - 1) / longestTable
	var out strings.Builder
	out.WriteString("value\n")
	for i := 0; i < len(ids); i += every {
		out.WriteString(`"` + strings.ReplaceAll(ids[i], `"`, `""`) + "\"\n")
	}
	return []byte(out.String())
}
