package consent

import (
	"regexp"
	"strings"
)

// A Label says what an inbound text does.
type Label string

const (
	OptOut        Label = "opt_out"         // stop at once, within Scope
	HoldAndReview Label = "hold_and_review" // nothing that can wait is sent until a person decides
	Human         Label = "human"           // a person reads it; consent stays
	Help          Label = "help"            // send the HELP text
	OptIn         Label = "opt_in"          // START: restore what was agreed before
	Answer        Label = "reply"           // a code, or the answer to an open question
	NotTheirs     Label = "wrong_number"    // stop all and detach the number
	Ignore        Label = "ignore"          // nothing to do
)

// Scopes of an opt-out. ScopeEmail is only a wish about mail, made by text.
const (
	ScopeAll       = "all"
	ScopeReview    = "category:review_request"
	ScopeMarketing = "category:marketing"
	ScopeVoice     = "channel:voice"
	ScopeText      = "channel:sms"
	ScopeEmail     = "channel:email"
)

// A Reading is what an inbound text means.
type Reading struct {
	Label Label
	Scope string // of an opt-out
	Task  bool   // a person should see it as well, or only a person can settle it
	Hold  bool   // until then nothing that can wait is sent: an entry of kind Hold
	Why   string // a sentence
}

// Classify reads an inbound text. Exact words come first, then phrases; what is
// neither goes to a person. openQuestion: we asked something and wait for the
// answer. optedOut: this number has stopped all texts. The standard is what a
// reasonable person would understand (47 CFR 64.1200(a)(10)); in doubt it holds
// or asks, and nothing but START and UNSTOP alone ever restores consent.
func Classify(body string, openQuestion, optedOut bool) Reading {
	t := read(body)
	for _, rule := range []func(text) (Reading, bool){emptied, automatic(openQuestion), exact(openQuestion, optedOut), wrongNumber, wishes, doubts} {
		if r, ok := rule(t); ok {
			r.Hold = r.Hold || r.Label == HoldAndReview
			return r
		}
	}
	return Reading{Label: Human, Task: true, Why: "it is no wish to end messages; a person reads it"}
}

func emptied(t text) (Reading, bool) {
	return Reading{Label: Ignore, Why: "there are no words in it"}, strings.TrimSpace(t.raw) == ""
}

// automatic sees what a phone wrote by itself: reactions that quote our own
// text, with its "Reply STOP", and notices that somebody is driving.
func automatic(openQuestion bool) func(text) (Reading, bool) {
	return func(t text) (Reading, bool) {
		switch {
		case dislike.MatchString(t.raw):
			return Reading{Label: Human, Task: true, Why: "it is a reaction to one of our texts that is not a good one"}, true
		case reaction.MatchString(t.raw):
			return Reading{Label: Ignore, Task: openQuestion, Why: "it is a reaction that quotes one of our texts"}, true
		case away.MatchString(t.plain):
			return Reading{Label: Ignore, Why: "a phone answered by itself"}, true
		}
		return Reading{}, false
	}
}

var (
	dislike  = regexp.MustCompile(`(?s)^\s*(Disliked|Questioned|👎[\s\p{Z}]*to|No le gustó)[\s\p{Z}]+([“"«].*[”"»]|an? \w+)\s*$`)
	reaction = regexp.MustCompile(`(?s)^\s*((Liked|Loved|Emphasized|Laughed at|Le gustó|Le encantó)[\s\p{Z}]+[“"«]|` +
		`(Reacted[\s\p{Z}]+)?[^\p{L}\p{N}\s]{1,8}[\s\p{Z}]*to[\s\p{Z}]+[“"«]|Removed an? .{1,20} from [“"«]).*[”"»]\s*$`)
	away = regexp.MustCompile(`\bi am (?:driving with (?:focus|do not disturb)|not receiving notifications)\b|^auto[ -]?(?:reply|response)\b|^automatic reply\b|` +
		`^respuesta automatica\b|do not disturb while driving`)
)

// Words that mean one thing when they are the whole text.
var (
	stopWords = set("stop stopall unsubscribe unsub end quit revoke optout remove arret arretez alto parar pare paren para basta " +
		"detener detengan detente cancelar baja desuscribir unsubscribed optmeout stoptexting stopit stoptext stopplease " +
		"parale parele parenle")
	stopPhrases = set("stop all|opt me out|no more|no mas|ya basta|stop it|stop this|stop texting|stop messaging|no texts|no text|" +
		"do not text|no messages|no sms|no msgs|remove me|go away please stop|please make it stop texting|delete me|baja por favor")
	helpWords = set("help info ayuda")
	codes     = set("c r call yes y si")
	answers   = set("no n nope ok okay k yep yeah yup sure confirm confirmed confirmo confirmado confirmar reschedule later " +
		"1 2 3 4 5 6 7 8 9 claro vale perfect correct")
	// Words around a wish that do not change it.
	polite = set("please pls plz plse kindly thanks thank you ty thx thankyou por favor gracias sir madam ma'am hi hello hey " +
		"now immediately asap already right ok okay just porfavor hola ya")
	// Words around STOP that do not change it either.
	insistent = set("i said say told you u to it this that these all everything again " +
		"and for the last time fucking fuckin freaking damn effing god omg guys people y'all yall have asked ask asking am " +
		"really seriously me at once how do")
)

func set(words string) map[string]bool {
	m := map[string]bool{}
	sep := " "
	if strings.Contains(words, "|") {
		sep = "|"
	}
	for _, w := range strings.Split(words, sep) {
		m[w] = true
	}
	return m
}

// exact judges texts that are one word, or one word with courtesy around it.
func exact(openQuestion, optedOut bool) func(text) (Reading, bool) {
	return func(t text) (Reading, bool) {
		core := strings.Join(without(t.tokens, polite), " ")
		switch {
		case t.words == "cancel" || t.words == "cancelar":
			return Reading{Label: OptOut, Scope: ScopeAll, Task: true, Why: "the word alone counts as an opt-out by law; a person asks whether the visit was meant"}, true
		case t.allIn(stopWords), stopPhrases[core], core != "" && allIn(strings.Fields(core), stopWords):
			return Reading{Label: OptOut, Scope: ScopeAll, Why: "it is an opt-out word"}, true
		case core == "cancel" || core == "cancel it":
			return Reading{Label: HoldAndReview, Task: true, Why: "cancel may mean the texts or the visit; a person asks"}, true
		case helpWords[t.words]:
			return Reading{Label: Help, Task: t.words == "info", Why: "it is a help word"}, true
		case t.words == "start" || t.words == "unstop":
			return Reading{Label: OptIn, Scope: ScopeAll, Why: "it is an opt-in word; it restores what was agreed before"}, true
		}
		return answer(t, core, openQuestion, optedOut)
	}
}

// answer judges reply codes and the words that only mean something after a
// question.
func answer(t text, core string, openQuestion, optedOut bool) (Reading, bool) {
	yes := core == "yes" || core == "y" || core == "si"
	switch {
	case core == "", t.question:
		core = t.words
	case yes && optedOut && !openQuestion:
		return Reading{Label: Human, Task: true, Why: "yes to no question from a number that has stopped texts; the provider may have opted it in"}, true
	case codes[core]:
		return Reading{Label: Answer, Task: !openQuestion, Why: "it is a reply code"}, true
	}
	thumb := strings.HasPrefix(strings.TrimSpace(t.raw), "👍") && t.words == ""
	if openQuestion && (answers[core] || thumb) {
		return Reading{Label: Answer, Why: "it answers the open question"}, true
	}
	return Reading{}, false
}

// wrongNumber sees that the number is not, or no longer, the customer's.
func wrongNumber(t text) (Reading, bool) {
	found := t.find(wrongPhrases...) && !t.find(wrongGuards...) || notNamed(t)
	return Reading{Label: NotTheirs, Scope: ScopeAll, Task: true, Why: "the number is not the customer's"}, found
}

// wishes sees a clear wish to end messages, and how far it goes.
func wishes(t text) (Reading, bool) {
	if t.loneStop() {
		return Reading{Label: OptOut, Scope: ScopeAll, Why: "STOP is a sentence of its own in it"}, true
	}
	if r, ok := narrow(t); ok {
		return r, true
	}
	switch {
	case t.find(limited...):
		return Reading{Label: HoldAndReview, Task: true, Why: "it limits when to text, which only a person can arrange"}, true
	case t.find(elsewhere...):
		return Reading{Label: OptOut, Scope: ScopeText, Task: true, Why: "it asks for another channel than texts"}, true
	case t.find(enough...):
		return Reading{Label: OptOut, Scope: ScopeAll, Why: "it is a clear wish to end messages"}, true
	}
	return Reading{}, false
}

// narrow judges wishes about one kind of message or one channel. Where texts
// as such are meant too, the wish is not narrow.
func narrow(t text) (Reading, bool) {
	voice := t.find(noCalls...) && !t.find(limited...)
	mail := t.find(noMail...)
	review, offers := t.find(noReviews...), t.find(noOffers...)
	onlyVisits := t.find(onlyJobs...)
	texts := t.find(everything...)
	switch {
	case texts && (voice || mail || review || offers):
		return Reading{Label: OptOut, Scope: ScopeAll, Task: true, Why: "it names one kind of message and all of them; all are stopped"}, true
	case review && offers:
		return Reading{Label: OptOut, Scope: ScopeMarketing, Task: true, Why: "it names offers and reviews; a person checks whether more was meant"}, true
	case review:
		return Reading{Label: OptOut, Scope: ScopeReview, Task: true, Why: "it names review requests; a person checks whether more was meant"}, true
	case offers, onlyVisits:
		return Reading{Label: OptOut, Scope: ScopeMarketing, Task: true, Why: "it names offers; a person checks whether more was meant"}, true
	case voice && mail:
		return Reading{Label: HoldAndReview, Task: true, Why: "it ends calls and mail; a person asks about texts"}, true
	case voice:
		return Reading{Label: OptOut, Scope: ScopeVoice, Task: true, Why: "it ends calls, not texts"}, true
	case mail:
		return Reading{Label: OptOut, Scope: ScopeEmail, Task: true, Why: "it ends mail, not texts"}, true
	}
	return Reading{}, false
}

// doubts sees what may be a wish to end messages.
func doubts(t text) (Reading, bool) {
	switch {
	case t.typo():
		return Reading{Label: HoldAndReview, Task: true, Why: "it looks like STOP with a typing error"}, true
	case t.find(annoyed...), t.vagueStop():
		return Reading{Label: HoldAndReview, Task: true, Why: "it may be a wish to end messages; a person decides"}, true
	case t.find(legal...):
		return Reading{Label: Human, Task: true, Hold: true, Why: "it speaks of the law: a person answers"}, true
	case t.find(`\bcancel\b`) && !t.find(jobWords):
		return Reading{Label: Human, Task: true, Hold: true, Why: "it may be about the visit or the texts: a person asks"}, true
	case t.words == "" && rudeSign.MatchString(t.raw):
		return Reading{Label: HoldAndReview, Task: true, Why: "the sign may be a wish to end messages; a person decides"}, true
	}
	return Reading{}, false
}

var rudeSign = regexp.MustCompile(`[🚫⛔🖕✋🤚🔇📵🙅]`)
