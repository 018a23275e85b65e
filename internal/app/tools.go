package app

import (
	"cmp"
	"net/http"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/connect/census"
	"plumbline.dev/plumbline/internal/connect/form"
	"plumbline.dev/plumbline/internal/connect/housecallpro"
	"plumbline.dev/plumbline/internal/connect/hubspot"
	"plumbline.dev/plumbline/internal/connect/jobber"
	"plumbline.dev/plumbline/internal/connect/twilio"
	"plumbline.dev/plumbline/internal/connect/warranty"
)

// A maker makes a tool from its configuration. Callback is the public address of its
// webhooks.
type maker func(config ast.Node, callback string, client *http.Client, now func() time.Time) (any, error)

// tools is the list: one line a tool.
var tools = []struct {
	name string
	make maker
}{
	{"census", makeTool(func(c census.Config, _ string, client *http.Client, now func() time.Time) (any, error) {
		return census.New(c, client, now), c.Validate()
	})},
	{"form", makeTool(func(c form.Config, _ string, _ *http.Client, _ func() time.Time) (any, error) {
		return form.New(c), c.Validate()
	})},
	{"housecallpro", makeTool(func(c housecallpro.Config, callback string, client *http.Client, now func() time.Time) (any, error) {
		c.CallbackURL = cmp.Or(c.CallbackURL, callback)
		return housecallpro.New(c, client, now), c.Validate()
	})},
	{"hubspot", makeTool(func(c hubspot.Config, _ string, client *http.Client, now func() time.Time) (any, error) {
		return hubspot.New(c, client, now), c.Validate()
	})},
	{"jobber", makeTool(func(c jobber.Config, callback string, client *http.Client, now func() time.Time) (any, error) {
		c.CallbackURL = cmp.Or(c.CallbackURL, callback)
		return jobber.New(c, client, now), c.Validate()
	})},
	{"twilio", makeTool(func(c twilio.Config, callback string, client *http.Client, now func() time.Time) (any, error) {
		c.CallbackURL = cmp.Or(c.CallbackURL, callback)
		return twilio.New(c, client, now), c.Validate()
	})},
	{"warranty", makeTool(func(c warranty.Config, _ string, _ *http.Client, _ func() time.Time) (any, error) {
		return warranty.New(c), c.Validate()
	})},
}

func toolNames() (names []string) {
	for _, t := range tools {
		names = append(names, t.name)
	}
	return names
}

// makeTool decodes a tool's configuration strictly.
func makeTool[C any](build func(C, string, *http.Client, func() time.Time) (any, error)) maker {
	return func(config ast.Node, callback string, client *http.Client, now func() time.Time) (any, error) {
		var c C
		if config != nil {
			if err := yaml.NodeToValue(config, &c, yaml.Strict()); err != nil {
				return nil, plumbline.Invalidf("correct the line shown", "%s", yaml.FormatError(err, false, false))
			}
		}
		return build(c, callback, client, now)
	}
}

func toolNamed(name string) maker {
	for _, t := range tools {
		if t.name == name {
			return t.make
		}
	}
	return nil
}
