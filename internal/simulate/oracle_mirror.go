package simulate

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/sandbox/hubspot"
	"plumbline.dev/plumbline/internal/sandbox/shop"
)

// A kept is one target record as the program sees it at the end.
type keptRecord struct {
	typ, key, vendor, state, reason, subject string
	desired                                  map[string]struct{ V string }
}

var plurals = map[string]string{"contact": "contacts", "company": "companies", "deal": "deals", "note": "notes", "task": "tasks"}

func (o *oracle) targets(ctx context.Context) (list []keptRecord, err error) {
	err = o.view(ctx, func(tx *db.Tx) error {
		rows, err := tx.Query(`SELECT t.type, t.key_id, t.vendor_id, t.state, t.reason, coalesce(s.golden_id, t.key_id), coalesce(d.doc, '')
			FROM target_record t
			LEFT JOIN source_record s ON s.location_id = t.location_id AND s.id = t.key_id AND s.kind IN ('customer', 'job')
			LEFT JOIN desired d ON d.location_id = t.location_id AND d.connection = t.connection AND d.type = t.type AND d.subject = coalesce(s.golden_id, t.key_id)
			WHERE t.location_id = $1 AND t.connection = 'hubspot' ORDER BY t.type, t.key_id`, o.id)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var k keptRecord
			var doc string
			if err := rows.Scan(&k.typ, &k.key, &k.vendor, &k.state, &k.reason, &k.subject, &doc); err != nil {
				return err
			}
			var d struct {
				F map[string]struct{ V string }
			}
			if doc != "" {
				if err := json.Unmarshal([]byte(doc), &d); err != nil {
					return err
				}
			}
			k.desired = d.F
			list = append(list, k)
		}
		return rows.Err()
	})
	return list, err
}

// objects are all records of the CRM, by type, and by every id that leads to them.
func (o *oracle) objects() map[string]map[string]hubspot.Object {
	out := map[string]map[string]hubspot.Object{}
	for typ, kind := range plurals {
		out[typ] = map[string]hubspot.Object{}
		for _, x := range o.crm.Objects(kind) {
			out[typ][x.ID] = x
			for _, id := range x.MergedIDs {
				out[typ][id] = x
			}
		}
	}
	return out
}

// theMirrorConverges: what should stand in the CRM stands there; what does not is in
// front of a person.
func theMirrorConverges(ctx context.Context, o *oracle, bad broken) error {
	list, err := o.targets(ctx)
	if err != nil {
		return err
	}
	there := o.objects()
	shown, err := o.shown(ctx)
	if err != nil {
		return err
	}
	always, err := o.writtenAlways()
	if err != nil {
		return err
	}
	ours := map[string]string{}
	for _, k := range list {
		name := k.typ + " " + k.key
		if k.state != "live" {
			// Gone and refused records and undecided candidates are a person's to clear.
			if k.state != "retired" && len(k.desired) > 0 && !shown[k.typ+"/"+k.key] && k.state != "waiting_candidate" && k.state != "waiting_record" {
				bad("the %s is %s at the end (%s), and nobody is shown it", name, k.state, k.reason)
			}
			continue
		}
		if len(k.desired) == 0 {
			continue
		}
		x, ok := there[k.typ][k.vendor]
		if !ok || x.Archived {
			if !shown[k.typ+"/"+k.key] {
				bad("the %s is held to be record %s, which is not there", name, k.vendor)
			}
			continue
		}
		if other := ours[k.typ+x.ID]; other != "" && other != k.subject {
			bad("record %s of type %s stands for two: %s and %s", x.ID, k.typ, other, k.subject)
		}
		ours[k.typ+x.ID] = k.subject
		for _, field := range slices.Sorted(maps.Keys(k.desired)) {
			want := k.desired[field]
			if got := x.Properties[field]; always[k.typ+"."+field] && !same(got, o.keyed(want.V, k.key)) && !shown[k.typ+"/"+k.key] {
				bad("%s of %s is %q in the CRM and should be %q", field, name, got, want.V)
			}
		}
	}
	o.noDoubles(list, there, bad)
	if err := o.onlyOurs(bad); err != nil {
		return err
	}
	if err := o.joined(ctx, list, there, shown, bad); err != nil {
		return err
	}
	return o.adopted(ctx, list, there, bad)
}

// writtenAlways are the fields, as type.field, that the playbook writes whenever they differ.
func (o *oracle) writtenAlways() (map[string]bool, error) {
	pb, _, err := o.node.Advance.Policy(o.id)
	if err != nil {
		return nil, err
	}
	always := map[string]bool{}
	for typ, m := range pb.Mapping["hubspot"] {
		for _, f := range m.Fields {
			always[typ+"."+f.Name] = f.Write == "always"
		}
	}
	return always, nil
}

// joined: a job's deal is associated with the contact of whoever booked it.
func (o *oracle) joined(ctx context.Context, list []keptRecord, there map[string]map[string]hubspot.Object, shown map[string]bool, bad broken) error {
	contacts := map[string]keptRecord{}
	for _, k := range list {
		if k.typ == "contact" && k.state == "live" && len(k.desired) > 0 {
			contacts[k.subject] = k
		}
	}
	var booked [][2]string
	err := o.view(ctx, func(tx *db.Tx) (err error) {
		booked, err = pairs(tx, `SELECT job_id, person_id FROM role WHERE location_id = $1 AND name = 'booker'`, o.id)
		return err
	})
	if err != nil {
		return err
	}
	for _, k := range list {
		deal, ok := there["deal"][k.vendor]
		if k.typ != "deal" || k.state != "live" || len(k.desired) == 0 || !ok || deal.Archived || shown[k.typ+"/"+k.key] {
			continue
		}
		for _, b := range booked {
			who, live := contacts[b[1]]
			x, ok := there["contact"][who.vendor]
			if b[0] != k.subject || !live || !ok || x.Archived || shown[who.typ+"/"+who.key] {
				continue
			}
			if !slices.ContainsFunc(deal.Associations, func(a hubspot.Association) bool { return a.ObjectType == "contacts" && a.ID == x.ID }) {
				bad("deal %s is not associated with contact %s, who booked the job", deal.ID, x.ID)
			}
		}
	}
	return nil
}

// onlyOurs: nothing was written into a field that is not ours by the mapping.
func (o *oracle) onlyOurs(bad broken) error {
	pb, _, err := o.node.Advance.Policy(o.id)
	if err != nil {
		return err
	}
	for _, typ := range slices.Sorted(maps.Keys(plurals)) {
		may := map[string]bool{}
		if m := pb.Mapping["hubspot"][typ]; m != nil {
			for _, f := range m.Fields {
				may[f.Name] = f.Write != "never" && f.Write != "theirs_to_ours"
			}
		}
		for _, x := range o.crm.Objects(plurals[typ]) {
			for _, name := range slices.Sorted(maps.Keys(x.History)) {
				for _, e := range x.History[name] {
					if e.By.SourceID == fmt.Sprint(crmApp) && !may[name] {
						bad("we wrote %q into %s of %s %s, which is not ours", e.Value, name, typ, x.ID)
					}
				}
			}
		}
	}
	return nil
}

// keyed fills in the record's own key, for which a desired value has a mark.
func (o *oracle) keyed(value, key string) string {
	return strings.ReplaceAll(value, "\uE0F0\uE0F1", key)
}

// same compares values as the CRM may write them: numbers, instants and options have
// several spellings there.
func same(a, b string) bool {
	if a == b {
		return true
	}
	if x, err := strconv.ParseFloat(a, 64); err == nil {
		if y, err := strconv.ParseFloat(b, 64); err == nil {
			return x == y
		}
	}
	x, okX := instant(a)
	y, okY := instant(b)
	if okX && okY {
		return x.Equal(y)
	}
	// Markup is cleaned there, and stages have ids; both are compared by their absence.
	return strings.TrimSpace(plainText(a)) == strings.TrimSpace(plainText(b)) || isStage(a, b)
}

func instant(s string) (time.Time, bool) {
	for _, layout := range []string{time.RFC3339Nano, time.DateOnly} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC(), true
		}
	}
	if ms, err := strconv.ParseInt(s, 10, 64); err == nil && len(s) == 13 {
		return time.UnixMilli(ms).UTC(), true
	}
	return time.Time{}, false
}

func plainText(s string) string {
	var b strings.Builder
	in := false
	for _, r := range s {
		switch {
		case r == '<':
			in = true
		case r == '>':
			in = false
		case !in:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// isStage says whether one is the id that the CRM gave to a stage or pipeline: what we
// want is a name, what is there a number that it chose.
func isStage(there, wanted string) bool {
	_, err := strconv.Atoi(there)
	return err == nil && wanted != "" && strings.ToLower(wanted) == wanted && !strings.ContainsAny(wanted, "0123456789 ")
}

// shown lists what of the mirror is in front of a person, by type and key.
func (o *oracle) shown(ctx context.Context) (map[string]bool, error) {
	out := map[string]bool{}
	return out, o.view(ctx, func(tx *db.Tx) error {
		rows, err := tx.Query(`SELECT ref FROM error_item WHERE location_id = $1 AND kind = 'record' AND state IN ('open', 'snoozed', 'skipped')`, o.id)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var ref string
			if err := rows.Scan(&ref); err != nil {
				return err
			}
			out[strings.TrimPrefix(strings.TrimPrefix(ref, "hubspot/"), "record/")] = true
		}
		return rows.Err()
	})
}

// noDoubles: no two records of a type bear keys of one golden record, and a job has
// one deal.
func (o *oracle) noDoubles(list []keptRecord, there map[string]map[string]hubspot.Object, bad broken) {
	subject := map[string]string{}
	for _, k := range list {
		subject[k.typ+k.key] = k.subject
	}
	for typ, kind := range plurals {
		bears := map[string]string{}
		for _, x := range o.crm.Objects(kind) {
			key := x.Properties["plumbline_key"]
			if x.Archived || key == "" {
				continue
			}
			s := subject[typ+key]
			if other := bears[s]; s != "" && other != "" {
				bad("the %ss %s and %s both bear a key of %s", typ, other, x.ID, s)
			}
			bears[s] = x.ID
		}
	}
	_ = there
}

// adopted: a contact that the CRM's people had made of somebody is used, not doubled,
// where the records say plainly that it is the same person: the e-mail address or the
// number, and the last name. Where a person must decide, the pair is in the review
// list. Leads of the CRM's own and its own deals are not touched.
func (o *oracle) adopted(ctx context.Context, list []keptRecord, there map[string]map[string]hubspot.Object, bad broken) error {
	used := map[string]string{} // golden -> contact
	for _, k := range list {
		if k.typ == "contact" && k.state == "live" {
			used[k.subject] = k.vendor
		}
	}
	for _, p := range o.shop.Story().People {
		for _, c := range p.Contacts {
			x, ok := there["contact"][c]
			if !ok || x.Archived || len(p.Customers) == 0 {
				continue
			}
			for _, customer := range p.Customers {
				if err := o.adoptedOne(ctx, p, customer, x, used, there, bad); err != nil {
					return err
				}
			}
		}
	}
	for _, lead := range o.shop.Story().Leads {
		if x, ok := there["contact"][lead]; ok && touched(x) && !o.becameCustomer(lead) {
			bad("contact %s is a lead of the CRM's own, and we wrote to it: %s", lead, touchedIn(x))
		}
	}
	for _, x := range o.crm.Objects("deals") {
		if touched(x) && x.Properties["plumbline_key"] == "" && !created(x) {
			bad("deal %s is not ours, and we wrote to it", x.ID)
		}
	}
	o.editsStand(there, bad)
	return nil
}

func (o *oracle) adoptedOne(ctx context.Context, p *shop.Person, customer string, x hubspot.Object, used map[string]string, there map[string]map[string]hubspot.Object, bad broken) error {
	if !plain(o.customerOf(customer), x) {
		return nil
	}
	var golden, sourceOf string
	var asked int
	err := o.view(ctx, func(tx *db.Tx) error {
		if err := tx.QueryRow(`SELECT coalesce(max(golden_id), '') FROM source_record WHERE location_id = $1 AND id = $2`,
			o.id, string(o.source(plumbline.Customer, customer))).Scan(&golden); err != nil {
			return err
		}
		sourceOf = string(plumbline.NewSourceID(o.id, "hubspot", plumbline.Customer, x.ID))
		return tx.QueryRow(`SELECT (SELECT count(*) FROM ask WHERE location_id = $1 AND (a = $2 OR b = $2))
			+ (SELECT count(*) FROM source_record WHERE location_id = $1 AND id = $2 AND golden_id = $3)`, o.id, sourceOf, golden).Scan(&asked)
	})
	if err != nil || golden == "" || used[golden] == "" {
		return err // the program has not heard of them, or has nothing to say of them
	}
	if at, ok := there["contact"][used[golden]]; ok && at.ID != x.ID && asked == 0 && created(at) {
		bad("contact %s is %s %s, whom the CRM knew as %s already; it was doubled and nobody is asked", at.ID, p.First, p.Last, x.ID)
	}
	return nil
}

func (o *oracle) customerOf(id string) (c customer) {
	list := o.customers()
	if i := slices.IndexFunc(list, func(x customer) bool { return x.id == id }); i >= 0 {
		c = list[i]
	}
	return c
}

// plain says whether two records show by themselves that they are one person.
func plain(c customer, x hubspot.Object) bool {
	return strings.EqualFold(c.last, x.Properties["lastname"]) && c.email != "" && strings.EqualFold(c.email, x.Properties["email"])
}

// created says whether we made a record, touched whether we ever wrote to it.
func created(x hubspot.Object) bool {
	for _, entries := range x.History {
		for _, e := range entries {
			if e.Timestamp.Equal(x.Created) && e.By.SourceID == fmt.Sprint(crmApp) {
				return true
			}
		}
	}
	return false
}

func touched(x hubspot.Object) bool { return touchedIn(x) != "" }

func touchedIn(x hubspot.Object) string {
	for _, name := range slices.Sorted(maps.Keys(x.History)) {
		for _, e := range x.History[name] {
			if e.By.SourceID == fmt.Sprint(crmApp) {
				return name + " = " + e.Value
			}
		}
	}
	return ""
}

// becameCustomer says whether a lead's person is a customer by now.
func (o *oracle) becameCustomer(contact string) bool {
	for _, p := range o.shop.Story().People {
		if slices.Contains(p.Contacts, contact) && len(p.Customers) > 0 {
			return true
		}
	}
	return false
}

// crmOwned are the fields in which what the CRM's people say is not replaced by what a
// customer's record of the field tool said before.
var crmOwned = []string{"firstname", "lastname", "email", "mobilephone", "phone", "hs_email_optout"}

// editsStand: what a person typed into the CRM last stands there at the end.
func (o *oracle) editsStand(there map[string]map[string]hubspot.Object, bad broken) {
	last := map[string]shop.CRMAct{}
	for _, a := range o.shop.Story().CRM {
		switch {
		case a.Kind == shop.CRMEdit && slices.Contains(crmOwned, a.Property):
			last[a.Contact+" "+a.Property] = a
		case a.Kind == shop.CRMMerge || a.Kind == shop.CRMDelete:
			maps.DeleteFunc(last, func(_ string, e shop.CRMAct) bool { return e.Contact == a.Contact || e.Contact == a.Other })
		}
	}
	for _, key := range slices.Sorted(maps.Keys(last)) {
		a := last[key]
		x, ok := there["contact"][a.Contact]
		if !ok || x.Archived {
			continue
		}
		for _, e := range x.History[a.Property] {
			if e.By.SourceID == fmt.Sprint(crmApp) && e.Timestamp.After(a.At) && !o.renumbered(a, e.Value) {
				bad("a person wrote %q into %s of contact %s at %s; we wrote %q over it", a.Value, a.Property, a.Contact, a.At.Format(time.RFC3339), e.Value)
			}
		}
	}
}

// renumbered says whether the field tool's people gave a customer a number after the
// CRM's people had edited their contact: of two persons' words the newer one holds, and
// numbers are the field tool's to keep.
func (o *oracle) renumbered(a shop.CRMAct, number string) bool {
	n := o.shop.Story().Number(number)
	if n == nil || a.Property != "mobilephone" && a.Property != "phone" {
		return false
	}
	var theirs []string
	for _, p := range o.shop.Story().People {
		if p.ID == a.Person {
			theirs = p.Customers
		}
	}
	return slices.ContainsFunc(n.Files, func(f shop.Filing) bool { return f.From.After(a.At) && slices.Contains(theirs, f.Customer) })
}
