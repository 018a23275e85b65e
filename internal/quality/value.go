package quality

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// RunPhones scores how a rule normalizes phone numbers as people type them: it
// returns the E.164 form, or "" where the text is no valid number.
func RunPhones(folder string, normalize func(raw string) string) (Row, error) {
	truth, got := map[string]string{}, map[string]string{}
	err := rows(filepath.Join(folder, "phones", "vectors.csv"), []string{"id", "raw", "e164", "valid"}, func(_, v []string) error {
		truth[v[0]], got[v[0]] = "", normalize(v[1])
		if v[3] == "true" {
			truth[v[0]] = v[2]
		}
		return nil
	})
	if err != nil {
		return Row{}, err
	}
	return Row{Set: "phones", Scored: "valid numbers", Records: len(truth), Score: Values(truth, got)}, nil
}

// An Address is one line with the words of its parts, joined by spaces: number,
// street (with direction and suffix), unit, box, city, state, zip. Words are in
// lower case without punctuation.
type Address struct {
	ID, Raw string
	Parts   map[string]string
}

// partOf tells the part by the beginning of a label of the United States
// Thoroughfare, Landmark and Postal Address standard.
var partOf = []struct{ label, part string }{
	{"AddressNumber", "number"}, {"StreetName", "street"}, {"Occupancy", "unit"}, {"Subaddress", "unit"},
	{"USPSBox", "box"}, {"PlaceName", "city"}, {"StateName", "state"}, {"ZipCode", "zip"},
}

// ReadAddresses reads labelled addresses, one JSON object per line.
func ReadAddresses(path string) ([]Address, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read labelled addresses: %w", err)
	}
	defer f.Close()
	var out []Address
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		var row struct {
			ID, Raw string
			Tokens  [][2]string // text, label
		}
		if err := json.Unmarshal(lines.Bytes(), &row); err != nil {
			return nil, fmt.Errorf("%s, line %d: %w", path, len(out)+1, err)
		}
		a := Address{row.ID, row.Raw, map[string]string{}}
		for _, t := range row.Tokens {
			if part := part(t[1]); part != "" {
				a.Parts[part] = bare(a.Parts[part] + " " + t[0])
			}
		}
		out = append(out, a)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	return out, nil
}

func part(label string) string {
	for _, p := range partOf {
		if strings.HasPrefix(label, p.label) {
			return p.part
		}
	}
	return ""
}

// RunAddresses scores how a rule takes addresses apart, in one file of the
// folder us_addresses: it returns the words of each of these parts as they
// stand in the line. Parts that are not named are not scored.
func RunAddresses(folder, file string, parts []string, parse func(raw string) map[string]string) (Row, error) {
	addresses, err := ReadAddresses(filepath.Join(folder, "us_addresses", file))
	if err != nil {
		return Row{}, err
	}
	truth, got := map[string]string{}, map[string]string{}
	for _, a := range addresses {
		found := parse(a.Raw)
		for _, p := range parts {
			key := a.ID + " " + p
			truth[key], got[key] = a.Parts[p], bare(found[p])
		}
	}
	return Row{Set: "us_addresses/" + file, Scored: strings.Join(parts, ", "), Records: len(addresses), Score: Values(truth, got)}, nil
}

var punctuation = strings.NewReplacer(".", "", ",", "", ";", "", "(", "", ")", "")

// bare takes away what makes no difference between two spellings of a part.
func bare(s string) string {
	return strings.Join(strings.Fields(punctuation.Replace(strings.ToLower(s))), " ")
}
