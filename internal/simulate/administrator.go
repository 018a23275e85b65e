package simulate

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"time"

	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/errorqueue"
)

// looks is how often the administrator of Jobber's account looks at the error queue.
const looks = 20 * time.Minute

// agree is the administrator of Jobber's account who lets the program in, and whether the
// page said that this went well.
func (c *company) agree(ctx context.Context, n *node) (in bool, err error) {
	address, err := n.app.AuthorizeURL(c.id, "jobber")
	if err != nil {
		return false, err
	}
	u, err := url.Parse(address)
	if err != nil {
		return false, err
	}
	back, err := http.NewRequestWithContext(ctx, http.MethodGet, "/oauth/"+c.id+"/jobber?"+c.jobber.Authorize(u.Query().Get("state")).Encode(), nil)
	if err != nil {
		return false, err
	}
	answer := httptest.NewRecorder()
	n.app.API().Handler().ServeHTTP(answer, back)
	if c.w.calm && answer.Code != http.StatusOK { // in bad weather the page says to try again
		return false, fmt.Errorf("connect Jobber: answered %d %s", answer.Code, answer.Body)
	}
	return answer.Code == http.StatusOK, nil
}

// administer connects the account anew where the error queue asks for it: access that was
// renewed, and whose answer was lost, is lost.
func (c *company) administer(ctx context.Context) (worked bool, next time.Time, err error) {
	next = c.w.now.Add(looks)
	n := c.w.awake()
	if n == nil {
		return false, next, nil
	}
	var items []errorqueue.Item
	err = n.app.DB.View(ctx, c.w.now, func(tx *db.Tx) (err error) {
		items, err = errorqueue.List(tx, c.id)
		return err
	})
	items = slices.DeleteFunc(items, func(i errorqueue.Item) bool {
		return !strings.HasPrefix(i.Ref, "jobber/") || !strings.Contains(i.Cure, "connect")
	})
	if err != nil || len(items) == 0 {
		return false, next, err
	}
	defer c.w.wakeAll()
	in, err := c.agree(ctx, n)
	if in {
		first := slices.MinFunc(items, func(a, b errorqueue.Item) int { return a.Opened.Compare(b.Opened) })
		c.shut = append(c.shut, span{first.Opened, c.w.now})
	}
	return false, next, err
}
