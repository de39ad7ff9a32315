package calibration

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ombak-sim/ombak/scenarios"
	"github.com/ombak-sim/ombak/units"
	"github.com/ombak-sim/ombak/workload"
)

// ModelHeading is the beginning of a model's file.
const ModelHeading = "# Fitted by ombak calibrate to "

// WriteModel writes a calibration as the YAML of the parts of a scenario that it replaces. The same YAML can stand
// below set in a plan.
func WriteModel(w io.Writer, m Model) error {
	var b strings.Builder
	fmt.Fprintf(&b, ModelHeading+"%d reports of %s, %.4g to %.4g requests per second.\n", m.Levels, m.Scenario, m.LowestS, m.HighestS)
	for _, warning := range m.Warnings {
		fmt.Fprintf(&b, "# warning: %s\n", warning)
	}
	for _, text := range m.Measured {
		fmt.Fprintf(&b, "# seen, not set: dependency %s\n", text)
	}
	b.WriteString("stations:\n")
	for _, station := range m.Stations {
		fmt.Fprintf(&b, "  # %s: %s\n", station.Name, station.Summary())
		if station.Opening != (FittedOpening{}) {
			b.WriteString("  # How many connections people open follows from the scenario's own connections.\n")
		}
		if station.Process {
			fmt.Fprintf(&b, "  %s: {servers: %d, service: %q", station.Name, station.Servers, station.Shape)
			if station.Discipline != "" {
				fmt.Fprintf(&b, ", discipline: %s", station.Discipline)
			}
			if station.Slice > 0 {
				fmt.Fprintf(&b, ", slice: %v", station.Slice)
			}
			if station.Idling > 0 {
				fmt.Fprintf(&b, ", idling: %.4g", station.Idling)
			}
			if station.Beside > 0 {
				fmt.Fprintf(&b, ", beside: %v", seconds(station.Beside))
			}
			b.WriteString(choresYAML(station.Chores) + station.Together.yaml() + station.Opening.yaml() + "}\n")
			continue
		}
		fmt.Fprintf(&b, "  %s: {servers: %d, service: %q", station.Name, station.Servers, station.Shape)
		if station.Name == "store" && station.PerBatch != nil {
			fmt.Fprintf(&b, ", batch: {per_row: %v", seconds(station.PerRequest.Seconds))
			if station.Late > 0 {
				fmt.Fprintf(&b, ", late: %v", seconds(station.Late))
			}
			switch {
			case station.Rows:
				fmt.Fprintf(&b, ", also: {station: web, time: %v, rows: true}", seconds(station.Also))
			case station.Also > 0:
				fmt.Fprintf(&b, ", also: {station: web, time: %v}", seconds(station.Also))
			}
			b.WriteString("}")
		}
		b.WriteString(choresYAML(station.Chores))
		if station.Idling > 0 {
			fmt.Fprintf(&b, ", idling: %.4g", station.Idling)
		}
		b.WriteString("}\n")
	}
	m.writeJourney(&b)
	_, err := io.WriteString(w, b.String())
	return err
}

// choresYAML returns the key of a station, or "" if it has no chores.
func choresYAML(chores scenarios.Chores) string {
	if chores.Share == 0 {
		return ""
	}
	return fmt.Sprintf(", chores: {share: %.3g, time: %v}", float64(chores.Share), chores.Time)
}

// writeJourney writes the routes and delays of steps.
func (m Model) writeJourney(b *strings.Builder) {
	switch {
	case len(m.Routes) > 0:
		b.WriteString("# Work of one request of each step at each station, and what its response time in the quietest run holds besides.\njourney:\n")
	case len(m.Delays) > 0:
		b.WriteString("# Delays of steps whose median at the lightest load was longer than the stations explain.\njourney:\n")
	}
	for _, route := range m.Routes {
		for _, hop := range route.Hops {
			fmt.Fprintf(b, "  # %s at %s: %s\n", route.Step, hop.Station, hop.Summary())
		}
		fmt.Fprintf(b, "  %s: {route: [%s]", route.Step, strings.Join(texts(route.hops(m.Stations)), ", "))
		if k := slices.IndexFunc(m.Delays, func(d FittedDelay) bool { return d.Step == route.Step }); k >= 0 {
			fmt.Fprintf(b, ", delay: %q", m.Delays[k].Beside)
		}
		b.WriteString("}\n")
	}
	for _, delay := range m.Delays {
		if len(m.Routes) == 0 {
			fmt.Fprintf(b, "  %s: {delay: %q}\n", delay.Step, delay.Beside)
		}
	}
}

// hops returns the route as a scenario holds it. A step that shows no demand at a fitted station of its route visits it
// for the least time, and one without any route visits the first station so. The wait is the last stop.
func (r FittedRoute) hops(stations []FittedStation) (hops []scenarios.Hop) {
	work := map[string]workload.Distribution{}
	for _, station := range stations {
		work[station.Name] = leastWork()
	}
	for _, hop := range r.Hops {
		work[hop.Station] = hop.Work
		if !slices.ContainsFunc(r.Kept, func(kept scenarios.Hop) bool { return kept.Station == hop.Station }) {
			hops = append(hops, scenarios.Hop{Station: hop.Station, Work: hop.Work})
		}
	}
	for _, kept := range r.Kept {
		if fitted, is := work[kept.Station]; is {
			kept.Work = fitted
		}
		hops = append(hops, kept)
	}
	if len(hops) == 0 && len(stations) > 0 {
		hops = append(hops, scenarios.Hop{Station: stations[0].Name, Work: leastWork()})
	}
	if !r.Wait.IsZero() {
		hops = append(hops, scenarios.Hop{Wait: r.Wait})
	}
	return hops
}

// leastWork is the work of a step that shows none; a work of 0 would mean the station's own service time.
func leastWork() workload.Distribution { return workload.ConstantTime(time.Microsecond) }

// Summary describes the demand of a step in one line.
func (h FittedHop) Summary() string {
	text := h.Demand.summary("request")
	if len(h.With) > 0 {
		text += ", not told apart from " + strings.Join(h.With, ", ")
	}
	return text
}

// texts writes hops as YAML.
func texts(hops []scenarios.Hop) (all []string) {
	for _, hop := range hops {
		switch {
		case hop.Station != "" && hop.Work.IsZero():
			all = append(all, fmt.Sprintf("{station: %s}", hop.Station))
		case hop.Station != "":
			all = append(all, fmt.Sprintf("{station: %s, work: %q}", hop.Station, hop.Work))
		case !hop.Wait.IsZero():
			all = append(all, fmt.Sprintf("{wait: %q}", hop.Wait))
		case hop.Call != "":
			all = append(all, fmt.Sprintf("{call: %s%s}", hop.Call, answer(hop)))
		default:
			all = append(all, fmt.Sprintf("{async: %s%s}", hop.Async, answer(hop)))
		}
	}
	return all
}

// answer writes which route of a dependency answers, if the hop says so.
func answer(hop scenarios.Hop) string {
	if hop.Answer == "" {
		return ""
	}
	return fmt.Sprintf(", answer: %q", hop.Answer)
}

// setIn sets the model's parameters in a scenario to the values that the file of [WriteModel] holds.
func (m *Model) setIn(s *scenarios.Scenario) error {
	for _, fitted := range m.Stations {
		station, known := s.Stations[fitted.Name]
		if !known && !fitted.Process {
			return scenarios.Mistakes{{File: "the model", Line: 1, Column: 1, Message: fmt.Sprintf("stations has no %q", fitted.Name), Hint: "give the scenario this station"}}
		}
		if s.Stations == nil {
			s.Stations = map[string]scenarios.Station{}
		}
		s.Stations[fitted.Name] = fitted.in(station)
	}
	for _, route := range m.Routes {
		i := slices.IndexFunc(s.Journey, func(step scenarios.Step) bool { return step.Name == route.Step })
		if i < 0 {
			return scenarios.Mistakes{{File: "the model", Line: 1, Column: 1, Message: fmt.Sprintf("no step is called %q", route.Step), Hint: "give the reports' own scenario"}}
		}
		s.Journey[i].Route = route.hops(m.Stations)
	}
	for _, delay := range m.Delays {
		i := slices.IndexFunc(s.Journey, func(step scenarios.Step) bool { return step.Name == delay.Step })
		if i < 0 {
			return scenarios.Mistakes{{File: "the model", Line: 1, Column: 1, Message: fmt.Sprintf("no step is called %q", delay.Step), Hint: "give the reports' own scenario"}}
		}
		s.Journey[i].Delay = delay.Beside
	}
	return nil
}

// in returns the station with the fitted parameters.
func (s FittedStation) in(station scenarios.Station) scenarios.Station {
	station.Servers, station.ServiceTime = s.Servers, s.Shape
	if s.Discipline != "" {
		station.Discipline, station.Slice = s.Discipline, s.Slice
	}
	if s.Process {
		station.Together, station.Opening, station.Beside = s.Together.in(), s.Opening.in(), seconds(s.Beside)
	}
	if s.Name == "store" && s.PerBatch != nil {
		station.Batch = s.batchIn(station.Batch)
	}
	if s.Chores.Share > 0 {
		station.Chores = scenarios.Chores{Share: scenarios.Share(rounded(float64(s.Chores.Share), 3)), Time: s.Chores.Time}
	}
	if s.Idling > 0 {
		station.Idling = rounded(s.Idling, 4)
	}
	return station
}

// batchIn returns a copy of the batch, which may be nil, with the fitted parameters.
func (s FittedStation) batchIn(batch *scenarios.Batch) *scenarios.Batch {
	var changed scenarios.Batch
	if batch != nil {
		changed = *batch
	}
	changed.PerRow = seconds(s.PerRequest.Seconds)
	if s.Late > 0 {
		changed.Late = seconds(s.Late)
	}
	if s.Rows || s.Also > 0 {
		changed.Also = scenarios.Also{Station: "web", Time: seconds(s.Also), Rows: s.Rows || changed.Also.Rows}
	}
	return &changed
}

// rounded returns the value rounded to a number of significant digits.
func rounded(value float64, digits int) float64 {
	text := strconv.FormatFloat(value, 'g', digits, 64)
	near, err := strconv.ParseFloat(text, 64)
	if err != nil { // it is out of range
		return value
	}
	return near
}

// Summary describes the demands with their intervals in one line.
func (s FittedStation) Summary() string {
	if s.Process {
		cores := "1 core"
		if s.Servers > 1 {
			cores = fmt.Sprintf("%d cores", s.Servers)
		}
		text := fmt.Sprintf("%s a request on average over all steps, %s", units.Time(s.PerRequest.Seconds), cores)
		if s.Discipline == workload.Sharing {
			text += ", shared by all requests at once"
			if s.Slice > 0 {
				text += fmt.Sprintf(", %v for each in turn", s.Slice)
			}
		}
		if s.Idling > 0 {
			text += fmt.Sprintf(", idle %.2g cores", s.Idling)
		}
		if s.Chores.Share > 0 {
			text += fmt.Sprintf(", %s of its work in pieces of %v", units.Percent(float64(s.Chores.Share)), s.Chores.Time)
		}
		if s.Beside > 0 {
			text += fmt.Sprintf(", %s of the machine for others", units.Time(s.Beside))
		}
		return text + s.Together.describe() + s.Opening.describe() + fmt.Sprintf("; R² %.3f", s.RSquared)
	}
	text := s.PerRequest.summary(s.Unit)
	if s.PerBatch != nil {
		text += ", " + s.PerBatch.summary("batch")
	}
	return text + fmt.Sprintf("; R² %.3f", s.RSquared)
}

func (d FittedDemand) summary(unit string) string {
	text := units.Time(d.Seconds) + " a " + unit
	if d.Interval != nil {
		text += fmt.Sprintf(" (95 %%: %s to %s)", units.Time(d.Interval[0]), units.Time(d.Interval[1]))
	}
	return text
}
