package check

import (
	"testing"

	"plumbline.dev/plumbline/internal/playbook"
)

func TestTheBuiltInPlaybookIsClean(t *testing.T) {
	p, err := playbook.Load(playbook.BuiltIn())
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range Playbook(p, nil) {
		t.Errorf("%s:%d:%d %s %s: %s (%s)", f.File, f.Line, f.Column, f.Severity, f.Path, f.Msg, f.Cure)
	}
}
