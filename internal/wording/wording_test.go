package wording

import (
	"strings"
	"testing"
)

var vars = Vars{"brand": Name, "tech": Name, "day": Words, "window": Words, "street": Words, "link": Link, "phone": Phone,
	"amount": Amount, "reason": Words}

func mustParse(t *testing.T, lang, text string) *Text {
	t.Helper()
	parsed, err := Parse("sample", lang, text, vars)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

func TestTemplatesThatAreRefused(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"an unknown variable", "{{.brand}}: hello\n{{.tehc}}", `sample.en:2:2: this message has no variable "tehc"`},
		{"a part of a variable", "{{.brand.name}}", "brand has no parts"},
		{"everything at once", "{{.}}", "not allowed"},
		{"a loop", "{{range .brand}}x{{end}}", "not allowed"},
		{"a block", `{{with .brand}}x{{end}}`, "not allowed"},
		{"a definition", `{{define "x"}}y{{end}}hello`, "templates inside"},
		{"a call of another template", `{{template "x"}}`, "not allowed"},
		{"a declared variable", `{{$x := .brand}}`, "cannot be declared"},
		{"a function of the library", `{{printf "%s" .brand}}`, "printf is not allowed"},
		{"an unknown function", "{{shout .brand}}", `"shout" not defined`},
		{"a number", "{{eq 3 4}}", "not allowed"},
		{"the first word of a street", "{{first .street}}", "first is for names"},
		{"a link in capitals", "{{upper .link}}", "cannot be changed"},
		{"a brace left open", "{{.brand", "unclosed action"},
		{"nothing", "", "empty"},
		{"a variable hidden in parentheses", "{{first (or .nobody .tech)}}", `no variable "nobody"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Parse("sample", "en", c.text, vars)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("Parse(%q) gave %v, want an error with %q", c.text, err, c.want)
			}
		})
	}
}

func TestRenderedTexts(t *testing.T) {
	for _, c := range []struct {
		name, text string
		vars       map[string]string
		want       string
	}{
		{"variables are filled in", "{{.brand}}: {{.tech}} is on the way",
			map[string]string{"brand": "Acme", "tech": "Dana"}, "Acme: Dana is on the way"},
		{"names lose what would cost a segment", "{{.tech}} at {{.street}}",
			map[string]string{"tech": "José Núñez 🔧", "street": "12 Peña\nRd"}, "José Nuñez at 12 Peña Rd"},
		{"a link is left as it is", "{{.link}}", map[string]string{"link": "https://t.example/a_b"}, "https://t.example/a_b"},
		{"a fallback stands in for nobody", `{{or .tech "our technician"}} is coming`, map[string]string{"tech": " "},
			"our technician is coming"},
		{"a condition skips what is empty", "Hello{{if .tech}}, {{first .tech}} is coming{{end}}.", map[string]string{"tech": ""},
			"Hello."},
		{"a condition shows what is there", "Hello{{if .tech}}, {{first .tech}} is coming{{end}}.",
			map[string]string{"tech": "Dana Kim"}, "Hello, Dana is coming."},
		{"values are not templates", "{{.tech}}", map[string]string{"tech": "{{.brand}}"}, "{{.brand}}"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := mustParse(t, "en", c.text).Render(c.vars)
			if err != nil || got != c.want {
				t.Errorf("Render = %q, %v, want %q", got, err, c.want)
			}
		})
	}
}

func TestHalfASentenceIsNeverRendered(t *testing.T) {
	for _, c := range []struct {
		name, text string
		vars       map[string]string
		want       string
	}{
		{"a missing value", "{{.brand}}", nil, "no value for brand"},
		{"an empty value", "{{.brand}}", map[string]string{"brand": " "}, "brand is empty"},
		{"a name of which nothing is left", "{{.tech}}", map[string]string{"tech": "王伟"}, "tech is empty"},
		{"a link without https", "{{.link}}", map[string]string{"link": "http://x.example"}, "not an https link"},
		{"a missing value behind a condition", "{{if .tech}}x{{end}}", nil, "no value for tech"},
		{"an empty value outside its condition", "{{if .tech}}x{{end}} {{.tech}}", map[string]string{"tech": ""}, "tech is empty"},
		{"an empty value in the other branch", "{{if .tech}}x{{else}}{{.tech}}{{end}}", map[string]string{"tech": ""}, "tech is empty"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := mustParse(t, "en", c.text).Render(c.vars)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("Render = %q, %v, want an error with %q", got, err, c.want)
			}
		})
	}
}

func TestUsesTellsWhatMayBeEmpty(t *testing.T) {
	uses := mustParse(t, "en", `{{.brand}} {{if .tech}}{{.tech}}{{end}} {{or .day "soon"}}`).Uses()
	if len(uses) != 3 || uses["brand"] || !uses["tech"] || !uses["day"] {
		t.Errorf("Uses = %v, want brand needed, tech and day optional", uses)
	}
}

func FuzzRender(f *testing.F) {
	f.Add("{{.brand}}: {{.tech}}", "Dána")
	f.Add(`{{if eq .brand "x"}}{{upper .brand}}{{else}}{{or .tech "y"}}{{end}}`, "💧")
	f.Add("{{- /* c */ -}}{{first .tech | lower}}", "\x00\xff")
	f.Fuzz(func(t *testing.T, text, value string) {
		parsed, err := Parse("f", "en", text, vars)
		if err != nil {
			return
		}
		values := map[string]string{}
		for name := range vars {
			values[name] = value
		}
		values["link"] = "https://t.example/1"
		got, err := parsed.Render(values)
		if err == nil && outside(text) == "" && outside(got) != "" {
			t.Errorf("Render(%q, %q) = %q, which has letters outside GSM-7", text, value, got)
		}
	})
}
