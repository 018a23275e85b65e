package connect

import (
	"fmt"
	"io"
)

// A Secret is a key or token from the configuration. However it is printed, logged
// or encoded it shows as dots; string(s) is the secret itself.
type Secret string

const dots = "••••"

// Format prints dots for every verb.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, s.String()) }

// String returns dots, or nothing for an empty secret, so that a page can show
// whether one is set.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return dots
}

// MarshalText writes dots: a configuration that is written out again has lost its
// secrets, on purpose.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }
