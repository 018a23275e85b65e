package match

import (
	"strings"
	"sync"

	"github.com/nyaruka/phonenumbers"
)

// Phone returns the E.164 form of a phone number typed in the US, without its
// extension, or "" where libphonenumber does not hold it for valid or the area
// code is missing.
func Phone(raw string) string {
	if raw == "" || len(raw) > 80 { // longer than any number with its extension
		return ""
	}
	if e164, ok := phones.get(raw); ok {
		return e164
	}
	e164 := parsePhone(raw)
	phones.put(strings.Clone(raw), e164)
	return e164
}

func parsePhone(raw string) string {
	n, err := phonenumbers.Parse(raw, "US")
	if err != nil || !phonenumbers.IsValidNumber(n) {
		return ""
	}
	e164 := phonenumbers.Format(n, phonenumbers.E164)
	// The US entry also holds seven-digit 310-xxxx numbers for valid.
	if n.GetCountryCode() == 1 && len(e164) != len("+12085550123") {
		return ""
	}
	return e164
}

// phones remembers what was parsed, since parsing costs some 30 µs and the
// same few thousand numbers come again and again.
var phones = memory{limit: 8192}

// A memory is a bounded map that forgets in two generations: when the young
// one is full it becomes the old one, and the old one is dropped.
type memory struct {
	mu         sync.RWMutex
	limit      int
	young, old map[string]string
}

func (m *memory) get(key string) (value string, ok bool) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	if value, ok = m.young[key]; !ok {
		value, ok = m.old[key]
	}
	return value, ok
}

func (m *memory) put(key, value string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.young == nil || len(m.young) >= m.limit {
		m.old, m.young = m.young, make(map[string]string)
	}
	m.young[key] = value
}
