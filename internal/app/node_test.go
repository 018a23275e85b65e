package app

import (
	"testing"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/connect"
	"plumbline.dev/plumbline/internal/tenant"
)

// An account is a tool that says whose it is.
type account string

func (a account) Decode(plumbline.Delivery) ([]plumbline.Reading, error) {
	return nil, connect.Ignored{Rule: string(a)}
}

// What a target says of an author depends on the account's own app id, so each
// connection decodes what it sent itself.
func TestAConnectionDecodesWhatItSent(t *testing.T) {
	n := &Node{bindings: map[string]*binding{}}
	for _, l := range []string{"east", "north", "west"} {
		n.bindings[l+"/crm"] = &binding{Connection: tenant.Connection{Location: l, Name: "crm", Tool: "hubspot"}, tool: account(l)}
	}
	for _, test := range []struct{ location, connection, tool, want string }{
		{"east", "crm", "hubspot", "east"},
		{"north", "crm", "hubspot", "north"},
		{"west", "crm", "hubspot", "west"},
		{"north", "old crm", "hubspot", "east"}, // gone from the configuration, and read still
	} {
		d := n.decoder(test.location, test.connection, test.tool)
		if d == nil || d.(account) != account(test.want) {
			t.Errorf("%s/%s is decoded by %v, want %s", test.location, test.connection, d, test.want)
		}
	}
	if d := n.decoder("north", "crm", "jobber"); d != nil {
		t.Errorf("what an unknown tool sent is decoded by %v", d)
	}
}
