package hubspot

import (
	"math/big"
	"regexp"
	"slices"
	"strings"
	"time"
)

// decimal keeps exponents out: a short text such as 1e999999999 would fill memory.
var decimal = regexp.MustCompile(`^[+-]?[0-9]{1,60}(\.[0-9]{0,60})?$`)

// Equal says whether two texts are one value to HubSpot. The field's type is the
// Value of its schema. Nothing there, which is the empty text, equals only itself.
func Equal(fieldType, a, b string) bool {
	if a == b {
		return true
	}
	if a == "" || b == "" {
		return fieldType == "enums" && slices.Equal(options(a), options(b))
	}
	switch fieldType {
	case "number":
		return equalNumbers(a, b)
	case "date":
		x, y := dateOf(a), dateOf(b)
		return x != "" && x == y
	case "datetime":
		x, y := momentOf(a), momentOf(b)
		return !x.IsZero() && x.Equal(y)
	case "bool":
		return strings.EqualFold(a, b)
	case "enums":
		return slices.Equal(options(a), options(b))
	}
	return false
}

func equalNumbers(a, b string) bool {
	if !decimal.MatchString(a) || !decimal.MatchString(b) {
		return false
	}
	x, ok1 := new(big.Rat).SetString(a)
	y, ok2 := new(big.Rat).SetString(b)
	return ok1 && ok2 && x.Cmp(y) == 0
}

// dateOf reads a date, or an instant of which HubSpot keeps the day in UTC.
func dateOf(text string) string {
	if day, err := time.Parse(time.DateOnly, text); err == nil {
		return day.Format(time.DateOnly)
	}
	if at := instant(text); !at.IsZero() {
		return at.Format(time.DateOnly)
	}
	return ""
}

// momentOf reads an instant to the millisecond, which is what HubSpot keeps.
func momentOf(text string) time.Time {
	if day, err := time.Parse(time.DateOnly, text); err == nil {
		return day
	}
	return instant(text).Truncate(time.Millisecond)
}

func options(text string) []string {
	words := slices.DeleteFunc(strings.Split(text, ";"), func(s string) bool { return s == "" })
	slices.Sort(words)
	return slices.Compact(words)
}
