package scenarios

import (
	"bytes"
	"encoding"
	"errors"
	"fmt"
	"reflect"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"

	"github.com/ombak-sim/ombak/resilience"
	"github.com/ombak-sim/ombak/workload"
)

// Raw is a part of the file that is kept undecoded, to be decoded onto another part later.
type Raw struct {
	node ast.Node
	path string
}

// source holds where a scenario was read from, and the place of everything in it.
type source struct {
	file     string
	sha256   string
	text     []byte
	root     ast.Node
	places   map[string][2]int // path → line and column
	mistakes Mistakes
	unknown  map[string]bool       // paths of mappings with an unknown key
	beside   []string              // files that the scenario names, apart from keys and certificates
	folder   string                // where they are; empty for a bundled scenario
	values   func(*Scenario) error // sets measured values before every plan; may be nil; see WithValues
	settings []Setting             // applied after every plan; see With
	replaced *replacedArrivals     // instead of the file's arrivals; may be nil; see WithArrivals
	altered  []Alteration          // what was changed since the file was read; see Recipe
	untold   bool                  // something was changed that altered does not hold
}

// parse reads the syntax. It turns panics of the YAML parser on hostile input into mistakes.
func parse(file string, text []byte) (src *source, err error) {
	src = &source{file: file, text: text, places: map[string][2]int{}, unknown: map[string]bool{}}
	defer func() {
		if cause := recover(); cause != nil {
			err = Mistakes{{File: file, Line: 1, Column: 1, Message: fmt.Sprintf("the file is not valid YAML (%v)", cause)}}
		}
	}()
	if mistake := refuse(file, text); mistake != nil {
		return nil, Mistakes{*mistake}
	}
	tokens := lexer.Tokenize(string(bytes.TrimPrefix(text, []byte(byteOrderMark))))
	if mistake := checkDepth(file, tokens); mistake != nil {
		return nil, Mistakes{*mistake}
	}
	tree, err := parser.Parse(tokens, 0)
	if err != nil {
		return nil, Mistakes{syntaxMistake(file, err)}
	}
	if len(tree.Docs) == 1 && tree.Docs[0].Body == nil {
		return nil, Mistakes{{File: file, Line: 1, Column: 1, Message: "the file is empty", Hint: "ombak scenario init writes one to start from"}}
	}
	if len(tree.Docs) != 1 {
		return nil, Mistakes{{File: file, Line: 1, Column: 1, Message: fmt.Sprintf("the file holds %d YAML documents", len(tree.Docs)), Hint: "a scenario is one document; ombak scenario init writes one to start from"}}
	}
	src.root = tree.Docs[0].Body
	return src, nil
}

func syntaxMistake(file string, err error) Mistake {
	mistake := Mistake{File: file, Line: 1, Column: 1, Message: "the YAML cannot be read: " + firstLine(err.Error())}
	var syntax yaml.Error
	if errors.As(err, &syntax) {
		mistake.Message = "the YAML cannot be read: " + firstLine(syntax.GetMessage())
		if token := syntax.GetToken(); token != nil {
			mistake.Line, mistake.Column = token.Position.Line, token.Position.Column
		}
	}
	return mistake
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return line
}

func (s *source) fault(node ast.Node, path, hint, format string, arguments ...any) {
	mistake := Mistake{File: s.file, Line: 1, Column: 1, Path: path, Message: fmt.Sprintf(format, arguments...), Hint: hint}
	if node != nil && node.GetToken() != nil {
		mistake.Line, mistake.Column = node.GetToken().Position.Line, node.GetToken().Position.Column
	}
	s.mistakes = append(s.mistakes, mistake)
}

// faultAt reports a mistake at a path found while decoding, or at the nearest known path above it.
func (s *source) faultAt(path, hint, format string, arguments ...any) {
	mistake := Mistake{File: s.file, Path: path, Message: fmt.Sprintf(format, arguments...), Hint: hint}
	s.mistakes = append(s.mistakes, mistake.at(s.places))
}

func parent(path string) string {
	return path[:max(0, strings.LastIndexAny(path, ".["))]
}

// err returns the mistakes found so far in the order of the file, or nil.
func (s *source) err() error {
	if len(s.mistakes) == 0 {
		return nil
	}
	sort.SliceStable(s.mistakes, func(i, j int) bool {
		a, b := s.mistakes[i], s.mistakes[j]
		return a.Line < b.Line || a.Line == b.Line && a.Column < b.Column
	})
	return s.mistakes
}

var (
	rawType      = reflect.TypeFor[Raw]()
	durationType = reflect.TypeFor[time.Duration]()
	timeType     = reflect.TypeFor[time.Time]()
	rateType     = reflect.TypeFor[resilience.Rate]()
	shareType    = reflect.TypeFor[resilience.Share]()
	quotaType    = reflect.TypeFor[workload.QuotaTerms]()
)

// decode fills value, which must be settable, from the node. What the node leaves out stays as it is.
func (s *source) decode(node ast.Node, value reflect.Value, path string) {
	if token := node.GetToken(); token != nil {
		s.places[path] = [2]int{token.Position.Line, token.Position.Column}
	}
	switch node.(type) {
	case *ast.AnchorNode, *ast.AliasNode, *ast.TagNode, *ast.MergeKeyNode:
		s.fault(node, path, "write the value out", "anchors, aliases, tags and merge keys are not supported")
		return
	}
	known := len(s.mistakes)
	s.decodeType(node, value, path)
	if len(s.mistakes) == known && isScalar(node) {
		s.checkForm(node, value.Type(), path)
	}
}

func (s *source) decodeType(node ast.Node, value reflect.Value, path string) {
	switch {
	case value.Type() == rawType:
		value.Set(reflect.ValueOf(Raw{node, path}))
	case value.Type() == durationType:
		s.decodeDuration(node, value, path)
	case value.Type() == timeType:
		s.decodeTime(node, value, path)
	case value.Type() == rateType: // package resilience leaves the parsing of units to this package
		var rate workload.Rate
		s.decodeText(node, reflect.ValueOf(&rate).Elem(), path)
		value.SetFloat(float64(rate))
	case value.Type() == shareType:
		var share Share
		s.decodeText(node, reflect.ValueOf(&share).Elem(), path)
		value.SetFloat(float64(share))
	case value.Type() == quotaType && isMapping(node):
		s.decodeStruct(node, value, path)
	case value.CanAddr() && isText(value.Addr()):
		s.decodeText(node, value, path)
	default:
		s.decodeKind(node, value, path)
	}
}

func isMapping(node ast.Node) bool {
	switch node.(type) {
	case *ast.MappingNode, *ast.MappingValueNode:
		return true
	}
	return false
}

func isText(pointer reflect.Value) bool {
	_, ok := pointer.Interface().(encoding.TextUnmarshaler)
	return ok
}

func (s *source) decodeKind(node ast.Node, value reflect.Value, path string) {
	switch value.Kind() {
	case reflect.Pointer:
		if value.IsNil() {
			value.Set(reflect.New(value.Type().Elem()))
		}
		s.decode(node, value.Elem(), path)
	case reflect.Struct:
		s.decodeStruct(node, value, path)
	case reflect.Map:
		s.decodeMap(node, value, path)
	case reflect.Slice:
		s.decodeSlice(node, value, path)
	case reflect.Interface:
		s.decodeAny(node, value, path)
	default:
		s.decodeScalar(node, value, path)
	}
}

// pairs returns the key–value pairs of a mapping. Other nodes have none.
func pairs(node ast.Node) []*ast.MappingValueNode {
	switch mapping := node.(type) {
	case *ast.MappingNode:
		return mapping.Values
	case *ast.MappingValueNode: // a mapping of one key
		return []*ast.MappingValueNode{mapping}
	}
	return nil
}

// entries returns the key–value pairs of a mapping, or reports a mistake if the node is not a mapping.
func (s *source) entries(node ast.Node, path string) []*ast.MappingValueNode {
	if _, empty := node.(*ast.NullNode); isMapping(node) || empty {
		return pairs(node)
	}
	s.fault(node, path, "write keys with values, as in name: smoke", "expected a mapping, found %s", kindOf(node))
	return nil
}

func (s *source) decodeStruct(node ast.Node, value reflect.Value, path string) {
	fields := map[string]reflect.Value{}
	collectFields(value, fields)
	for _, entry := range s.entries(node, path) {
		key := scalarText(entry.Key)
		if now, old := presentKey(join(path, key)); old {
			if _, both := s.places[join(path, now)]; both {
				s.fault(entry.Key, join(path, key), "remove one", "%s and %s are the same key", key, now)
			}
			key = now
		}
		field, known := fields[key]
		if !known {
			names := make([]string, 0, len(fields))
			for name := range fields {
				names = append(names, name)
			}
			sort.Strings(names)
			s.fault(entry.Key, join(path, key), hintWord(key, names), "unknown key %q", key)
			s.unknown[path] = true
			continue
		}
		s.decode(entry.Value, field, join(path, key))
	}
}

// presentKey returns the present name of a key, given by its path, that formerly had another.
func presentKey(path string) (key string, old bool) {
	if path == "arrivals.signups" {
		return "people", true
	}
	return "", false
}

func collectFields(value reflect.Value, fields map[string]reflect.Value) {
	for i := range value.NumField() {
		tag := value.Type().Field(i).Tag.Get("yaml")
		name, options, _ := strings.Cut(tag, ",")
		switch {
		case options == "inline":
			collectFields(value.Field(i), fields)
		case name != "" && name != "-":
			fields[name] = value.Field(i)
		}
	}
}

func (s *source) decodeMap(node ast.Node, value reflect.Value, path string) {
	if value.IsNil() {
		value.Set(reflect.MakeMap(value.Type()))
	}
	for _, entry := range s.entries(node, path) {
		key := scalarText(entry.Key)
		element := reflect.New(value.Type().Elem()).Elem()
		if present := value.MapIndex(reflect.ValueOf(key)); present.IsValid() {
			element.Set(present)
		}
		s.decode(entry.Value, element, join(path, key))
		value.SetMapIndex(reflect.ValueOf(key), element)
	}
}

func (s *source) decodeSlice(node ast.Node, value reflect.Value, path string) {
	sequence, ok := node.(*ast.SequenceNode)
	if !ok {
		s.fault(node, path, "write a list, as in [a, b] or lines that begin with -", "expected a list, found %s", kindOf(node))
		return
	}
	list := reflect.MakeSlice(value.Type(), len(sequence.Values), len(sequence.Values))
	for i, element := range sequence.Values {
		s.decode(element, list.Index(i), fmt.Sprintf("%s[%d]", path, i))
	}
	value.Set(list)
}

func (s *source) decodeAny(node ast.Node, value reflect.Value, path string) {
	var decoded any
	if err := yaml.NodeToValue(node, &decoded); err != nil {
		s.fault(node, path, "", "the value cannot be read: %s", firstLine(err.Error()))
		return
	}
	if decoded != nil {
		value.Set(reflect.ValueOf(decoded))
	}
}

func (s *source) decodeScalar(node ast.Node, value reflect.Value, path string) {
	text, ok := s.scalar(node, path)
	if !ok {
		return
	}
	if isNumber(value.Kind()) {
		text, _ = numeral(node)
	}
	var err error
	switch value.Kind() {
	case reflect.String:
		value.SetString(text)
	case reflect.Bool:
		var b bool
		b, err = strconv.ParseBool(text)
		value.SetBool(b)
	case reflect.Int, reflect.Int64:
		var n int64
		n, err = strconv.ParseInt(text, 10, 64)
		value.SetInt(n)
	case reflect.Uint64:
		var n uint64
		n, err = strconv.ParseUint(text, 10, 64)
		value.SetUint(n)
	case reflect.Float64:
		var f float64
		f, err = strconv.ParseFloat(text, 64)
		value.SetFloat(f)
	}
	if err != nil {
		s.fault(node, path, "", "%q is not a %s", text, wordOf(value.Kind()))
	}
}

func (s *source) decodeText(node ast.Node, value reflect.Value, path string) {
	text, ok := s.scalar(node, path)
	if !ok {
		return
	}
	if _, formed := textForms[value.Type()]; formed {
		text, _ = numeral(node)
	}
	if err := value.Addr().Interface().(encoding.TextUnmarshaler).UnmarshalText([]byte(text)); err != nil {
		s.fault(node, path, "", "%v", err)
	}
}

func (s *source) decodeDuration(node ast.Node, value reflect.Value, path string) {
	if _, ok := s.scalar(node, path); !ok {
		return
	}
	text, _ := numeral(node)
	duration, err := time.ParseDuration(text)
	switch {
	case err != nil:
		s.fault(node, path, "write for example 250ms, 10s or 21h", "%q is not a duration", text)
	case duration < 0:
		s.fault(node, path, "a duration must be 0 or more", "%q is negative", text)
	default:
		value.SetInt(int64(duration))
	}
}

func (s *source) decodeTime(node ast.Node, value reflect.Value, path string) {
	text, ok := s.scalar(node, path)
	if !ok {
		return
	}
	instant, err := time.Parse(time.RFC3339, text)
	if err != nil {
		s.fault(node, path, "write for example 2020-04-11T19:00:00+07:00", "%q is not an RFC 3339 time", text)
		return
	}
	value.Set(reflect.ValueOf(instant))
}

func (s *source) scalar(node ast.Node, path string) (string, bool) {
	if !isScalar(node) {
		s.fault(node, path, "", "expected a single value, found %s", kindOf(node))
	}
	return scalarText(node), isScalar(node)
}

func isScalar(node ast.Node) bool {
	switch node.(type) {
	case *ast.StringNode, *ast.LiteralNode, *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		return true
	}
	return false
}

func scalarText(node ast.Node) string {
	switch scalar := node.(type) {
	case *ast.StringNode:
		return scalar.Value
	case *ast.LiteralNode:
		return scalar.Value.Value
	}
	return node.GetToken().Value
}

func kindOf(node ast.Node) string {
	switch node.(type) {
	case *ast.MappingNode, *ast.MappingValueNode:
		return "a mapping"
	case *ast.SequenceNode:
		return "a list"
	case *ast.NullNode:
		return "nothing"
	}
	return fmt.Sprintf("the value %q", shortened(node.String()))
}

func wordOf(kind reflect.Kind) string {
	switch kind {
	case reflect.Bool:
		return "truth value; write true or false"
	case reflect.Float64:
		return "number"
	case reflect.Uint64:
		return "whole number of 0 or more"
	}
	return "whole number"
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}
