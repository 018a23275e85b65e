package demo

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"sync"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/errorqueue"
	"plumbline.dev/plumbline/internal/inbox"
	"plumbline.dev/plumbline/internal/sandbox/housecallpro"
	"plumbline.dev/plumbline/internal/simulate"
)

// A slip is a mistake of the vendor's: the first webhook about a finished job that
// passes through it when it is armed bears a number where a text is promised. It is
// signed and answered like any other.
type slip struct {
	next   http.RoundTripper
	secret string

	mu    sync.Mutex
	armed bool
	meant []byte // the body as it should have been
}

var (
	finished    = []byte(`{"event":"job.completed"`)
	completedAt = regexp.MustCompile(`"completed_at":"([^"]+)"`)
)

// RoundTrip carries a webhook.
func (s *slip) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	if sent := s.slipped(body); sent != nil {
		body = sent
		r.Header.Set("Api-Signature", housecallpro.Sign(s.secret, r.Header.Get("Api-Timestamp"), body))
	}
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	return s.next.RoundTrip(r)
}

// slipped is the body with the mistake in it, or nil.
func (s *slip) slipped(body []byte) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	m := completedAt.FindSubmatch(body)
	if !s.armed || m == nil || !bytes.HasPrefix(body, finished) {
		return nil
	}
	at, err := time.Parse(time.RFC3339, string(m[1]))
	if err != nil {
		return nil
	}
	s.armed, s.meant = false, body
	return completedAt.ReplaceAll(body, []byte(`"completed_at":`+strconv.FormatInt(at.UnixMilli(), 10)))
}

func (s *slip) arm() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.armed = true
}

func (s *slip) correction() []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.meant
}

// A clerk is the person in the office who looks at the error queue.
type clerk struct {
	*demo
	step  int
	next  time.Time
	item  errorqueue.Item
	key   string // of the delivery
	edit  string // of the one that stands in for it
	armed bool
}

// look does the clerk's next step, some minutes after the last one.
func (c *clerk) look(ctx context.Context, now time.Time) error {
	if !c.armed && !now.Before(c.at(9, 0)) {
		c.armed = true
		c.slip.arm()
	}
	steps := []func(context.Context) (bool, error){c.find, c.retry, c.again, c.mend, c.through}
	if c.step == len(steps) || now.Before(c.next) {
		return nil
	}
	done, err := steps[c.step](ctx)
	if done {
		c.step, c.next = c.step+1, now.Add(time.Minute)
	}
	return err
}

// first returns the oldest open item, if there is one.
func (c *clerk) first(ctx context.Context) (found bool, err error) {
	err = c.node.DB.View(ctx, c.clock.Now(), func(tx *db.Tx) error {
		list, err := errorqueue.List(tx, location, false)
		for _, i := range list {
			if i.Kind == errorqueue.Delivery {
				c.item, found = i, true
				return err
			}
		}
		return err
	})
	return found, err
}

func (c *clerk) find(ctx context.Context) (bool, error) {
	found, err := c.first(ctx)
	if !found || err != nil {
		return false, err
	}
	_, c.key, _ = bytesCut(c.item.Ref)
	c.tell("a delivery failed: %s", c.item.Title)
	c.tell("  cause  %s: %s", c.item.Cause, c.item.Detail)
	c.tell("  cure   %s", c.item.Cure)
	c.tell("  the job stands where it stood; everything else goes on. Somebody in the office looks:")
	return true, nil
}

func bytesCut(ref string) (connection, key string, ok bool) {
	for i := range ref {
		if ref[i] == '/' {
			return ref[:i], ref[i+1:], true
		}
	}
	return "", ref, false
}

func (c *clerk) tell(format string, args ...any) {
	c.story.tell(c.clock.Now(), "error queue", format, args...)
}

func (c *clerk) retry(ctx context.Context) (bool, error) {
	c.tell("$ %s", c.command("errors retry "+c.item.Cause))
	_, err := c.node.Queue().Retry(ctx, location, c.item.Cause, "demo")
	return true, err
}

func (c *clerk) again(ctx context.Context) (bool, error) {
	found, err := c.first(ctx)
	if found {
		c.tell("  it came back: the bytes are what they were, and stay so")
	}
	return found, err
}

func (c *clerk) mend(ctx context.Context) (done bool, err error) {
	c.tell("$ %s", c.command("errors edit "+c.item.Ref+" --body corrected.json"))
	c.edit, err = c.node.Queue().Edit(ctx, location, "hcp", c.key, "demo", c.slip.correction())
	return true, err
}

func (c *clerk) through(ctx context.Context) (done bool, err error) {
	var state plumbline.State
	err = c.node.DB.View(ctx, c.clock.Now(), func(tx *db.Tx) error {
		_, state, _, err = inbox.Get(tx, location, "hcp", c.edit)
		return err
	})
	if err != nil || state != plumbline.Applied {
		return false, err
	}
	c.tell("  kept as hcp/%s and applied; the queue is clear", c.edit)
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
