package csv

import (
	stdcsv "encoding/csv"
	"io"
	"strconv"
	"strings"
)

// A Fault is what is wrong with a row, or with one field of it.
type Fault struct {
	Field  string `json:"field,omitempty"` // "" for the row as a whole
	Column string `json:"column,omitempty"`
	Reason string `json:"reason"`
}

// errorColumns lead a file of errors, before the columns of the file that was read.
var errorColumns = []string{"error_run", "error_row", "error_line", "error_column", "error_reason"}

// Faults is a file of row errors that is being written: the rows as they were, each led by
// what is wrong with it. Corrected there, it can be imported like any other.
type Faults struct {
	run string
	w   *stdcsv.Writer
}

// NewFaults begins a file of errors of a run.
func NewFaults(w io.Writer, run string, headings []string) (*Faults, error) {
	f := &Faults{run, stdcsv.NewWriter(w)}
	return f, f.w.Write(append(append([]string{}, errorColumns...), headings...))
}

// Add writes a row with its faults.
func (f *Faults) Add(r Row, list []Fault) error {
	var columns, reasons []string
	for _, x := range list {
		if x.Column != "" {
			columns = append(columns, x.Column)
			reasons = append(reasons, x.Column+": "+x.Reason)
		} else {
			reasons = append(reasons, x.Reason)
		}
	}
	row := []string{f.run, strconv.Itoa(r.Number), strconv.Itoa(r.Line), strings.Join(columns, "; "), strings.Join(reasons, "; ")}
	return f.w.Write(append(row, r.Cells...))
}

// Close writes what is left.
func (f *Faults) Close() error {
	f.w.Flush()
	return f.w.Error()
}

// mend takes off a row of a file of errors what leads it: which row it was.
func (r *Row) mend(cells []string) []string {
	for len(cells) < len(errorColumns) {
		cells = append(cells, "")
	}
	r.run = cells[0]
	if n, err := strconv.Atoi(cells[1]); err == nil && n > 0 {
		r.Number = n
	} else if r.Fault == "" && !blank(cells) {
		r.Fault = "the column " + errorColumns[1] + " does not say which row it was: leave it as it was written"
	}
	return cells[len(errorColumns):]
}
