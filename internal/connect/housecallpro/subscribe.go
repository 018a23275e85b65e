package housecallpro

import (
	"context"
	"net/http"

	"plumbline.dev/plumbline/internal/connect"
)

// Subscriptions says that the vendor's description has no way to see whether a company's
// webhooks are on.
func (t *Tool) Subscriptions(context.Context) ([]connect.Subscription, error) {
	return []connect.Subscription{{Name: "the webhooks of the company"}}, nil
}

// Restore turns the company's webhooks on, as POST /webhooks/subscription does. The address
// and the list of events are not in it: they stand in the settings of the Webhooks app, or
// of the partner's app.
func (t *Tool) Restore(ctx context.Context, _ string) (kept string, err error) {
	_, err = t.caller.Do(ctx, connect.Call{Method: http.MethodPost, Path: "/webhooks/subscription", ContentType: "application/json", Body: []byte("{}"), Safe: true})
	if e := connect.AsError(err); e != nil && e.Status == http.StatusUnauthorized {
		// The call may be for partners' keys alone; that ours is not taken at all shows elsewhere.
		return "", &connect.Error{Class: connect.Human, Status: e.Status, Msg: "Housecall Pro does not let our key switch the webhooks on", Cure: t.Cure(), Err: err}
	}
	return "", err
}

// Cure is where an admin finds the webhooks.
func (t *Tool) Cure() string {
	return "As an admin of the company open the Webhooks app of Housecall Pro, see that it is on and ticks all events, and save this connection's address anew" + t.address()
}

func (t *Tool) address() string {
	if t.config.CallbackURL == "" {
		return "."
	}
	return ": " + t.config.CallbackURL
}
