// Package form takes what people have filled in on the shop's own pages: who they are, how
// to reach them, where, on which equipment, and what they have ticked. A submission is a
// source record of its own: who that is, is decided as for everybody else.
package form

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"mime"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/connect"
)

// Headers of a signed submission: the time in seconds since 1970, and the HMAC-SHA256 in
// hex, under one of the secrets, of that text, a dot and the body.
const (
	TimestampHeader = "X-Form-Timestamp"
	SignatureHeader = "X-Form-Signature"
	window          = 5 * time.Minute
)

// Config is one form, or several that share their names of fields.
type Config struct {
	Secrets []connect.Secret `json:"secrets" yaml:"secrets"` // of signatures, newest first
	Tokens  []connect.Secret `json:"tokens" yaml:"tokens"`   // for pages that cannot sign: sent as "Authorization: Bearer TOKEN"
	// Fields are the names that the form has for ours, where they differ: mobile_phone,
	// street, asset.serial; "" leaves one out. In JSON a dot leads into an object.
	Fields map[string]string `json:"fields" yaml:"fields"`
	Ticks  []Tick            `json:"ticks" yaml:"ticks"`
}

// A Tick is a box by which texts are agreed to.
type Tick struct {
	Field   string `json:"field" yaml:"field"`     // the form's name of it
	Tick    string `json:"tick" yaml:"tick"`       // service or marketing
	Wording string `json:"wording" yaml:"wording"` // the words that stand beside it
}

// kinds are our names of fields, by what they are about. Those of equipment are led by
// "asset.".
var kinds = []struct {
	kind   plumbline.Kind
	prefix string
	fields []string
}{
	{plumbline.Customer, "", []string{"first_name", "last_name", "organization", "email", "mobile_phone", "home_phone", "work_phone", "language", "lead_source", "notes"}},
	{plumbline.Property, "", []string{"street", "unit", "city", "state", "postal_code", "country"}},
	{plumbline.Asset, "asset.", []string{"type", "maker", "model", "serial", "installed", "warranty_until", "place", "notes"}},
}

// idField is our name of a submission's own id.
const idField = "id"

func names() (list []string) {
	for _, k := range kinds {
		for _, f := range k.fields {
			list = append(list, k.prefix+f)
		}
	}
	return append(list, idField)
}

// Validate says of every field that is wrong what to do about it.
func (c Config) Validate() error {
	var errs []error
	wrong := func(field, problem, hint string) {
		errs = append(errs, plumbline.Invalidf(hint, "form: %s: %s", field, problem))
	}
	if len(c.Secrets)+len(c.Tokens) == 0 {
		wrong("secrets", "there is none, and no token", "make one, and sign with it, or send it as a token")
	}
	for _, s := range slices.Concat(c.Secrets, c.Tokens) {
		if len(s) < 16 || strings.TrimSpace(string(s)) != string(s) {
			wrong("secrets", "one is shorter than 16 characters, or has spaces around it", "make a longer one")
		}
	}
	for _, name := range slices.Sorted(maps.Keys(c.Fields)) {
		if !slices.Contains(names(), name) {
			wrong("fields", fmt.Sprintf("there is no field %q", name), "one of "+strings.Join(names(), ", "))
		}
	}
	for i, t := range c.Ticks {
		at := fmt.Sprintf("ticks[%d]", i)
		if t.Field == "" {
			wrong(at, "it has no field", "give the form's name of the box")
		}
		if t.Tick != "service" && t.Tick != "marketing" {
			wrong(at, fmt.Sprintf("%q is no tick", t.Tick), "service or marketing")
		}
		if strings.TrimSpace(t.Wording) == "" {
			wrong(at, "its wording is missing", "give the words that stand beside the box: a yes counts with them only")
		}
	}
	return errors.Join(errs...)
}

// A Tool is one connection.
type Tool struct{ config Config }

var (
	_ connect.Receiver = (*Tool)(nil)
	_ connect.Decoder  = (*Tool)(nil)
)

// New makes the tool of a connection.
func New(c Config) *Tool { return &Tool{c} }

// Verify checks the signature and its time or, where there is none, the token.
func (t *Tool) Verify(r connect.Request) error {
	signature, err := hex.DecodeString(r.Header.Get(SignatureHeader))
	stamp := r.Header.Get(TimestampHeader)
	at, atErr := strconv.ParseInt(stamp, 10, 64)
	if errors.Join(err, atErr) == nil && len(signature) > 0 && r.Received.Sub(time.Unix(at, 0)).Abs() <= window {
		for _, s := range t.config.Secrets {
			if hmac.Equal(signature, Sign(s, stamp, r.Body)) {
				return nil
			}
		}
	}
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	for _, s := range t.config.Tokens {
		if ok && s != "" && subtle.ConstantTimeCompare([]byte(token), []byte(s)) == 1 {
			return nil
		}
	}
	return connect.ErrSignature
}

// Sign is the signature of a body at a time that is written in seconds.
func Sign(secret connect.Secret, stamp string, body []byte) []byte {
	m := hmac.New(sha256.New, []byte(secret))
	m.Write([]byte(stamp + "."))
	m.Write(body)
	return m.Sum(nil)
}

// A submission is what is kept: the body as it came, with all that it takes to read it, so
// that it is read the same when the form has changed.
type submission struct {
	Body   string            `json:"body"`
	Form   bool              `json:"form,omitempty"` // URL-encoded, and not JSON
	Fields map[string]string `json:"fields,omitempty"`
	Ticks  []Tick            `json:"ticks,omitempty"`
}

// Split makes one event of a submission. One that is sent twice is one.
func (t *Tool) Split(r connect.Request) ([]connect.Event, error) {
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	s := submission{Body: connect.CleanText(string(r.Body)), Form: kind == "application/x-www-form-urlencoded", Fields: t.config.Fields, Ticks: t.config.Ticks}
	v, err := s.values()
	if err != nil {
		return nil, err
	}
	body, err := json.Marshal(s)
	if err != nil {
		return nil, fmt.Errorf("keep a form: %w", err)
	}
	return []connect.Event{{Event: "submitted", Object: v.id, Body: body}}, nil
}

// values are what was filled in, by the form's names.
type values struct {
	of func(name string) string
	id string
}

func (s *submission) values() (v values, err error) {
	if s.Form {
		q, err := url.ParseQuery(s.Body)
		if err != nil || len(q) == 0 {
			return v, plumbline.Invalidf("send the fields URL-encoded, or as one JSON object", "a form cannot be read: %v", err)
		}
		v.of = func(name string) string { return strings.Join(q[name], ", ") }
	} else {
		var o map[string]any
		if err := json.Unmarshal([]byte(s.Body), &o); err != nil || len(o) == 0 {
			return v, plumbline.Invalidf("send one JSON object, or the fields URL-encoded with that content type", "a form cannot be read: %v", err)
		}
		v.of = func(name string) string { return within(o, name) }
	}
	sum := sha256.Sum256([]byte(s.Body))
	v.id = hex.EncodeToString(sum[:8])
	if id := s.read(v, idField); id != "" {
		v.id = id
	}
	return v, nil
}

// within reads a member of an object, a dot leading into an object within it.
func within(o map[string]any, name string) string {
	if v, ok := o[name]; ok {
		switch v := v.(type) {
		case string:
			return v
		case bool:
			return strconv.FormatBool(v)
		case float64:
			return strconv.FormatFloat(v, 'f', -1, 64)
		}
		return ""
	}
	first, rest, ok := strings.Cut(name, ".")
	if inner, is := o[first].(map[string]any); ok && is {
		return within(inner, rest)
	}
	return ""
}

// read returns what was filled in under one of our names.
func (s *submission) read(v values, name string) string {
	if theirs, said := s.Fields[name]; said {
		if name = theirs; name == "" {
			return ""
		}
	}
	text := strings.TrimSpace(v.of(name))
	if len(text) > 4096 {
		text = strings.ToValidUTF8(text[:4096], "")
	}
	return text
}
