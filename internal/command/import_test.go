package command

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/importrun"
)

// TestMain lets a test run the program in a process of its own, which can be killed.
func TestMain(m *testing.M) {
	if os.Getenv("PLUMBLINE_TEST_COMMAND") == "" {
		os.Exit(m.Run())
	}
	os.Exit(Main(context.Background(), os.Args[1:], World{In: strings.NewReader(""), Out: os.Stdout, Err: os.Stderr,
		Now: func() time.Time { return time.Date(2026, 5, 4, 15, 0, 0, 0, time.UTC) }}))
}

const listed = `Customer ID,First Name,Last Name,Mobile,Email,Address,City,State,Zip,SMS opt-in
C-1,Dana,Whitlock,(208) 555-0142,dana@example.com,418 Larkspur Ln,Boise,ID,83702,
C-2,Abe,Lund,12345,abe@example.com,7 Birch St,Boise,ID,83702,
C-2,Ann,Berg,208-555-0144,,,,,,
C-4,,,,,9 Elm St,Boise,ID,83702,
C-5,Zoe,Abel,208-555-0145,,,,,,yes
`

type reported struct {
	importrun.Report
	ErrorsFile string `json:"errors_file"`
	Applied    int64
	Waiting    int64
}

// rowsOf dumps tables of the database of a desk, by their keys.
func (d *desk) rowsOf(queries ...string) string {
	d.t.Helper()
	store, err := db.Open(d.t.Context(), filepath.Join(d.dir, "plumbline.db"), db.Options{})
	if err != nil {
		d.t.Fatal(err)
	}
	defer store.Close()
	var b strings.Builder
	err = store.View(d.t.Context(), d.now, func(tx *db.Tx) error {
		for _, q := range queries {
			rows, err := tx.Query(q)
			if err != nil {
				return err
			}
			for rows.Next() {
				var row string
				if err := rows.Scan(&row); err != nil {
					rows.Close()
					return err
				}
				b.WriteString(row + "\n")
			}
			rows.Close()
			if err := rows.Err(); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		d.t.Fatal(err)
	}
	return b.String()
}

// derived are all rows that follow from what was kept, but for who is withdrawn.
var derived = []string{
	`SELECT 'source ' || id || golden_id || doc FROM source_record ORDER BY id`,
	`SELECT 'ref ' || from_id || name || to_id FROM ref ORDER BY 1`,
	`SELECT 'golden ' || id || kind || doc || why FROM golden_record ORDER BY id`,
	`SELECT 'role ' || job_id || name || person_id FROM role ORDER BY 1`,
	`SELECT 'key ' || name || record_id FROM match_key ORDER BY 1`,
	`SELECT 'ask ' || a || b || evidence FROM ask ORDER BY 1`,
	`SELECT 'desired ' || connection || type || subject || doc FROM desired ORDER BY 1`,
	`SELECT 'link ' || connection || subject || to_subject || role FROM desired_link ORDER BY 1`,
}

func TestAPreviewTakesNothingIn(t *testing.T) {
	d := newDesk(t)
	file := d.write("customers.csv", listed)
	out := d.must("import", "customers", file, "--preview")
	for _, want := range []string{"5 rows, UTF-8, delimiter comma", "first_name", "Dana | Abe | Ann", "texts_service", "--consent-wording"} {
		if !strings.Contains(out, want) {
			t.Errorf("the preview lacks %q: %s", want, out)
		}
	}
	if code, _, err := d.run("import", "customers", file); code == 0 || !strings.Contains(err, "--yes") {
		t.Errorf("without a person to ask: %d, %q, want that --yes is missing", code, err)
	}
	if rows := d.rowsOf(`SELECT name FROM delivery`, `SELECT name FROM import_run`); rows != "" {
		t.Errorf("a preview has written %s", rows)
	}
	if code, _, err := d.run("import", "customers", file, "--map", "fax=Mobile"); code == 0 || !strings.Contains(err, "has no field") {
		t.Errorf("an unknown field: %d, %q", code, err)
	}
	for answer, want := range map[string]bool{"y\n": true, "yes": true, "\n": false, "no\n": false} {
		if is, err := asked(strings.NewReader(answer), io.Discard, "?"); err != nil || is != want {
			t.Errorf("the answer %q = %v, %v, want %v", answer, is, err, want)
		}
	}
}

func TestBadRowsAreListedAndCanBeCorrected(t *testing.T) {
	d := newDesk(t)
	file := d.write("customers.csv", listed)
	var r reported
	d.read(&r, "import", "customers", file, "--yes", "--json")
	if r.Rows != 5 || r.Kept != 3 || r.Refused != 2 || r.Partial != 2 || r.Applied != 3 || r.Waiting != 0 || r.Run.State != importrun.Done {
		t.Errorf("report %+v, want 5 rows, of them 3 kept and applied, 2 refused, 2 without a field", r)
	}
	errs, err := os.ReadFile(filepath.Join(d.dir, "customers.errors.csv"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`,2,3,Mobile,"Mobile: ""12345"" is no telephone number",C-2,Abe,Lund,12345,`,
		`,3,4,Customer ID,Customer ID: the id C-2 stands on line 3 already,C-2,Ann,Berg,`,
		`,4,5,,"it has not got a name`,
		`,5,6,SMS opt-in,"SMS opt-in: a yes to texts needs the wording`,
	} {
		if !strings.Contains(string(errs), want) {
			t.Errorf("the errors lack %q:\n%s", want, errs)
		}
	}
	if rows := d.rowsOf(`SELECT doc FROM golden_record WHERE kind = 'customer' ORDER BY id`); strings.Count(rows, "\n") != 3 || strings.Contains(rows, "12345") || !strings.Contains(rows, "abe@example.com") {
		t.Errorf("the customers are %s, want three, one of them without a number", rows)
	}

	fixed := strings.NewReplacer(",12345,", ",208-555-0143,", "C-2,Ann", "C-3,Ann", "C-4,,,,", "C-4,Ivo,Marsh,,").Replace(string(errs))
	again := d.write("fixed.csv", fixed)
	r = reported{}
	d.read(&r, "import", "customers", again, "--yes", "--json", "--consent-wording", "I agree to texts", "--consent-date", "2026-01-02", "--consent-source", "form")
	if r.Rows != 4 || r.Kept != 4 || r.Refused != 0 || r.Partial != 0 || r.Run.Refused != 0 || r.ErrorsFile != "" {
		t.Errorf("the corrected rows: %+v, want all kept", r)
	}
	rows := d.rowsOf(`SELECT doc FROM golden_record WHERE kind = 'customer' ORDER BY id`)
	if strings.Count(rows, "\n") != 5 || !strings.Contains(rows, "+12085550143") || !strings.Contains(rows, "Ivo") {
		t.Errorf("the customers are %s, want five", rows)
	}
	for line := range strings.Lines(rows) { // a number on a list is no number that was given for a job
		if yes, zoe := strings.Contains(line, `"texts_service":"yes"`), strings.Contains(line, "Zoe"); yes != zoe {
			t.Errorf("%s\nwant a yes of Zoe, who gave one, and of nobody else", line)
		}
	}
	if out := d.must("explain", "+12085550145"); !strings.Contains(out, "I agree to texts") {
		t.Errorf("explain does not show the wording: %s", out)
	}
	d.must("rebuild", "--verify")
}

func TestAnUndoneRunWasNeverThere(t *testing.T) {
	story := func(more func(d *desk)) *desk {
		d := newDesk(t)
		d.keep(said("job.scheduled", "job_1", ""))
		more(d)
		return d
	}
	units := "Customer ID,Address,City,State,Zip,Equipment Type,Make,Serial\n,418 Larkspur Ln,Boise,ID,83702,Furnace,Trane,X-1\ncus_1,,,,,Water heater,Rheem,Y-2\n"
	never := story(func(*desk) {})
	d := story(func(d *desk) {
		file := d.write("customers.csv", strings.Replace(listed, "Zip,SMS opt-in\nC-1", "Zip,Customer Since\nC-1", 1))
		d.must("import", "customers", file, "--yes", "--run", "list")
		if rows := d.rowsOf(derived...); !strings.Contains(rows, "Zoe") {
			t.Fatalf("the customers are not there: %s", rows)
		}
		if out := d.must("explain", "import:list/C-5"); !strings.Contains(out, "says first_name Zoe") {
			t.Errorf("explain of an imported customer: %s", out)
		}
		d.must("import", "assets", d.write("units.csv", units), "--yes", "--run", "units", "--source", "hcp")
		if out := d.must("explain", "hcp/adr_1"); !strings.Contains(out, "asset Furnace, Trane, X-1") || !strings.Contains(out, "asset Water heater, Rheem, Y-2") {
			t.Errorf("explain of a property does not show its equipment: %s", out)
		}
		if out := d.must("explain", "import:units/row 2"); !strings.Contains(out, "Belongs to") || !strings.Contains(out, "customer ") {
			t.Errorf("explain of equipment does not show whose it is: %s", out)
		}
		d.must("rebuild", "--verify")
	})
	d.must("import", "undo", "list")
	d.must("import", "undo", "units")
	d.must("import", "undo", "units")
	if is, was := d.rowsOf(derived...), never.rowsOf(derived...); is != was {
		t.Errorf("after the undo there is\n%s\nwant what there is without the runs\n%s", is, was)
	}
	d.must("rebuild", "--verify")
	d.must("rebuild")
	if is, was := d.rowsOf(derived...), never.rowsOf(derived...); is != was {
		t.Errorf("derived again there is\n%s\nwant\n%s", is, was)
	}
	for _, name := range []string{"import:list", "list", "import:list/C-5"} {
		if out := d.must("explain", name); !strings.Contains(out, "withdrew it as a whole") {
			t.Errorf("explain %s does not say that it was withdrawn: %s", name, out)
		}
	}
	if out := d.must("import", "list"); strings.Count(out, importrun.Withdrawn) != 2 {
		t.Errorf("the list is %s, want two runs that are withdrawn", out)
	}
	file := filepath.Join(d.dir, "customers.csv")
	if code, _, err := d.run("import", "customers", file, "--yes", "--run", "list"); code == 0 || !strings.Contains(err, "was withdrawn") {
		t.Errorf("the run taken in again: %d, %q", code, err)
	}
	d.must("import", "customers", file, "--yes", "--run", "anew")
	if rows := d.rowsOf(derived...); !strings.Contains(rows, "Zoe") {
		t.Error("under another name the file is not taken in")
	}
}

func TestEquipmentIsNeverGuessed(t *testing.T) {
	d := newDesk(t)
	d.must("import", "customers", d.write("people.csv", "id,name,mobile,address,city,state,zip\n1,Dana Whitlock,208-555-0142,418 Larkspur Ln,Boise,ID,83702\n"+
		"2,Rae Whitlock,208-555-0142,,,,\n3,Abe Lund,208-555-0143,7 Birch St,Boise,ID,83702\n"), "--yes", "--run", "people")
	var r reported
	d.read(&r, "import", "assets", d.write("units.csv", "type,phone,customer_id,installed,notes\nFurnace,208-555-0143,,03/14/2019,one\nAC,208-555-0142,,,two have it\n"+
		"Heater,208-555-0199,,,nobody has it\nBoiler,,9,,no such id\nHumidifier,,3,03/04/2019,\nPump,,,,nobody's\n"), "--yes", "--json", "--source", "import:people")
	if r.Kept != 2 || r.Refused != 4 || r.Partial != 1 {
		t.Errorf("report %+v, want two kept, one of them without its day, and four refused", r)
	}
	errs, err := os.ReadFile(filepath.Join(d.dir, "units.errors.csv"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"2 customers can be reached there", "no customer can be reached there", "knows no customer 9", "may be two days", "whose it is"} {
		if !strings.Contains(string(errs), want) {
			t.Errorf("the errors lack %q:\n%s", want, errs)
		}
	}
	if out := d.must("explain", string(plumbline.NewSourceID("boise", "import:people", plumbline.Property, "3"))); !strings.Contains(out, "asset Furnace") || !strings.Contains(out, "asset Humidifier") {
		t.Errorf("the property of the one who was found does not show the equipment: %s", out)
	}
	d.must("rebuild", "--verify")
}

// big is a file of many rows, some of which are bad.
func big(rows int) string {
	var b strings.Builder
	b.WriteString("id,name,mobile,email\n")
	for i := range rows {
		phone := fmt.Sprintf("208-555-%04d", i%10000)
		if i%97 == 5 {
			phone = "123"
		}
		fmt.Fprintf(&b, "C%d,Person%d Family%d,%s,p%d@example.com\n", i, i, i/3, phone, i)
	}
	return b.String()
}

// A run that was killed goes on where it stopped, and comes to the same as one that was not.
func TestAKilledRunGoesOn(t *testing.T) {
	if testing.Short() {
		t.Skip("it runs the program several times")
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	state := append([]string{
		`SELECT connection || name || object || state || reason || hex(bytes) FROM delivery ORDER BY connection, name`,
		`SELECT what || n FROM tally ORDER BY 1`,
		`SELECT name || passed || ' ' || kept || ' ' || refused || ' ' || partial || state FROM import_run`}, derived...)
	text := big(1200)
	run := func(d *desk) *exec.Cmd {
		c := exec.Command(self, "--config", filepath.Join(d.dir, "plumbline.yaml"), "import", "customers", filepath.Join(d.dir, "big.csv"), "--yes", "--json")
		c.Env = append(os.Environ(), "PLUMBLINE_TEST_COMMAND=1")
		c.Stdout, c.Stderr = &bytes.Buffer{}, &bytes.Buffer{}
		return c
	}
	whole := newDesk(t)
	whole.write("big.csv", text)
	began := time.Now()
	if c := run(whole); c.Run() != nil {
		t.Fatalf("the whole run: %s", c.Stderr)
	}
	took := time.Since(began)
	killed := newDesk(t)
	killed.write("big.csv", text)
	const seed = 7
	fate := rand.New(rand.NewPCG(seed, seed))
	kills := 0
	for range 4 {
		c := run(killed)
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		ended := make(chan error, 1)
		go func() { ended <- c.Wait() }()
		select {
		case err := <-ended:
			if err != nil {
				t.Fatalf("a run that went on: %v: %s", err, c.Stderr)
			}
		case <-time.After(took/10 + time.Duration(fate.Int64N(int64(took/2)))):
			if err := c.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			<-ended
			kills++
		}
	}
	last := run(killed)
	if err := last.Run(); err != nil {
		t.Fatalf("the last run: %v: %s", err, last.Stderr)
	}
	var r reported
	if err := json.Unmarshal(last.Stdout.(*bytes.Buffer).Bytes(), &r); err != nil || r.Rows != 1200 {
		t.Errorf("the report of the last run: %+v, %v", r, err)
	}
	t.Logf("killed %d times in runs of %v; seed %d", kills, took, seed)
	if kills == 0 {
		t.Error("no run was killed")
	}
	is, want := strings.Split(killed.rowsOf(state...), "\n"), strings.Split(whole.rowsOf(state...), "\n")
	for i := range min(len(is), len(want)) {
		if is[i] != want[i] {
			t.Fatalf("row %d differs: %s, want %s", i, is[i], want[i])
		}
	}
	if len(is) != len(want) {
		t.Errorf("%d rows, want %d", len(is), len(want))
	}
	a, errA := os.ReadFile(filepath.Join(killed.dir, "big.errors.csv"))
	b, errB := os.ReadFile(filepath.Join(whole.dir, "big.errors.csv"))
	if errA != nil || errB != nil || !slices.Equal(a, b) {
		t.Errorf("the errors differ (%v, %v)", errA, errB)
	}
	if left, _ := filepath.Glob(filepath.Join(whole.dir, "big.errors.csv.*")); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
}
