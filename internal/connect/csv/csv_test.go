package csv

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"plumbline.dev/plumbline"
)

func parse(t *testing.T, text string) *File {
	t.Helper()
	f, err := Parse("customers.csv", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func rows(f *File) []Row { return slices.Collect(f.Rows()) }

func TestFilesAreReadAsProgramsWriteThem(t *testing.T) {
	want := [][]string{{"Dana", "Whitlock", "a, b"}, {"José", "Ortíz", "two\nlines"}}
	plain := "First,Last,Notes\nDana,Whitlock,\"a, b\"\nJosé,Ortíz,\"two\nlines\"\n"
	for name, c := range map[string]struct {
		text      string
		encoding  string
		delimiter rune
	}{
		"plain":             {plain, "UTF-8", ','},
		"with a BOM":        {"\ufeff" + plain, "UTF-8", ','},
		"CRLF":              {strings.ReplaceAll(plain, "\n", "\r\n"), "UTF-8", ','},
		"no last end":       {strings.TrimSuffix(plain, "\n"), "UTF-8", ','},
		"semicolons":        {"First;Last;Notes\nDana;Whitlock;a, b\nJosé;Ortíz;\"two\nlines\"\n", "UTF-8", ';'},
		"tabs":              {"First\tLast\tNotes\nDana\tWhitlock\ta, b\nJosé\tOrtíz\t\"two\nlines\"\n", "UTF-8", '\t'},
		"said by Excel":     {"sep=;\nFirst;Last;Notes\nDana;Whitlock;a, b\nJosé;Ortíz;\"two\nlines\"\n", "UTF-8", ';'},
		"Windows-1252":      {strings.NewReplacer("é", "\xe9", "í", "\xed").Replace(plain), "Windows-1252", ','},
		"empty lines":       {"\n\nFirst,Last,Notes\n\nDana,Whitlock,\"a, b\"\n , ,\nJosé,Ortíz,\"two\nlines\"\n\n\n", "UTF-8", ','},
		"empty cells after": {strings.Replace(plain, "\"a, b\"", "\"a, b\",,", 1), "UTF-8", ','},
		"UTF-16":            {utf16(plain), "UTF-16", ','},
	} {
		t.Run(name, func(t *testing.T) {
			f := parse(t, c.text)
			if f.Encoding != c.encoding || f.Delimiter != c.delimiter {
				t.Errorf("read as %s by %q, want %s by %q", f.Encoding, f.Delimiter, c.encoding, c.delimiter)
			}
			got := rows(f)
			if len(got) != 2 {
				t.Fatalf("%d rows, want 2: %+v", len(got), got)
			}
			for i, r := range got {
				cells := slices.Clone(r.Cells)
				cells[2] = strings.ReplaceAll(cells[2], "\r\n", "\n")
				if !slices.Equal(cells, want[i]) || r.Fault != "" || r.Number != i+1 {
					t.Errorf("row %d = %+v, want the cells %q", i+1, r, want[i])
				}
			}
		})
	}
}

func utf16(s string) string {
	b := []byte{0xff, 0xfe}
	for _, c := range s {
		b = append(b, byte(c), byte(c>>8))
	}
	return string(b)
}

func TestARowThatCannotBeReadStopsNoOther(t *testing.T) {
	for name, c := range map[string]struct{ bad, reason string }{
		"an open quote":       {"1,\"Dana,Whitlock,x", "a quote that begins on this line is not closed"},
		"too many cells":      {"1,Dana,Whitlock,x,y", "5 cells, and the heading 4"},
		"a quote, then lines": {"1,\"Dana,Whitlock,x\n2,Abe,Lund,\"y\"", "is not closed"},
	} {
		t.Run(name, func(t *testing.T) {
			f := parse(t, "id,first,last,notes\n0,Zoe,Abel,ok\n"+c.bad+"\n9,Ann,Berg,\"fine\"\n")
			got := rows(f)
			if got[0].Fault != "" || got[0].Line != 2 {
				t.Errorf("the row before = %+v", got[0])
			}
			if !strings.Contains(got[1].Fault, c.reason) || got[1].Line != 3 {
				t.Errorf("the bad row = %+v, want the reason %q on line 3", got[1], c.reason)
			}
			last := got[len(got)-1]
			if last.Fault != "" || !slices.Equal(last.Cells, []string{"9", "Ann", "Berg", "fine"}) || last.Line != 4+strings.Count(c.bad, "\n") {
				t.Errorf("the row after = %+v", last)
			}
		})
	}
	f := parse(t, "name,notes\nDana,"+strings.Repeat("x", MaxRow+10)+"\nAbe,\nZoe,"+strings.Repeat("y", MaxCell+1)+"\n")
	got := rows(f)
	if len(got) != 3 || !strings.Contains(got[0].Fault, "longer than") || got[1].Fault != "" {
		t.Errorf("with a huge row: %d rows, the first: %q", len(got), got[0].Fault)
	}
	l := &Layout{Kind: plumbline.Customer}
	if err := l.Map(f, nil); err != nil {
		t.Fatal(err)
	}
	e, faults := l.Entry(f, got[2])
	if len(faults) != 1 || faults[0].Column != "notes" || e.Fields["name"] != "Zoe" {
		t.Errorf("of a huge cell: %+v, %+v, want a fault of notes and the name", faults, e.Fields)
	}
}

func TestHeadingsAreToldApart(t *testing.T) {
	f := parse(t, "Name, Phone ,,Phone\nDana,1,2,3\n")
	if want := []string{"Name", "Phone", "column 3", "Phone (2)"}; !slices.Equal(f.Headings, want) {
		t.Errorf("headings %q, want %q", f.Headings, want)
	}
	for name, text := range map[string]string{"nothing": "", "empty lines": "\n \n", "a workbook": "PK\x03\x04abc"} {
		if _, err := Parse("x.csv", []byte(text)); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestColumnsAreFoundByTheirNames(t *testing.T) {
	for name, c := range map[string]struct {
		kind    plumbline.Kind
		heading string
		said    map[string]string
		want    map[string]string
	}{
		"Housecall Pro": {plumbline.Customer, "ID,First Name,Last Name,Mobile Number,Home Number,Email,Company,Tags,Address Line 1,City,State,Zip Code", nil,
			map[string]string{"id": "ID", "first_name": "First Name", "last_name": "Last Name", "mobile_phone": "Mobile Number", "email": "Email", "organization": "Company",
				"tags": "Tags", "street": "Address Line 1", "city": "City", "state": "State", "postal_code": "Zip Code"}},
		"Jobber": {plumbline.Customer, "Client Name,Company,E-mail,Phone,Street 1,Street 2,ZIP,Lead source", nil,
			map[string]string{"name": "Client Name", "organization": "Company", "email": "E-mail", "home_phone": "Phone", "street": "Street 1", "unit": "Street 2", "postal_code": "ZIP", "lead_source": "Lead source"}},
		"said": {plumbline.Customer, "Cell 1,mobile_phone,Who", map[string]string{"mobile_phone": "cell 1", "name": "Who"},
			map[string]string{"mobile_phone": "Cell 1", "name": "Who"}},
		"left out": {plumbline.Customer, "Name,Notes", map[string]string{"notes": ""}, map[string]string{"name": "Name"}},
		"assets": {plumbline.Asset, "Equipment Type,Make,Model Number,Serial #,Install Date,Warranty Expiration,Customer ID,Address", nil,
			map[string]string{"type": "Equipment Type", "maker": "Make", "model": "Model Number", "serial": "Serial #", "installed": "Install Date",
				"warranty_until": "Warranty Expiration", "customer_id": "Customer ID", "street": "Address"}},
	} {
		t.Run(name, func(t *testing.T) {
			l := &Layout{Kind: c.kind}
			if err := l.Map(parse(t, c.heading+"\n"), c.said); err != nil {
				t.Fatal(err)
			}
			if fmt.Sprint(l.Columns) != fmt.Sprint(c.want) {
				t.Errorf("columns %v, want %v", l.Columns, c.want)
			}
		})
	}
	l := &Layout{Kind: plumbline.Customer}
	for said, want := range map[string]string{"colour": "has no field", "email": "has no column"} {
		if err := l.Map(parse(t, "Name\n"), map[string]string{said: "Mail"}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("--map %s=Mail: %v, want %q", said, err, want)
		}
	}
}

func TestAPreviewSaysWhatBecomesOfEachColumn(t *testing.T) {
	f := parse(t, "Name,Fax,SMS opt-in\nDana,1,yes\nAbe,,\nDana,2,\nZoe,3,\nAnn,4,\n")
	l := &Layout{Kind: plumbline.Customer}
	if err := l.Map(f, nil); err != nil {
		t.Fatal(err)
	}
	p := l.Preview(f)
	name, fax := p.Columns[0], p.Columns[1]
	if p.Rows != 5 || name.Field != "name" || name.Filled != 5 || !slices.Equal(name.Examples, []string{"Dana", "Abe", "Zoe"}) || fax.Field != "" || fax.Filled != 4 {
		t.Errorf("preview %+v", p)
	}
	if all := strings.Join(p.Problems, "\n"); !strings.Contains(all, "consent_wording") || !strings.Contains(all, "--consent-date") || !strings.Contains(all, "--consent-source") {
		t.Errorf("problems %q do not say what a yes needs", all)
	}
}

func TestAFileOfErrorsIsReadLikeTheFile(t *testing.T) {
	f := parse(t, "Name,Phone\nDana,12\nAbe,\"x, \"\"y\"\"\"\n")
	var b bytes.Buffer
	w, err := NewFaults(&b, "run-1", f.Headings)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rows(f)[1:] {
		if err := w.Add(r, []Fault{{"home_phone", "Phone", "no number"}, {Reason: "and more"}}); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if want := `run-1,2,3,Phone,Phone: no number; and more,Abe,"x, ""y"""`; !strings.Contains(b.String(), want) {
		t.Errorf("the file of errors is %q, want in it %q", b.String(), want)
	}
	again := parse(t, b.String())
	got := rows(again)
	if again.Run != "run-1" || !slices.Equal(again.Headings, f.Headings) || len(got) != 1 || got[0].Number != 2 || !slices.Equal(got[0].Cells, []string{"Abe", `x, "y"`}) {
		t.Errorf("read again: run %q, headings %q, rows %+v", again.Run, again.Headings, got)
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"a,b\n1,2\n", "\"a\n", "sep=;\na;b\n\"x\";\"y\n\"", "\xff\xfea\x00", "a\n\"" + strings.Repeat("x\n", 40) + "\"\n"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := Parse("x.csv", data)
		if err != nil {
			return
		}
		last := 0
		for r := range file.Rows() {
			if r.Passed <= last || r.Passed > file.Size() {
				t.Fatalf("a row ends at byte %d, after one at %d, of %d", r.Passed, last, file.Size())
			}
			if last = r.Passed; r.Fault == "" && len(r.Cells) > len(file.Headings) {
				t.Fatalf("a row has %d cells under %d headings", len(r.Cells), len(file.Headings))
			}
		}
	})
}
