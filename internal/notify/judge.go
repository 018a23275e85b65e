package notify

import (
	"fmt"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/advance"
	"plumbline.dev/plumbline/internal/calendar"
	"plumbline.dev/plumbline/internal/consent"
	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/identity"
	"plumbline.dev/plumbline/internal/playbook"
	"plumbline.dev/plumbline/internal/record"
	"plumbline.dev/plumbline/internal/tenant"
	"plumbline.dev/plumbline/internal/wording"
)

// What may be done about a message.
const (
	Say      = "say"
	Wait     = "wait"     // until
	Drop     = "drop"     // decided not to say it
	Withdraw = "withdraw" // it is not so any more
	Nobody   = "nobody"   // no lawful way leads there: a person must do it
	Broken   = "broken"   // the text cannot be written: a person must mend it
)

// A Verdict says what may be done about a message now, and why.
type Verdict struct {
	Do    string
	Until time.Time
	Why   string
	Text  string // where it may be said, or would wait
	Foot  bool
	saying
}

// A question is one message about to be judged.
type question struct {
	n          *Notify
	tx         *db.Tx
	location   string
	book       *book
	pb         *playbook.Playbook
	scene      *scene // nil: an answer to somebody who wrote
	rule       *playbook.Rule
	m          *Message
	connection tenant.Connection
	all        []tenant.Connection // of the location
	now        time.Time
	early      bool // do not wait for news to settle: rehearsing
}

// judge goes through what must hold before a message is said, first failure wins. It
// reads, and changes nothing.
func (q *question) judge() (Verdict, error) {
	for _, step := range []func() (Verdict, error){q.so, q.switched, q.theirs, q.inTime, q.settled, q.agreed} {
		if v, err := step(); err != nil || v.Do != "" {
			return v, err
		}
	}
	v, err := q.written()
	if err != nil || v.Do != "" {
		return v, err
	}
	estimated := func() (Verdict, error) { return q.estimated(v.saying), nil }
	for _, step := range []func() (Verdict, error){estimated, q.inTurn, q.awake, q.capped} {
		w, err := step()
		if err != nil {
			return v, err
		}
		if w.Do == Wait && q.late(w.Until) {
			w = Verdict{Do: Drop, Why: w.Why + "; by the time it may be said it would be too late"}
		}
		if w.Do != "" {
			w.Text, w.saying = v.Text, v.saying
			return w, nil
		}
	}
	v.Do, v.Why = Say, "nothing forbids it"
	return v, nil
}

// so: what it is about still holds, and news still differs from what was told.
func (q *question) so() (Verdict, error) {
	if q.scene == nil {
		return Verdict{}, nil
	}
	ok, why, err := q.scene.while(q.rule, q.pb, q.m.Visit, plumbline.GoldenID(q.m.Person), q.now)
	if err != nil {
		return Verdict{}, err
	}
	if !ok {
		return Verdict{Do: Withdraw, Why: why}, nil
	}
	if q.rule.Sequence != "" {
		if booked, err := bookedThere(q.tx, q.location, q.scene); err != nil || booked {
			return Verdict{Do: Withdraw, Why: sequenceOver}, err
		}
	}
	if at := q.confirmed(); q.rule.Speaks == "reminder" && !at.IsZero() {
		return Verdict{Do: Drop, Why: "confirmed by C on " + at.In(q.zone()).Format("2 Jan 2006")}, nil
	}
	if q.m.News == "" {
		return Verdict{}, nil
	}
	value := truth(q.m.News, q.scene, q.scene.visit(q.m.Visit))
	if value == "" {
		return Verdict{Do: Withdraw, Why: "there is nothing to tell any more"}, nil
	}
	if t := q.book.told[toldKey{q.m.News, q.m.Subject, q.m.Address}]; t != nil && t.Value != "" && !q.unheard(t) {
		maybe := t.Maybe != "" && t.Attempt != q.m.Attempt
		if !differ(q.m.News, t.Value, value, q.rule.By) && !(maybe && differ(q.m.News, t.Maybe, value, q.rule.By)) {
			return Verdict{Do: Withdraw, Why: "it is as they were last told"}, nil
		}
	}
	return Verdict{}, nil
}

// unheard says that what was told was told by this very message, which did not arrive.
func (q *question) unheard(t *told) bool { return q.m.again() && t.Message == q.m.ID }

// confirmed is when the number last confirmed the visit as it is planned now; zero:
// it has not.
func (q *question) confirmed() (at time.Time) {
	now := truth(windowNews, q.scene, q.scene.visit(q.m.Visit))
	var by time.Duration
	for _, r := range q.pb.Rules {
		if r.News == windowNews {
			by = r.By
		}
	}
	for _, o := range q.book.outcomes[aboutKey{inboundRule, q.m.Visit}] {
		if o.State == Confirmed && o.Who == q.m.Address && !differ(windowNews, o.Value, now, by) {
			at = record.Time(o.Happened)
		}
	}
	return at
}

// switched: the sender speaks, and it is we who speak of this.
func (q *question) switched() (Verdict, error) {
	switch {
	case q.connection.Mode == tenant.Off:
		return Verdict{Do: Drop, Why: q.connection.Name + " is switched off"}, nil
	case q.m.Known < q.connection.OnSince.UnixMilli() && !q.connection.OnSince.IsZero():
		return Verdict{Do: Drop, Why: knownBefore}, nil
	}
	if q.scene != nil {
		if who, from := speaks(q.all, q.pb, q.rule, q.scene); who != "us" {
			return Verdict{Do: Drop, Why: speaksWhy(who, from, q.rule)}, nil
		}
	}
	return Verdict{}, nil
}

// theirs: the number is still that of somebody who should hear it.
func (q *question) theirs() (Verdict, error) {
	if q.rule.Class == staffClass && !q.pb.Settings.Staff.Has(q.m.Address) {
		return Verdict{Do: Withdraw, Why: "the number is not one of the staff any more"}, nil
	}
	if q.scene == nil {
		return Verdict{}, nil
	}
	roles := q.rule.To
	if q.m.News != "" {
		roles = append(append([]plumbline.Role{}, roles...), q.rule.ThenTo...)
	}
	for _, h := range q.scene.hearers(roles) {
		if h.address == q.m.Address {
			return Verdict{}, nil
		}
	}
	return Verdict{Do: Withdraw, Why: "the number is not that of the " + roleWords(plumbline.Role(q.m.Role)) + " any more"}, nil
}

// deadline is until when it may be said; zero: for ever. Messages of a class that
// waits for the morning are given their time from the first lawful hour on.
func (q *question) deadline() (at time.Time, why string) {
	known, happened := record.Time(q.m.Known), record.Time(q.m.Happened)
	if q.rule.Within > 0 {
		from := known
		if q.rule.Class == "service" || q.rule.Class == "account" {
			if ok, next, _ := q.n.hours().Allowed(calendar.Class(q.rule.Class), q.recipient(), known); !ok && !next.IsZero() {
				from = next
			}
		}
		at, why = from.Add(q.rule.Within), fmt.Sprintf("it was known %s ago or more, which is too long", words(q.rule.Within))
	}
	if q.rule.Fresh > 0 {
		if end := happened.Add(q.rule.Fresh); at.IsZero() || end.Before(at) {
			at, why = end, fmt.Sprintf("it happened %s ago or more, which is too long", words(q.rule.Fresh))
		}
	}
	return at, why
}

func (q *question) late(at time.Time) bool {
	end, _ := q.deadline()
	return !end.IsZero() && at.After(end)
}

func (q *question) inTime() (Verdict, error) {
	if end, why := q.deadline(); !end.IsZero() && q.now.After(end) {
		return Verdict{Do: Drop, Why: "too late: " + why}, nil
	}
	return Verdict{}, nil
}

// settled: news has been as it is for as long as the rule asks, and is not about a
// visit that begins anyway.
func (q *question) settled() (Verdict, error) {
	if q.m.News == "" {
		return Verdict{}, nil
	}
	if v := q.scene.visit(q.m.Visit); v != nil && q.rule.Ahead > 0 && q.first() && v.Starts.Sub(q.now) < q.rule.Ahead {
		return Verdict{Do: Drop, Why: "the visit begins within " + words(q.rule.Ahead)}, nil
	}
	if until := record.Time(q.m.Known).Add(q.rule.Quiet); q.now.Before(until) && !q.early {
		return Verdict{Do: Wait, Until: until, Why: "it may still change; waiting " + words(q.rule.Quiet)}, nil
	}
	return Verdict{}, nil
}

// first says that the number was told nothing of this yet.
func (q *question) first() bool {
	t := q.book.told[toldKey{q.m.News, q.m.Subject, q.m.Address}]
	return (t == nil || t.Value == "") && q.m.Value != "" && !q.follower()
}

// follower says that the hearer hears only of changes.
func (q *question) follower() bool {
	for _, h := range q.scene.hearers(q.rule.To) {
		if h.address == q.m.Address {
			return false
		}
	}
	return true
}

// agreed: the number can get texts and whoever has it agreed to this one.
func (q *question) agreed() (Verdict, error) {
	class, ok := classOf(q.rule.Class)
	if !ok {
		return Verdict{Do: Broken, Why: fmt.Sprintf("the rule has no class of messages %q", q.rule.Class)}, nil
	}
	may, why, err := may(q.tx, q.location, plumbline.GoldenID(q.m.Person), q.m.Address, class, q.now)
	if err != nil || may {
		return Verdict{}, err
	}
	return Verdict{Do: Nobody, Why: why}, nil
}

func classOf(name string) (consent.Class, bool) {
	for c := consent.ActiveVisit; c <= consent.Staff; c++ {
		if c.String() == name {
			return c, true
		}
	}
	return 0, false
}

// may asks the ledger of a number: what was said there, what all who have it gave it
// for, and what their tools forbid.
func may(tx *db.Tx, location string, person plumbline.GoldenID, address string, class consent.Class, now time.Time) (bool, string, error) {
	l, err := ledger(tx, location, person, address)
	if err != nil {
		return false, "", err
	}
	ok, why := l.May(string(person), class, now)
	return ok, why, nil
}

func ledger(tx *db.Tx, location string, person plumbline.GoldenID, address string) (consent.Ledger, error) {
	a, err := loadAddress(tx, location, address)
	if err != nil {
		return consent.Ledger{}, err
	}
	holders, err := identity.Holders(tx, location, address)
	if err != nil {
		return consent.Ledger{}, err
	}
	if person != "" {
		holders = append(holders, string(person))
	}
	members, err := record.Members(tx, location, holders)
	if err != nil {
		return consent.Ledger{}, err
	}
	owner := map[string]string{}
	var list []consent.Entry
	for golden, rows := range members {
		list = append(list, advance.OwnEntries(rows, golden, address)...)
		for _, r := range rows {
			owner[string(r.ID)] = string(golden)
		}
	}
	if a != nil {
		for _, e := range a.Entries() {
			if golden := owner[e.Person]; golden != "" {
				e.Person = golden
			}
			list = append(list, e)
		}
	}
	return consent.Fold(list), nil
}

func loadAddress(tx *db.Tx, location, address string) (*advance.Address, error) {
	id := record.AddressID(location, address)
	list, err := record.LoadGolden(tx, location, []string{string(id)})
	if err != nil {
		return nil, err
	}
	g, ok := list[id]
	if !ok {
		return nil, nil
	}
	a := &advance.Address{}
	return a, g.Read(a)
}

// written: the text can be written from what is known now, keeps to its length, and
// names a price to nobody but the payer.
func (q *question) written() (v Verdict, err error) {
	if q.rule.Class == staffClass { // it was written when it was owed
		return Verdict{Text: q.m.Body, saying: saying{text: q.m.Body}}, nil
	}
	var s saying
	old := ""
	t := q.book.told[toldKey{q.m.News, q.m.Subject, q.m.Address}]
	switch {
	case q.m.News != "" && t != nil && q.unheard(t) && t.Value == q.m.Value:
		s = saying{text: q.m.Body, link: q.m.Link, tells: map[string]string{q.m.News: t.Value}}
	case q.scene == nil:
		s, err = q.n.reply(q.pb, q.rule, q.m)
	default:
		if q.m.News != "" && t != nil {
			old = t.Value
		}
		if old == "" && q.m.News != "" {
			old = q.toldOthers()
		}
		s, err = q.n.write(q.location, q.pb, q.scene, q.rule, q.textID(), q.m, old, q.now)
	}
	if err != nil {
		return Verdict{Do: Broken, Why: err.Error()}, nil
	}
	if s.price && !q.scene.pays(q.m.Address) {
		return Verdict{Do: Drop, Why: "it names a price, and the number is not the payer's"}, nil
	}
	if v.Foot, err = q.wantsFoot(s.text); err != nil {
		return v, err
	}
	v.Text, v.saying = s.text, s
	if v.Foot && !saysStop(s.text) {
		v.Text += wording.Foot(s.lang)
	}
	if most := max(q.pb.Settings.Segments, 1); most < segments(v.Text) {
		return Verdict{Do: Broken, Why: fmt.Sprintf("the text would cost %d segments, at most %d are allowed", segments(v.Text), most)}, nil
	}
	return v, nil
}

// A text that says when somebody arrives waits so long for the estimate of the drive,
// looking so often whether it has come.
const (
	estimating = 20 * time.Second
	looks      = 2 * time.Second
)

// estimated: where the text says when somebody arrives, the drive has been estimated,
// or the estimate was waited for long enough. Then the promised window is said.
func (q *question) estimated(s saying) Verdict {
	eta, says := s.tells[etaNews]
	until := record.Time(q.m.Known).Add(estimating)
	if !says || eta != "" || q.early || !q.now.Before(until) {
		return Verdict{}
	}
	if next := q.now.Add(looks); next.Before(until) {
		until = next
	}
	return Verdict{Do: Wait, Until: until, Why: "the drive is being estimated"}
}

// toldOthers is what those were told whom a follower of changes follows.
func (q *question) toldOthers() string {
	for _, h := range q.scene.hearers(q.rule.To) {
		if t := q.book.told[toldKey{q.m.News, q.m.Subject, h.address}]; t != nil && t.Value != "" {
			return t.Value
		}
	}
	return ""
}

// textID is which text says it.
func (q *question) textID() string {
	switch {
	case q.m.News == "":
		return q.rule.Text
	case q.first():
		return q.rule.First
	}
	return q.rule.Then
}

func segments(text string) int {
	n, _ := wording.Segments(text)
	return n
}

func words(d time.Duration) string {
	switch {
	case d >= 48*time.Hour && d%(24*time.Hour) == 0:
		return fmt.Sprintf("%d days", d/(24*time.Hour))
	case d >= time.Hour && d%time.Hour == 0:
		return fmt.Sprintf("%d h", d/time.Hour)
	}
	return fmt.Sprintf("%d min", d/time.Minute)
}
