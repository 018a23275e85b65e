package hubspot

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// What a search may ask for (HubSpot "Search the CRM").
const (
	searchPage    = 200
	searchWindow  = 10_000
	searchGroups  = 5
	searchPerEach = 6
	searchFilters = 18
	searchQuery   = 3_000 // characters
)

type filter struct {
	Property  string   `json:"propertyName"`
	Operator  string   `json:"operator"`
	Value     *string  `json:"value"`
	HighValue *string  `json:"highValue"`
	Values    []string `json:"values"`
}

type searchBody struct {
	FilterGroups []struct {
		Filters []filter `json:"filters"`
	} `json:"filterGroups"`
	Sorts      []sortRule `json:"sorts"`
	Properties []string   `json:"properties"`
	Query      string     `json:"query"`
	Limit      *int       `json:"limit"`
	After      offset     `json:"after"`
}

// An offset is a number, also as text.
type offset int

func (o *offset) UnmarshalJSON(b []byte) error {
	text := strings.Trim(string(b), `"`)
	if text == "" || text == "null" {
		return nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		return fmt.Errorf("after is not a number: %.20s", text)
	}
	*o = offset(n)
	return nil
}

// A sortRule is {propertyName, direction}, or a name with "-" for descending.
type sortRule struct {
	Property   string
	Descending bool
}

func (s *sortRule) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '"' {
		var text string
		if err := json.Unmarshal(b, &text); err != nil {
			return err
		}
		s.Property, s.Descending = strings.CutPrefix(text, "-")
		return nil
	}
	var long struct {
		Property  string `json:"propertyName"`
		Direction string `json:"direction"`
	}
	err := json.Unmarshal(b, &long)
	s.Property, s.Descending = long.Property, long.Direction == "DESCENDING"
	return err
}

// A hit is a record as the index knows it, which may be older than the record.
type hit struct {
	record *record
	seen   *indexed
}

func (c *call) search() (int, any, error) {
	t, err := c.objectType("objectType")
	if err != nil {
		return 0, nil, err
	}
	var body searchBody
	if err := c.decode(&body); err != nil {
		return 0, nil, err
	}
	if err := c.checkSearch(t, body); err != nil {
		return 0, nil, err
	}
	limit := 10
	if body.Limit != nil {
		limit = *body.Limit
	}
	hits := c.hits(t, body)
	c.sortHits(t, hits, body.Sorts)
	results := []document{}
	end := min(int(body.After)+limit, len(hits))
	for i := int(body.After); i < end; i++ {
		d := c.document(hits[i].record, *hits[i].seen, body.Properties, nil)
		d["archived"] = false // the index does not know better yet
		delete(d, "archivedAt")
		results = append(results, d)
	}
	answer := document{"total": len(hits), "results": results}
	if end < len(hits) && limit > 0 {
		answer["paging"] = document{"next": document{"after": strconv.Itoa(end)}}
	}
	return http.StatusOK, answer, nil
}

func (c *call) checkSearch(t *objectType, body searchBody) error {
	refuse := func(format string, args ...any) error { return invalid(fmt.Sprintf(format, args...)) }
	switch {
	case body.Limit != nil && (*body.Limit < 0 || *body.Limit > searchPage):
		return refuse("limit must be between 0 and %d", searchPage)
	case len(body.FilterGroups) > searchGroups:
		return refuse("There are %d filterGroups; at most %d are allowed.", len(body.FilterGroups), searchGroups)
	case len(body.Sorts) > 1:
		return refuse("Only one sort is allowed.")
	case len(body.Query) > searchQuery:
		return refuse("query is longer than %d characters.", searchQuery)
	}
	limit := 10
	if body.Limit != nil {
		limit = *body.Limit
	}
	if int(body.After) > searchWindow-limit {
		return refuse("Paging beyond %d results is not supported.", searchWindow)
	}
	total := 0
	for _, g := range body.FilterGroups {
		if total += len(g.Filters); len(g.Filters) > searchPerEach || total > searchFilters {
			return refuse("Too many filters: at most %d in a group and %d in all.", searchPerEach, searchFilters)
		}
		for _, f := range g.Filters {
			if err := c.checkFilter(t, f); err != nil {
				return err
			}
		}
	}
	if len(body.Sorts) == 1 && c.schemas[t.id].live(body.Sorts[0].Property) == nil {
		return refuse("Cannot sort by %s, no such property.", body.Sorts[0].Property)
	}
	return nil
}

func (c *call) checkFilter(t *objectType, f filter) error {
	if c.schemas[t.id].live(f.Property) == nil {
		return invalid(fmt.Sprintf("Property %q does not exist", f.Property),
			detail{message: fmt.Sprintf("Property %q does not exist", f.Property), code: "PROPERTY_DOESNT_EXIST", context: map[string][]string{"propertyName": {f.Property}}})
	}
	complete := false
	switch f.Operator {
	case "HAS_PROPERTY", "NOT_HAS_PROPERTY":
		complete = true
	case "IN", "NOT_IN":
		complete = len(f.Values) > 0
	case "BETWEEN":
		complete = f.Value != nil && f.HighValue != nil
	case "EQ", "NEQ", "GT", "GTE", "LT", "LTE", "CONTAINS_TOKEN", "NOT_CONTAINS_TOKEN":
		complete = f.Value != nil
	}
	if !complete {
		return invalid(fmt.Sprintf("operator %s with these values is not valid for property %s", f.Operator, f.Property))
	}
	return nil
}

// hits finds what the index knows to match, in any group all filters. Archived
// records are never found, once the index has heard of it.
func (c *call) hits(t *objectType, body searchBody) []hit {
	now := c.clock()
	c.ghosts = slices.DeleteFunc(c.ghosts, func(r *record) bool { return !r.index[len(r.index)-1].visible.After(now) })
	var hits []hit
	look := func(r *record) {
		v := r.seen(now)
		if v == nil || !c.mentions(t, v, body.Query) {
			return
		}
		matches := len(body.FilterGroups) == 0
		for _, g := range body.FilterGroups {
			matches = matches || !slices.ContainsFunc(g.Filters, func(f filter) bool { return !c.matches(t, v.values, f) })
		}
		if matches {
			hits = append(hits, hit{r, v})
		}
	}
	for _, r := range c.stores[t.id].order {
		look(r)
	}
	for _, r := range c.ghosts {
		if r.typ == t {
			look(r)
		}
	}
	return hits
}

// mentions is the free text search over the default properties and the phone
// numbers as the vendor keeps them for search.
func (c *call) mentions(t *objectType, v *indexed, query string) bool {
	if query == "" {
		return true
	}
	query = strings.ToLower(query)
	for _, name := range append(slices.Clone(t.defaults), "phone", "hs_searchable_calculated_phone_number", "hs_searchable_calculated_mobile_number") {
		if strings.Contains(strings.ToLower(v.values[name]), query) {
			return true
		}
	}
	return false
}

// matches judges one filter. A record without a value matches only
// NOT_HAS_PROPERTY. Not documented for NEQ, NOT_IN and NOT_CONTAINS_TOKEN.
func (c *call) matches(t *objectType, values map[string]string, f filter) bool {
	value, has := values[f.Property]
	switch f.Operator {
	case "HAS_PROPERTY":
		return has
	case "NOT_HAS_PROPERTY":
		return !has
	}
	if !has {
		return false
	}
	typ := c.schemas[t.id].live(f.Property).typ
	to := func(other *string) int { return compare(typ, value, *other) }
	// IN compares text as it is stored for search, in lower case, with what
	// was sent: values in capitals match nothing.
	in := slices.ContainsFunc(f.Values, func(v string) bool {
		if typ == "string" {
			return strings.ToLower(value) == v
		}
		return compare(typ, value, v) == 0
	})
	switch f.Operator {
	case "EQ":
		return to(f.Value) == 0
	case "NEQ":
		return to(f.Value) != 0
	case "GT":
		return to(f.Value) > 0
	case "GTE":
		return to(f.Value) >= 0
	case "LT":
		return to(f.Value) < 0
	case "LTE":
		return to(f.Value) <= 0
	case "BETWEEN":
		return to(f.Value) >= 0 && to(f.HighValue) <= 0
	case "IN":
		return in
	case "NOT_IN":
		return !in
	case "CONTAINS_TOKEN":
		return containsToken(value, *f.Value)
	default:
		return !containsToken(value, *f.Value)
	}
}

// containsToken looks for a word; "*" at either end of it stands for anything.
func containsToken(value, token string) bool {
	token = strings.ToLower(token)
	bare := strings.Trim(token, "*")
	before, after := strings.HasPrefix(token, "*"), strings.HasSuffix(token, "*")
	for _, word := range strings.FieldsFunc(strings.ToLower(value), func(r rune) bool { return strings.ContainsRune(" \t\n,;:/()<>\"", r) }) {
		switch {
		case word == token, bare == "",
			before && after && strings.Contains(word, bare),
			before && strings.HasSuffix(word, bare),
			after && strings.HasPrefix(word, bare):
			return true
		}
	}
	return false
}

// compare orders two values of a property's type; a stored one first.
func compare(typ, a, b string) int {
	switch typ {
	case "number":
		x, errX := strconv.ParseFloat(a, 64)
		y, errY := strconv.ParseFloat(b, 64)
		if errX == nil && errY == nil {
			return cmp.Compare(x, y)
		}
	case "date", "datetime":
		x, okX := searchInstant(a)
		y, okY := searchInstant(b)
		if okX && okY {
			return cmp.Compare(x, y)
		}
	}
	return cmp.Compare(strings.ToLower(a), strings.ToLower(b))
}

func searchInstant(value string) (ms int64, ok bool) {
	if day, problem := canonicalDate(value); problem == "" {
		value = day + "T00:00:00Z"
	}
	at, ok := parseInstant(value)
	return at.UnixMilli(), ok
}

// sortHits orders by the one rule given, else by age. The order among equals is
// not promised and differs from call to call.
func (c *call) sortHits(t *objectType, hits []hit, rules []sortRule) {
	if len(rules) == 0 {
		slices.SortFunc(hits, func(a, b hit) int { return cmp.Compare(a.record.number, b.record.number) })
		return
	}
	rule := rules[0]
	typ := c.schemas[t.id].live(rule.Property).typ
	c.rand.Shuffle(len(hits), func(i, j int) { hits[i], hits[j] = hits[j], hits[i] })
	slices.SortStableFunc(hits, func(a, b hit) int {
		x, hasX := a.seen.values[rule.Property]
		y, hasY := b.seen.values[rule.Property]
		switch {
		case hasX != hasY && hasX:
			return -1
		case hasX != hasY:
			return 1
		case rule.Descending:
			return compare(typ, y, x)
		}
		return compare(typ, x, y)
	})
}
