package wording

import (
	"regexp"
	"strings"
	"testing"
)

var longest = map[string]string{
	"brand": "Brightwater Heating & Plumbing", "tech": "Christopher", "day": "Wednesday Sep 30", "window": "10:30 AM-12:30 PM",
	"street": "1418 W Larkspur Ln", "link": "https://t.brightwater.example/v/" + strings.Repeat("x", 18), "phone": "(312) 555-0148",
	"amount": "$12,345.67", "reason": "we were called to an emergency",
}

func TestLint(t *testing.T) {
	service := Rules{Service: true, Foot: true}
	for _, c := range []struct {
		name, lang, text string
		rules            Rules
		want             string // the rules broken, in order
	}{
		{"a plain job text is fine", "en", "{{.brand}}: {{.tech}} is on the way. {{.link}}", service, ""},
		{"too long", "en", "{{.brand}}: " + strings.Repeat("we are on the way, ", 14), service, "segments"},
		{"one segment only", "en", "{{.brand}}: {{.tech}} is on the way. " + strings.Repeat("x", 110), Rules{Segments: 1}, "segments"},
		{"a Spanish accent that costs", "es", "{{.brand}}: llegará {{.tech}}", service, "alphabet"},
		{"Spanish letters that are free", "es", "{{.brand}}: mañana, José, ¿qué?", service, ""},
		{"selling in a job text", "en", "{{.brand}}: done. Save 10% off your next visit", service, "sales"},
		{"selling in a Spanish job text", "es", "{{.brand}}: listo. Aproveche un descuento", service, "sales"},
		{"selling where it is allowed", "en", "{{.brand}}: 10% off. Reply STOP to opt out.", Rules{Stop: true}, ""},
		{"savings inside another word", "en", "{{.brand}}: the unsaved wholesaler dealt with it", service, ""},
		{"marketing that cannot be stopped", "en", "{{.brand}}: your plan renews", Rules{Stop: true}, "stop"},
		{"marketing with FOOT", "en", "{{.brand}}: your plan renews", Rules{Stop: true, Foot: true}, ""},
		{"marketing with FOOT in Spanish", "es", "{{.brand}}: su plan se renueva", Rules{Stop: true, Foot: true}, ""},
		{"stop as a common word is no way to stop", "en", "{{.brand}}: we stop by", Rules{Stop: true}, "stop"},
		{"YES as a reply code", "en", "{{.brand}}: reply YES to confirm", service, "code"},
		{"yes in small letters as a reply code", "en", "{{.brand}}: reply 'yes' to confirm", service, "code"},
		{"CANCEL as a reply code", "en", "{{.brand}}: C to confirm, CANCEL to cancel", service, "code"},
		{"si as a reply code", "es", "{{.brand}}: responda si para confirmar", service, "code"},
		{"si as an if is fine", "es", "{{.brand}}: responda C si le conviene", service, ""},
		{"canceled as a word is fine", "en", "{{.brand}}: your visit is canceled", service, ""},
		{"a public shortener", "en", "{{.brand}}: see https://bit.ly/x", service, "link"},
		{"nobody says who writes", "en", "{{.tech}} is on the way", service, "name"},
		{"no longest value", "en", "{{.brand}}: {{.missing}}", service, "value"},
	} {
		t.Run(c.name, func(t *testing.T) {
			allowed := Vars{"missing": Words}
			for k, v := range vars {
				allowed[k] = v
			}
			text, err := Parse("sample", c.lang, c.text, allowed)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, f := range Lint(text, longest, c.rules) {
				got = append(got, f.Rule)
			}
			if strings.Join(got, " ") != c.want {
				t.Errorf("Lint found %v, want %q", Lint(text, longest, c.rules), c.want)
			}
		})
	}
}

func TestALongLinkIsFound(t *testing.T) {
	values := map[string]string{"brand": "Acme", "link": "https://t.example/" + strings.Repeat("x", 40)}
	found := Lint(mustParse(t, "en", "{{.brand}}: {{.link}}"), values, Rules{})
	if len(found) != 1 || found[0].Rule != "link" {
		t.Errorf("Lint found %v, want the link", found)
	}
}

var (
	wordingRow = regexp.MustCompile(`(?m)^\| ([a-z0-9]+) \| (\{brand\}:[^|]*) \| (\{brand\}:[^|]*) \|$`)
	braced     = regexp.MustCompile(`\{([a-z]+)\}`)
)

// The texts that a shop finds switched on must pass the lint, in both languages.
func TestTheTextsOfTheBuiltInPlaybookPass(t *testing.T) {
	rows := wordingRow.FindAllStringSubmatch(string(shared(t, "playbook-brief.md")), -1)
	if len(rows) < 25 {
		t.Fatalf("found %d texts, want the whole table", len(rows))
	}
	allowed, values := Vars{}, map[string]string{}
	for name, value := range map[string]string{
		"service": "water heater repair", "old": "Wed Sep 30 10:30 AM-12:30 PM", "eta": "10:30-11:15 AM", "time": "10:45 AM",
		"by": "Wed Sep 30", "what": "furnace maintenance", "until": "Sep 30", "number": "INV-104233", "due": "Sep 30",
		"plan": "Comfort Plus", "open": "Mon 7:30 AM", "site": "brightwater.example",
		"brand": "Brightwater", "tech": "Christopher", "day": "Wed Sep 30", "window": "10:30 AM-12:30 PM",
		"street": "1418 W Larkspur Ln", "link": "https://bw.example/" + strings.Repeat("x", 22), "phone": "(312) 555-0148",
		"amount": "$12,345.67", "reason": "an earlier job needs more time",
	} {
		allowed[name], values[name] = Words, value
	}
	allowed["link"], allowed["brand"], allowed["tech"] = Link, Name, Name
	selling := map[string]bool{"survey": true, "review": true, "maint": true, "renew": true, "rebook1": true, "rebook2": true, "winback": true}
	for _, row := range rows {
		for i, lang := range []string{"en", "es"} {
			text, err := Parse(row[1], lang, braced.ReplaceAllString(row[2+i], "{{.$1}}"), allowed)
			if err != nil {
				t.Error(err)
				continue
			}
			rules := Rules{Stop: selling[row[1]], Service: !selling[row[1]], Foot: !strings.Contains(row[2+i], "STOP")}
			for _, f := range Lint(text, values, rules) {
				t.Errorf("%s: %s", f.Rule, f.Text)
			}
		}
	}
}
