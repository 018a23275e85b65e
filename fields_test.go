package plumbline

import "testing"

func TestValuesFitTheirTypes(t *testing.T) {
	for typ, c := range map[FieldType]struct{ good, bad []Value }{
		Text:    {[]Value{`""`, `"a"`, `"\\u0000 as characters"`}, []Value{`1`, `a`, ``, `"\u0000"`, "\"\xff\"", `["a"]`}},
		Texts:   {[]Value{`[]`, `["a"]`}, []Value{`"a"`, `[1]`, `["a\u0000"]`}},
		Bool:    {[]Value{`true`, `false`}, []Value{`"true"`, `1`}},
		Number:  {[]Value{`0`, `-3`}, []Value{`1.5`, `"1"`, `99999999999999999999`}},
		Decimal: {[]Value{`"43.6150"`, `"-1"`}, []Value{`43.6`, `"1e3"`, `"x"`}},
		Money:   {[]Value{`"412.50"`, `"-0.01"`}, []Value{`412.50`, `"412.5"`, `"1,000.00"`}},
		Instant: {[]Value{`"2026-05-04T15:30:00.000Z"`}, []Value{`"2026-05-04"`, `1777908600`}},
		Ref:     {[]Value{`"job_1"`}, []Value{`1`}},
		Refs:    {[]Value{`["job_1"]`}, []Value{`{"a":1}`}},
		Date:    {[]Value{`"2026-05-04"`}, []Value{`"05/04/2026"`, `"2026-05-04T15:30:00.000Z"`, `20260504`}},
		Record:  {[]Value{`"0a1b"`}, []Value{`1`}},
		List:    {[]Value{`[]`, `[{"id":"1"}]`}, []Value{`{}`, `["a"]`, `[{"a\u0000":1}]`}},
	} {
		for _, v := range append(c.good, Null) {
			if !typ.Fits(v) {
				t.Errorf("%s does not fit the type %s", v, typ)
			}
		}
		for _, v := range c.bad {
			if typ.Fits(v) {
				t.Errorf("%s fits the type %s", v, typ)
			}
		}
	}
}
