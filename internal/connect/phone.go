package connect

import "github.com/nyaruka/phonenumbers"

// E164 writes a telephone number of North America, or one that is written in full, in its
// one form; "" if it is none.
func E164(raw string) string {
	n, err := phonenumbers.Parse(raw, "US")
	if raw == "" || len(raw) > 80 || err != nil || !phonenumbers.IsValidNumber(n) {
		return ""
	}
	e164 := phonenumbers.Format(n, phonenumbers.E164)
	if n.GetCountryCode() == 1 && len(e164) != len("+12085550123") { // 310-xxxx holds for valid without an area code
		return ""
	}
	return e164
}
