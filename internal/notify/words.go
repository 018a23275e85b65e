package notify

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/advance"
	"plumbline.dev/plumbline/internal/check"
	"plumbline.dev/plumbline/internal/connect"
	"plumbline.dev/plumbline/internal/playbook"
	"plumbline.dev/plumbline/internal/wording"
)

// Token names a person's page about a job: 128 bits that nobody can make without the
// key, the same whenever they are made.
func Token(key []byte, location string, job plumbline.GoldenID, person plumbline.GoldenID) string {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(strings.Join([]string{"page", location, string(job), string(person)}, "\x00")))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil)[:16])
}

// A saying is a text as it is written for one person.
type saying struct {
	text  string
	link  string            // token of the page that it links to
	tells map[string]string // state -> value that it tells
	price bool
	lang  string
}

// write renders a text from the scene as it stands.
func (n *Notify) write(location string, pb *playbook.Playbook, s *scene, r *playbook.Rule, id string, m *Message, old string, now time.Time) (out saying, err error) {
	person := s.people[plumbline.GoldenID(m.Person)]
	out.lang = language(pb, person)
	t, err := n.template(id, out.lang, pb.Texts[id][out.lang])
	if err != nil {
		return out, err
	}
	uses := t.Uses()
	v := s.visit(m.Visit)
	if v == nil {
		v = s.soonest()
	}
	vars := n.variables(pb, s, v, person, out.lang, now)
	vars["old"] = s.oldWords(old, out.lang)
	out.link = Token(n.LinkKey, location, s.id, plumbline.GoldenID(m.Person))
	vars["link"] = strings.TrimSuffix(pb.Settings.Links, "/") + "/" + out.link
	if r.Speaks == "review" {
		vars["link"], out.link = pb.Settings.ReviewLink, ""
	}
	if _, ok := uses["link"]; !ok {
		out.link = ""
	}
	out.text, err = t.Render(vars)
	_, out.price = uses["amount"]
	out.tells = map[string]string{}
	for word, state := range map[string]string{"window": windowNews, "eta": etaNews, "amount": balanceNews} {
		if _, ok := uses[word]; ok {
			out.tells[state] = truth(state, s, v)
		}
	}
	return out, err
}

func (n *Notify) template(id, lang, text string) (*wording.Text, error) {
	key := id + "\x00" + lang + "\x00" + text
	if t, ok := n.texts.Load(key); ok {
		return t.(*wording.Text), nil
	}
	t, err := wording.Parse(id, lang, text, check.Variables)
	if err != nil {
		return nil, err
	}
	n.texts.Store(key, t)
	return t, nil
}

// language is the person's, where texts are written in it, else the shop's.
func language(pb *playbook.Playbook, p *plumbline.PersonView) string {
	if p != nil {
		want, _, _ := strings.Cut(strings.ToLower(p.Language), "-")
		for _, l := range pb.Settings.Languages {
			if l == want {
				return l
			}
		}
	}
	if len(pb.Settings.Languages) > 0 {
		return pb.Settings.Languages[0]
	}
	return "en"
}

// soonest is the visit that a text about the whole job speaks of: the last one.
func (s *scene) soonest() *plumbline.VisitView {
	if n := len(s.job.Visits); n > 0 {
		return &s.job.Visits[n-1]
	}
	return nil
}

// variables are the values of everything a text may name; empty where there is none.
func (n *Notify) variables(pb *playbook.Playbook, s *scene, v *plumbline.VisitView, p *plumbline.PersonView, lang string, now time.Time) map[string]string {
	set := pb.Settings
	vars := map[string]string{}
	for name := range check.Variables {
		vars[name] = ""
	}
	vars["brand"], vars["phone"], vars["site"] = set.Brand, set.Phone, set.Site
	if p != nil {
		vars["name"] = cmp.Or(strings.TrimSpace(p.FirstName+" "+p.LastName), p.Organization)
	}
	if s.property != nil {
		vars["street"] = s.property.Street
	}
	vars["street"] = cmp.Or(vars["street"], plain(lang, "your address", "su domicilio"))
	vars["service"] = serviceWords(pb, s.job, lang)
	vars["what"] = vars["service"]
	vars["tech"] = plain(lang, "our technician", "nuestro técnico")
	if v != nil {
		s.visitWords(vars, v, lang, now)
	}
	vars["number"], vars["reason"] = s.job.InvoiceNumber, s.job.OutcomeReason
	vars["amount"] = dollars(s.job.SettledBalance)
	due := s.job.Due
	if due.IsZero() {
		due = s.job.NextDue
	}
	vars["due"] = s.day(due, lang)
	if !s.job.OptionsFrom.IsZero() {
		vars["until"] = s.day(s.job.OptionsFrom.AddDate(0, 0, 30), lang)
	}
	return vars
}

func (s *scene) visitWords(vars map[string]string, v *plumbline.VisitView, lang string, now time.Time) {
	if len(v.Assignments) > 0 && v.Assignments[0].FirstName != "" {
		vars["tech"] = v.Assignments[0].FirstName
	}
	if !v.Starts.IsZero() {
		vars["day"], vars["window"] = s.day(v.Starts, lang), advance.WindowText(*v, s.zone)
	}
	if !v.ETALow.IsZero() && !v.ETAHigh.IsZero() {
		low, high := arrival(v, now)
		vars["eta"] = span(low.In(s.zone), high.In(s.zone), lang)
	} else if !v.Starts.IsZero() {
		// Nobody has estimated the drive: the promise is the window.
		from, to := windowOf(v)
		vars["eta"] = span(from.In(s.zone), to.In(s.zone), lang)
	}
	if !v.OnSite.IsZero() {
		vars["time"] = v.OnSite.In(s.zone).Format("3:04 PM")
	}
}

// arrival is when somebody on the way is expected, to the minute. They have not been
// seen there yet, so it is not before now; an estimate that has run out begins anew.
func arrival(v *plumbline.VisitView, now time.Time) (low, high time.Time) {
	low, high = v.ETALow, v.ETAHigh
	if low.Before(now) {
		low = now
	}
	if !high.After(low) {
		high = low.Add(v.ETAHigh.Sub(v.ETALow))
	}
	return minuteUp(low), minuteUp(high)
}

func minuteUp(t time.Time) time.Time {
	if down := t.Truncate(time.Minute); down.Before(t) {
		return down.Add(time.Minute)
	}
	return t
}

// serviceWords are what the customer hears for the job's kind.
func serviceWords(pb *playbook.Playbook, j *plumbline.JobView, lang string) string {
	for _, k := range pb.Kinds {
		if k.Kind == j.Kind {
			return cmp.Or(k.Service[lang], k.Service["en"], j.Service)
		}
	}
	return cmp.Or(j.Service, j.Kind, plain(lang, "your visit", "su visita"))
}

func plain(lang, en, es string) string {
	if lang == "es" {
		return es
	}
	return en
}

var monthsES = [...]string{"enero", "febrero", "marzo", "abril", "mayo", "junio", "julio", "agosto", "septiembre", "octubre", "noviembre", "diciembre"}

// day writes a local date. In Spanish without the weekday, two of which need letters
// that cost.
func (s *scene) day(t time.Time, lang string) string {
	if t.IsZero() {
		return ""
	}
	t = t.In(s.zone)
	if lang == "es" {
		return fmt.Sprintf("%d de %s", t.Day(), monthsES[t.Month()-1])
	}
	return t.Format("Mon 2 Jan")
}

func span(from, to time.Time, lang string) string {
	low, high := from.Format("3:04 PM"), to.Format("3:04 PM")
	switch {
	case low == high:
		return high
	case lang == "es":
		return low + " y " + high
	case from.Format("PM") == to.Format("PM"):
		low = from.Format("3:04")
	}
	return low + "-" + high
}

// oldWords writes the window that was told before.
func (s *scene) oldWords(value, lang string) string {
	from, to, ok := readWindow(value)
	if !ok {
		return ""
	}
	v := plumbline.VisitView{Starts: from}
	if to.After(from) {
		v.Ends = to
	}
	return s.day(from, lang) + " " + advance.WindowText(v, s.zone)
}

func dollars(cents int64) string {
	text := connect.Cents(cents)
	sign := ""
	if strings.HasPrefix(text, "-") {
		sign, text = "-", text[1:]
	}
	whole, rest, _ := strings.Cut(text, ".")
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	return sign + "$" + whole + "." + rest
}

// States of which news is told.
const (
	windowNews  = "visit.window"
	etaNews     = "visit.eta"
	balanceNews = "job.balance"
)

func windowOf(v *plumbline.VisitView) (from, to time.Time) {
	from, to = v.Starts, v.Ends
	if v.Window > 0 {
		to = from.Add(v.Window)
	}
	if to.IsZero() {
		to = from
	}
	return from, to
}

// truth writes how a state stands now, "" if nothing is there to tell.
func truth(state string, s *scene, v *plumbline.VisitView) string {
	switch {
	case state == balanceNews:
		if s.job.IssuedTotal > 0 {
			return strconv.FormatInt(s.job.SettledBalance, 10)
		}
	case v == nil:
	case state == windowNews && !v.Starts.IsZero():
		from, to := windowOf(v)
		return writeWindow(from, to)
	case state == etaNews && !v.ETALow.IsZero() && !v.ETAHigh.IsZero():
		return writeWindow(v.ETALow, v.ETAHigh)
	}
	return ""
}

func writeWindow(from, to time.Time) string {
	return strconv.FormatInt(from.UnixMilli(), 10) + "-" + strconv.FormatInt(to.UnixMilli(), 10)
}

func readWindow(value string) (from, to time.Time, ok bool) {
	a, b, _ := strings.Cut(value, "-")
	low, err1 := strconv.ParseInt(a, 10, 64)
	high, err2 := strconv.ParseInt(b, 10, 64)
	return time.UnixMilli(low).UTC(), time.UnixMilli(high).UTC(), err1 == nil && err2 == nil
}

// differ says whether two values of a state differ by as much as is worth saying.
func differ(state, a, b string, by time.Duration) bool {
	if a == b {
		return false
	}
	if state == balanceNews {
		return true
	}
	af, at, ok1 := readWindow(a)
	bf, bt, ok2 := readWindow(b)
	if !ok1 || !ok2 {
		return true
	}
	return max(af.Sub(bf).Abs(), at.Sub(bt).Abs()) >= max(by, time.Millisecond)
}
