package advance

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/connect"
	"plumbline.dev/plumbline/internal/identity"
)

// Tool names of kept answers of look-ups.
const (
	Route  = "route"
	Enrich = "enrich"
)

// A decided is a person's word on who is who, or that a source is withdrawn.
type decided struct {
	a, b      plumbline.SourceID
	said      int    // of identity.Decision
	withdrawn string // the connection
	name      string
}

// An OfficeDecision is the body of a delivery of source office. Do is one of say, add,
// consent, same, different, undecided, withdraw and note.
type OfficeDecision struct {
	Do string `json:"do"`
	By string `json:"by"`

	// say: what the office states about a source record, by field names. add: a piece of
	// equipment or a plan of which no tool has a record, likewise; it names nobody in about.
	About  plumbline.SourceID         `json:"about,omitempty"`
	Kind   plumbline.Kind             `json:"kind,omitempty"`
	Fields map[string]plumbline.Value `json:"fields,omitempty"`

	// consent: a yes or no of one person at one address.
	Consent *Consent `json:"consent,omitempty"`

	// same, different, undecided: two source records.
	A plumbline.SourceID `json:"a,omitempty"`
	B plumbline.SourceID `json:"b,omitempty"`

	// withdraw: an import run or a provider, which is to say nothing any more.
	Connection string `json:"connection,omitempty"`
}

var whoIsWho = map[string]int{"same": identity.Same, "different": identity.Different, "undecided": identity.TakenBack}

// A Consent is one tick as it was given: what was said, where and how.
type Consent struct {
	ID      string             `json:"id"`
	Address string             `json:"address"` // E.164
	Person  plumbline.SourceID `json:"person"`
	Tick    string             `json:"tick"` // service or marketing
	Yes     bool               `json:"yes"`
	Wording string             `json:"wording"`
	Via     string             `json:"via"` // form, phone, paper
	By      string             `json:"by,omitempty"`
	At      time.Time          `json:"at"`
	// Connection is who says so, where it is not the office.
	Connection string `json:"connection,omitempty"`
}

func decodeOffice(d plumbline.Delivery) ([]plumbline.Reading, []decided, error) {
	var in OfficeDecision
	if err := json.Unmarshal(d.Body, &in); err != nil {
		return nil, nil, fmt.Errorf("read a decision of the office: %w", err)
	}
	switch in.Do {
	case "say":
		if in.About == "" || len(in.Fields) == 0 {
			return nil, nil, plumbline.Invalidf("name the record in about, and what you say of it in fields", "a decision says nothing about nobody")
		}
		for name, v := range in.Fields {
			if f, ok := plumbline.FieldOf(in.Kind, name); ok && !f.Type.Fits(v) {
				return nil, nil, plumbline.Invalidf("correct the value", "%s %s is no %s", in.Kind, name, f.Type)
			}
		}
		return []plumbline.Reading{{Kind: in.Kind, About: in.About, At: d.Received, Fields: in.Fields}}, nil, nil
	case "add":
		if in.Kind != plumbline.Asset && in.Kind != plumbline.Membership || len(in.Fields) == 0 {
			return nil, nil, plumbline.Invalidf("add an asset or a membership, with its fields", "the office cannot add a %q", in.Kind)
		}
		for name, v := range in.Fields {
			if f, ok := plumbline.FieldOf(in.Kind, name); ok && !f.Type.Fits(v) {
				return nil, nil, plumbline.Invalidf("correct the value", "%s %s is no %s", in.Kind, name, f.Type)
			}
		}
		return []plumbline.Reading{{Kind: in.Kind, ID: d.Key, At: d.Received, Created: d.Received, Fields: in.Fields}}, nil, nil
	case "consent":
		c := in.Consent
		if c == nil || !strings.HasPrefix(c.Address, "+") || c.Tick != "service" && c.Tick != "marketing" || c.Wording == "" {
			return nil, nil, plumbline.Invalidf("give address (E.164), tick (service or marketing) and the wording", "a consent is not complete")
		}
		c.By = in.By
		if c.At.IsZero() {
			c.At = d.Received
		}
		return []plumbline.Reading{{Kind: plumbline.Address, ID: c.Address, At: d.Received,
			Fields: map[string]plumbline.Value{"consent:" + d.Key: plumbline.JSONValue([]Consent{*c})}}}, nil, nil
	case "same", "different", "undecided":
		if in.A == "" || in.B == "" || in.A == in.B {
			return nil, nil, plumbline.Invalidf("name two different source records in a and b", "a decision on who is who names no pair")
		}
		name := fmt.Sprintf("%015d/%s", d.Received.UnixMilli(), d.Key)
		return nil, []decided{{a: in.A, b: in.B, said: whoIsWho[in.Do], name: name}}, nil
	case "withdraw":
		if !plumbline.Withdrawable(in.Connection) {
			return nil, nil, plumbline.Invalidf("name an import run as "+plumbline.Import+"RUN, or a provider as "+plumbline.Lookup+"CONNECTION, in connection",
				"%q is no source that can be withdrawn", in.Connection)
		}
		return nil, []decided{{withdrawn: in.Connection, name: d.Key}}, nil
	case "note":
		return nil, nil, connect.Ignored{Rule: "a note for the record"}
	}
	return nil, nil, plumbline.Invalidf("say, add, consent, same, different, undecided, withdraw or note", "the office cannot do %q", in.Do)
}

// A Ring is the body of a delivery of source clock.
type Ring struct {
	Subject plumbline.SourceID `json:"subject"`
	Kind    plumbline.Kind     `json:"kind"`
	Job     plumbline.GoldenID `json:"job"` // to which the subject belongs
	Rule    string             `json:"rule"`
	Due     time.Time          `json:"due"`
	Missed  bool               `json:"missed,omitempty"`
}

func decodeRing(d plumbline.Delivery) ([]plumbline.Reading, error) {
	var r Ring
	if err := json.Unmarshal(d.Body, &r); err != nil {
		return nil, fmt.Errorf("read a ring: %w", err)
	}
	if r.Subject == "" || r.Kind == "" || r.Rule == "" || r.Due.IsZero() || r.Due.UTC().Year() < 1 || r.Due.UTC().Year() > 9999 {
		return nil, plumbline.Invalidf("give subject, kind, rule and due", "a ring is not complete")
	}
	if r.Missed {
		return nil, connect.Ignored{Rule: "a ring that was missed"}
	}
	fields := map[string]plumbline.Value{plumbline.Ring(r.Rule, r.Due): plumbline.JSONValue([]string{r.Rule})}
	if r.Kind == plumbline.Visit && r.Job != "" {
		fields["job"] = plumbline.TextValue(string(r.Job))
	}
	return []plumbline.Reading{{Kind: r.Kind, About: r.Subject, At: r.Due, Fields: fields}}, nil
}

// A RouteAnswer is the body of a kept answer of a route look-up.
type RouteAnswer struct {
	Visit  plumbline.SourceID `json:"visit"`
	Job    plumbline.GoldenID `json:"job"`
	Low    time.Time          `json:"low"`
	Likely time.Time          `json:"likely"`
	High   time.Time          `json:"high"`
	Basis  string             `json:"basis"`
	For    time.Time          `json:"for"` // the departure that it answers
}

func decodeRoute(d plumbline.Delivery) ([]plumbline.Reading, error) {
	var r RouteAnswer
	if err := json.Unmarshal(d.Body, &r); err != nil {
		return nil, fmt.Errorf("read an estimated drive: %w", err)
	}
	if r.Visit == "" || r.Job == "" {
		return nil, plumbline.Invalidf("name the visit and its job", "an estimated drive belongs to nobody")
	}
	return []plumbline.Reading{{Kind: plumbline.Visit, About: r.Visit, At: d.Received, Fields: map[string]plumbline.Value{
		"job": plumbline.TextValue(string(r.Job)),
		"eta": plumbline.JSONValue([]RouteAnswer{r}),
	}}}, nil
}
