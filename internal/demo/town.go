package demo

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"plumbline.dev/plumbline/internal/sandbox/shop"
)

// How often a town looks for what is due, and how long it waits before it tries again
// to register its webhook where nobody answers.
const (
	townTick   = 100 * time.Millisecond
	townsAgain = time.Second
)

// A Town is the vendors in real time and, if somebody asks for it, a shop among them.
type Town struct {
	config  VendorsConfig
	vendors *Vendors

	stepping   sync.Mutex
	shop       *shop.Shop
	registered bool // somebody answers where webhooks go

	telling sync.RWMutex // vendors ask for the time while they are stepped
	held    time.Time    // the time stands here while a shop is laid out; zero: it goes on
}

// NewTown opens the vendors' accounts. Run it, so that webhooks leave.
func NewTown(c VendorsConfig) *Town {
	t := &Town{config: c}
	c.Now = t.now
	t.vendors = NewVendors(c)
	return t
}

func (t *Town) now() time.Time {
	t.telling.RLock()
	defer t.telling.RUnlock()
	if !t.held.IsZero() {
		return t.held
	}
	return t.config.Now()
}

func (t *Town) hold(at time.Time) {
	t.telling.Lock()
	defer t.telling.Unlock()
	t.held = at
}

// Handler serves the vendors, and POST /shop/start.
func (t *Town) Handler() http.Handler {
	m := http.NewServeMux()
	m.Handle("/", t.vendors.Handler())
	m.HandleFunc("POST /shop/start", func(w http.ResponseWriter, _ *http.Request) {
		switch err := t.open(); {
		case errors.Is(err, errDeaf):
			http.Error(w, err.Error(), http.StatusConflict)
		case err != nil:
			http.Error(w, err.Error(), http.StatusInternalServerError)
		default:
			w.WriteHeader(http.StatusNoContent)
		}
	})
	return m
}

// errDeaf is for a shop that nobody would hear of.
var errDeaf = errors.New("nobody answers yet where webhooks go: start the program with this location, then try again")

// open lays out a shop whose day began at five this morning: what should have happened
// since then happens at once. Called again, it does nothing. What Housecall Pro cannot
// tell is never told, so a shop waits until its webhook is registered.
func (t *Town) open() (err error) {
	t.stepping.Lock()
	defer t.stepping.Unlock()
	if t.shop != nil {
		return nil
	}
	if t.config.Hooks != "" && !t.registered {
		return errDeaf
	}
	day := t.config.Now().In(t.config.Zone)
	start := time.Date(day.Year(), day.Month(), day.Day(), 5, 0, 0, 0, t.config.Zone)
	t.hold(start)
	defer t.hold(time.Time{})
	t.shop, err = shop.New(shop.Options{Seed: t.config.Seed, Trucks: trucks, Days: 1, Start: start, Zone: t.config.Zone, Past: past,
		HCP: t.vendors.Field, HubSpot: t.vendors.CRM, Twilio: t.vendors.Sender})
	return err
}

// Run lets the vendors do what is due until ctx ends, which is no error. Housecall
// Pro's webhook is registered as soon as somebody answers there.
func (t *Town) Run(ctx context.Context, log *slog.Logger) error {
	tick := time.NewTicker(townTick)
	defer tick.Stop()
	var try time.Time
	for {
		if now := t.config.Now(); t.config.Hooks != "" && !t.registered && !now.Before(try) {
			if err := t.register(ctx); err == nil {
				log.Info("the webhook is registered", "address", t.config.Hooks+"/hcp")
			}
			try = now.Add(townsAgain)
		}
		if err := t.step(ctx); err != nil && ctx.Err() == nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

func (t *Town) register(ctx context.Context) error {
	if err := t.vendors.Field.RegisterWebhook(ctx, t.config.Hooks+"/hcp"); err != nil {
		return err
	}
	t.stepping.Lock()
	defer t.stepping.Unlock()
	t.registered = true
	return nil
}

func (t *Town) step(ctx context.Context) error {
	t.stepping.Lock()
	defer t.stepping.Unlock()
	if t.shop != nil {
		if _, _, err := t.shop.Step(ctx, t.config.Now()); err != nil {
			return err
		}
	}
	_, err := t.vendors.Step(ctx, t.config.Now())
	return err
}
