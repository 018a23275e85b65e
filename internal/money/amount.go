// Package money turns invoices and payments into balances: what was issued,
// what is settled, what is owed, by invoice, by job and by payer. Amounts are
// integers in the minor unit of one currency; there is no floating point here.
//
// It knows nothing of tools, tables or the present: what is overdue is for the
// caller to say, with the due dates given here.
package money

import (
	"errors"
	"fmt"
	"math"
	"strings"
)

// ErrRange means that an amount does not fit 64 bits of minor units.
var ErrRange = errors.New("amount out of range")

// Exponent is the number of decimals of a currency by ISO 4217, two where the
// code is not listed here.
func Exponent(currency string) int {
	switch strings.ToUpper(currency) {
	case "JPY", "KRW", "CLP", "VND", "ISK", "PYG", "UGX", "XAF", "XOF", "XPF":
		return 0
	case "BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND":
		return 3
	}
	return 2
}

// Parse reads a decimal amount, such as "1234.50" or "-3", into minor units of
// a currency. It takes no thousands separators, no exponent and no sign of a
// currency. More decimals than the currency has are refused unless they are
// zeros, since rounding is for whoever knows why.
func Parse(text, currency string) (minor int64, err error) {
	digits, negative := strings.CutPrefix(text, "-")
	whole, decimals, point := strings.Cut(digits, ".")
	if whole == "" || point && decimals == "" || !onlyDigits(whole) || !onlyDigits(decimals) {
		return 0, fmt.Errorf("parse amount %q: not a decimal number", text)
	}
	exponent := Exponent(currency)
	if len(decimals) > exponent {
		if strings.Trim(decimals[exponent:], "0") != "" {
			return 0, fmt.Errorf("parse amount %q: more than %d decimals", text, exponent)
		}
		decimals = decimals[:exponent]
	}
	decimals += strings.Repeat("0", exponent-len(decimals))
	// Counting downwards reaches the least int64, which has no positive twin.
	for _, c := range whole + decimals {
		d := int64(c - '0')
		if minor < (math.MinInt64+d)/10 {
			return 0, fmt.Errorf("parse amount %q: %w", text, ErrRange)
		}
		minor = minor*10 - d
	}
	if negative {
		return minor, nil
	}
	if minor == math.MinInt64 {
		return 0, fmt.Errorf("parse amount %q: %w", text, ErrRange)
	}
	return -minor, nil
}

func onlyDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

// Format writes minor units of a currency as decimal text: "1234.50".
func Format(minor int64, currency string) string {
	magnitude, sign := uint64(minor), ""
	if minor < 0 {
		magnitude, sign = -magnitude, "-"
	}
	exponent := Exponent(currency)
	digits := fmt.Sprintf("%0*d", exponent+1, magnitude)
	if exponent == 0 {
		return sign + digits
	}
	cut := len(digits) - exponent
	return sign + digits[:cut] + "." + digits[cut:]
}

// Add sums amounts, or returns ErrRange.
func Add(amounts ...int64) (sum int64, err error) {
	for _, a := range amounts {
		if a > 0 && sum > math.MaxInt64-a || a < 0 && sum < math.MinInt64-a {
			return 0, ErrRange
		}
		sum += a
	}
	return sum, nil
}

// Split divides an amount in proportion to weights, by largest remainder: the
// parts differ from the exact ones by less than one unit and sum to the amount.
// Left-over units go to the largest remainders, then to earlier parts. Weights
// must not be negative; where all are zero the parts are equal.
func Split(amount int64, weights []int64) ([]int64, error) {
	total, err := weigh(weights)
	if err != nil {
		return nil, fmt.Errorf("split %d: %w", amount, err)
	}
	return split(amount, weights, total), nil
}
