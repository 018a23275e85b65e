package command

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/match"
)

type parse struct {
	Address parseAddress `cmd:"" help:"Take US addresses apart, one a line."`
	Phone   parsePhone   `cmd:"" help:"Read phone numbers as they are typed in the US, one a line."`
	Name    parseName    `cmd:"" help:"Take names of people and organizations apart, one a line."`
}

type parsed struct {
	File string `arg:"" optional:"" help:"A file of lines; without it, what is typed or piped in." type:"path"`
}

// each reads lines and prints what comes of each as one line of JSON, in their order.
func (p *parsed) each(s *shell, read func(line string) any) (err error) {
	in := s.In
	if p.File != "" {
		f, err := os.Open(p.File)
		if err != nil {
			return plumbline.Invalidf("name a file that is there and that you may read", "%s cannot be read: %v", p.File, err)
		}
		defer f.Close()
		in = f
	}
	out := bufio.NewWriter(s.Out)
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	lines := bufio.NewReader(in)
	for number := 1; ; number++ {
		line, err := lines.ReadString('\n')
		if line != "" {
			if err := enc.Encode(read(trimLine(line))); err != nil {
				return fmt.Errorf("write what came of line %d: %w", number, err)
			}
		}
		if err == io.EOF {
			return out.Flush()
		}
		if err != nil {
			return fmt.Errorf("read line %d: %w", number, err)
		}
	}
}

func trimLine(line string) string {
	for line != "" && (line[len(line)-1] == '\n' || line[len(line)-1] == '\r') {
		line = line[:len(line)-1]
	}
	return line
}

type parseAddress struct {
	parsed `embed:""`
}

// Run takes addresses apart.
func (c *parseAddress) Run(s *shell) error {
	return c.each(s, func(line string) any {
		a := match.ParseAddress(line)
		return parsedAddress{line, a.Recipient, a.Building, a.Number, a.PreDir, a.Street, a.Suffix, a.PostDir, a.Cross, a.Box, a.Unit, a.City, a.State, a.ZIP, a.Country, a.Key()}
	})
}

type parsedAddress struct {
	Raw           string `json:"raw"`
	Recipient     string `json:"recipient,omitempty"`
	Building      string `json:"building,omitempty"`
	Number        string `json:"number,omitempty"`
	PreDirection  string `json:"pre_direction,omitempty"`
	Street        string `json:"street,omitempty"` // its name alone
	Suffix        string `json:"suffix,omitempty"`
	PostDirection string `json:"post_direction,omitempty"`
	Cross         string `json:"cross_street,omitempty"`
	Box           string `json:"box,omitempty"`
	Unit          string `json:"unit,omitempty"`
	City          string `json:"city,omitempty"`
	State         string `json:"state,omitempty"`
	PostalCode    string `json:"postal_code,omitempty"`
	Country       string `json:"country,omitempty"`
	Key           string `json:"key,omitempty"` // of the property: two addresses with one key are one
}

type parsePhone struct {
	parsed `embed:""`
}

// Run reads phone numbers.
func (c *parsePhone) Run(s *shell) error {
	return c.each(s, func(line string) any {
		return struct {
			Raw string `json:"raw"`
			match.Number
		}{line, match.ParseNumber(line)}
	})
}

type parseName struct {
	parsed `embed:""`
}

// Run takes names apart.
func (c *parseName) Run(s *shell) error {
	return c.each(s, func(line string) any {
		given, family, suffix, organization := match.NameOf(line, "")
		kind := "organization"
		if given != "" || family != "" {
			kind, organization = "person", ""
		}
		return struct {
			Raw          string `json:"raw"`
			Kind         string `json:"kind"`
			Given        string `json:"given_name,omitempty"`
			Family       string `json:"family_name,omitempty"`
			Suffix       string `json:"suffix,omitempty"`
			Organization string `json:"organization,omitempty"`
		}{line, kind, given, family, suffix, organization}
	})
}
