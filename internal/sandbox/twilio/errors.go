package twilio

import (
	"fmt"
	"net/http"
)

// validityExpired is the delivery code of a message that waited longer than
// its ValidityPeriod (Twilio's error page 30036).
const validityExpired = 30036

// problem is an error answer of the API.
type problem struct {
	status, code int
}

func (p problem) Error() string { return fmt.Sprintf("answer %d with code %d", p.status, p.code) }

func bad(code int) problem { return problem{http.StatusBadRequest, code} }

// texts are what the fake says beside a code, in its own words; clients must
// not read them.
var texts = map[int]string{
	20001: "A parameter is invalid",
	20003: "Authentication failed",
	20009: "The message is not in a final state",
	20404: "The requested resource was not found",
	20429: "Too many requests",
	20500: "An internal server error has occurred",
	21211: "The 'To' number is not a valid phone number",
	21214: "The 'To' number cannot be reached",
	21266: "'To' and 'From' cannot be the same",
	21408: "Sending to this region is not enabled",
	21602: "A message body is required",
	21603: "A 'From' or 'MessagingServiceSid' is required",
	21604: "A 'To' number is required",
	21609: "The 'StatusCallback' URL is not valid",
	21610: "The recipient has unsubscribed",
	21611: "The 'From' number has too many queued messages",
	21612: "The 'To' number is not reachable from this sender",
	21614: "The 'To' number is not a mobile number",
	21617: "The message body exceeds 1600 characters",
	21623: "There are too many media files",
	21624: "The validity period is out of range",
	21635: "The 'To' number cannot be a landline",
	21659: "'From' is not a number of this account",
	21701: "The Messaging Service does not exist",
	21704: "The Messaging Service has no numbers",
	30001: "The queue overflowed",
	30003: "The handset is unreachable",
	30004: "The message was blocked",
	30005: "The handset is unknown",
	30006: "The number is a landline or its carrier is unreachable",
	30007: "The message was filtered",
	30008: "The delivery failed for an unknown reason",
	30034: "The number is not registered for A2P 10DLC",
	30036: "The validity period expired",
	30409: "The message cannot be canceled",
	35111: "'SendAt' is missing",
	35114: "'SendAt' is out of range",
	35118: "Scheduling needs a 'MessagingServiceSid'",
}

func text(code int) string {
	if t := texts[code]; t != "" {
		return t
	}
	return fmt.Sprintf("Error %d", code)
}
