package wording

import (
	"fmt"
	"text/template/parse"
)

// callable are the functions that a template may name, ours and the built-in
// ones that choose between values.
var callable = map[string]bool{
	"first": true, "upper": true, "lower": true,
	"and": true, "or": true, "not": true, "eq": true,
}

// A walk goes through a parsed template and refuses whatever is not a checked
// variable, a condition or one of our functions.
type walk struct {
	text    *Text
	tree    *parse.Tree
	guarded map[string]bool // variables known not to be empty here
}

func (t *Text) check() error {
	if len(t.tmpl.Templates()) > 1 {
		return fmt.Errorf("templates inside a message are not allowed")
	}
	if t.tmpl.Tree == nil || parse.IsEmptyTree(t.tmpl.Root) {
		return fmt.Errorf("the text is empty")
	}
	return walk{text: t, tree: t.tmpl.Tree}.list(t.tmpl.Root)
}

func (w walk) errorf(n parse.Node, format string, args ...any) error {
	place, _ := w.tree.ErrorContext(n)
	return fmt.Errorf("%s: %s", place, fmt.Sprintf(format, args...))
}

func (w walk) list(l *parse.ListNode) error {
	if l == nil {
		return nil
	}
	for _, n := range l.Nodes {
		if err := w.node(n); err != nil {
			return err
		}
	}
	return nil
}

func (w walk) node(n parse.Node) error {
	switch n := n.(type) {
	case *parse.TextNode:
		w.text.static += string(n.Text)
		return nil
	case *parse.CommentNode:
		return nil
	case *parse.ActionNode:
		return w.pipe(n.Pipe, false)
	case *parse.IfNode:
		return w.branch(n)
	}
	return w.errorf(n, "%s is not allowed in a message", n)
}

// branch checks a condition. Inside its first list the variables that it tests
// alone are known to hold something.
func (w walk) branch(n *parse.IfNode) error {
	if err := w.pipe(n.Pipe, true); err != nil {
		return err
	}
	inside := w
	inside.guarded = map[string]bool{}
	for name := range w.guarded {
		inside.guarded[name] = true
	}
	if tested, ok := soleField(n.Pipe); ok {
		inside.guarded[tested] = true
	}
	if err := inside.list(n.List); err != nil {
		return err
	}
	return w.list(n.ElseList)
}

func soleField(p *parse.PipeNode) (string, bool) {
	if len(p.Cmds) != 1 || len(p.Cmds[0].Args) != 1 {
		return "", false
	}
	f, ok := p.Cmds[0].Args[0].(*parse.FieldNode)
	if !ok {
		return "", false
	}
	return f.Ident[0], true
}

func (w walk) pipe(p *parse.PipeNode, condition bool) error {
	if len(p.Decl) > 0 {
		return w.errorf(p, "variables cannot be declared in a message")
	}
	for _, cmd := range p.Cmds {
		if err := w.command(cmd, condition); err != nil {
			return err
		}
	}
	return nil
}

func (w walk) command(c *parse.CommandNode, condition bool) error {
	var function string
	for i, arg := range c.Args {
		var err error
		switch arg := arg.(type) {
		case *parse.IdentifierNode:
			if !callable[arg.Ident] {
				return w.errorf(arg, "the function %s is not allowed in a message", arg.Ident)
			}
			if i == 0 {
				function = arg.Ident
			}
		case *parse.FieldNode:
			err = w.field(arg, function, condition)
		case *parse.PipeNode:
			err = w.pipe(arg, condition || function == "or")
		case *parse.StringNode:
		default:
			err = w.errorf(arg, "%s is not allowed in a message", arg)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// field notes a use of a variable: it must hold something unless it is only
// asked about, has a fallback, or stands behind its own condition.
func (w walk) field(f *parse.FieldNode, function string, condition bool) error {
	name := f.Ident[0]
	kind, ok := w.text.vars[name]
	switch {
	case !ok:
		return w.errorf(f, "this message has no variable %q", name)
	case len(f.Ident) > 1:
		return w.errorf(f, "%s has no parts", name)
	case function == "first" && kind != Name:
		return w.errorf(f, "first is for names, %s is not one", name)
	case kind == Link && (function == "upper" || function == "lower"):
		return w.errorf(f, "the link %s cannot be changed", name)
	}
	optional := condition || function == "or" || w.guarded[name]
	w.text.used[name] = w.text.used[name] || !optional
	return nil
}
