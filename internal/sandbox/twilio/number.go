package twilio

import (
	"crypto/sha256"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// hook is where texts to a number, or to the numbers of a service, are told.
type hook struct {
	url, method string
	application string // of a number: an application whose address counts instead
	ofNumbers   bool   // of a service: those of its numbers count
	updated     time.Time
}

// setUp gives every number and service the address that the options name.
func (s *Sandbox) setUp() {
	s.hooks = map[string]*hook{}
	at := s.opts.Now()
	for _, n := range s.numbers() {
		s.hooks[n] = &hook{url: either(s.opts.Inbound[n], s.opts.InboundURL), method: http.MethodPost, updated: at}
	}
	for _, v := range s.opts.Services {
		s.hooks[v.Sid] = &hook{url: either(v.InboundURL, s.opts.InboundURL), method: http.MethodPost, updated: at}
	}
}

func (s *Sandbox) numbers() []string {
	list := slices.Clone(s.opts.Numbers)
	for _, v := range s.opts.Services {
		list = append(list, v.Numbers...)
	}
	return list
}

// SetInbound lets texts to a number, or to the numbers of a service, be told to a URL, as
// somebody does on the console; empty tells nobody.
func (s *Sandbox) SetInbound(numberOrService, url string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	h := s.hooks[numberOrService]
	h.url, h.updated = url, s.opts.Now()
}

// Inbound returns where texts to a number, or to the numbers of a service, are told.
func (s *Sandbox) Inbound(numberOrService string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.hooks[numberOrService].url
}

// inboundOf is the address that counts for a number. One of a service counts before that of
// the number, unless the service leaves it to them.
func (s *Sandbox) inboundOf(number string) *hook {
	if service, _ := s.serviceOf(number); service != nil && !s.hooks[service.Sid].ofNumbers {
		return s.hooks[service.Sid]
	}
	return s.hooks[number]
}

// numberSid follows from the number, so that nothing has to be drawn for it.
func numberSid(number string) string {
	sum := sha256.Sum256([]byte(number))
	return fmt.Sprintf("PN%x", sum[:16])
}

// listNumbers finds the account's numbers by PhoneNumber, where * stands for any digit. It
// has one page.
func (s *Sandbox) listNumbers(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	size, err := number(q, "PageSize", 50)
	if err != nil || size == 0 {
		return bad(20001)
	}
	list := []map[string]any{}
	for _, n := range s.numbers() {
		if matches(q.Get("PhoneNumber"), n) && len(list) < size {
			list = append(list, s.wireNumber(n))
		}
	}
	reply(w, http.StatusOK, map[string]any{"incoming_phone_numbers": list, "page": 0, "page_size": size, "start": 0, "end": max(len(list)-1, 0),
		"uri": uri(r, q, 0, ""), "first_page_uri": uri(r, q, 0, ""), "next_page_uri": nil, "previous_page_uri": nil})
	return nil
}

// matches says whether a number holds a part in which * is any digit.
func matches(part, number string) bool {
	for from := 0; from+len(part) <= len(number); from++ {
		fits := true
		for i := range len(part) {
			fits = fits && (part[i] == '*' || part[i] == number[from+i])
		}
		if fits {
			return true
		}
	}
	return false
}

// aNumber finds the number of a path by its sid.
func (s *Sandbox) aNumber(r *http.Request) (string, error) {
	sid, ok := strings.CutSuffix(r.PathValue("file"), ".json")
	for _, n := range s.numbers() {
		if ok && numberSid(n) == sid {
			return n, nil
		}
	}
	return "", problem{http.StatusNotFound, 20404}
}

func (s *Sandbox) getNumber(w http.ResponseWriter, r *http.Request) error {
	n, err := s.aNumber(r)
	if err == nil {
		reply(w, http.StatusOK, s.wireNumber(n))
	}
	return err
}

func (s *Sandbox) postNumber(w http.ResponseWriter, r *http.Request) error {
	n, err := s.aNumber(r)
	if err != nil {
		return err
	}
	if err := s.change(r, s.hooks[n], "SmsUrl", "SmsMethod"); err != nil {
		return err
	}
	if r.PostForm.Has("SmsApplicationSid") {
		s.hooks[n].application = r.PostForm.Get("SmsApplicationSid")
	}
	reply(w, http.StatusOK, s.wireNumber(n))
	return nil
}

// change sets an address and how it is called by the form's fields of these names.
func (s *Sandbox) change(r *http.Request, h *hook, address, method string) error {
	if err := r.ParseForm(); err != nil {
		return bad(20001)
	}
	f := r.PostForm
	u, err := url.Parse(f.Get(address))
	if err != nil || f.Get(address) != "" && (u.Host == "" || strings.Contains(u.Host, "_")) {
		return bad(21609)
	}
	if m := f.Get(method); m != "" && m != http.MethodGet && m != http.MethodPost {
		return bad(20001)
	}
	if f.Has(address) {
		h.url = f.Get(address)
	}
	h.method, h.updated = either(f.Get(method), h.method), s.opts.Now()
	return nil
}

func (s *Sandbox) wireNumber(n string) map[string]any {
	h, path := s.hooks[n], base+s.opts.AccountSid+"/IncomingPhoneNumbers/"+numberSid(n)+".json"
	return map[string]any{"sid": numberSid(n), "account_sid": s.opts.AccountSid, "phone_number": n, "friendly_name": n, "origin": "twilio", "status": "in-use",
		"sms_url": h.url, "sms_method": h.method, "sms_fallback_url": "", "sms_fallback_method": "POST", "sms_application_sid": h.application,
		"status_callback": "", "status_callback_method": "POST", "api_version": "2010-04-01", "date_updated": rfc2822(h.updated), "uri": path,
		"capabilities": map[string]bool{"sms": true, "mms": true, "voice": true}}
}

func (s *Sandbox) getService(w http.ResponseWriter, r *http.Request) error {
	v := s.service(r.PathValue("sid"))
	if v == nil {
		return problem{http.StatusNotFound, 20404}
	}
	reply(w, http.StatusOK, s.wireService(v))
	return nil
}

func (s *Sandbox) postService(w http.ResponseWriter, r *http.Request) error {
	v := s.service(r.PathValue("sid"))
	if v == nil {
		return problem{http.StatusNotFound, 20404}
	}
	h := s.hooks[v.Sid]
	if err := s.change(r, h, "InboundRequestUrl", "InboundMethod"); err != nil {
		return err
	}
	if r.PostForm.Has("UseInboundWebhookOnNumber") {
		h.ofNumbers = r.PostForm.Get("UseInboundWebhookOnNumber") == "true"
	}
	reply(w, http.StatusOK, s.wireService(v))
	return nil
}

// wireService is a Service of messaging v1; an address that is not there is null.
func (s *Sandbox) wireService(v *Service) map[string]any {
	h := s.hooks[v.Sid]
	orNull := func(text string) any {
		if text == "" {
			return nil
		}
		return text
	}
	at := h.updated.UTC().Format(time.RFC3339)
	address := "https://messaging.twilio.com/v1/Services/" + v.Sid
	return map[string]any{"sid": v.Sid, "account_sid": s.opts.AccountSid, "friendly_name": "Messaging Service", "date_created": at, "date_updated": at,
		"inbound_request_url": orNull(h.url), "inbound_method": h.method, "fallback_url": nil, "fallback_method": "POST",
		"status_callback": orNull(v.StatusCallback), "sticky_sender": true, "mms_converter": true, "smart_encoding": true, "scan_message_content": "inherit",
		"fallback_to_long_code": false, "area_code_geomatch": true, "synchronous_validation": false, "validity_period": 36000, "url": address,
		"links":   map[string]string{"phone_numbers": address + "/PhoneNumbers"},
		"usecase": "notifications", "us_app_to_person_registered": true, "use_inbound_webhook_on_number": h.ofNumbers}
}
