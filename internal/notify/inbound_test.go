package notify_test

import (
	"strings"
	"testing"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/consent"
	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/notify"
)

func TestWhatPeopleWriteIsAnsweredOrHandedToAPerson(t *testing.T) {
	for _, c := range []struct {
		name, body, task string
		answered         string
	}{
		{"a wish to confirm", "C", "An answer from Maria Lopez", ""},
		{"a wish for another time", "R", "An answer from Maria Lopez", ""},
		{"a wish to be called", "CALL", "An answer from Maria Lopez", ""},
		{"a question", "can you come at noon instead?", "Read a text from Maria Lopez", ""},
		{"a wrong number", "wrong number", "Wrong number: a text from Maria Lopez", ""},
		{"what may be an opt-out", "stpo", "A text that may be an opt-out from Maria Lopez", ""},
		{"a stop", "STOP", "", ""},
		{"help, which the provider answers", "HELP", "", ""},
		{"help in Spanish, which it does not", "AYUDA", "", "Ayuda: (208) 555-0100, bw.example."},
		{"nothing", " ", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			each(t, options{layer: only("help")}, func(t *testing.T, w *world) {
				w.book(on(6, 8, 0))
				w.run(minutes(1))
				w.write(maria, c.body)
				w.run(minutes(10))
				if c.answered == "" {
					w.wantSaid()
				} else {
					w.wantSaid(c.answered)
				}
				got := ""
				if len(w.tasks) > 0 {
					got = w.tasks[0].Title
				}
				if got != c.task || len(w.tasks) > 1 {
					t.Errorf("tasks = %+v, want %q", w.tasks, c.task)
				}
			})
		})
	}
}

func TestAWrongNumberHearsNothingMore(t *testing.T) {
	each(t, options{layer: only("confirm", "canceled")}, func(t *testing.T, w *world) {
		confirmed(t, w)
		w.write(maria, "wrong number")
		w.run(minutes(1))
		w.hear(plumbline.Reading{Kind: plumbline.Visit, ID: "vj1", Fields: fields{"canceled_at": at(w.now)}})
		w.run(minutes(5))
		w.wantSaid("booked")
		w.wantOutcome("canceled: task: a task for a person: this number is somebody else's since 4 May 2026")
	})
}

func TestStartBringsBackWhatWasAgreed(t *testing.T) {
	each(t, options{layer: only("confirm", "canceled")}, func(t *testing.T, w *world) {
		confirmed(t, w)
		w.write(maria, "STOP")
		w.run(minutes(1))
		w.write(maria, "START")
		w.run(minutes(1))
		w.hear(plumbline.Reading{Kind: plumbline.Visit, ID: "vj1", Fields: fields{"canceled_at": at(w.now)}})
		w.run(minutes(5))
		w.wantSaid("booked", "canceled")
	})
}

func TestAToolsFlagIsADenial(t *testing.T) {
	each(t, options{layer: only("confirm")}, func(t *testing.T, w *world) {
		w.book(on(6, 8, 0))
		w.hear(plumbline.Reading{Kind: plumbline.Customer, ID: "c1", Fields: fields{"texts_allowed": plumbline.Value("false")}})
		w.run(minutes(10))
		w.wantSaid()
		w.wantOutcome("confirm: task: a task for a person: tool says no to all texts to this number")
	})
}

func TestANumbersNoIsThatOfAllWhoHaveIt(t *testing.T) {
	each(t, options{layer: only("confirm")}, func(t *testing.T, w *world) {
		w.book(on(6, 8, 0))
		w.hear(plumbline.Reading{Kind: plumbline.Customer, ID: "c2", Fields: fields{"first_name": text("Zoe"), "last_name": text("Quill"), "mobile_phone": text(maria),
			"texts_allowed": plumbline.Value("false")}})
		w.run(minutes(10))
		w.wantSaid()
	})
}

func TestOffersNeedAWrittenYes(t *testing.T) {
	each(t, options{layer: only("review")}, func(t *testing.T, w *world) {
		w.book(w.now.Add(hours(1)))
		w.run(hours(1))
		w.complete("j1")
		w.run(hours(4))
		w.wantSaid()
		w.wantOutcome("review: task: a task for a person: this person has not agreed in writing to feedback requests")
	})
}

func TestAHouseholdIsAskedOnceInHalfAYear(t *testing.T) {
	each(t, options{layer: only("review")}, func(t *testing.T, w *world) {
		w.book(w.now.Add(hours(1)))
		w.agree("c1", maria)
		w.hear(w.job("j2", "c1", w.now.Add(hours(1)))...)
		w.run(hours(1))
		w.complete("j1")
		w.run(hours(4))
		w.complete("j2")
		w.run(hours(72))
		w.wantSaid("Would you share")
		w.wantOutcome("review: dropped: this household was asked on 4 May 2026, less than 180 days ago")
	})
}

func TestAThreadShowsBothSides(t *testing.T) {
	each(t, options{layer: only("confirm")}, func(t *testing.T, w *world) {
		confirmed(t, w)
		w.write(maria, "C")
		w.run(minutes(1))
		w.do(func(tx *db.Tx) error {
			lines, err := notify.Thread(tx, boise, maria)
			if err != nil {
				return err
			}
			if len(lines) != 2 || lines[0].Inbound || lines[0].State != notify.Delivered || !lines[1].Inbound || lines[1].State != string(consent.Answer) {
				t.Errorf("thread = %+v, want our text and the answer", lines)
			}
			return nil
		})
	})
}

func TestALinkNamesOnePersonsPage(t *testing.T) {
	each(t, options{layer: only("confirm")}, func(t *testing.T, w *world) {
		confirmed(t, w)
		_, link, _ := strings.Cut(w.said()[0], "https://bw.example/v/")
		link, _, _ = strings.Cut(link, " ")
		if len(link) != 22 {
			t.Errorf("the token %q has %d characters, want 22 for 128 bits", link, len(link))
		}
		w.do(func(tx *db.Tx) error {
			job, person, err := notify.Linked(tx, boise, link)
			if job != id(plumbline.Job, "j1") || person != id(plumbline.Customer, "c1") || err != nil {
				t.Errorf("Linked = %s, %s, %v, want Maria's page about her job", job, person, err)
			}
			if _, _, err := notify.Linked(tx, boise, "guess"); plumbline.KindOf(err) != plumbline.NotFound {
				t.Errorf("Linked(guess) = %v, want nothing there", err)
			}
			return nil
		})
	})
}

func TestWhatMayBeSaidCanBeAskedWithoutSayingIt(t *testing.T) {
	each(t, options{layer: only("confirm", "onway")}, func(t *testing.T, w *world) {
		confirmed(t, w)
		w.do(func(tx *db.Tx) error {
			for rule, want := range map[string]string{"confirm": "it is as they were last told", "onway": "what it is about has been withdrawn"} {
				v, err := w.notify.May(tx, boise, id(plumbline.Job, "j1"), id(plumbline.Visit, "j1"), rule) // a lone visit stands under its job's id
				if err != nil || v[maria].Why != want {
					t.Errorf("May(%s) = %+v, %v, want %q", rule, v, err, want)
				}
			}
			return nil
		})
		w.run(hours(1))
		w.wantSaid("booked")
	})
}

func TestEveryTextIsHeardOnce(t *testing.T) {
	each(t, options{layer: only("help")}, func(t *testing.T, w *world) {
		w.book(on(6, 8, 0))
		w.run(minutes(1))
		for _, body := range []string{"can you come at noon?", "or at one?", "or at one?"} {
			w.write(maria, body)
			w.run(minutes(1))
		}
		w.hear(customer("c1", "Mary", maria)) // the number is derived again
		w.run(minutes(1))
		if len(w.tasks) != 3 || w.tasks[0].Key == w.tasks[1].Key || w.tasks[1].Key == w.tasks[2].Key {
			t.Errorf("tasks = %+v, want one for each text", w.tasks)
		}
	})
}
