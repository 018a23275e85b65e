package playbook

import "testing"

func TestTheBuiltInPlaybookLoads(t *testing.T) {
	p, err := Load(BuiltIn())
	if err != nil {
		t.Fatal(err)
	}
	if len(p.Rules) == 0 || len(p.Clocks) == 0 || p.Version == "" {
		t.Fatalf("loaded %d rules, %d clocks, version %q, want some of each", len(p.Rules), len(p.Clocks), p.Version)
	}
}
