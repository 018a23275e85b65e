// Package csv is a file of customers or assets as a source: an import run is a connection
// of this tool, a row of the file a delivery. It reads files as programs export them, says
// what is wrong with a row, and decodes what was kept of it. It must not know where rows
// are kept, nor who is who.
package csv

import (
	"bytes"
	"crypto/sha256"
	stdcsv "encoding/csv"
	"encoding/hex"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"

	"plumbline.dev/plumbline"
)

// Tool is the name of this tool.
const Tool = "csv"

// Bounds: of a file, of a row with its line breaks, of a cell, in bytes; of columns.
const (
	MaxFile    = 256 << 20
	MaxRow     = 256 << 10
	MaxCell    = 16 << 10
	MaxColumns = 500
)

// A File is a table that was read: a heading and rows.
type File struct {
	Name      string
	Digest    string // of its bytes
	Encoding  string // UTF-8, UTF-16 or Windows-1252
	Delimiter rune
	Headings  []string // each different from the others, none empty
	// Run is the run whose errors this file lists, "" if it is not such a file.
	Run string

	text  string // after the heading
	line  int    // on which text begins
	own   int    // columns of an error file before the row's
	total int
}

// A Row is one row of a file.
type Row struct {
	Number int // among the rows that are not empty, from 1
	Line   int // on which it begins
	Cells  []string
	Passed int    // bytes of the file up to its end
	Fault  string // why it cannot be read as a row, "" if it can

	run string // of a file of errors: the run that refused it
}

// Open reads a file. Its errors say what to do about the file as a whole.
func Open(path string) (*File, error) {
	about, err := os.Stat(path)
	if err != nil {
		return nil, plumbline.Invalidf("name a file that is there and that you may read", "%s cannot be read: %v", path, err)
	}
	if about.Size() > MaxFile {
		return nil, plumbline.Invalidf("cut it into several", "%s has %d MB, and a file may have %d", path, about.Size()>>20, MaxFile>>20)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, plumbline.Invalidf("name a file that is there and that you may read", "%s cannot be read: %v", path, err)
	}
	return Parse(filepath.Base(path), data)
}

// Parse reads the bytes of a file.
func Parse(name string, data []byte) (*File, error) {
	sum := sha256.Sum256(data)
	f := &File{Name: name, Digest: hex.EncodeToString(sum[:8]), line: 1}
	if bytes.HasPrefix(data, []byte("PK\x03\x04")) {
		return nil, plumbline.Invalidf("open it and save it as CSV", "%s is a workbook and not CSV", name)
	}
	var err error
	if f.text, f.Encoding, err = decode(data); err != nil {
		return nil, plumbline.Invalidf("save it again as CSV UTF-8", "%s is not text: %v", name, err)
	}
	if !strings.Contains(f.text, "\n") { // as old programs for the Mac end their lines
		f.text = strings.ReplaceAll(f.text, "\r", "\n")
	}
	f.total = len(f.text)
	return f, f.heading()
}

// decode turns bytes into text. What is no UTF-8 is what Windows writes in America and
// western Europe.
func decode(data []byte) (text, encoding string, err error) {
	switch {
	case bytes.HasPrefix(data, []byte("\xff\xfe")), bytes.HasPrefix(data, []byte("\xfe\xff")):
		out, err := unicode.UTF16(unicode.LittleEndian, unicode.ExpectBOM).NewDecoder().Bytes(data)
		return string(out), "UTF-16", err
	case utf8.Valid(data):
		return strings.TrimPrefix(string(data), "\ufeff"), "UTF-8", nil
	}
	out, err := charmap.Windows1252.NewDecoder().Bytes(data)
	return string(out), "Windows-1252", err
}

// heading finds the delimiter and reads the first line that is not empty.
func (f *File) heading() error {
	for f.text != "" && strings.TrimSpace(f.firstLine()) == "" {
		f.skipLine()
	}
	if mark, ok := strings.CutPrefix(strings.TrimSpace(f.firstLine()), "sep="); ok && len(mark) == 1 {
		f.Delimiter = rune(mark[0])
		f.skipLine()
	}
	if f.Delimiter == 0 {
		f.Delimiter = delimiter(f.firstLine())
	}
	raw, closed := f.cut(f.text)
	cells, err := f.split(raw)
	if !closed || err != nil || strings.TrimSpace(raw) == "" {
		return plumbline.Invalidf("put the names of the columns into the first line", "%s has no heading that can be read", f.Name)
	}
	if len(cells) > MaxColumns {
		return plumbline.Invalidf("leave out those that you do not need", "%s has %d columns, and a file may have %d", f.Name, len(cells), MaxColumns)
	}
	f.text, f.line = f.text[len(raw):], f.line+strings.Count(raw, "\n")
	f.Headings = distinct(cells)
	if len(cells) > len(errorColumns) && slices.Equal(cells[:len(errorColumns)], errorColumns) {
		f.own = len(errorColumns)
		f.Headings = distinct(cells[f.own:])
		for r := range f.Rows() {
			f.Run = r.run
			break
		}
		if f.Run == "" {
			return plumbline.Invalidf("leave the column "+errorColumns[0]+" as it was written", "%s does not say of which run it lists the errors", f.Name)
		}
	}
	return nil
}

func (f *File) firstLine() string {
	line, _, _ := strings.Cut(f.text, "\n")
	return strings.TrimSuffix(line, "\r")
}

func (f *File) skipLine() {
	_, f.text, _ = strings.Cut(f.text, "\n")
	f.line++
}

// delimiter is the one that the heading has most of, outside of quotes.
func delimiter(heading string) rune {
	best, most := ',', 0
	for _, d := range ",;\t|" {
		n, quoted := 0, false
		for _, c := range heading {
			switch {
			case c == '"':
				quoted = !quoted
			case c == d && !quoted:
				n++
			}
		}
		if n > most {
			best, most = d, n
		}
	}
	return best
}

// distinct names columns that have no name, or that of another, by where they stand.
func distinct(cells []string) []string {
	out := make([]string, len(cells))
	for i, c := range cells {
		c = strings.Join(strings.Fields(c), " ")
		if c == "" {
			c = "column " + strconv.Itoa(i+1)
		}
		name := c
		for n := 2; slices.Contains(out[:i], name); n++ {
			name = fmt.Sprintf("%s (%d)", c, n)
		}
		out[i] = name
	}
	return out
}

// Rows are the rows of a file that are not empty, from the beginning.
func (f *File) Rows() iter.Seq[Row] {
	return func(yield func(Row) bool) {
		text, line, number := f.text, f.line, 0
		for text != "" {
			raw, r := f.row(text)
			text = text[len(raw):]
			r.Line += line
			line += strings.Count(raw, "\n")
			r.Passed = f.total - len(text)
			if r.Fault == "" && blank(r.Cells) {
				continue
			}
			number++
			if f.own == 0 {
				r.Number = number
			}
			if !yield(r) {
				return
			}
		}
	}
}

// Size is how many bytes Rows pass.
func (f *File) Size() int { return f.total }

// row reads the first row of a text and returns it as it stands there, too.
func (f *File) row(text string) (raw string, r Row) {
	raw, closed := f.cut(text)
	cells, err := f.split(raw)
	if err == nil && closed && strings.Count(strings.TrimSpace(raw), "\n") > 0 && f.swallowed(cells) {
		closed = false
	}
	if !closed {
		raw = line(text)
		cells, err = f.split(raw)
		r.Fault = "a quote that begins on this line is not closed"
	}
	if len(raw) > MaxRow {
		cells, r.Fault = []string{raw[:MaxCell]}, fmt.Sprintf("the row is longer than %d KB", MaxRow>>10)
	}
	if err != nil && strings.TrimSpace(raw) != "" {
		r.Fault = "it cannot be read as cells: " + err.Error()
		cells = []string{strings.TrimSpace(raw)}
	}
	for len(cells) > f.own+len(f.Headings) && cells[len(cells)-1] == "" {
		cells = cells[:len(cells)-1]
	}
	if f.own > 0 {
		cells = r.mend(cells)
	}
	if r.Cells = cells; r.Fault == "" && len(cells) > len(f.Headings) {
		r.Fault = fmt.Sprintf("it has %d cells, and the heading %d: a cell with a delimiter in it must stand in quotes", len(cells), len(f.Headings))
	}
	return raw, r
}

// swallowed says whether a row over several lines is rather several rows, of which the
// first lacks a quote.
func (f *File) swallowed(cells []string) bool {
	if len(cells) != f.own+len(f.Headings) {
		return true
	}
	for _, c := range cells {
		for i, l := range strings.Split(c, "\n") {
			if n := strings.Count(l, string(f.Delimiter)); i > 0 && n >= 3 && n == f.own+len(f.Headings)-1 {
				return true
			}
		}
	}
	return false
}

func line(text string) string {
	if i := strings.IndexByte(text, '\n'); i >= 0 {
		return text[:i+1]
	}
	return text
}

func blank(cells []string) bool {
	return !slices.ContainsFunc(cells, func(c string) bool { return strings.TrimSpace(c) != "" })
}

// cut takes the first row off a text, with its end of line. Not closed: it ends within
// a quote, or does not end within the bound.
func (f *File) cut(text string) (raw string, closed bool) {
	quoted, fresh := false, true
	for i := 0; i < len(text) && i <= MaxRow; i++ {
		c := text[i]
		switch {
		case quoted && c == '"' && strings.HasPrefix(text[i+1:], `"`):
			i++ // two stand for one
		case quoted && c == '"':
			quoted = !f.closes(text[i+1:])
		case quoted:
		case c == '\n':
			return text[:i+1], true
		case c == '"' && fresh:
			quoted, fresh = true, false
		default:
			fresh = rune(c) == f.Delimiter
		}
	}
	switch {
	case quoted:
		return text, false
	case len(text) > MaxRow:
		return line(text), true
	}
	return text, true
}

// closes says whether a quote before this text ends a cell; one amid text is meant as
// it is.
func (f *File) closes(rest string) bool {
	rest = strings.TrimPrefix(rest, "\r")
	return rest == "" || rune(rest[0]) == f.Delimiter || rest[0] == '\n'
}

func (f *File) split(raw string) ([]string, error) {
	r := stdcsv.NewReader(strings.NewReader(raw))
	r.Comma, r.LazyQuotes, r.FieldsPerRecord = f.Delimiter, true, -1
	return r.Read()
}
