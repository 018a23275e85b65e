package hubspot

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

const maxText = 65_536 // characters

// instant is how the vendor writes a datetime.
const instant = "2006-01-02T15:04:05.000Z"

func formatInstant(t time.Time) string { return t.UTC().Format(instant) }

var numberShape = regexp.MustCompile(`^-?(\d+\.?\d*|\.\d+)$`)

// canonical checks a written value and returns it as it will be read back. The
// empty value clears and is always good. old is the present value, to which a
// multi-checkbox with a leading ";" appends.
func (p *portal) canonical(def *property, value, old string) (string, *badValue) {
	bad := func(code, format string, args ...any) (string, *badValue) {
		return "", &badValue{name: def.name, code: code, message: fmt.Sprintf(format, args...)}
	}
	if value == "" {
		return "", nil
	}
	switch def.typ {
	case "number":
		n, ok := canonicalNumber(value)
		if !ok {
			return bad("INVALID_INTEGER", "%s was not a valid number", def.name)
		}
		return n, nil
	case "bool":
		if value != "true" && value != "false" {
			return bad("INVALID_BOOLEAN", "%s was not a valid boolean", value)
		}
	case "date":
		day, problem := canonicalDate(value)
		if problem != "" {
			return bad("INVALID_DATE", "%s", problem)
		}
		return day, nil
	case "datetime":
		at, ok := parseInstant(value)
		if !ok {
			return bad("INVALID_DATE", "%s was not a valid date", value)
		}
		return formatInstant(at), nil
	case "enumeration":
		if def.owners {
			if p.owner(value) == nil {
				return bad("INVALID_OWNER_ID", "Owner %s does not exist", value)
			}
			return value, nil
		}
		chosen, wrong := choose(def, value, old)
		if wrong != "" {
			return bad("INVALID_OPTION", "%s was not one of the allowed options: [%s]", wrong, strings.Join(optionValues(def), ", "))
		}
		return chosen, nil
	}
	if utf8.RuneCountInString(value) > maxText {
		return bad("INVALID_LENGTH", "%s exceeds %d characters", def.name, maxText)
	}
	if def.name == "email" {
		email := strings.ToLower(strings.TrimSpace(value))
		if !validEmail(email) {
			return bad("INVALID_EMAIL", "Email address %s is invalid", value)
		}
		return email, nil
	}
	return value, nil
}

// canonicalNumber drops zeros that say nothing: 10.00 is read back as 10.
func canonicalNumber(value string) (string, bool) {
	if !numberShape.MatchString(value) || len(value) > 64 {
		return "", false
	}
	digits, negative := strings.CutPrefix(value, "-")
	whole, fraction, _ := strings.Cut(digits, ".")
	whole, fraction = strings.TrimLeft(whole, "0"), strings.TrimRight(fraction, "0")
	if whole == "" {
		whole = "0"
	}
	if fraction != "" {
		whole += "." + fraction
	}
	if negative && whole != "0" {
		whole = "-" + whole
	}
	return whole, true
}

// canonicalDate reads YYYY-MM-DD or epoch milliseconds at midnight UTC.
func canonicalDate(value string) (day, problem string) {
	if at, err := time.Parse(time.DateOnly, value); err == nil {
		return at.Format(time.DateOnly), ""
	}
	ms, err := strconv.ParseInt(value, 10, 64)
	at := time.UnixMilli(ms).UTC()
	switch {
	case err != nil || at.Year() < 1000 || at.Year() > 9999:
		return "", value + " was not a valid date"
	case !at.Equal(at.Truncate(24 * time.Hour)):
		return "", fmt.Sprintf("%s is at %d:%d:%d.%d UTC, not midnight!", value, at.Hour(), at.Minute(), at.Second(), at.Nanosecond()/1e6)
	}
	return at.Format(time.DateOnly), ""
}

// parseInstant reads ISO 8601 in UTC with Z, or epoch milliseconds.
func parseInstant(value string) (time.Time, bool) {
	if strings.HasSuffix(value, "Z") {
		at, err := time.Parse(time.RFC3339Nano, value)
		return at.Truncate(time.Millisecond), err == nil
	}
	ms, err := strconv.ParseInt(value, 10, 64)
	at := time.UnixMilli(ms).UTC()
	return at, err == nil && at.Year() >= 0 && at.Year() <= 9999
}

// choose checks an enumeration's value, which is case sensitive. Several
// checkboxes are joined by ";"; they are read back in the order of the options,
// whatever order they were written in.
func choose(def *property, value, old string) (chosen, wrong string) {
	if def.fieldType != "checkbox" {
		if !slices.Contains(optionValues(def), value) {
			return "", value
		}
		return value, ""
	}
	written := strings.Split(value, ";")
	if strings.HasPrefix(value, ";") {
		written = append(written[1:], strings.Split(old, ";")...)
	}
	for _, w := range written {
		if w != "" && !slices.Contains(optionValues(def), w) {
			return "", w
		}
	}
	var kept []string
	for _, v := range optionValues(def) {
		if slices.Contains(written, v) {
			kept = append(kept, v)
		}
	}
	return strings.Join(kept, ";"), ""
}

func optionValues(def *property) []string {
	values := make([]string, len(def.options))
	for i, o := range def.options {
		values[i] = o.Value
	}
	return values
}

func validEmail(email string) bool {
	local, domain, found := strings.Cut(email, "@")
	dot := strings.LastIndex(domain, ".")
	return found && local != "" && dot > 0 && dot < len(domain)-1 && !strings.ContainsAny(email, " \t\n,;<>\"") &&
		strings.Count(email, "@") == 1
}

// searchablePhone is what search knows of a phone number: area code and local
// number, without the country code.
func searchablePhone(phone string) string {
	var digits []byte
	for i := range len(phone) {
		if phone[i] >= '0' && phone[i] <= '9' {
			digits = append(digits, phone[i])
		}
	}
	if len(digits) > 10 {
		digits = digits[len(digits)-10:]
	}
	return string(digits)
}
