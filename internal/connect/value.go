package connect

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"plumbline.dev/plumbline"
)

// InstantLayout is how an instant is written in a value: RFC 3339, UTC, milliseconds.
const InstantLayout = "2006-01-02T15:04:05.000Z"

// Value writes v as the canonical JSON text of a field: keys sorted, no spaces, nothing
// escaped that need not be, instants in UTC with milliseconds, and in texts U+FFFD
// for invalid UTF-8 and NUL, which no store takes. It knows nil, string, bool,
// int, int64, json.Number, time.Time, and slices and maps of these; another type is
// written as null.
func Value(v any) plumbline.Value {
	switch v := v.(type) { // most of what is decoded
	case bool:
		return plumbline.Value(strconv.FormatBool(v))
	case int:
		return plumbline.Value(strconv.Itoa(v))
	case int64:
		return plumbline.Value(strconv.FormatInt(v, 10))
	case string:
		if text := CleanText(v); plumbline.StandsInJSON(text) {
			return plumbline.Value(`"` + text + `"`)
		}
	case []string:
		if !slices.ContainsFunc(v, func(s string) bool { return !plumbline.StandsInJSON(s) }) {
			return listOf(v)
		}
	case time.Time:
		return plumbline.TimeValue(v)
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(plain(v)); err != nil {
		return plumbline.Null
	}
	return plumbline.Value(strings.TrimSuffix(b.String(), "\n"))
}

// listOf writes texts that need nothing but quotation marks.
func listOf(texts []string) plumbline.Value {
	if len(texts) == 0 {
		return "[]"
	}
	return plumbline.Value(`["` + strings.Join(texts, `","`) + `"]`)
}

func plain(v any) any {
	switch v := v.(type) {
	case bool, int, int64, json.Number:
		return v
	case string:
		return CleanText(v)
	case time.Time:
		return v.UTC().Format(InstantLayout)
	case []string:
		return plainSlice(v)
	case []any:
		return plainSlice(v)
	case []map[string]any:
		return plainSlice(v)
	case map[string]any:
		m := make(map[string]any, len(v))
		for k, e := range v {
			m[CleanText(k)] = plain(e)
		}
		return m
	}
	return nil
}

func plainSlice[T any](s []T) []any {
	out := make([]any, len(s))
	for i, e := range s {
		out[i] = plain(e)
	}
	return out
}

// CleanText replaces invalid UTF-8 and NUL by U+FFFD.
func CleanText(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
}

// Cents writes an amount of hundredths as decimal text in major units: -5 is "-0.05".
func Cents(n int64) string {
	sign, u := "", uint64(n)
	if n < 0 {
		sign, u = "-", -u
	}
	return fmt.Sprintf("%s%d.%02d", sign, u/100, u%100)
}
