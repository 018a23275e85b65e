package playbook

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// A Layer is one file of policy.
type Layer struct {
	Name string // "built-in", "network" or "location"
	File string // for people to find it
	Data []byte
}

// A Position is a place in a layer's file. Lines and columns count from 1.
type Position struct {
	File         string
	Line, Column int
}

func (p Position) String() string { return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column) }

// A Problem is one mistake in a playbook.
type Problem struct {
	At   Position
	Path string // "rules.review.while"
	Msg  string
	Cure string // what to do about it
}

func (p *Problem) Error() string {
	msg := p.At.String() + ": "
	if p.Path != "" {
		msg += p.Path + ": "
	}
	msg += p.Msg
	if p.Cure != "" {
		msg += " (" + p.Cure + ")"
	}
	return msg
}

// A node is a value of a layer, or of several layers laid upon each other.
type node struct {
	is    shape
	text  string   // of a scalar
	keys  []string // of a mapping, in file order
	kids  map[string]*node
	items []*node

	at    Position
	key   Position // of the key it stands under
	layer string
	file  *source
	start int // where in the file a scalar begins
}

type shape int

const (
	nothing shape = iota
	scalar
	mapping
	list
)

func (s shape) String() string {
	return [...]string{"nothing", "a single value", "keys with values", "a list"}[s]
}

// parse reads a layer's file.
func parse(l Layer) (*node, error) {
	f, err := parser.ParseBytes(l.Data, 0)
	if err != nil {
		return nil, syntaxProblem(l, err)
	}
	r := &reader{layer: l, file: newSource(l.Data)}
	switch {
	case len(f.Docs) == 0 || f.Docs[0].Body == nil:
		return &node{is: mapping, kids: map[string]*node{}, at: Position{l.File, 1, 1}, layer: l.Name}, nil
	case len(f.Docs) > 1:
		at := Position{l.File, 1, 1}
		if start := f.Docs[1].Start; start != nil {
			at = Position{l.File, start.Position.Line, start.Position.Column}
		}
		return nil, &Problem{At: at, Msg: "the file holds several documents", Cure: "keep one, without ---"}
	}
	n := r.read(f.Docs[0].Body)
	if n.is != mapping && len(r.problems) == 0 {
		r.problems = append(r.problems, &Problem{At: n.at, Msg: "the file is not a mapping", Cure: "begin with a key such as settings:"})
	}
	return n, errors.Join(r.problems...)
}

// syntaxProblem turns the parser's error, which draws the source, into one line.
func syntaxProblem(l Layer, err error) error {
	p := &Problem{At: Position{l.File, 1, 1}, Msg: err.Error()}
	first, _, _ := strings.Cut(err.Error(), "\n")
	if _, scanErr := fmt.Sscanf(first, "[%d:%d]", &p.At.Line, &p.At.Column); scanErr == nil {
		_, p.Msg, _ = strings.Cut(first, "] ")
	}
	p.Cure = "mend the YAML here"
	return p
}

type reader struct {
	layer    Layer
	file     *source
	problems []error
}

func (r *reader) read(n ast.Node) *node {
	token := n.GetToken()
	out := &node{at: Position{r.layer.File, token.Position.Line, token.Position.Column}, layer: r.layer.Name, file: r.file}
	out.start = r.file.offset(out.at.Line, out.at.Column)
	switch n := n.(type) {
	case *ast.MappingNode:
		r.mapping(out, n.Values)
	case *ast.MappingValueNode:
		r.mapping(out, []*ast.MappingValueNode{n})
	case *ast.SequenceNode:
		out.is = list
		for _, v := range n.Values {
			out.items = append(out.items, r.read(v))
		}
	case *ast.NullNode:
		out.is = nothing
	case *ast.StringNode:
		out.is, out.text = scalar, n.Value
	case *ast.LiteralNode:
		out.is, out.text = scalar, n.Value.Value
		out.start = r.file.offset(out.at.Line+1, 1)
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode:
		out.is, out.text = scalar, token.Value
	default:
		out.is = nothing
		r.problems = append(r.problems, &Problem{At: out.at, Msg: "anchors, aliases, tags and merge keys are not used here", Cure: "write the value out"})
	}
	return out
}

func (r *reader) mapping(out *node, values []*ast.MappingValueNode) {
	out.is, out.kids = mapping, map[string]*node{}
	for i, v := range values {
		key := v.Key.GetToken()
		at := Position{r.layer.File, key.Position.Line, key.Position.Column}
		if i == 0 {
			out.at = at
		}
		kid := r.read(v.Value)
		kid.key = at
		if kid.is == mapping || kid.is == nothing {
			kid.at = at // a key is where people look, and a missing value has no place
		}
		out.keys = append(out.keys, key.Value)
		out.kids[key.Value] = kid
	}
}

// A source is the text of a file, to find places in.
type source struct {
	text   []rune
	starts []int // of lines
}

func newSource(data []byte) *source {
	s := &source{text: []rune(string(data)), starts: []int{0}}
	for i, c := range s.text {
		if c == '\n' {
			s.starts = append(s.starts, i+1)
		}
	}
	return s
}

// offset finds a line and column.
func (s *source) offset(line, column int) int {
	return s.starts[min(line, len(s.starts))-1] + column - 1
}

// place is the reverse of offset.
func (s *source) place(offset int) (line, column int) {
	line, _ = slices.BinarySearch(s.starts, offset+1)
	return line, offset - s.starts[line-1] + 1
}

// inside returns the place of the rune number i of a scalar's text. YAML folds
// lines, drops indentation and doubles quotes, so the text is laid along the file.
func (n *node) inside(i int) Position {
	text, file, j := []rune(n.text), n.file.text, n.start
	for k := 0; k < len(text) && j < len(file); {
		folded := text[k] == ' ' && file[j] == '\n'
		if text[k] != file[j] && !folded {
			j++
			continue
		}
		if k == i {
			break
		}
		k, j = k+1, j+1
	}
	line, column := n.file.place(min(j, len(file)))
	return Position{n.at.File, line, column}
}

// over lays an upper node upon a lower one: keys are merged, anything else is
// replaced, and a key without a value takes the lower one away.
func (n *node) over(lower *node, path string) *node {
	if n.is != mapping || lower == nil || lower.is != mapping {
		return n
	}
	out := &node{is: mapping, kids: map[string]*node{}, at: n.at, key: n.key, layer: n.layer}
	var fresh []string
	for _, key := range n.keys {
		if _, ok := lower.kids[key]; !ok && n.kids[key].is != nothing {
			fresh = append(fresh, key)
			out.kids[key] = n.kids[key]
		}
	}
	if path == "kinds" { // a layer's own kinds are asked before those that take everything
		out.keys, fresh = fresh, nil
	}
	for _, key := range lower.keys {
		kid := lower.kids[key]
		if mine, ok := n.kids[key]; ok {
			kid = mine.over(kid, join(path, key))
		}
		if kid.is != nothing {
			out.keys = append(out.keys, key)
			out.kids[key] = kid
		}
	}
	out.keys = append(out.keys, fresh...)
	return out
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

// find returns the node at a path, or nil.
func (n *node) find(path string) *node {
	for key := range strings.SplitSeq(path, ".") {
		if n == nil || n.is != mapping {
			return nil
		}
		n = n.kids[key]
	}
	return n
}

// nearest returns the node at a path, or the deepest there is on the way to it.
func (n *node) nearest(path string) *node {
	for key := range strings.SplitSeq(path, ".") {
		kid := n.kids[key]
		if kid == nil {
			break
		}
		n = kid
	}
	return n
}

// leaves calls f for every value below that is not a mapping, with its path.
func (n *node) leaves(path string, f func(path string, n *node)) {
	if n.is != mapping {
		f(path, n)
		return
	}
	for _, key := range n.keys {
		n.kids[key].leaves(join(path, key), f)
	}
}

// digest is the same for the same content, whatever files and comments it came from.
func (n *node) digest() string {
	h := sha256.New()
	n.write(h)
	return hex.EncodeToString(h.Sum(nil)[:12])
}

func (n *node) write(h hash.Hash) {
	fmt.Fprintf(h, "%d %q %d\n", n.is, n.text, len(n.keys)+len(n.items))
	for _, key := range n.keys {
		fmt.Fprintf(h, "%q\n", key)
		n.kids[key].write(h)
	}
	for _, item := range n.items {
		item.write(h)
	}
}

// part returns the mapping with only some keys, or with all but those.
func (n *node) part(with bool, keys ...string) *node {
	out := &node{is: n.is, kids: map[string]*node{}, at: n.at, key: n.key, layer: n.layer}
	for _, key := range n.keys {
		if slices.Contains(keys, key) == with {
			out.keys = append(out.keys, key)
			out.kids[key] = n.kids[key]
		}
	}
	return out
}
