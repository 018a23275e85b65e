package hubspot

import (
	"context"
	"html"
	"regexp"
	"slices"
	"strings"

	"plumbline.dev/plumbline/internal/connect"
)

// Find looks for the record that a lost create may have made: by our key where the
// type has one, else among the notes or tasks of the records it was to be linked
// to, by the line with our key at the end of their text. It does not search, since
// HubSpot's search lags behind.
func (t *Tool) Find(ctx context.Context, typ string, c connect.Change) (connect.Record, bool, error) {
	o, bad := t.object(typ)
	switch {
	case bad != nil:
		return connect.Record{}, false, bad
	case c.Key == "":
		return connect.Record{}, false, &connect.Error{Class: connect.Human, Code: "no_key", Msg: "a record without a key cannot be looked for"}
	}
	fields := []string{}
	for f := range c.Fields {
		fields = append(fields, f)
	}
	slices.Sort(fields)
	if o.keyed {
		found, err := t.Read(ctx, typ, "key", []string{c.Key}, fields)
		r, ok := found[c.Key]
		return r, ok, err
	}
	return t.findWritten(ctx, typ, o, c, fields)
}

func (t *Tool) findWritten(ctx context.Context, typ string, o object, c connect.Change, fields []string) (connect.Record, bool, error) {
	ids, err := t.linked(ctx, o, c.Links)
	if err != nil {
		return connect.Record{}, false, err
	}
	in := readInput{Properties: asked(append(fields, o.body), "")}
	for chunk := range slices.Chunk(ids, batchSize) {
		found, no := t.batchRead(ctx, o, in, chunk, false)
		if no != nil {
			return connect.Record{}, false, no.Error
		}
		for _, r := range found {
			if lastLine(r.get(o.body)) == c.Key || strings.HasSuffix(lastLine(r.get(o.body)), " "+c.Key) {
				return told(r, r.ID, "", fields), true, nil
			}
		}
	}
	return connect.Record{}, false, nil
}

// linked lists the records of a type that are associated with what a create was to
// be linked to, newest first.
func (t *Tool) linked(ctx context.Context, o object, links []connect.Association) ([]string, error) {
	near := map[string][]string{}
	for _, l := range links {
		if _, bad := t.object(l.ToType); bad != nil {
			return nil, bad
		}
		near[l.ToType] = append(near[l.ToType], l.ToID)
	}
	if len(near) == 0 {
		return nil, &connect.Error{Class: connect.Human, Code: "no_link", Msg: "a record that is linked to nothing cannot be looked for"}
	}
	var ids []string
	for typ, from := range near {
		have, no := t.associations(ctx, associationsPath+objects[typ].path+"/"+o.path, from)
		if no != nil {
			return nil, no.Error
		}
		for _, a := range have {
			for _, to := range a.To {
				ids = append(ids, string(to.ID))
			}
		}
	}
	ids = unique(ids)
	slices.SortFunc(ids, func(a, b string) int { return compareIDs(b, a) })
	return ids, nil
}

// compareIDs orders decimal ids by number, whatever their length.
func compareIDs(a, b string) int {
	if len(a) != len(b) {
		return len(a) - len(b)
	}
	return strings.Compare(a, b)
}

var (
	lineBreak = regexp.MustCompile(`(?i)<br\s*/?>|</(p|div|li|tr|h[1-6])>`)
	anyTag    = regexp.MustCompile(`<[^>]*>`)
)

// lastLine is the last line of a text or of HTML that has something on it.
func lastLine(body string) string {
	text := html.UnescapeString(anyTag.ReplaceAllString(lineBreak.ReplaceAllString(body, "\n"), ""))
	lines := strings.Split(text, "\n")
	for _, line := range slices.Backward(lines) {
		if line = strings.TrimSpace(line); line != "" {
			return line
		}
	}
	return ""
}
