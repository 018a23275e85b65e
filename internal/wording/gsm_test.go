package wording

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// shared reads a file of the test data that lies beside the repository.
func shared(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("../../../shared", name))
	if err != nil && os.Getenv("CI") == "true" {
		t.Fatal(err)
	}
	if err != nil {
		t.Skipf("the shared data is not here: %v", err)
	}
	return data
}

func TestSegmentsAgreeWithTheVendorsCalculator(t *testing.T) {
	var file struct {
		Vectors []struct {
			Name, Body, Encoding string
			Segments             int
		}
	}
	if err := json.Unmarshal(shared(t, "vendors/data/twilio/segment-vectors.json"), &file); err != nil {
		t.Fatal(err)
	}
	if len(file.Vectors) < 39 {
		t.Fatalf("read %d vectors, want 39", len(file.Vectors))
	}
	for _, v := range file.Vectors {
		n, unicode := Segments(v.Body)
		if n != v.Segments || unicode != (v.Encoding == "UCS-2") {
			t.Errorf("%s: Segments = %d, %v, want %d in %s", v.Name, n, unicode, v.Segments, v.Encoding)
		}
		if n, unicode := Segments(GSM(v.Body)); unicode || n > v.Segments {
			t.Errorf("%s: after GSM it costs %d, unicode %v", v.Name, n, unicode)
		}
	}
}

func TestSegmentsAgreeWithTheSecondSetOfVectors(t *testing.T) {
	lines := bufio.NewScanner(strings.NewReader(string(shared(t, "data/sms_segments/vectors.jsonl"))))
	count := 0
	for lines.Scan() {
		var v struct {
			ID, Body, Encoding string
			Segments           int
		}
		if err := json.Unmarshal(lines.Bytes(), &v); err != nil {
			t.Fatal(err)
		}
		count++
		if n, unicode := Segments(v.Body); n != v.Segments || unicode != (v.Encoding == "UCS-2") {
			t.Errorf("%s: Segments = %d, %v, want %d in %s", v.ID, n, unicode, v.Segments, v.Encoding)
		}
	}
	if count != 22 {
		t.Errorf("read %d vectors, want 22", count)
	}
}

func TestTheAlphabetIsTheVendors(t *testing.T) {
	var file struct {
		Basic, Extension []struct{ U string }
	}
	if err := json.Unmarshal(shared(t, "vendors/data/twilio/gsm7.json"), &file); err != nil {
		t.Fatal(err)
	}
	if len(septets) != len(file.Basic)+len(file.Extension) {
		t.Errorf("the alphabet has %d letters, want %d", len(septets), len(file.Basic)+len(file.Extension))
	}
	for _, c := range file.Basic {
		if r := point(t, c.U); septets[r] != 1 {
			t.Errorf("%s costs %d, want 1", c.U, septets[r])
		}
	}
	for _, c := range file.Extension {
		if r := point(t, c.U); septets[r] != 2 {
			t.Errorf("%s costs %d, want 2", c.U, septets[r])
		}
	}
}

func point(t *testing.T, u string) rune {
	t.Helper()
	n, err := strconv.ParseInt(strings.TrimPrefix(u, "U+"), 16, 32)
	if err != nil {
		t.Fatal(err)
	}
	return rune(n)
}

func TestWhatSmartEncodingReplacesIsReplacedHereToo(t *testing.T) {
	var file struct{ Map map[string]string }
	if err := json.Unmarshal(shared(t, "vendors/data/twilio/smart-encoding-map.json"), &file); err != nil {
		t.Fatal(err)
	}
	// The vendor turns small capitals into letters, a few marks into others of
	// like shape, and single angle quotes the wrong way round; a combining mark
	// belongs to the letter before it here.
	differ := 0
	for u, want := range file.Map {
		got := GSM(string(point(t, u)))
		if outside(got) != "" {
			t.Errorf("GSM(%s) = %q, which is outside the alphabet", u, got)
		}
		if strings.TrimSpace(got) != strings.TrimSpace(want) {
			differ++
			t.Logf("%s: ours %q, theirs %q", u, got, want)
		}
	}
	if differ > 45 {
		t.Errorf("%d of %d replacements differ from the vendor's", differ, len(file.Map))
	}
}

func TestNamesInLettersThatCostNothing(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"letters of the alphabet stay", "José Peña Müller Ångström Ærø", "José Peña Müller Ångström Ærø"},
		{"others lose their accent", "María Ibáñez, Zoë Côté, François", "Maria Ibañez, Zoe Coté, Francois"},
		{"a letter and its accent become one first", "Jose\u0301 Pen\u0303a", "José Peña"},
		{"Polish and Turkish", "Łukasz Żółć, Işıl Çağlar", "Lukasz Zolc, Isil Çaglar"},
		{"Vietnamese", "Nguyễn Đức", "Nguyen Duc"},
		{"Cyrillic", "Юрий Щербак", "Iurii Shcherbak"},
		{"quotes, dashes and dots", "“Bob’s” – 8–10 am…", `"Bob's" - 8-10 am...`},
		{"full width letters", "ＡＢＣ１２", "ABC12"},
		{"fractions", "½ ton", "1/2 ton"},
		{"emoji and other scripts are left out", "Kim 🔧 王", "Kim  "},
		{"zero width characters are left out", "a\u200bb\ufeffc", "abc"},
		{"broken bytes are left out", "a\xffb", "ab"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := GSM(c.in); got != c.want {
				t.Errorf("GSM(%q) = %q, want %q", c.in, got, c.want)
			}
		})
	}
}

func TestACharacterIsNotCut(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       int
	}{
		{"an emoji at the end of a segment", strings.Repeat("á", 66) + "😀" + strings.Repeat("á", 66), 3},
		{"a family of emoji", strings.Repeat("á", 60) + "👩‍👩‍👧‍👦" + strings.Repeat("á", 60), 3},
		{"a letter with its accent", strings.Repeat("ж", 66) + "x\u0301" + strings.Repeat("ж", 67), 3},
		{"two flags are two characters", strings.Repeat("á", 63) + "🇮🇹🇺🇸" + strings.Repeat("á", 63), 2},
		{"a pile of accents longer than a segment", "x" + strings.Repeat("\u0301", 200), 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			if n, _ := Segments(c.text); n != c.want {
				t.Errorf("Segments = %d, want %d", n, c.want)
			}
		})
	}
}

func FuzzSegments(f *testing.F) {
	f.Add("We’re on our way 😀")
	f.Add(strings.Repeat("€", 90))
	f.Add("🇮🇹\u200d\u0301\xff")
	f.Fuzz(func(t *testing.T, text string) {
		n, unicode := Segments(text)
		if n < 1 || n > 1+len(text) {
			t.Errorf("Segments(%q) = %d", text, n)
		}
		plain := GSM(text)
		if _, still := Segments(plain); still {
			t.Errorf("GSM(%q) = %q is still unicode", text, plain)
		}
		if !unicode && plain != text {
			t.Errorf("GSM changed %q, which cost nothing, to %q", text, plain)
		}
		if GSM(plain) != plain {
			t.Errorf("GSM(%q) changes again", plain)
		}
	})
}
