// Package consent says what an inbound text means for consent, and folds what
// people, tools and carriers said about one address into an answer: may this
// be said to this person there. It must not know what is said, at which hour,
// or how the words reached us.
package consent

// A Class is what kind of message it is: it decides the consent needed.
type Class int

const (
	ActiveVisit Class = iota // a visit under way: the number was given for the job
	Service                  // about a job: the number was given for it
	Account                  // estimates, invoices, reminders: an express tick for texts about jobs and bills
	Asking                   // surveys and reviews: the express written marketing tick
	Marketing                // offers and renewals: the express written marketing tick
	Reply                    // an answer to what this address just wrote, and HELP
	Staff                    // people who work here
)

var classes = [...]string{"active_visit", "service", "account", "asking", "marketing", "reply", "staff"}

func (c Class) String() string {
	if c < 0 || int(c) >= len(classes) {
		return "unknown"
	}
	return classes[c]
}
