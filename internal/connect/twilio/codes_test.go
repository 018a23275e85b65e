package twilio

import (
	"strings"
	"testing"

	"plumbline.dev/plumbline/internal/connect"
)

type vendorCode struct {
	Code               int
	Phase, Class, Note string
}

func vendorCodes(t *testing.T) []vendorCode {
	var data struct{ Codes []vendorCode }
	vendorData(t, "error-codes.json", &data)
	if len(data.Codes) != 94 {
		t.Errorf("there are %d codes, want 94", len(data.Codes))
	}
	return data.Codes
}

// differs are codes that we judge otherwise than the collected data, and why.
var differs = map[int]string{
	21612: "the pair cannot be connected, which says nothing about the number with another sender",
	30004: "a block may be a STOP at the network",
	30610: "stopped by a protection; quiet hours say nothing about the number",
	30640: "no text may go to this number",
	21609: "the address for receipts is configured, so every text would fail",
	30003: "a class of its own: away", 30007: "a class of its own: filtered", 30008: "a class of its own: unsaid",
	30409: "we never cancel, so it would be a mistake of ours",
	35114: "we never schedule there, so it would be a mistake of ours", 35115: "likewise", 35117: "likewise",
}

func TestEveryCollectedCodeIsKnownAndOfItsClass(t *testing.T) {
	causes := map[string]cause{
		"config": setup, "throttle": slow, "own_endpoint": ownHook, "bad_recipient": dead, "not_mobile": dead, "bug": bug,
		"bad_content": content, "opted_out": optedOut, "transient": trouble, "blocked": blocked, "warning": notice,
	}
	for _, v := range vendorCodes(t) {
		c, ok := codes[v.Code]
		if !ok || c.msg == "" {
			t.Errorf("code %d is not in our table", v.Code)
		}
		if _, excused := differs[v.Code]; !excused && c.cause != causes[v.Class] {
			t.Errorf("code %d has cause %d, want that of class %s", v.Code, c.cause, v.Class)
		}
		if got := onDelivery(v.Code); got != (v.Phase == "delivery" || v.Phase == "notice") {
			t.Errorf("code %d: on delivery %v, want phase %s", v.Code, got, v.Phase)
		}
	}
}

func TestEveryCodeOfACreateHasAClassAndACure(t *testing.T) {
	for _, v := range vendorCodes(t) {
		e := classify(v.Code, 400)
		if v.Phase != "create" {
			if e != nil {
				t.Errorf("code %d of phase %s is judged as a create's: %v", v.Code, v.Phase, e)
			}
			continue
		}
		if e == nil || e.Msg == "" || e.Class == connect.Human && e.Cure == "" {
			t.Errorf("code %d = %+v, want a class, words and a cure", v.Code, e)
		}
	}
}

func TestReceiptsTellAboutTheNumber(t *testing.T) {
	for code, want := range map[int]struct {
		dead, optedOut bool
		says           string
	}{
		0: {}, 30003: {says: "handset"}, 30004: {optedOut: true, says: "blocks"}, 30005: {dead: true, says: "unknown"},
		30006: {dead: true, says: "landline"}, 30007: {says: "spam"}, 30034: {says: "10DLC"}, 21610: {optedOut: true, says: "opted out"}, 31337: {says: "31337"},
	} {
		dead, optedOut, msg := Delivery(code)
		if dead != want.dead || optedOut != want.optedOut || !strings.Contains(msg, want.says) {
			t.Errorf("Delivery(%d) = %v, %v, %q, want %+v", code, dead, optedOut, msg, want)
		}
	}
}

func TestRanksAreTheCollectedOnes(t *testing.T) {
	var data struct {
		Statuses map[string]struct {
			Rank      *int
			Direction string
		}
	}
	vendorData(t, "message-status.json", &data)
	for word, s := range data.Statuses {
		if s.Rank != nil && ranks[word] != *s.Rank {
			t.Errorf("rank of %s = %d, want %d", word, ranks[word], *s.Rank)
		}
	}
}
