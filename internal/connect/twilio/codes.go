package twilio

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"time"

	"plumbline.dev/plumbline/internal/connect"
)

// A cause groups the vendor's codes by what we do about them.
type cause int

const (
	none     cause = iota
	setup          // the account or sender is broken, not this message
	slow           // not taken: too fast or too many queued
	trouble        // the vendor's own trouble: a create may have been carried out
	dead           // this number cannot get texts
	optedOut       // this number wants none from this sender
	pair           // this sender cannot reach this number
	bug            // we asked wrongly
	content        // the text or picture is refused
	blocked        // the vendor's or a carrier's protection stopped it
	filtered       // the carrier took it for spam
	away           // the handset cannot be reached now
	unsaid         // the vendor does not know why
	ownHook        // our own webhook answered badly
	notice         // for information
)

type code struct {
	cause cause
	msg   string
}

// codes has the vendor's error codes that concern texts, calls and webhooks (pages of
// its error dictionary), with our own reading of each. The vendor splits codes from
// time to time: one that is missing here is judged by its HTTP status.
var codes = map[int]code{
	10001: {setup, "the account is not active"},
	10004: {slow, "too many calls at once"},
	11200: {ownHook, "our webhook did not answer with 2xx"},
	11205: {ownHook, "our webhook could not be connected to"},
	11215: {ownHook, "our webhook redirected too often"},
	11220: {ownHook, "our webhook's TLS handshake went wrong"},
	11750: {ownHook, "our webhook's answer was too large"},
	12100: {ownHook, "our webhook's answer was no XML"},
	12200: {ownHook, "our webhook's answer did not fit the schema"},
	12300: {ownHook, "our webhook's answer had a wrong content type"},
	13224: {dead, "the number cannot be called"},
	13227: {setup, "calls to this country are not enabled"},
	20003: {setup, "the credentials are wrong or lack a permission"},
	20005: {setup, "the account is not active"},
	20008: {setup, "test credentials cannot do this"},
	20404: {setup, "the account or address does not exist"},
	20429: {slow, "too many requests at once"},
	20500: {trouble, "the vendor had an internal error"},
	20503: {trouble, "the vendor was not available"},
	21201: {bug, "a call had no number to call"},
	21202: {dead, "the number is a premium number"},
	21203: {setup, "international calls are not enabled"},
	21205: {bug, "an address was invalid"},
	21210: {setup, "the sender's number is not verified"},
	21211: {dead, "the number is not valid"},
	21212: {setup, "the sender's number is not valid"},
	21213: {bug, "the caller's number was missing"},
	21214: {dead, "the number cannot be reached"},
	21215: {setup, "calls to this country are not enabled"},
	21216: {blocked, "the vendor blocks calls to this number"},
	21217: {dead, "the number is not valid"},
	21219: {setup, "a trial account may only reach verified numbers"},
	21266: {bug, "sender and recipient were the same number"},
	21401: {dead, "the number is not valid"},
	21408: {setup, "texts to this country are not enabled"},
	21602: {bug, "a text had no body"},
	21603: {bug, "a text had no sender"},
	21604: {bug, "a text had no recipient"},
	21606: {setup, "the sender's number cannot send texts"},
	21608: {setup, "this account may only reach verified numbers"},
	21609: {setup, "the address for receipts is not valid"},
	21610: {optedOut, "this number has opted out of texts from this sender"},
	21611: {slow, "the sender's queue is full"},
	21612: {pair, "this sender cannot reach this number"},
	21614: {dead, "the number is not a mobile number"},
	21617: {content, "the text is longer than 1600 characters"},
	21618: {content, "the text cannot be sent"},
	21620: {content, "a picture's address is not valid"},
	21623: {content, "there are too many pictures"},
	21624: {bug, "the validity period was out of range"},
	21635: {dead, "the number is a landline"},
	21655: {content, "the content template is not valid"},
	21656: {content, "the content template's variables are not valid"},
	21658: {content, "a parameter is too long"},
	21659: {setup, "the sender's number is not one of the account, or of another country"},
	21701: {setup, "the messaging service does not exist"},
	21703: {setup, "the messaging service has no sender for this number"},
	21704: {setup, "the messaging service has no senders"},
	21705: {setup, "the messaging service is not valid"},
	30001: {slow, "the vendor's queue overflowed"},
	30002: {setup, "the account was suspended"},
	30003: {away, "the handset cannot be reached"},
	30004: {optedOut, "the number blocks texts from this sender"},
	30005: {dead, "the number is unknown or not in use"},
	30006: {dead, "the number is a landline or its carrier cannot be reached"},
	30007: {filtered, "the text was filtered as spam"},
	30008: {unsaid, "the carrier gave no reason"},
	30017: {trouble, "the carrier's network is congested"},
	30019: {content, "the content is too large for the carrier"},
	30020: {trouble, "the vendor's scheduling had an internal error"},
	30022: {slow, "the carrier's rate limit was exceeded"},
	30023: {slow, "the day's limit of texts was reached"},
	30024: {setup, "the sender is not set up at the carrier"},
	30025: {notice, "half of T-Mobile's daily limit is used"},
	30026: {notice, "70 % of T-Mobile's daily limit is used"},
	30027: {slow, "T-Mobile's daily limit is reached until midnight Pacific"},
	30032: {setup, "the toll-free number is not verified"},
	30033: {setup, "the 10DLC campaign is suspended"},
	30034: {setup, "the number is in no approved 10DLC campaign"},
	30035: {setup, "the number is still being added to its campaign"},
	30047: {trouble, "the compliance toolkit could not find a time for the text"},
	30409: {bug, "the text can no longer be canceled"},
	30410: {trouble, "the carrier timed out"},
	30450: {blocked, "the vendor's fraud protection blocks this number for a while"},
	30610: {blocked, "the compliance toolkit stopped the text in quiet hours"},
	30640: {dead, "the compliance toolkit forbids texts to this number"},
	35111: {bug, "a scheduled text had no time"},
	35114: {bug, "a scheduled text's time is out of range"},
	35115: {bug, "a scheduled text's time is out of range"},
	35117: {bug, "a scheduled text's time is out of range"},
	35118: {bug, "scheduling needs a messaging service"},
	35125: {slow, "too many texts are scheduled"},
	57012: {ownHook, "our webhook refused the vendor's signature"},
	63017: {slow, "the account sends too fast"},
}

// onDelivery are the codes that come in receipts; a create that is answered with one
// of them is judged by its HTTP status.
func onDelivery(n int) bool {
	return n == 13224 || n == 13227 || n >= 30001 && n <= 30640 && n != 30409
}

// While the account is broken every message would fail alike, so the sender rests.
const rest = 15 * time.Minute

// classify says what a refused create means. Without a known code the HTTP status decides,
// and an answer that leaves open whether the text was taken is Unknown.
func classify(n, httpStatus int) *connect.Error {
	e := &connect.Error{Class: connect.Human, Status: httpStatus, Code: strconv.Itoa(n)}
	c := codes[n]
	if onDelivery(n) {
		c = code{}
	}
	e.Msg = "Twilio refused the text: " + c.msg
	switch c.cause {
	case setup:
		e.After = rest
		e.Cure = "put the account or sender right in the Twilio console or the connection's settings, then send again"
	case slow:
		e.Class, e.After = connect.Wait, waits[n]
	case trouble:
		e.Class = connect.Unknown
		e.Msg = "Twilio may have taken the text: " + c.msg
	case dead:
		e.Dead, e.Cure = true, "use another number or mail"
	case optedOut:
		e.OptedOut, e.Cure = true, "the person can opt in again by texting START"
	case pair:
		e.Cure = "use a sender that can reach this number"
	case content:
		e.Cure = "change the text"
	case bug, blocked:
		e.Cure = "look at the request in Twilio's console"
	default:
		return nil
	}
	return e
}

// waits are how long the sender rests for codes that say that it is too fast; after
// other ones for as long as the answer asks, or as the caller's backoff says.
var waits = map[int]time.Duration{21611: 10 * time.Minute, 35125: time.Hour}

// refused reads Twilio's error body. Its message stays out of ours: it can name the
// recipient.
func (t *Tool) refused(r connect.Reply) *connect.Error {
	var body struct {
		Code int `json:"code"`
	}
	_ = json.Unmarshal(r.Body, &body) // no code: the HTTP status decides
	e := classify(body.Code, r.Status)
	if e == nil {
		e = t.caller.ByStatus(r)
		if body.Code != 0 {
			e.Code = strconv.Itoa(body.Code)
		}
		if r.Status == http.StatusUnauthorized || r.Status == http.StatusForbidden {
			e.Class, e.After = connect.Human, rest
		}
		return e
	}
	if e.Class == connect.Unknown && r.Safe {
		e.Class = connect.Retry
	}
	if r.After > 0 && e.After < r.After {
		e.After = r.After
	}
	return e
}

// Delivery says what a code in a receipt tells about the number: that it cannot get
// texts, that it wants none from this sender, or neither; and in words what happened.
// Zero, and codes that we do not know, say nothing about the number.
func Delivery(n int) (cannot, unwanted bool, msg string) {
	c, ok := codes[n]
	switch {
	case n == 0:
		return false, false, ""
	case !ok:
		return false, false, "Twilio's error " + strconv.Itoa(n)
	}
	return c.cause == dead, c.cause == optedOut, c.msg
}

func newestFirst(found []connect.FoundText) []connect.FoundText {
	slices.SortStableFunc(found, func(a, b connect.FoundText) int { return b.At.Compare(a.At) })
	return found
}
