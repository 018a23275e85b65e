package api

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"path"
	"reflect"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/explain"
	"plumbline.dev/plumbline/internal/mirror"
	"plumbline.dev/plumbline/internal/tenant"
)

// An API answers people and programs over HTTP. Every answer is about the location
// of the token that was shown, and about no other.
type API struct {
	DB    *db.DB
	Now   func() time.Time
	Log   *slog.Logger
	Queue *Queue
	// Explain says why; it is given the playbooks of the node.
	Explain *explain.Explainer
	// Mirror says what a connection would write if it were on, and sweeps.
	Mirror *mirror.Mirror
	// Switched is told, in the same transaction, of a connection that was switched.
	Switched func(tx *db.Tx, c tenant.Connection) error
	// Redeem takes the code of an administrator who has agreed, with the state that shows
	// who asked.
	Redeem func(ctx context.Context, location, connection, code, state string) error
	// Nudge says that something was kept, or owed, for a location.
	Nudge func(location string)
	// Hooks takes webhooks.
	Hooks http.Handler
}

// Handler returns everything that this server answers.
func (a *API) Handler() http.Handler {
	mux := http.NewServeMux()
	config := huma.DefaultConfig("Plumbline", "1")
	config.DocsPath, config.SchemasPath = "", "" // pages of documentation load foreign scripts
	config.CreateHooks = nil                     // no $schema in answers
	config.Info.Description = "What became of every delivery, record and message of one location, and what can be done about it."
	config.Components.Schemas = huma.NewMapRegistry("#/components/schemas/", schemaName)
	config.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"token": {Type: "http", Scheme: "bearer", Description: "made by plumbline user token"}}
	config.Security = []map[string][]string{{"token": {}}}
	h := humago.New(mux, config)
	h.UseMiddleware(a.admit(h))
	a.routes(mux, h)
	return mux
}

// schemaName names a type in the document: those of rooms by their room, too, since
// two rooms may use one word.
func schemaName(t reflect.Type, hint string) string {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	name := huma.DefaultSchemaNamer(t, hint)
	if room := path.Base(t.PkgPath()); t.Name() != "" && room != "api" && room != "plumbline" && room != "huma" && room != "v2" && room != "." {
		name = strings.ToUpper(room[:1]) + room[1:] + name
	}
	return name
}

// routes is every route of the server: who calls it, and why.
func (a *API) routes(mux *http.ServeMux, h huma.API) {
	mux.Handle("/hooks/", a.Hooks)                                             // vendors, when something happened; the signature lets them in
	mux.HandleFunc("GET /oauth/{location}/{connection}", a.agreed)             // an administrator who has agreed that we have access; the state lets him in
	mux.HandleFunc("GET /healthz", a.healthy)                                  // the load balancer or supervisor, to know whether to send traffic
	on(a, h, "GET", "/v1/errors", a.listCauses)                                // the console and plumbline errors: what wants a person, by cause
	on(a, h, "GET", "/v1/errors/{cause}", a.showCause)                         // the console, when one cause is opened: its items and what was tried
	on(a, h, "POST", "/v1/errors/{cause}/retry", a.retryCause)                 // whoever has removed the cause: replay all of it, or single items
	on(a, h, "POST", "/v1/errors/{cause}/skip", a.skipCause)                   // whoever decides that it need not be done, with the reason
	on(a, h, "PUT", "/v1/errors/{cause}/assignment", a.assignCause)            // the office, to say who looks after it
	on(a, h, "PUT", "/v1/errors/{cause}/snooze", a.snoozeCause)                // the office, to see it again later
	on(a, h, "GET", "/v1/deliveries/{connection}/{key}", a.showDelivery)       // whoever must mend a delivery: its bytes as they came
	on(a, h, "POST", "/v1/deliveries/{connection}/{key}/edit", a.editDelivery) // likewise: the body that stands in for it
	on(a, h, "GET", "/v1/tally", a.tally)                                      // the console and auditors: received = applied + ignored + waiting + failed
	on(a, h, "GET", "/v1/explain", a.explainAny)                               // anybody who has a number or an id and asks why
	on(a, h, "GET", "/v1/explain/job/{id}", a.explainJob)                      // anybody who asks why a job stands where it stands
	on(a, h, "GET", "/v1/explain/record/{id}", a.explainRecord)                // anybody who asks why a record says what it says
	on(a, h, "GET", "/v1/explain/message/{id}", a.explainMessage)              // anybody who asks why something was said
	on(a, h, "GET", "/v1/questions", a.questions)                              // the review list: pairs that only a person can decide
	on(a, h, "POST", "/v1/decisions", a.decide)                                // the office, to state, to tick a consent, to say who is who
	on(a, h, "GET", "/v1/connections", a.connections)                          // the console: what is connected, and how it is switched
	on(a, h, "GET", "/v1/connections/{name}/plan", a.plan)                     // the operator, before switching on: what it would do
	on(a, h, "GET", "/v1/connections/{name}/sweep", a.sweep)                   // the console and monitors: how far its records were read back, and what drift was found
	on(a, h, "GET", "/v1/connections/{name}/sweep/plan", a.sweepPlan)          // the operator, to read what a sweep would do
	on(a, h, "POST", "/v1/connections/{name}/sweep/plan", a.planSweep)         // likewise, to have it looked for
	on(a, h, "POST", "/v1/connections/{name}/sweep/application", a.applySweep) // whoever has read the plan, to have it carried out
	on(a, h, "PATCH", "/v1/connections/{name}", a.switchConnection)            // the operator, to switch: rehearsal, on or off
	on(a, h, "GET", "/v1/jobs", a.jobs)                                        // the console and exports: all jobs, page by page
	on(a, h, "GET", "/v1/jobs/{id}", a.job)                                    // the console, when a job is opened
	on(a, h, "GET", "/v1/jobs/{id}/messages", a.messages)                      // likewise: what was said about it
	on(a, h, "GET", "/v1/records", a.records)                                  // the console and exports: all of a kind, page by page
	on(a, h, "GET", "/v1/records/{id}", a.record)                              // the console, when a customer, place or technician is opened
}

// on registers a handler that may fail. What it returns becomes a status in one
// place, and a list without anything in it is answered as [] and not as null.
func on[I, O any](a *API, h huma.API, method, route string, f func(context.Context, *I) (*O, error)) {
	op := huma.Operation{Method: method, Path: route, OperationID: operation(method, route),
		Errors: []int{http.StatusUnauthorized, http.StatusNotFound, http.StatusUnprocessableEntity}}
	if method == http.MethodPost {
		op.DefaultStatus = http.StatusCreated
	}
	huma.Register(h, op, func(ctx context.Context, in *I) (*O, error) {
		out, err := f(ctx, in)
		if err != nil {
			return nil, a.problem(err)
		}
		fill(reflect.ValueOf(out))
		return out, nil
	})
}

// fill puts an empty list wherever there is none.
func fill(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			fill(v.Elem())
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				fill(v.Field(i))
			}
		}
	case reflect.Slice:
		if v.IsNil() && v.Type().Elem().Kind() != reflect.Uint8 {
			v.Set(reflect.MakeSlice(v.Type(), 0, 0))
		}
		for i := range v.Len() {
			fill(v.Index(i))
		}
	}
}

// operation names a route, "get-v1-errors-cause".
func operation(method, route string) string {
	return strings.ToLower(method) + strings.NewReplacer("/", "-", "{", "", "}", "").Replace(route)
}

// A Problem is how an error is told (RFC 9457), with what can be done about it.
type Problem struct {
	huma.ErrorModel
	Hint string `json:"hint,omitempty" doc:"What to do about it"`
}

var statuses = map[plumbline.ErrorKind]int{
	plumbline.Invalid: http.StatusUnprocessableEntity, plumbline.NotFound: http.StatusNotFound, plumbline.Conflict: http.StatusConflict,
	plumbline.Unauthorized: http.StatusUnauthorized, plumbline.Unavailable: http.StatusServiceUnavailable,
}

// problem turns an error into a status. What is nobody's fault but ours is logged
// and not shown.
func (a *API) problem(err error) *Problem {
	status, known := statuses[plumbline.KindOf(err)]
	p := &Problem{}
	var e *plumbline.Error
	if known && errors.As(err, &e) {
		p.Detail, p.Hint = e.Msg, e.Hint
	} else {
		a.Log.Error("a request could not be answered", "error", err)
		status, p.Detail = http.StatusInternalServerError, "this could not be done"
		p.Hint = "try again; if it happens again, the log says what went wrong"
	}
	p.Status, p.Title = status, http.StatusText(status)
	return p
}

// A caller is who asks, by their token.
type caller struct{ location, name string }

type callerKey struct{}

func callerOf(ctx context.Context) caller {
	c, _ := ctx.Value(callerKey{}).(caller)
	return c
}

// admit lets in whoever shows a token, for its location.
func (a *API) admit(h huma.API) func(huma.Context, func(huma.Context)) {
	return func(ctx huma.Context, next func(huma.Context)) {
		who, err := a.who(ctx.Context(), ctx.Header("Authorization"))
		if err != nil {
			p := a.problem(err)
			ctx.SetHeader("WWW-Authenticate", "Bearer")
			ctx.SetHeader("Content-Type", "application/problem+json")
			ctx.SetStatus(p.Status)
			_ = h.Marshal(ctx.BodyWriter(), "application/json", p) // whoever asked has hung up
			return
		}
		next(huma.WithValue(ctx, callerKey{}, who))
	}
}

func (a *API) who(ctx context.Context, header string) (who caller, err error) {
	token, ok := strings.CutPrefix(header, "Bearer ")
	if !ok {
		return who, &plumbline.Error{Kind: plumbline.Unauthorized, Msg: "no token was shown", Hint: "send Authorization: Bearer TOKEN"}
	}
	err = a.DB.View(ctx, a.Now(), func(tx *db.Tx) (err error) {
		who.location, who.name, err = tenant.TokenOf(tx, token)
		return err
	})
	return who, err
}

// view runs f on a snapshot for the caller's location.
func (a *API) view(ctx context.Context, f func(tx *db.Tx, location string) error) error {
	return a.DB.View(ctx, a.Now(), func(tx *db.Tx) error { return f(tx, callerOf(ctx).location) })
}

// agreed answers the browser of an administrator whom a vendor sends back.
func (a *API) agreed(w http.ResponseWriter, r *http.Request) {
	location, connection := r.PathValue("location"), r.PathValue("connection")
	code := r.URL.Query().Get("code")
	if code == "" {
		http.Error(w, "the account has not agreed: begin again with plumbline connect "+connection, http.StatusBadRequest)
		return
	}
	if err := a.Redeem(r.Context(), location, connection, code, r.URL.Query().Get("state")); err != nil {
		a.Log.Warn("an account could not be connected", "connection", location+"/"+connection, "error", err)
		http.Error(w, "the account could not be connected: begin again with plumbline connect "+connection, http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = w.Write([]byte("connected: this page can be closed\n")) // the browser has hung up: it is stored
}

// healthy says whether the database answers.
func (a *API) healthy(w http.ResponseWriter, r *http.Request) {
	err := a.DB.View(r.Context(), a.Now(), func(tx *db.Tx) error {
		_, err := tenant.Connections(tx, "")
		return err
	})
	if err != nil {
		a.Log.Error("the database does not answer", "error", err)
		http.Error(w, "the database does not answer", http.StatusServiceUnavailable)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = w.Write([]byte("ok\n")) // whoever asked has hung up
}
