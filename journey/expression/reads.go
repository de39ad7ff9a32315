package expression

import (
	"errors"
	"fmt"
	"slices"
	"sort"
	"strings"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/vm"
)

// reader collects the places that an expression reads. Every root must be followed by constant names.
type reader struct {
	reads []Reading
	named map[ast.Node]bool // nodes whose place is complete, or part of a longer one
	roots []*ast.IdentifierNode
	fault error
}

func readings(program *vm.Program) ([]Reading, error) {
	r := &reader{named: map[ast.Node]bool{}}
	root := program.Node()
	ast.Walk(&root, r)
	if r.fault != nil {
		return nil, r.fault
	}
	for _, identifier := range r.roots {
		if identifier.Value != Round && identifier.Value != Attempt && !r.named[identifier] {
			return nil, fmt.Errorf("%s is not a value; write %s", identifier.Value, exampleOf(identifier.Value))
		}
	}
	slices.SortFunc(r.reads, func(a, b Reading) int { return strings.Compare(a.String(), b.String()) })
	return slices.Compact(r.reads), nil
}

func exampleOf(root string) string {
	return map[string]string{
		Person: "person.pupil", Feeder: "feeder.NAME.COLUMN", Got: "got.NAME", Var: "var.NAME", Visits: `visits["STEP"]`,
	}[root]
}

// Visit implements ast.Visitor. It sees the parts of a node before the node.
func (r *reader) Visit(node *ast.Node) {
	switch n := (*node).(type) {
	case *ast.IdentifierNode:
		r.identifier(n)
	case *ast.MemberNode:
		r.member(n)
	case *ast.PredicateNode, *ast.PointerNode:
		r.fault = errors.New("it goes through a list, which takes too long; compare single values")
	case *ast.VariableDeclaratorNode:
		r.fault = errors.New("it names a value with let, which could grow without bound; write the value out")
	case *ast.BinaryNode:
		if n.Operator == ".." {
			r.fault = errors.New("it makes a list of numbers; compare with >= and <=")
		}
	}
}

func (r *reader) identifier(n *ast.IdentifierNode) {
	switch n.Value {
	case "$env":
		r.fault = errors.New("it reads $env; name what it reads, as in person.pupil")
	case Round, Attempt:
		r.reads = append(r.reads, Reading{Root: n.Value})
		r.roots = append(r.roots, n)
	case Person, Feeder, Got, Var, Visits:
		r.roots = append(r.roots, n)
	}
}

func (r *reader) member(n *ast.MemberNode) {
	name, constant := n.Property.(*ast.StringNode)
	if !constant {
		return
	}
	switch of := n.Node.(type) {
	case *ast.IdentifierNode:
		if exampleOf(of.Value) != "" && of.Value != Feeder {
			r.named[of] = true
			r.reads = append(r.reads, Reading{Root: of.Value, Name: name.Value})
		}
	case *ast.MemberNode:
		root, is := of.Node.(*ast.IdentifierNode)
		feeder, constant := of.Property.(*ast.StringNode)
		if is && constant && root.Value == Feeder {
			r.named[root] = true
			r.reads = append(r.reads, Reading{Root: Feeder, Name: feeder.Value, Column: name.Value})
		}
	}
}

// check reports a place that does not exist.
func (n Names) check(reads []Reading) error {
	for _, read := range reads {
		if n.Any && read.Root != Visits {
			continue
		}
		known, all := true, []string(nil)
		switch read.Root {
		case Person:
			all = n.Person
			known = all == nil || slices.Contains(all, read.Name)
		case Got:
			all = n.Got
			known = slices.Contains(all, read.Name)
		case Var:
			all = n.Vars
			known = slices.Contains(all, read.Name)
		case Visits:
			all = n.Steps
			known = slices.Contains(all, read.Name)
		case Feeder:
			columns, is := n.Feeders[read.Name]
			known, all = is && slices.Contains(columns, read.Column), columns
			if !is {
				all = namesOf(n.Feeders)
			}
		}
		if !known {
			return fmt.Errorf("there is no %s; %s", read, listed(read.Root, all))
		}
	}
	return nil
}

func namesOf(feeders map[string][]string) []string {
	names := make([]string, 0, len(feeders))
	for name := range feeders {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

// listed says which names there are.
func listed(root string, names []string) string {
	if len(names) == 0 {
		return map[string]string{
			Got: "no step extracts a value", Var: "give --var NAME=VALUE", Feeder: "the scenario has no feeder",
		}[root]
	}
	return "there are " + strings.Join(names, ", ")
}
