package db_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"plumbline.dev/plumbline/internal/db"
)

// crashPath tells the test binary, started again, to be the process that is
// killed, and where its database is.
const crashPath = "PLUMBLINE_CRASH_DB"

func TestWhatWasAnsweredSurvivesAKill(t *testing.T) {
	if path := os.Getenv(crashPath); path != "" {
		answerForEver(t, path)
	}
	path := filepath.Join(t.TempDir(), "test.db")
	cmd := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$")
	cmd.Env = append(os.Environ(), crashPath+"="+path)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var answered []string
	for lines := bufio.NewScanner(out); lines.Scan(); {
		answered = append(answered, lines.Text())
		if len(answered) == 500 {
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	_ = cmd.Wait() // it says that the process was killed
	if len(answered) < 500 {
		t.Fatalf("the process gave %d answers, the last %q", len(answered), answered[max(0, len(answered)-1):])
	}

	d := reopen(t, path, db.Options{Migrations: things})
	answered = answered[:len(answered)-1] // the last line may be cut off
	if n := number(t, d, `SELECT count(*) FROM thing WHERE id IN (SELECT value FROM json_each($1))`, db.JSON(answered)); n != int64(len(answered)) {
		t.Errorf("%d rows are there, want the %d that were answered", n, len(answered))
	}
	if n := number(t, d, `SELECT count(*) FROM pragma_integrity_check WHERE integrity_check <> 'ok'`); n != 0 {
		t.Errorf("the file has %d faults", n)
	}
}

// answerForEver prints each id after Do has answered for it.
func answerForEver(t *testing.T, path string) {
	d, err := db.Open(t.Context(), path, db.Options{Migrations: things})
	if err != nil {
		t.Fatal(err)
	}
	for writer := range 8 {
		go func() {
			for i := 0; ; i++ {
				id := fmt.Sprintf("%d-%d", writer, i)
				do(t, d, adding(id))
				fmt.Println(id)
			}
		}()
	}
	select {}
}
