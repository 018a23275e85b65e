// Package hubspot is a fake of HubSpot's CRM API, date version 2026-09, with
// its bad habits: no idempotency key, a search that lags and stops at 10,000,
// partial answers in a 207, merges that change ids, values read back in another
// shape than they were written, three kinds of rate limit. Tests call it as an
// http.Handler, the simulator drives it in simulated time and plays the people
// in the account (see people.go), and a person can run it by hand.
//
// It is built from the vendor's documents and from answers seen in public
// integrations. It must not know our client: where the vendor's behaviour is
// not documented it does the worse of the plausible things, and a comment that
// begins with "Not documented" says so. All chance comes from Options.Rand and
// all time from Options.Now, so that a seed and a sequence of calls reproduce
// every answer.
package hubspot
