// Package explain says why: why a job stands where it stands, why a record says what
// it says, why something was said to somebody, and why nothing was. It reads what the
// rooms have kept, and must not write, decide or derive anything of its own.
package explain

import (
	"fmt"
	"io"
	"strings"
	"time"

	"plumbline.dev/plumbline/internal/mirror"
	"plumbline.dev/plumbline/internal/playbook"
)

// An Explainer explains by the playbook of each location.
type Explainer struct {
	Policy func(location string) (*playbook.Playbook, playbook.OpenHours, error)
	Mirror *mirror.Mirror
}

// An Explanation is everything behind one thing.
type Explanation struct {
	Subject  string    `json:"subject" doc:"What is explained"`
	ID       string    `json:"id"`
	Sections []Section `json:"sections"`
}

// A Section holds what one room has to say.
type Section struct {
	Title string `json:"title"`
	Lines []Line `json:"lines"`
}

// A Line is one fact with what followed from it: by which rule what was decided, when,
// and who says so.
type Line struct {
	Time     time.Time `json:"time,omitzero"`
	Fact     string    `json:"fact"`
	Rule     string    `json:"rule,omitempty"`
	Decision string    `json:"decision,omitempty"`
	Source   string    `json:"source,omitempty"`
}

func (e *Explanation) add(title string, lines ...Line) {
	if len(lines) > 0 {
		e.Sections = append(e.Sections, Section{title, lines})
	}
}

// Write renders an explanation for people, its times in a zone.
func (e Explanation) Write(w io.Writer, zone *time.Location) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s (%s)\n", e.Subject, e.ID)
	for _, s := range e.Sections {
		fmt.Fprintf(&b, "\n%s\n", s.Title)
		for _, l := range s.Lines {
			b.WriteString("  " + l.text(zone) + "\n")
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// text is "Mon 2026-05-04 09:12:07 MDT  hcp: completed; completed reached (rule)".
func (l Line) text(zone *time.Location) string {
	var b strings.Builder
	if !l.Time.IsZero() {
		b.WriteString(l.Time.In(zone).Format("Mon 2006-01-02 15:04:05 MST") + "  ")
	}
	if l.Source != "" {
		b.WriteString(l.Source + ": ")
	}
	b.WriteString(l.Fact)
	if l.Decision != "" {
		b.WriteString("; " + l.Decision)
	}
	if l.Rule != "" {
		b.WriteString(" (" + l.Rule + ")")
	}
	return b.String()
}
