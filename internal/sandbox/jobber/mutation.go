package jobber

import (
	"net/url"
	"slices"
)

// mutationRoot is what can be done.
func (s *Sandbox) mutationRoot() *object {
	return &object{"Mutation", map[string]any{
		"appDisconnect":         lazy(func() any { return s.appDisconnect() }),
		"webhookEndpointCreate": resolver(s.createEndpoint),
		"webhookEndpointDelete": resolver(s.deleteEndpoints),
	}}
}

// appDisconnect ends the connection from the app's side. That it sends
// APP_DISCONNECT too, as an admin's click does, is a choice.
func (s *Sandbox) appDisconnect() *object {
	s.disconnect()
	return payload("AppDisconnectPayload", map[string]any{"app": &object{"App", map[string]any{"name": s.opts.AppID, "author": "Example Author"}}})
}

// createEndpoint adds a URL for one topic. The same topic can be had twice,
// and is then delivered twice (a choice; the vendor does not say).
func (s *Sandbox) createEndpoint(a arguments) any {
	var ask struct {
		Input struct{ Topic, URL string } `json:"input"`
	}
	if err := a.into(&ask); err != nil {
		return err
	}
	if u, err := url.Parse(ask.Input.URL); err != nil || u.Scheme != "https" || u.Host == "" {
		return payload("WebhookEndpointCreatePayload", map[string]any{"webhookEndpoint": nil}, "Url must be a valid HTTPS URL", "input", "url")
	}
	e := Endpoint{ID: s.id("WebhookEndpoint"), Topic: ask.Input.Topic, URL: ask.Input.URL, Created: s.now()}
	s.endpoints = append(s.endpoints, e)
	return payload("WebhookEndpointCreatePayload", map[string]any{"webhookEndpoint": wireEndpoint(e)})
}

// deleteEndpoints removes those that it knows; that one unknown id refuses the
// whole call is a choice.
func (s *Sandbox) deleteEndpoints(a arguments) any {
	var ask struct {
		IDs []string `json:"webhookEndpointsIds"`
	}
	if err := a.into(&ask); err != nil {
		return err
	}
	var gone []Endpoint
	for _, id := range ask.IDs {
		i := slices.IndexFunc(s.endpoints, func(e Endpoint) bool { return e.ID == id })
		if i < 0 {
			return payload("WebhookEndpointDeletePayload", map[string]any{"deletedWebhookEndpoints": nil}, "Webhook endpoint not found", "webhookEndpointsIds")
		}
		gone = append(gone, s.endpoints[i])
	}
	s.endpoints = slices.DeleteFunc(s.endpoints, func(e Endpoint) bool { return slices.Contains(ask.IDs, e.ID) })
	return payload("WebhookEndpointDeletePayload", map[string]any{"deletedWebhookEndpoints": each(gone, wireEndpoint)})
}

// payload is a mutation's answer; what the user did wrong is in userErrors.
func payload(kind string, fields map[string]any, wrong ...string) *object {
	errs := []*object{}
	if len(wrong) > 0 {
		errs = append(errs, &object{"MutationErrors", map[string]any{"message": wrong[0], "path": wrong[1:]}})
	}
	fields["userErrors"] = errs
	return &object{kind, fields}
}

func wireEndpoint(e Endpoint) *object {
	return &object{"WebhookEndpoint", map[string]any{"id": e.ID, "topic": e.Topic, "url": e.URL, "createdAt": e.Created, "updatedAt": e.Created}}
}
