package main

import (
	"fmt"
	"go/ast"
	gobuild "go/build"
	doc "go/doc/comment"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const (
	repository = "../.."
	module     = "github.com/ombak-sim/ombak"
)

// TestCommentLinks checks the links in Go comments. A name in brackets, with or without its type or package,
// must be one that go doc shows.
func TestCommentLinks(t *testing.T) {
	names := &names{packages: map[string]map[string]bool{}}
	imports := map[string]map[string]string{} // of all files of a folder
	comments := commentsOf(t, func(file string, parsed *ast.File) {
		folder := path.Dir(file)
		if imports[folder] == nil {
			imports[folder] = map[string]string{}
		}
		addImports(imports[folder], parsed)
	})
	for _, comment := range comments {
		folder := path.Dir(comment.file)
		for _, link := range linksIn(comment.text) {
			if !names.resolve(link, path.Join(module, folder), imports[folder]) {
				t.Errorf("%s:%d: [%s] leads nowhere", comment.file, comment.line, link)
			}
		}
	}
}

// TestPathsExist checks that files and folders named in comments and documents exist.
func TestPathsExist(t *testing.T) {
	for _, comment := range commentsOf(t, nil) {
		for _, named := range pathsIn(comment.text) {
			if !inRepository(named) && !inRepository(path.Join(path.Dir(comment.file), named)) {
				t.Errorf("%s:%d: there is no %s", comment.file, comment.line, named)
			}
		}
	}
	for _, file := range files(t, ".md") {
		text, err := os.ReadFile(filepath.Join(repository, file))
		if err != nil {
			t.Fatal(err)
		}
		for _, target := range targetsIn(string(text)) {
			if !inRepository(path.Join(path.Dir(file), target)) {
				t.Errorf("%s: the link to %s leads nowhere", file, target)
			}
		}
		if file == "CHANGELOG.md" || path.Dir(file) == "docs/adr" {
			continue // it describes the past
		}
		for _, named := range pathsIn(string(text)) {
			if !inRepository(named) && !inRepository(path.Join(path.Dir(file), named)) {
				t.Errorf("%s: there is no %s", file, named)
			}
		}
	}
}

// comment is a group of comment lines without their marks.
type comment struct {
	file string
	line int
	text string
}

// commentsOf returns the comments of all Go files. Visit, which may be nil, sees each file too.
func commentsOf(t *testing.T, visit func(file string, parsed *ast.File)) (all []comment) {
	t.Helper()
	for _, file := range files(t, ".go") {
		set := token.NewFileSet()
		parsed, err := parser.ParseFile(set, filepath.Join(repository, file), nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		if visit != nil {
			visit(file, parsed)
		}
		for _, group := range parsed.Comments {
			all = append(all, comment{file, set.Position(group.Pos()).Line, group.Text()})
		}
	}
	return all
}

// files returns the files of the repository with an extension, relative to its root.
func files(t *testing.T, extension string) (found []string) {
	t.Helper()
	err := fs.WalkDir(os.DirFS(repository), ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && name != "." && (strings.HasPrefix(entry.Name(), ".") || entry.Name() == "testdata"):
			return fs.SkipDir
		case !entry.IsDir() && path.Ext(name) == extension:
			found = append(found, name)
		}
		return nil
	})
	if err != nil || len(found) == 0 {
		t.Fatalf("no files *%s in %s: %v", extension, repository, err)
	}
	return found
}

func inRepository(name string) bool {
	_, err := os.Stat(filepath.Join(repository, filepath.FromSlash(name)))
	return err == nil
}

// linksIn returns the names in brackets that go doc could read as links: capitalized names and members.
func linksIn(text string) (links []string) {
	for _, match := range regexp.MustCompile(`(?:^|[^\w])\[\*?([A-Za-z_][\w/]*(?:\.[A-Za-z_]\w*){0,2})\]`).FindAllStringSubmatch(prose(text), -1) {
		last := match[1][strings.LastIndexByte(match[1], '/')+1:]
		if strings.Contains(last, ".") || ast.IsExported(last) {
			links = append(links, match[1])
		}
	}
	return links
}

// prose returns the paragraphs and lists of a comment, without its blocks of code.
func prose(text string) string {
	nothing := func(string) (string, bool) { return "", false }
	parser := doc.Parser{LookupPackage: nothing, LookupSym: func(string, string) bool { return false }}
	parsed := parser.Parse(text)
	kept := parsed.Content[:0]
	for _, block := range parsed.Content {
		if _, isCode := block.(*doc.Code); !isCode {
			kept = append(kept, block)
		}
	}
	parsed.Content = kept
	return string(new(doc.Printer).Text(parsed))
}

// pathsIn returns the paths that begin at a folder in the root of the repository. Figures below plots are
// written by commands.
func pathsIn(text string) (named []string) {
	text = regexp.MustCompile(`https?://\S*|`+regexp.QuoteMeta(module)+`\S*`).ReplaceAllString(text, "")
	for _, match := range regexp.MustCompile(`(?:^|[\s("'`+"`"+`])((?:\.\./)*([a-z]+)/[\w./*{}-]*)`).FindAllStringSubmatch(text, -1) {
		name := strings.TrimRight(match[1], "./")
		if inRepository(match[2]) && !strings.ContainsAny(name, "*{}") && path.Ext(name) != "" && path.Ext(name) != ".svg" {
			named = append(named, name)
		}
	}
	return named
}

// targetsIn returns the targets of the links and images of a Markdown document.
func targetsIn(text string) (targets []string) {
	for _, match := range regexp.MustCompile(`\]\(([^)#\s]+)(?:#[^)]*)?\)`).FindAllStringSubmatch(text, -1) {
		if !strings.Contains(match[1], ":") {
			targets = append(targets, match[1])
		}
	}
	return targets
}

// addImports adds the paths of the packages that a file imports, by the names it uses for them.
func addImports(imports map[string]string, file *ast.File) {
	for _, spec := range file.Imports {
		whole := strings.Trim(spec.Path.Value, `"`)
		name := path.Base(whole)
		if spec.Name != nil {
			name = spec.Name.Name
		}
		imports[name] = whole
	}
}

// names holds the exports of packages: "Name", and "Type.Member" for methods and fields.
type names struct{ packages map[string]map[string]bool }

// resolve reports whether a link in a file of a package leads to an exported name. Only the standard library
// and this module are read; for any other package the import is enough.
func (n *names) resolve(link, here string, imports map[string]string) bool {
	first, rest, dotted := strings.Cut(link, ".")
	whole := first // as in [net/http.Client]
	if imported, known := imports[first]; known {
		whole = imported
	}
	switch {
	case n.of(here)[link]:
		return true
	case !dotted:
		return false
	case strings.HasPrefix(whole, module+"/") || !strings.Contains(strings.SplitN(whole, "/", 2)[0], "."):
		return n.of(whole)[rest]
	}
	return true
}

// of returns the exports of the package with an import path.
func (n *names) of(importPath string) map[string]bool {
	if exported, known := n.packages[importPath]; known {
		return exported
	}
	exported := map[string]bool{}
	n.packages[importPath] = exported
	folder := filepath.Join(gobuild.Default.GOROOT, "src", filepath.FromSlash(importPath))
	if inside, ours := strings.CutPrefix(importPath, module); ours {
		folder = filepath.Join(repository, filepath.FromSlash(inside))
	}
	sources, err := filepath.Glob(filepath.Join(folder, "*.go"))
	if err != nil {
		return exported
	}
	for _, source := range sources {
		file, err := parser.ParseFile(token.NewFileSet(), source, nil, parser.SkipObjectResolution)
		if err != nil {
			continue
		}
		for _, declaration := range file.Decls {
			export(exported, declaration)
		}
	}
	return exported
}

// export adds the exports of a declaration.
func export(exported map[string]bool, declaration ast.Decl) {
	add := func(owner string, identifiers ...*ast.Ident) {
		for _, identifier := range identifiers {
			exported[owner+identifier.Name] = identifier.IsExported()
		}
	}
	switch d := declaration.(type) {
	case *ast.FuncDecl:
		add(receiver(d), d.Name)
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			switch s := spec.(type) {
			case *ast.ValueSpec:
				add("", s.Names...)
			case *ast.TypeSpec:
				add("", s.Name)
				for _, field := range members(s.Type) {
					add(s.Name.Name+".", field.Names...)
				}
			}
		}
	}
}

// receiver returns the type of a method followed by a dot, or "" for a function.
func receiver(method *ast.FuncDecl) string {
	if method.Recv == nil || len(method.Recv.List) == 0 {
		return ""
	}
	of := method.Recv.List[0].Type
	for {
		switch inner := of.(type) {
		case *ast.StarExpr:
			of = inner.X
		case *ast.IndexExpr:
			of = inner.X
		case *ast.IndexListExpr:
			of = inner.X
		default:
			return fmt.Sprint(of) + "."
		}
	}
}

// members returns the fields of a struct or the methods of an interface.
func members(of ast.Expr) []*ast.Field {
	switch kind := of.(type) {
	case *ast.StructType:
		return kind.Fields.List
	case *ast.InterfaceType:
		return kind.Methods.List
	}
	return nil
}
