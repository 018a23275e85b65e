package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/advance"
	"plumbline.dev/plumbline/internal/app"
	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/sandbox/hubspot"
)

// answersIn is how long the CRM takes to answer.
const answersIn = 100 * time.Millisecond

// live measures the way from a webhook to the CRM: 50 webhooks a second, after the
// CRM's records are made, with its limits on.
func live(ctx context.Context, o Options, r Report) (err error) {
	seconds, slow := 100, 10
	if o.Quick {
		seconds, slow = 15, 5
	}
	const jobs, rate = 1000, 50
	w, err := openCRM(ctx, o, "live.db", jobs, rate)
	if err != nil {
		return err
	}
	defer func() { err = closing(err, w.node) }()
	fast, err := w.run(ctx, 0, seconds*rate, rate)
	if err != nil {
		return err
	}
	calm, err := w.run(ctx, seconds*rate, slow, 1)
	if err != nil {
		return err
	}
	calls := fast.writes + fast.links + fast.looks
	r["calls_per_delivery"] = Figure{Value: float64(calls) / float64(fast.sent), Unit: "calls", Floor: "<= 0.2", Ceiling: 0,
		Note: fmt.Sprintf("%d writes, %d associations and %d look-ups for %d deliveries in %d s; %d searches and %d other calls not counted; %d refused by limits",
			fast.writes, fast.links, fast.looks, fast.sent, seconds, fast.searches, fast.others, fast.refused)}
	r["lag_p99_ms"] = Figure{Value: ms(quantile(fast.lags, 0.99)), Unit: "ms", Floor: "<= 2000", Ceiling: ms(answersIn),
		Note: fmt.Sprintf("p50 %.0f ms over %d changes of records at %d/s, %d of them never written and counted until the end, %d more undone before they were; at 1/s p50 %.0f ms, p99 %.0f ms over %d changes",
			ms(quantile(fast.lags, 0.5)), len(fast.lags), rate, fast.never, fast.undone, ms(quantile(calm.lags, 0.5)), ms(quantile(calm.lags, 0.99)), len(calm.lags))}
	return nil
}

// A crm is a node with the CRM's sandbox, on a clock that runs from the epoch.
type crm struct {
	node    *app.Node
	sandbox *hubspot.Sandbox
	jobs    int
	story   calendar

	mu      sync.Mutex
	started time.Time // of the real time in which it lives; zero: the clock stands at the epoch
	now     time.Time // while it stands
	slow    bool      // it answers as late as the real one
	calls   []call
	changes []changed

	desired map[string]said // by type and subject; the watcher's
}

// A call is one that the CRM has answered.
type call struct {
	left, answered time.Time
	path           string
	status         int
	wrote          map[string]map[string]string // record -> field -> value
}

// A changed is a record that should say something else since an instant, because of
// a webhook about a job.
type changed struct {
	record string // type/subject
	job    plumbline.GoldenID
	at     time.Time
	values map[string]string // what is to be written because of it
	back   map[string]bool   // fields that say there already what they should
}

// undone says whether a later change has made one of its values right as it stands.
func (c changed) undone(later []changed) bool {
	for name := range c.values {
		if slices.ContainsFunc(later, func(l changed) bool { return l.back[name] }) {
			return true
		}
	}
	return false
}

// accepted says whether a call wrote all that a change is about: the values that it
// led to, or such as a later change of the record has put in their place.
func (c changed) accepted(by call, id string, later []changed) bool {
	if by.left.Before(c.at) {
		return false
	}
	for name, v := range c.values {
		got, ok := by.wrote[id][name]
		same := func(l changed) bool { w, ok := l.values[name]; return ok && w == got }
		if !ok || got != v && !slices.ContainsFunc(later, same) {
			return false
		}
	}
	return true
}

// A said is what a record should say.
type said struct {
	doc    string
	fields map[string]string
}

func (w *crm) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.started.IsZero() {
		return w.now
	}
	return w.now.Add(time.Since(w.started))
}

func openCRM(ctx context.Context, o Options, file string, jobs, rate int) (w *crm, err error) {
	w = &crm{jobs: jobs, now: epoch.Add(-time.Hour), desired: map[string]said{}}
	w.story = calendar{
		happens: func(job, step int) time.Time {
			if step <= first(job) {
				return epoch.Add(time.Duration(step-60) * time.Minute)
			}
			turn := (step-first(job)-1)*jobs + job
			return epoch.Add(time.Duration(turn) * time.Second / time.Duration(rate))
		},
		starts: func(job int) time.Time { return epoch.Add(3*time.Hour + time.Duration(job%300)*time.Minute) },
	}
	w.sandbox = hubspot.New(hubspot.Options{Now: w.clock, Token: crmToken, Portal: crmPortal, App: crmApp})
	if w.node, err = build(ctx, w.setup(filepath.Join(o.Dir, file), o)); err != nil {
		return nil, err
	}
	w.node.Advance.Followers = append(w.node.Advance.Followers, watcher{w})
	if err := w.adopt(ctx); err != nil {
		return nil, closing(err, w.node)
	}
	return w, nil
}

func (w *crm) setup(file string, o Options) setup {
	return setup{file: file, crm: "on", sender: "rehearsal", now: w.clock, client: &http.Client{Transport: w}, log: o.Log}
}

// adopt makes the CRM's fields, and writes all records there are, on a clock that goes
// on by itself.
func (w *crm) adopt(ctx context.Context) error {
	if _, err := w.node.Provision(ctx, location, "hubspot", false); err != nil {
		return err
	}
	if err := fill(ctx, w.node, w.story, w.jobs, w.now); err != nil {
		return err
	}
	for w.now.Before(epoch) {
		worked, next, err := w.node.Step(ctx, w.now)
		if err != nil {
			return err
		}
		if !worked {
			w.now = w.now.Add(time.Second)
			if next.After(w.now) {
				w.now = next
			}
		}
	}
	w.now = epoch
	err := w.node.DB.View(ctx, w.now, func(tx *db.Tx) error {
		docs, err := pairs(tx, `SELECT type || '/' || subject, doc FROM desired WHERE location_id = $1`, location)
		for key, doc := range docs {
			w.desired[key] = saidBy(doc)
		}
		return err
	})
	if err != nil {
		return err
	}
	there, err := count(ctx, w.node, `SELECT COUNT(*) FROM target_record WHERE location_id = $1 AND state = 'live'`, location)
	if err == nil && there < int64(2*w.jobs) {
		err = fmt.Errorf("of %d contacts and deals only %d were made before the measurement", 2*w.jobs, there)
	}
	return err
}

// RoundTrip hands a call to the sandbox and waits as the real one would.
func (w *crm) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Host != "api.hubapi.com" {
		return nil, fmt.Errorf("call %s: the benchmark has no such host", r.URL.Host)
	}
	asked := []byte("{}")
	if r.Body != nil {
		var err error
		if asked, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
		r.Body = io.NopCloser(bytes.NewReader(asked))
	}
	c := call{left: w.clock(), path: r.Method + " " + r.URL.Path}
	if w.slow {
		time.Sleep(answersIn)
	}
	answer := httptest.NewRecorder()
	w.sandbox.ServeHTTP(answer, r)
	res := answer.Result()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return nil, err
	}
	res.Body = io.NopCloser(strings.NewReader(string(body)))
	c.answered, c.status = w.clock(), res.StatusCode
	if strings.Contains(c.path, "/batch/") && !strings.HasSuffix(c.path, "/read") && !strings.Contains(c.path, "/associations/") {
		c.wrote = wrote(asked, body)
	}
	w.mu.Lock()
	w.calls = append(w.calls, c)
	w.mu.Unlock()
	return res, nil
}

// wrote reads which values a batch wrote, by the ids that were asked for or, of new
// records, answered.
func wrote(asked, answered []byte) map[string]map[string]string {
	type record struct {
		ID         string
		Properties map[string]string
	}
	var in struct{ Inputs []record }
	var out struct{ Results []record }
	if json.Unmarshal(asked, &in) != nil || json.Unmarshal(answered, &out) != nil {
		return nil // a question, or an error
	}
	list := map[string]map[string]string{}
	for _, r := range in.Inputs {
		if r.ID != "" {
			list[r.ID] = r.Properties
			continue
		}
		for _, made := range out.Results { // in an order of their own
			for _, name := range []string{"plumbline_key", "hs_note_body"} {
				if v := r.Properties[name]; v != "" && v == made.Properties[name] {
					list[made.ID] = r.Properties
				}
			}
		}
	}
	return list
}

// A watcher notes which records should say something else after a webhook.
type watcher struct{ w *crm }

// Follow compares what the deals, notes and contacts of the jobs that webhooks have
// told of should say with what they should have said.
func (x watcher) Follow(tx *db.Tx, b *advance.Batch) error {
	if !x.w.watching() {
		return nil
	}
	told := map[plumbline.GoldenID]bool{}
	for _, h := range b.Readings {
		told[h.Golden] = told[h.Golden] || h.Connection == "hcp" && h.Kind == plumbline.Job
	}
	about := map[string]map[string]plumbline.GoldenID{"deal": {}, "note": {}, "contact": {}} // by type and subject, the job
	for _, j := range b.Jobs {
		if told[j.ID] {
			about["deal"][string(j.ID)] = j.ID
			about["contact"][string(j.Role(plumbline.Booker))] = j.ID
			for _, v := range j.View.Visits {
				about["note"][v.ID] = j.ID
			}
		}
	}
	for typ, jobs := range about {
		docs, err := pairs(tx, `SELECT subject, doc FROM desired WHERE location_id = $1 AND connection = 'hubspot' AND type = $2 AND subject IN `+tx.In(3),
			location, typ, db.JSON(slices.Sorted(maps.Keys(jobs))))
		if err != nil {
			return err
		}
		for subject, doc := range docs {
			if err := x.w.see(tx, typ, subject, doc, jobs[subject]); err != nil {
				return err
			}
		}
	}
	return nil
}

func (w *crm) watching() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return !w.started.IsZero()
}

// see notes what is to be written because a record should say something else. What is
// never written over what stands there changes no record.
func (w *crm) see(tx *db.Tx, typ, subject, doc string, job plumbline.GoldenID) error {
	key := typ + "/" + subject
	had, is := w.desired[key], saidBy(doc)
	if had.doc == doc {
		return nil
	}
	w.desired[key] = is
	drift, err := w.node.API().Explain.Mirror.Drift(tx, location, "hubspot", typ, subject)
	if err != nil {
		return err
	}
	c := changed{key, job, tx.Now, map[string]string{}, map[string]bool{}}
	for _, f := range drift {
		if was, ok := had.fields[f.Field]; ok && was == is.fields[f.Field] {
			continue
		}
		if f.Write {
			c.values[f.Field] = f.Desired
		} else {
			c.back[f.Field] = true
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.changes = append(w.changes, c)
	return nil
}

func saidBy(doc string) said {
	var want struct {
		F map[string]struct{ V string }
	}
	is := said{doc, map[string]string{}}
	if json.Unmarshal([]byte(doc), &want) != nil {
		return is
	}
	for name, f := range want.F {
		is.fields[name] = f.V
	}
	return is
}

// pairs reads rows of two texts.
func pairs(tx *db.Tx, query string, args ...any) (map[string]string, error) {
	rows, err := tx.Query(query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	out := map[string]string{}
	for rows.Next() {
		var a, b string
		if err := rows.Scan(&a, &b); err != nil {
			return nil, err
		}
		out[a] = b
	}
	return out, rows.Err()
}

// An outcome is what came of a run.
type outcome struct {
	sent, undone, never                             int
	writes, links, looks, searches, others, refused int
	lags                                            []time.Duration
}

// run sends webhooks of the story on a schedule, whether the ones before are answered
// or not, and waits until the CRM has been told.
func (w *crm) run(ctx context.Context, from, count, rate int) (out outcome, err error) {
	d, err := listen(w.node.Hooks())
	if err != nil {
		return out, err
	}
	defer d.Close()
	w.mu.Lock()
	w.started, w.slow, w.calls, w.changes = time.Now(), true, nil, nil
	w.mu.Unlock()
	running, stop := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		w.node.Run(running)
		close(done)
	}()
	begun := w.clock()
	waits, err := paced(ctx, d.addr, count, rate, func(i int) []byte {
		job, step := (from+i)%w.jobs, first((from+i)%w.jobs)+1+(from+i)/w.jobs
		return request(jobBody(w.story, job, step), w.clock())
	})
	if err == nil {
		err = w.quiet(ctx)
	}
	stop()
	<-done
	w.mu.Lock()
	w.now, w.started = w.now.Add(time.Since(w.started)), time.Time{}
	w.mu.Unlock()
	if err != nil {
		return out, err
	}
	out.sent = len(waits)
	return out, w.reckon(ctx, &out, begun, from, rate)
}

// quiet waits until no record is owed, 20 seconds at most.
func (w *crm) quiet(ctx context.Context) error {
	for until := time.Now().Add(20 * time.Second); time.Now().Before(until); time.Sleep(200 * time.Millisecond) {
		owed, err := count(ctx, w.node, `SELECT COUNT(*) FROM outbox WHERE location_id = $1 AND room = 'mirror' AND lot LIKE 'record/%' AND due <= $2`, location, w.clock().UnixMilli())
		if err != nil || owed == 0 {
			return err
		}
	}
	return nil
}

// reckon counts the calls, and how long after its webhook each change was accepted.
func (w *crm) reckon(ctx context.Context, out *outcome, begun time.Time, from, rate int) error {
	written := map[string][]call{}
	for _, c := range w.calls {
		switch {
		case c.status == http.StatusTooManyRequests:
			out.refused++
			continue
		case strings.Contains(c.path, "/associations/"):
			out.links++
		case strings.HasSuffix(c.path, "/search"):
			out.searches++
		case strings.HasSuffix(c.path, "/batch/read"), strings.HasPrefix(c.path, "GET /crm/objects/"):
			out.looks++
		case strings.HasPrefix(c.path, "POST /crm/objects/"), strings.HasPrefix(c.path, "PATCH /crm/objects/"):
			out.writes++
			for id := range c.wrote {
				written[id] = append(written[id], c)
			}
		default:
			out.others++
		}
	}
	var ids map[string]string
	err := w.node.DB.View(ctx, w.clock(), func(tx *db.Tx) (err error) {
		ids, err = pairs(tx, `SELECT type || '/' || key_id, vendor_id FROM target_record WHERE location_id = $1`, location)
		return err
	})
	if err != nil {
		return err
	}
	sent := map[plumbline.GoldenID][]time.Time{}
	for i := range out.sent {
		id := plumbline.NewSourceID(location, "hcp", plumbline.Job, fmt.Sprintf("job_%032d", (from+i)%w.jobs))
		sent[id] = append(sent[id], begun.Add(time.Duration(i)*time.Second/time.Duration(rate)))
	}
	later := map[string][]changed{}
	for _, c := range slices.Backward(w.changes) {
		i, _ := slices.BinarySearchFunc(sent[c.job], c.at, time.Time.Compare)
		if i == 0 {
			continue // of what was sent before the run
		}
		after := later[c.record]
		later[c.record] = append(after, c)
		if len(c.values) == 0 {
			continue // nothing of it is written over what stands there
		}
		at := slices.IndexFunc(written[ids[c.record]], func(by call) bool { return c.accepted(by, ids[c.record], after) })
		switch {
		case at >= 0:
			out.lags = append(out.lags, written[ids[c.record]][at].answered.Sub(sent[c.job][i-1]))
		case c.undone(after):
			out.undone++
		default:
			out.never++
			out.lags = append(out.lags, w.now.Sub(sent[c.job][i-1]))
		}
	}
	return nil
}
