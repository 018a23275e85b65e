package app

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/playbook"
	"plumbline.dev/plumbline/internal/tenant"
)

// A Config is plumbline.yaml. Paths are relative to the file. Any text may be
// env:NAME, file:PATH or sealed:…, so that secrets need not stand in it.
type Config struct {
	Database  string     `yaml:"database"`   // path of a SQLite file, or a postgres:// URL
	Listen    string     `yaml:"listen"`     // address of the HTTP server
	PublicURL string     `yaml:"public_url"` // how vendors and homeowners reach it
	Node      string     `yaml:"node"`       // name of this node among several on one PostgreSQL; default: the host's
	Key       string     `yaml:"key"`        // age identity that opens sealed secrets, as env: or file:
	Locations []Location `yaml:"locations"`

	file string
	root ast.Node
}

// A Location is one shop with its connections.
type Location struct {
	ID          string       `yaml:"id"`
	Name        string       `yaml:"name"`
	Network     string       `yaml:"network"`
	Weight      int          `yaml:"weight"`   // how much it gets of a quota that locations share; default 1
	Playbook    []string     `yaml:"playbook"` // files laid upon the built-in one, in order
	Tokens      []Token      `yaml:"tokens"`   // of the HTTP API
	Connections []Connection `yaml:"connections"`
}

// A Token lets a client of the API in.
type Token struct {
	Name  string `yaml:"name"`
	Token string `yaml:"token"`
}

// A Connection is one account with a tool.
type Connection struct {
	Name    string            `yaml:"name"`
	Tool    string            `yaml:"tool"`
	Account string            `yaml:"account"` // the vendor's id of the account, to tell its webhooks by
	Mode    string            `yaml:"mode"`    // how a new connection starts: rehearsal (default), on or off
	Quota   string            `yaml:"quota"`   // connections that name one share the vendor's limit; default: each its own
	Speaks  map[string]string `yaml:"speaks"`  // kind of message -> tool, us or nobody
	// Confirmed lists the kinds of messages of which somebody has made sure that the
	// field tool does not send them itself.
	Confirmed []string `yaml:"confirmed"`
	Config    ast.Node `yaml:"config"` // the tool's own

	at string // where it stands
}

// ReadConfig reads a configuration strictly. Its errors name file, line and cure.
func ReadConfig(file string) (*Config, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, plumbline.Invalidf("name a file with --config, or start from the example in the README", "the configuration %s cannot be read: %v", file, err)
	}
	return ParseConfig(file, data)
}

// ParseConfig reads the text of a configuration file.
func ParseConfig(file string, data []byte) (*Config, error) {
	c := &Config{file: file}
	parsed, err := parser.ParseBytes(data, 0)
	if err != nil {
		return nil, problem(file, err)
	}
	if len(parsed.Docs) != 1 || parsed.Docs[0].Body == nil {
		return nil, plumbline.Invalidf("start from the example in the README", "%s: the configuration is empty", file)
	}
	c.root = parsed.Docs[0].Body
	x := &expansion{dir: filepath.Dir(file), file: file}
	ast.Walk(x, c.root)
	x.open(c.root)
	if err := errors.Join(x.errs...); err != nil {
		return nil, err
	}
	if err := yaml.NodeToValue(c.root, c, yaml.Strict()); err != nil {
		return nil, problem(file, err)
	}
	for i, l := range c.Locations {
		for j := range l.Connections {
			l.Connections[j].at = c.place(fmt.Sprintf("$.locations[%d].connections[%d].config", i, j))
		}
	}
	if c.Database == "" {
		c.Database = "plumbline.db"
	}
	if !strings.Contains(c.Database, ":") && !filepath.IsAbs(c.Database) {
		c.Database = filepath.Join(filepath.Dir(file), c.Database)
	}
	if c.Listen == "" {
		c.Listen = "127.0.0.1:8080"
	}
	if c.Node == "" {
		c.Node = host()
	}
	return c, errors.Join(c.problems()...)
}

// host names a node that is not named: two nodes of one name would both hold what
// only one may.
func host() string {
	name, err := os.Hostname()
	if err != nil || name == "" {
		return "node"
	}
	return name
}

func problem(file string, err error) error {
	return plumbline.Invalidf("correct the line shown", "%s: %s", file, yaml.FormatError(err, false, false))
}

// expansion replaces env:NAME and file:PATH by what they name, and opens what is sealed.
type expansion struct {
	dir, file string
	sealed    []*ast.StringNode
	errs      []error
}

// open replaces sealed secrets by what the key opens.
func (x *expansion) open(root ast.Node) {
	if len(x.sealed) == 0 {
		return
	}
	var text struct {
		Key string `yaml:"key"`
	}
	if err := yaml.NodeToValue(root, &text); err != nil || text.Key == "" {
		x.errs = append(x.errs, x.at(x.sealed[0], "name the key under key, as env: or file:", "a secret is sealed, and there is no key"))
		return
	}
	vault, err := tenant.NewVault(text.Key)
	if err != nil {
		x.errs = append(x.errs, fmt.Errorf("%s: %w", x.file, err))
		return
	}
	for _, s := range x.sealed {
		secret, err := vault.Open(s.Value)
		if err != nil {
			at := s.GetToken().Position
			x.errs = append(x.errs, fmt.Errorf("%s:%d:%d: %w", x.file, at.Line, at.Column, err))
			continue
		}
		s.Value = string(secret)
	}
}

// Visit is there for ast.Walk.
func (x *expansion) Visit(n ast.Node) ast.Visitor {
	s, ok := n.(*ast.StringNode)
	if !ok {
		return x
	}
	if name, ok := strings.CutPrefix(s.Value, "env:"); ok {
		value, set := os.LookupEnv(name)
		if !set {
			x.errs = append(x.errs, x.at(n, "set the variable, or write file:PATH", "the environment has no %s", name))
		}
		s.Value = value
	}
	if path, ok := strings.CutPrefix(s.Value, "file:"); ok {
		if !filepath.IsAbs(path) {
			path = filepath.Join(x.dir, path)
		}
		data, err := os.ReadFile(path)
		if err != nil {
			x.errs = append(x.errs, x.at(n, "write the file, readable for this user only", "the file %s cannot be read", path))
		}
		s.Value = strings.TrimSpace(string(data))
	}
	if tenant.Sealed(s.Value) {
		x.sealed = append(x.sealed, s)
	}
	return x
}

func (x *expansion) at(n ast.Node, hint, format string, args ...any) error {
	p := n.GetToken().Position
	return plumbline.Invalidf(hint, "%s:%d:%d: %s", x.file, p.Line, p.Column, fmt.Sprintf(format, args...))
}

// place says where in the file a path stands, or the nearest above it that is there.
func (c *Config) place(path string) string {
	for path != "$" {
		if p, err := yaml.PathString(path); err == nil {
			if n, err := p.FilterNode(c.root); err == nil && n != nil {
				at := n.GetToken().Position
				return fmt.Sprintf("%s:%d:%d", c.file, at.Line, at.Column)
			}
		}
		path = path[:strings.LastIndexAny(path, ".[")]
	}
	return c.file
}

// problems lists what is wrong with a configuration as a whole.
func (c *Config) problems() (errs []error) {
	bad := func(path, hint, format string, args ...any) {
		errs = append(errs, plumbline.Invalidf(hint, "%s: %s", c.place(path), fmt.Sprintf(format, args...)))
	}
	if u, err := url.Parse(c.PublicURL); c.PublicURL != "" && (err != nil || u.Scheme == "" || u.Host == "") {
		bad("$.public_url", "write it like https://plumbline.example.com", "public_url %q is no address", c.PublicURL)
	}
	if len(c.Locations) == 0 {
		bad("$.locations", "add one under locations", "there is no location")
	}
	accounts := map[string]string{}
	var ids []string
	for i, l := range c.Locations {
		path := fmt.Sprintf("$.locations[%d]", i)
		if l.ID == "" {
			bad(path, "give each location an id", "a location has no id")
		}
		if slices.Contains(ids, l.ID) {
			bad(path+".id", "give each location an id of its own", "two locations are called %s", l.ID)
		}
		if l.Weight < 0 {
			bad(path+".weight", "write a whole number from 1", "location %s has the weight %d", l.ID, l.Weight)
		}
		ids = append(ids, l.ID)
		var names []string
		for j, k := range l.Connections {
			path, where := fmt.Sprintf("%s.connections[%d]", path, j), l.ID+"/"+k.Name
			switch {
			case k.Name == "" || strings.ContainsAny(k.Name, "/ "):
				bad(path+".name", "use letters, digits and dashes", "location %s has a connection called %q", l.ID, k.Name)
			case k.Name == plumbline.Office || k.Name == plumbline.Clock || k.Name == "route" || plumbline.Withdrawable(k.Name):
				bad(path+".name", "choose another name", "connection %s has a name of the program's own", where)
			case slices.Contains(names, k.Name):
				bad(path+".name", "give each connection a name of its own", "location %s has two connections called %s", l.ID, k.Name)
			}
			names = append(names, k.Name)
			if !slices.Contains(toolNames(), k.Tool) {
				bad(path+".tool", "one of "+strings.Join(toolNames(), ", "), "connection %s names the tool %q, which there is not", where, k.Tool)
			}
			if !slices.Contains([]string{"", "rehearsal", "on", "off"}, k.Mode) {
				bad(path+".mode", "rehearsal, on or off", "connection %s cannot begin %s", where, k.Mode)
			}
			if k.Account != "" {
				if other := accounts[k.Tool+" "+k.Account]; other != "" {
					bad(path+".account", "an account belongs to one location", "connections %s and %s are the same account of %s", other, where, k.Tool)
				}
				accounts[k.Tool+" "+k.Account] = where
			}
			for _, kind := range slices.Sorted(maps.Keys(k.Speaks)) {
				who, path := k.Speaks[kind], path+".speaks."+kind
				if !slices.Contains(playbook.Spoken(), kind) {
					bad(path, "one of "+strings.Join(playbook.Spoken(), ", "), "connection %s: there is no kind of message %q", where, kind)
				}
				if who != "tool" && who != "us" && who != "nobody" {
					bad(path, "tool, us or nobody", "connection %s: %q cannot speak %s", where, who, kind)
				}
				if who == "us" && !slices.Contains(k.Confirmed, kind) {
					bad(path, "switch it off in the tool, then add it under confirmed", "connection %s: we shall speak %s, but nobody has confirmed that it is off in %s", where, kind, k.Tool)
				}
			}
		}
	}
	return errs
}
