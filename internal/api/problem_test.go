package api

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"plumbline.dev/plumbline"
)

func TestAKindOfErrorIsOneStatus(t *testing.T) {
	var log bytes.Buffer
	a := &API{Log: slog.New(slog.NewTextHandler(&log, nil))}
	for _, c := range []struct {
		err    error
		status int
		detail string
	}{
		{plumbline.Invalidf("do so", "it is wrong"), 422, "it is wrong"},
		{fmt.Errorf("look: %w", plumbline.NotFoundf("it is not there")), 404, "it is not there"},
		{&plumbline.Error{Kind: plumbline.Conflict, Msg: "somebody was faster"}, 409, "somebody was faster"},
		{&plumbline.Error{Kind: plumbline.Unauthorized, Msg: "who are you"}, 401, "who are you"},
		{&plumbline.Error{Kind: plumbline.Unavailable, Msg: "later"}, 503, "later"},
		{errors.New("disk /var/secret is full"), 500, "this could not be done"},
	} {
		p := a.problem(c.err)
		if p.Status != c.status || p.Detail != c.detail {
			t.Errorf("%v: %d %q, want %d %q", c.err, p.Status, p.Detail, c.status, c.detail)
		}
	}
	if n := strings.Count(log.String(), "\n"); n != 1 || !strings.Contains(log.String(), "/var/secret") {
		t.Errorf("the log has %d lines, want one, with the cause: %s", n, log.String())
	}
}
