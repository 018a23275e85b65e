// Package command is what a person can do from a shell. A command reads what it was
// given, calls a room, and prints what came of it; it decides nothing itself.
package command

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/alecthomas/kong"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/app"
	"plumbline.dev/plumbline/internal/errorqueue"
)

// commands is the table: one line and one file a command.
var commands = []struct {
	name, help string
	make       func() any
}{
	{"demo", "Show a day: everything with sandboxes and a living shop, in one process.", func() any { return &demonstration{} }},
	{"serve", "Run the program.", func() any { return &serve{} }},
	{"check", "Check the configuration and the playbooks.", func() any { return &check{} }},
	{"connect", "Check what a connection needs at its tool, and create what is missing.", func() any { return &connectTool{} }},
	{"connections", "List connections, and switch them.", func() any { return &connections{} }},
	{"sweep", "Read back what a target says, and show or apply what a sweep would do.", func() any { return &sweep{} }},
	{"errors", "Look at what could not be finished, and clear it.", func() any { return &errorQueue{} }},
	{"explain", "Say why: every fact, rule and decision behind a job, record or message.", func() any { return &explainIt{} }},
	{"tally", "Count: received = applied + ignored + waiting + failed, by source and day.", func() any { return &tally{} }},
	{"decide", "Keep a decision of the office.", func() any { return &decide{} }},
	{"questions", "List the pairs of records of which a person must say whether they are the same.", func() any { return &questions{} }},
	{"rehearse", "Show what another playbook would have made of the stored history.", func() any { return &rehearsal{} }},
	{"import", "Take in customers and equipment from CSV files, and take a file back.", func() any { return &imports{} }},
	{"dedupe", "Find who is who in a CSV file of customers.", func() any { return &dedupeFile{} }},
	{"parse", "Take addresses, phone numbers and names apart, to JSON lines.", func() any { return &parse{} }},
	{"rebuild", "Derive everything again from what was kept.", func() any { return &rebuild{} }},
	{"user", "Let people and programs in.", func() any { return &user{} }},
	{"simulate", "Run the program against a living shop in simulated time, and check the laws.", func() any { return &simulation{} }},
	{"sandbox", "Serve the vendors' sandboxes, to point a configuration at.", func() any { return &fakes{} }},
	{"bench", "Measure the program on this machine.", func() any { return &benchmark{} }},
	{"key", "Make a key for secrets at rest.", func() any { return &key{} }},
	{"seal", "Encrypt a secret for the configuration.", func() any { return &seal{} }},
}

// A World is what a command may touch besides the database: a test hands in its own.
type World struct {
	In       io.Reader
	Out, Err io.Writer
	Now      func() time.Time // nil: the system's
	Client   *http.Client     // how tools are reached; nil: the network, guarded
}

// A shell is what a command is run with.
type shell struct {
	World
	ctx      context.Context
	Config   string
	Location string
}

// Main runs a command and returns its exit code: 0, 1 if it failed or found
// something wrong, 2 if it was called wrongly.
func Main(ctx context.Context, args []string, w World) int {
	if w.Now == nil {
		w.Now = time.Now
	}
	s := &shell{World: w, ctx: ctx}
	helped := false
	options := []kong.Option{kong.Name("plumbline"), kong.Description("Keeps a home-services company's records true."), kong.Writers(w.Out, w.Err),
		kong.Exit(func(int) { helped = true }), kong.Bind(s)}
	for _, c := range commands {
		options = append(options, kong.DynamicCommand(c.name, c.help, "", c.make()))
	}
	var global struct {
		Config   string `help:"The configuration." default:"plumbline.yaml" type:"path"`
		Location string `help:"Which location, where the configuration has several."`
	}
	parser, err := kong.New(&global, options...)
	if err != nil {
		return s.failed(err, 1)
	}
	run, err := parser.Parse(args)
	if helped {
		return 0
	}
	if err != nil {
		return s.failed(plumbline.Invalidf("see plumbline --help", "%s", err), 2)
	}
	s.Config, s.Location = global.Config, global.Location
	if err := run.Run(); err != nil {
		return s.failed(err, 1)
	}
	return 0
}

// errFound ends a command that has printed what is wrong itself.
var errFound = errors.New("something was found")

// failed prints an error as "plumbline: <what> (<hint>)".
func (s *shell) failed(err error, code int) int {
	if errors.Is(err, errFound) {
		return code
	}
	text := err.Error()
	for _, line := range strings.Split(strings.TrimSpace(text), "\n") {
		fmt.Fprintln(s.Err, "plumbline: "+line)
	}
	return code
}

// node builds the node of the configuration. Close it.
func (s *shell) node(log *slog.Logger) (*app.Node, error) {
	c, err := app.ReadConfig(s.Config)
	if err != nil {
		return nil, err
	}
	return app.Build(s.ctx, c, app.Options{Now: s.Now, Client: s.Client, Log: log})
}

// with builds the node, runs f for the location that was named, and closes the node.
func (s *shell) with(f func(n *app.Node, location string) error) (err error) {
	n, err := s.node(slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, n.Close()) }()
	location, err := s.location(n.Locations)
	if err != nil {
		return err
	}
	return f(n, location)
}

// location is the one that was named, or the only one there is.
func (s *shell) location(all []string) (string, error) {
	if s.Location == "" && len(all) == 1 {
		return all[0], nil
	}
	for _, l := range all {
		if l == s.Location {
			return l, nil
		}
	}
	return "", plumbline.Invalidf("say --location, one of "+strings.Join(all, ", "), "there is no location %q in the configuration", s.Location)
}

// print writes v as indented JSON.
func (s *shell) print(v any) error {
	e := json.NewEncoder(s.Out)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

// logger writes JSON lines. Numbers and mail boxes in errors are masked.
func logger(w io.Writer) *slog.Logger {
	return slog.New(slog.NewJSONHandler(w, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if err, ok := a.Value.Any().(error); ok {
			return slog.String(a.Key, errorqueue.Mask(err.Error()))
		}
		return a
	}}))
}
