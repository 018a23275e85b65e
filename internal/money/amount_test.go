package money

import (
	"errors"
	"math"
	"testing"

	"pgregory.net/rapid"
)

func TestAmountsAreReadStrictly(t *testing.T) {
	for _, c := range []struct {
		text, currency string
		want           int64
	}{
		{"0", "USD", 0}, {"-0", "USD", 0}, {"12", "USD", 1200}, {"12.3", "USD", 1230}, {"12.34", "usd", 1234},
		{"-0.05", "USD", -5}, {"1.500", "USD", 150}, {"500", "JPY", 500}, {"1.234", "KWD", 1234}, {"007.10", "USD", 710},
		{"92233720368547758.07", "USD", math.MaxInt64}, {"-92233720368547758.08", "USD", math.MinInt64},
	} {
		if got, err := Parse(c.text, c.currency); got != c.want || err != nil {
			t.Errorf("Parse(%q, %s) = %d, %v, want %d", c.text, c.currency, got, err, c.want)
		}
	}
	for _, text := range []string{"", "-", ".", "1.", ".5", "+1", "1,000", "$1", "1e3", " 1", "1 ", "--1", "1.2.3", "1.005", "٣", "NaN", "0x10"} {
		if got, err := Parse(text, "USD"); err == nil {
			t.Errorf("Parse(%q) = %d, want an error", text, got)
		}
	}
	for _, text := range []string{"92233720368547758.08", "-92233720368547758.09", "999999999999999999999999"} {
		if _, err := Parse(text, "USD"); !errors.Is(err, ErrRange) {
			t.Errorf("Parse(%q) gives %v, want ErrRange", text, err)
		}
	}
}

func TestWhatIsWrittenReadsBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		minor, currency := rapid.Int64().Draw(t, "minor"), rapid.SampledFrom([]string{"USD", "JPY", "KWD"}).Draw(t, "currency")
		text := Format(minor, currency)
		if got, err := Parse(text, currency); got != minor || err != nil {
			t.Fatalf("%d is written %q and read %d, %v", minor, text, got, err)
		}
	})
	if got := Format(-5, "USD"); got != "-0.05" {
		t.Errorf("Format(-5) = %q, want -0.05", got)
	}
}

func TestAddRefusesToOverflow(t *testing.T) {
	if _, err := Add(math.MaxInt64, 1); !errors.Is(err, ErrRange) {
		t.Errorf("adding beyond the greatest gives %v, want ErrRange", err)
	}
	if _, err := Add(math.MinInt64, -1); !errors.Is(err, ErrRange) {
		t.Errorf("adding beyond the least gives %v, want ErrRange", err)
	}
	if sum, err := Add(math.MaxInt64, math.MinInt64, 1); sum != 0 || err != nil {
		t.Errorf("Add = %d, %v, want 0", sum, err)
	}
}

func TestSplitPartsAreFairAndSumUp(t *testing.T) {
	for _, c := range []struct {
		amount  int64
		weights []int64
		want    []int64
	}{
		{100, []int64{1, 1, 1}, []int64{34, 33, 33}},
		{100, []int64{0, 0}, []int64{50, 50}},
		{-100, []int64{1, 1, 1}, []int64{-34, -33, -33}},
		{10, []int64{1, 0, 2}, []int64{3, 0, 7}},
		{math.MaxInt64, []int64{math.MaxInt64 / 2, math.MaxInt64 / 2}, []int64{math.MaxInt64/2 + 1, math.MaxInt64 / 2}},
	} {
		got, err := Split(c.amount, c.weights)
		if err != nil || !equalInts(got, c.want) {
			t.Errorf("Split(%d, %v) = %v, %v, want %v", c.amount, c.weights, got, err, c.want)
		}
	}
	for _, weights := range [][]int64{nil, {1, -1}, {math.MaxInt64, 1}} {
		if got, err := Split(1, weights); err == nil {
			t.Errorf("Split(1, %v) = %v, want an error", weights, got)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		amount := rapid.Int64().Draw(t, "amount")
		weights := rapid.SliceOfN(rapid.Int64Range(0, 1<<40), 1, 8).Draw(t, "weights")
		parts, err := Split(amount, weights)
		if err != nil {
			t.Fatal(err)
		}
		if sum, err := Add(parts...); sum != amount || err != nil {
			t.Fatalf("%v sum to %d, %v, want %d", parts, sum, err, amount)
		}
	})
}

func equalInts(a, b []int64) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}
