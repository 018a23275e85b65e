package golden

import (
	"encoding/json"
	"slices"
	"strings"

	"plumbline.dev/plumbline"
)

// asked are the words with which a look-up asks about a record of a kind; needed, those
// of which it needs one.
var asked = map[plumbline.Kind]struct{ words, needed []string }{
	plumbline.Customer: {[]string{"first_name", "last_name", "organization", "street", "city", "state", "postal_code"}, []string{"last_name", "organization"}},
	plumbline.Property: {[]string{"street", "unit", "city", "state", "postal_code", "country"}, []string{"street"}},
	plumbline.Asset:    {[]string{"type", "maker", "model", "serial", "installed"}, []string{"maker", "serial"}},
}

// Known are the words that a look-up about a record may be asked with, by field: those
// that no look-up has brought. It is nil where they do not suffice to ask.
func Known(kind plumbline.Kind, members []*plumbline.SourceRecord) map[string]string {
	told := slices.DeleteFunc(slices.Clone(members), isLookup)
	known := map[string]string{}
	for _, field := range asked[kind].words {
		if list := candidates(told, field); len(list) > 0 {
			known[field] = list[0].value.Text()
		}
	}
	if !slices.ContainsFunc(asked[kind].needed, func(f string) bool { return known[f] != "" }) {
		return nil
	}
	return known
}

// Asked writes what is known as one text, by which an answer is told from one to a
// question that would not be asked any more.
func Asked(known map[string]string) string {
	b, _ := json.Marshal(known) // texts always can be
	return string(b)
}

// Missing lists which of some fields nobody has filled, looked-up values included. What a
// person has emptied is not missing.
func Missing(kind plumbline.Kind, members []*plumbline.SourceRecord, fields []string) (missing []string) {
	members = counting(kind, members)
	for _, f := range fields {
		if len(candidates(members, f)) == 0 && !emptied(members, f) {
			missing = append(missing, f)
		}
	}
	return missing
}

// Answered says whether a provider, by the name of its source, has answered what would be
// asked now, if only that it knows nothing, and the answer still holds.
func Answered(members []*plumbline.SourceRecord, source, asked string) bool {
	return slices.ContainsFunc(members, func(r *plumbline.SourceRecord) bool {
		c, ok := r.Get(plumbline.Asked)
		return ok && r.Connection == source && c.Value.Text() == asked && !r.Expired(c)
	})
}

// counting leaves out what a look-up has answered to words that do not stand any more.
func counting(kind plumbline.Kind, members []*plumbline.SourceRecord) []*plumbline.SourceRecord {
	if !slices.ContainsFunc(members, isLookup) {
		return members
	}
	now := Asked(Known(kind, members))
	return slices.DeleteFunc(slices.Clone(members), func(r *plumbline.SourceRecord) bool { return isLookup(r) && r.Text(plumbline.Asked) != now })
}

func isLookup(r *plumbline.SourceRecord) bool {
	return strings.HasPrefix(r.Connection, plumbline.Lookup)
}

// emptied says whether a person has said that there is nothing in a field: no machine
// fills it.
func emptied(members []*plumbline.SourceRecord, field string) bool {
	return slices.ContainsFunc(members, func(r *plumbline.SourceRecord) bool {
		c, ok := r.Get(field)
		return ok && isEmpty(c.Value) && !r.Deleted() && (r.Connection == plumbline.Office || c.Author == plumbline.ByPerson)
	})
}

func isEmpty(v plumbline.Value) bool { return v == plumbline.Null || v == `""` || v == "[]" }
