package jobber

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"plumbline.dev/plumbline/internal/connect"
)

// Subscriptions says that the vendor has no way to see them: those of the app stand in the
// Developer Center, and those of an account cannot be listed.
func (t *Tool) Subscriptions(context.Context) ([]connect.Subscription, error) {
	return []connect.Subscription{{Name: "the webhooks of the app"}}, nil
}

// Restore makes endpoints of the account's own, one for each topic that we read, in the
// place of those that it made before, whose ids it kept. They stand beside what the
// Developer Center has: an event that both tell of is counted as a duplicate.
func (t *Tool) Restore(ctx context.Context, kept string) (string, error) {
	if t.config.CallbackURL == "" {
		return kept, &connect.Error{Class: connect.Human, Msg: "the connection does not know the address of its webhooks", Cure: t.Cure()}
	}
	var old []string
	if kept != "" {
		if err := json.Unmarshal([]byte(kept), &old); err != nil {
			return kept, &connect.Error{Class: connect.Human, Msg: "the ids of our endpoints cannot be read", Err: err}
		}
	}
	if len(old) > 0 { // one that is not there any more refuses all: it is one by one, and no matter
		if _, err := t.ask(ctx, dropEndpoints(len(old)), variables("id", old)); err != nil {
			return kept, err
		}
	}
	topics := read()
	vars := map[string]any{"url": t.config.CallbackURL}
	a, err := t.ask(ctx, makeEndpoints(topics), vars)
	if err != nil {
		return kept, err
	}
	return t.made(a, topics)
}

// made reads the ids of the endpoints that were made. One that was not refuses all.
func (t *Tool) made(a answer, topics []string) (string, error) {
	var ids []string
	for i, topic := range topics {
		var m struct {
			Endpoint *struct {
				ID string `json:"id"`
			} `json:"webhookEndpoint"`
		}
		if err := json.Unmarshal(a.Data[alias(i)], &m); err != nil || m.Endpoint == nil || m.Endpoint.ID == "" {
			return string(connect.Value(ids)), &connect.Error{Class: connect.Human, Code: "endpoint",
				Msg: "Jobber makes no endpoint for " + topic, Cure: t.Cure()}
		}
		ids = append(ids, m.Endpoint.ID)
	}
	return string(connect.Value(ids)), nil
}

// Cure is where the webhooks of the app are.
func (t *Tool) Cure() string {
	return "In Jobber's Developer Center open the app, see that its webhooks are switched on, have all topics that are read, and go to this connection's address" + t.address()
}

func (t *Tool) address() string {
	if t.config.CallbackURL == "" {
		return "."
	}
	return ": " + t.config.CallbackURL
}

// read lists the topics about what we read, in order.
func read() (topics []string) {
	for _, about := range slices.Sorted(maps.Keys(subjects)) {
		s := subjects[about]
		if s.rule != "" {
			continue
		}
		for _, verb := range append(slices.Clone(changed), s.verbs...) {
			if about == "USER" && verb == "DESTROY" { // the only one that there is not
				continue
			}
			topics = append(topics, about+"_"+verb)
		}
	}
	return topics
}

func variables(name string, values []string) map[string]any {
	vars := map[string]any{}
	for i, v := range values {
		vars[fmt.Sprint(name, i)] = v
	}
	return vars
}

func makeEndpoints(topics []string) query {
	var b strings.Builder
	for i, topic := range topics {
		fmt.Fprintf(&b, "  %s: webhookEndpointCreate(input: {topic: %s, url: $url}) { webhookEndpoint { id } userErrors { message } }\n", alias(i), topic)
	}
	return query{shape: "endpoints", text: "mutation($url: String!) {\n" + b.String() + "}", cost: float64(5 * len(topics))}
}

func dropEndpoints(n int) query {
	var vars, b strings.Builder
	for i := range n {
		fmt.Fprintf(&vars, "$id%d: EncodedId! ", i)
		fmt.Fprintf(&b, "  %s: webhookEndpointDelete(webhookEndpointsIds: [$id%d]) { userErrors { message } }\n", alias(i), i)
	}
	return query{shape: fmt.Sprint("drop/", n), text: "mutation(" + vars.String() + ") {\n" + b.String() + "}", cost: float64(3 * n)}
}
