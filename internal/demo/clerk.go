package demo

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/errorqueue"
	"plumbline.dev/plumbline/internal/inbox"
	"plumbline.dev/plumbline/internal/sandbox/housecallpro"
	"plumbline.dev/plumbline/internal/simulate"
)

// A slip is a mistake of the vendor's: once it is armed, the next webhooks about one
// technician on the way bear a number where a text is promised. They are signed and
// answered like any others.
type slip struct {
	next   http.RoundTripper
	secret string

	mu       sync.Mutex
	armed    bool
	occurred []byte // event_occurred_at of the event that the mistake is made with
}

var (
	leaving   = []byte(`{"event":"job.on_my_way"`)
	occurred  = regexp.MustCompile(`"event_occurred_at":"[^"]+"`)
	leftAt    = regexp.MustCompile(`"on_my_way_at":"([^"]+)"`)
	leftAtNum = regexp.MustCompile(`"on_my_way_at":([0-9]+)`)
)

// RoundTrip carries a webhook.
func (s *slip) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	if s.slips(body) {
		body = mistaken(body)
		r.Header.Set("Api-Signature", housecallpro.Sign(s.secret, r.Header.Get("Api-Timestamp"), body))
	}
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	return s.next.RoundTrip(r)
}

// slips says whether a webhook is one of those.
func (s *slip) slips(body []byte) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.armed && bytes.HasPrefix(body, leaving) {
		s.armed, s.occurred = false, occurred.Find(body)
	}
	return s.occurred != nil && bytes.Contains(body, s.occurred)
}

func (s *slip) arm() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.armed = true
}

// mistaken writes the time as a number, and corrected as it should have been.
func mistaken(body []byte) []byte {
	return leftAt.ReplaceAllFunc(body, func(b []byte) []byte {
		at, err := time.Parse(time.RFC3339, string(leftAt.FindSubmatch(b)[1]))
		if err != nil {
			return b
		}
		return []byte(`"on_my_way_at":` + strconv.FormatInt(at.Unix(), 10))
	})
}

func corrected(body []byte) []byte {
	return leftAtNum.ReplaceAllFunc(body, func(b []byte) []byte {
		n, err := strconv.ParseInt(string(leftAtNum.FindSubmatch(b)[1]), 10, 64)
		if err != nil {
			return b
		}
		return []byte(`"on_my_way_at":"` + time.Unix(n, 0).UTC().Format(time.RFC3339) + `"`)
	})
}

// A clerk is the person in the office who looks at the error queue.
type clerk struct {
	*demo
	step  int
	next  time.Time
	items []errorqueue.Item
	edits []string // keys of the deliveries that stand in for those of items
	armed bool
}

// look does the clerk's next step, a minute after the last one.
func (c *clerk) look(ctx context.Context, now time.Time) error {
	if !c.armed && !now.Before(c.at(8, 30)) {
		c.armed = true
		c.slip.arm()
	}
	steps := []func(context.Context) (bool, error){c.notice, c.read, c.retry, c.again, c.mend, c.through}
	if c.step == len(steps) || now.Before(c.next) {
		return nil
	}
	done, err := steps[c.step](ctx)
	if done {
		c.step, c.next = c.step+1, now.Add(30*time.Second)
	}
	return err
}

// failed lists the deliveries that wait for a person.
func (c *clerk) failed(ctx context.Context) (items []errorqueue.Item, err error) {
	err = c.node.DB.View(ctx, c.clock.Now(), func(tx *db.Tx) error {
		list, err := errorqueue.List(tx, location)
		for _, i := range list {
			if i.Kind == errorqueue.Delivery {
				items = append(items, i)
			}
		}
		return err
	})
	return items, err
}

func (c *clerk) tell(format string, args ...any) { c.story.tell("Error queue", format, args...) }

func (c *clerk) notice(ctx context.Context) (bool, error) {
	items, err := c.failed(ctx)
	return len(items) > 0, err
}

func (c *clerk) read(ctx context.Context) (_ bool, err error) {
	if c.items, err = c.failed(ctx); err != nil {
		return false, err
	}
	c.tell("$ %s", c.command("errors list"))
	for _, i := range c.items {
		c.tell("  %s: %s", i.Cause, i.Title)
		c.tell("    why   %s", i.Detail)
		c.tell("    cure  %s", i.Cure)
	}
	c.tell("  Until then the customer is not told that somebody is on the way. Nothing else waits for it.")
	return true, nil
}

func (c *clerk) retry(ctx context.Context) (bool, error) {
	c.tell("$ %s", c.command("errors retry "+c.items[0].Cause))
	_, err := c.node.Queue().Retry(ctx, location, c.items[0].Cause, "demo")
	return true, err
}

func (c *clerk) again(ctx context.Context) (bool, error) {
	items, err := c.failed(ctx)
	if err != nil || len(items) < len(c.items) {
		return false, err
	}
	c.tell("  it came back: its bytes are what they were. The clerk writes a text where the number is:")
	return true, nil
}

func (c *clerk) mend(ctx context.Context) (bool, error) {
	for n, i := range c.items {
		_, key, _ := strings.Cut(i.Ref, "/")
		var bad plumbline.Delivery
		err := c.node.DB.View(ctx, c.clock.Now(), func(tx *db.Tx) (err error) {
			bad, _, _, err = inbox.Get(tx, location, "hcp", key)
			return err
		})
		if err != nil {
			return false, err
		}
		good := corrected(bad.Body)
		file := filepath.Join(c.opts.Dir, fmt.Sprintf("corrected-%d.json", n+1))
		if err := os.WriteFile(file, good, 0o600); err != nil {
			return false, err
		}
		c.tell("$ %s", c.command("errors edit "+i.Ref+" --body "+file))
		edit, err := c.node.Queue().Edit(ctx, location, "hcp", key, "demo", good)
		if err != nil {
			return false, err
		}
		c.edits = append(c.edits, edit)
	}
	return true, nil
}

// through waits until what was mended is applied.
func (c *clerk) through(ctx context.Context) (bool, error) {
	applied := 0
	err := c.node.DB.View(ctx, c.clock.Now(), func(tx *db.Tx) error {
		for _, key := range c.edits {
			_, state, _, err := inbox.Get(tx, location, "hcp", key)
			if err != nil {
				return err
			}
			if state == plumbline.Applied {
				applied++
			}
		}
		return nil
	})
	if err != nil || applied < len(c.edits) {
		return false, err
	}
	c.tell("  %d corrected deliveries applied; the bad ones stay as they came, ignored as replaced", applied)
	return true, nil
}

// office writes down what the shop's office has said.
func (d *demo) office(ctx context.Context, now time.Time) error {
	for _, a := range d.shop.Acts() {
		p, ok, err := simulate.Decision(location, d.said+1, a)
		if err != nil {
			return err
		}
		if !ok {
			continue
		}
		d.said++
		err = d.node.DB.Do(ctx, now, func(tx *db.Tx) error {
			_, err := inbox.Keep(tx, p)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}
