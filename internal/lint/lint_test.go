package lint

import (
	"bytes"
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/lockstep-ebpf/lockstep/"

// layers is the order of the house: a package imports only from layers before its
// own, or from its own folder. The first matching prefix counts.
var layers = [][]string{
	{"internal/mutant", "internal/smtlib", "internal/debian", "internal/lint"},
	{"spec"},
	{"vm"},
	{"internal/onerow"},
	{"refvm", "fastvm", "jit", "verifier"},
	{"reports", "host", "corpus"},
	{"fuzz"},
	{"bench", "bpftest", "kernelcmp", "conform", "campaign"},
	{"cmd", "examples"},
}

// engines may not import each other, nor the table's semantics.
var engines = []string{"refvm", "fastvm", "jit", "verifier"}

// semantics are the names of package spec that say what an instruction does.
// refvm alone may use them among the engines.
var semantics = []string{
	"Eval", "EvalUnary", "EvalBinary", "EvalCompare", "Env", "Seq", "Stmt", "Expr",
	"Set", "Store", "Do", "Branch", "Call", "Binary", "Unary", "Compare", "Cond",
}

// pure packages depend on the standard library and x/sys alone.
var pure = []string{
	"spec", "vm", "vm/mem", "vm/maps", "vm/hook", "refvm", "fastvm", "jit", "verifier", "verifier/num", "verifier/release",
	"verifier/cfg", "verifier/state", "verifier/transfer", "verifier/btf", "verifier/witness", "verifier/render",
}

// leaves may import of the project only what is listed: they are domains of their own.
var leaves = map[string][]string{
	"verifier/num":     {"internal/mutant"},
	"verifier/release": {},
}

type pkg struct {
	ImportPath string
	Standard   bool
	Imports    []string
	Deps       []string
}

func list(t *testing.T) map[string]pkg {
	t.Helper()
	cmd := exec.Command("go", "list", "-deps", "-json=ImportPath,Standard,Imports,Deps", "./...")
	cmd.Dir = "../.."
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, stderr.String())
	}
	all := map[string]pkg{}
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p pkg
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all[p.ImportPath] = p
	}
}

func under(path, folder string) bool { return path == folder || strings.HasPrefix(path, folder+"/") }

func layer(path string) int {
	return slices.IndexFunc(layers, func(folders []string) bool {
		return slices.ContainsFunc(folders, func(f string) bool { return under(path, f) })
	})
}

func top(path string) string { return strings.SplitN(path, "/", 2)[0] }

func TestImportsRunOneWay(t *testing.T) {
	for path, p := range list(t) {
		from, ours := strings.CutPrefix(path, module)
		if !ours {
			continue
		}
		if layer(from) < 0 {
			t.Errorf("%s is in no layer: give it a place in internal/lint", from)
		}
		for _, imp := range p.Imports {
			to, ours := strings.CutPrefix(imp, module)
			if !ours || top(to) == top(from) {
				continue
			}
			if layer(to) > layer(from) || layer(to) == layer(from) && slices.Contains(engines, top(to)) {
				t.Errorf("%s imports %s: imports run %s", from, to, "spec → vm → engines → fuzz, host → kernelcmp, conform → cmd")
			}
		}
	}
}

func TestPurePackagesNeedNothing(t *testing.T) {
	all := list(t)
	for _, name := range pure {
		for _, dep := range all[module+name].Deps {
			if !all[dep].Standard && !strings.HasPrefix(dep, module) && !strings.HasPrefix(dep, "golang.org/x/sys/") {
				t.Errorf("%s depends on %s: spec, vm and the engines need nothing but x/sys", name, dep)
			}
		}
	}
}

// TestUnitTestsNeedLittle: who tests programs with bpftest gets cilium/ebpf to read objects,
// and nothing else that is not needed to run them. verifier/btf is declarations: what the reader
// of objects says of programs' types.
func TestUnitTestsNeedLittle(t *testing.T) {
	all := list(t)
	for _, dep := range all[module+"bpftest"].Deps {
		from, ours := strings.CutPrefix(dep, module)
		allowed := all[dep].Standard || strings.HasPrefix(dep, "golang.org/x/sys/") || strings.HasPrefix(dep, "github.com/cilium/ebpf") ||
			ours && (from == "verifier/btf" || slices.Contains([]string{"spec", "vm", "refvm", "host", "internal"}, top(from)))
		if !allowed {
			t.Errorf("bpftest depends on %s", dep)
		}
	}
}

func TestLeavesImportLittle(t *testing.T) {
	all := list(t)
	for name, allowed := range leaves {
		p, ok := all[module+name]
		if !ok {
			t.Errorf("there is no package %s", name)
		}
		for _, imp := range p.Imports {
			if to, ours := strings.CutPrefix(imp, module); ours && !slices.Contains(allowed, to) {
				t.Errorf("%s imports %s: it may import %v", name, to, allowed)
			}
		}
	}
}

// goFiles calls f for every Go file of the project.
func goFiles(t *testing.T, f func(path string, file *ast.File, fset *token.FileSet)) {
	t.Helper()
	err := filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && strings.HasPrefix(d.Name(), ".") && len(d.Name()) > 2 {
			return filepath.SkipDir
		}
		if filepath.Ext(path) != ".go" {
			return nil
		}
		fset := token.NewFileSet()
		file, err := parser.ParseFile(fset, path, nil, parser.ParseComments)
		if err != nil {
			return err
		}
		f(filepath.ToSlash(strings.TrimPrefix(path, "../../")), file, fset)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestEnginesDoNotShareTheTablesMeaning(t *testing.T) {
	goFiles(t, func(path string, file *ast.File, fset *token.FileSet) {
		if e := top(path); !slices.Contains(engines, e) || e == "refvm" || strings.HasSuffix(path, "_test.go") {
			return
		}
		ast.Inspect(file, func(n ast.Node) bool {
			sel, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			x, ok := sel.X.(*ast.Ident)
			if ok && x.Name == "spec" && slices.Contains(semantics, sel.Sel.Name) {
				t.Errorf("%v: spec.%s is the table's semantics: write them by hand here", fset.Position(sel.Pos()), sel.Sel.Name)
			}
			return true
		})
	})
}

func TestGeneratedFilesBeginWithZ(t *testing.T) {
	goFiles(t, func(path string, file *ast.File, _ *token.FileSet) {
		if z := strings.HasPrefix(filepath.Base(path), "z"); z != ast.IsGenerated(file) {
			t.Errorf("%s: generated files, and only they, begin with z", path)
		}
	})
}

// TestFileSizes reports and does not fail: a long file is a question.
func TestFileSizes(t *testing.T) {
	var sizes []int
	goFiles(t, func(path string, file *ast.File, fset *token.FileSet) {
		if ast.IsGenerated(file) {
			return
		}
		n := fset.Position(file.End()).Line
		sizes = append(sizes, n)
		if n > 400 {
			t.Logf("%s has %d lines", path, n)
		}
	})
	slices.Sort(sizes)
	t.Logf("%d files, median %d lines", len(sizes), sizes[len(sizes)/2])
}
