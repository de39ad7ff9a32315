package expression

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/vm"
)

// Limits of one expression.
const (
	longestSource = 2000 // bytes
	mostNodes     = 300  // of the syntax tree
	memoryBudget  = 1000 // elements of lists
	longestText   = 1 << 20
	longestFact   = 1 << 16
)

// The roots of what an expression may read.
const (
	Person  = "person"  // person.pupil
	Feeder  = "feeder"  // feeder.users.plan
	Got     = "got"     // got.token
	Var     = "var"     // var.key
	Visits  = "visits"  // visits["sign-up"]
	Round   = "round"   // the number of earlier visits to the step
	Attempt = "attempt" // the number of the attempt, from 1
)

// Names are what an expression may read. A nil list means that there is nothing of the kind.
type Names struct {
	Any     bool                // everything but steps is checked elsewhere
	Person  []string            // nil means that any name may be given, and is checked later
	Feeders map[string][]string // columns by name of the feeder
	Got     []string
	Vars    []string
	Steps   []string
}

// Reading is one place that an expression reads.
type Reading struct {
	Root   string
	Name   string // of the trait, the feeder, the extracted value, the variable or the step
	Column string // of a feeder
}

// String returns the place as it is written.
func (r Reading) String() string {
	return strings.TrimRight(strings.Join([]string{r.Root, r.Name, r.Column}, "."), ".")
}

// Facts knows the values of places.
type Facts interface {
	// Fact returns the value of a place: a text, a number, or true or false.
	Fact(Reading) any
}

// Program is a compiled expression. It is safe for concurrent use.
type Program struct {
	source  string
	program *vm.Program
	reads   []Reading
	machine sync.Pool
}

// Condition compiles an expression that is true or false. It gives the same result for the same facts.
func Condition(source string, names Names) (*Program, error) {
	return compile(source, names, append(options(conditionFunctions), expr.AsBool()), false)
}

// Value compiles an expression whose result is a text. Besides what conditions may use, it may draw random numbers and
// tell the time.
func Value(source string, names Names) (*Program, error) {
	return compile(source, names, append(options(valueFunctions), expr.AsAny()), true)
}

func compile(source string, names Names, with []expr.Option, values bool) (p *Program, err error) {
	if strings.TrimSpace(source) == "" {
		return nil, errors.New("the expression is empty")
	}
	if len(source) > longestSource {
		return nil, fmt.Errorf("the expression has %d bytes; %d at most are allowed", len(source), longestSource)
	}
	defer func() {
		if cause := recover(); cause != nil {
			p, err = nil, fmt.Errorf("the expression %q cannot be compiled: %v", source, cause)
		}
	}()
	program, err := expr.Compile(source, append(with, expr.Env(sample(values)), expr.MaxNodes(mostNodes))...)
	if err != nil {
		return nil, plain(source, err)
	}
	p = &Program{source: source, program: program}
	p.machine.New = func() any { return &vm.VM{MemoryBudget: memoryBudget} }
	if p.reads, err = readings(program); err == nil {
		err = names.check(p.reads)
	}
	if err != nil {
		return nil, fmt.Errorf("the expression %q: %w", source, err)
	}
	return p, nil
}

// plain returns an error of the library in one line, with its column.
func plain(source string, err error) error {
	var fault *file.Error
	if errors.As(err, &fault) {
		return fmt.Errorf("the expression %q, column %d: %s", source, fault.Column+1, fault.Message)
	}
	line, _, _ := strings.Cut(err.Error(), "\n")
	return fmt.Errorf("the expression %q: %s", source, line)
}

// Reads returns the places that the expression reads.
func (p *Program) Reads() []Reading { return p.reads }

// ReadsAny reports whether the expression reads any place of a root.
func (p *Program) ReadsAny(root string) bool {
	return slices.ContainsFunc(p.reads, func(r Reading) bool { return r.Root == root })
}

// Holds reports whether a condition is true. One that cannot be computed is not, such as int(got.n) of a text.
func (p *Program) Holds(facts Facts) bool {
	result, err := p.run(facts, nil)
	holds, is := result.(bool)
	return err == nil && is && holds
}

// Text returns the result of a value as a text. Random returns uniform numbers in [0, 1). A value that cannot be
// computed is an error.
func (p *Program) Text(facts Facts, random func() float64) (string, error) {
	result, err := p.run(facts, random)
	if err != nil {
		return "", plain(p.source, err)
	}
	text := textOf(result)
	if len(text) > longestText {
		return "", fmt.Errorf("the expression %q: the text has more than %d bytes", p.source, longestText)
	}
	return text, nil
}

func (p *Program) run(facts Facts, random func() float64) (any, error) {
	environment := make(map[string]any, 4)
	for _, r := range p.reads {
		value := facts.Fact(r)
		if text, is := value.(string); is && len(text) > longestFact {
			return nil, fmt.Errorf("%s has more than %d bytes", r, longestFact)
		}
		switch {
		case r.Column != "":
			sub(sub(environment, r.Root), r.Name)[r.Column] = value
		case r.Name != "":
			sub(environment, r.Root)[r.Name] = value
		default:
			environment[r.Root] = value
		}
	}
	if random != nil {
		addRandom(environment, random)
	}
	machine := p.machine.Get().(*vm.VM)
	defer p.machine.Put(machine)
	return machine.Run(p.program, environment)
}

// sub returns the mapping under a key, and makes it if needed.
func sub(of map[string]any, key string) map[string]any {
	inner, is := of[key].(map[string]any)
	if !is {
		inner = map[string]any{}
		of[key] = inner
	}
	return inner
}

// textOf writes a result as a text: whole numbers without a point, nothing for nil.
func textOf(result any) string {
	switch value := result.(type) {
	case nil:
		return ""
	case string:
		return value
	case float64:
		return strconv.FormatFloat(value, 'f', -1, 64)
	case []byte:
		return string(value)
	}
	return fmt.Sprint(result)
}
