package shop

import (
	"hash/fnv"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"plumbline.dev/plumbline/internal/sandbox/twilio"
)

// inbox is what arrived on the homeowners' phones.
type inbox struct {
	looked time.Time
	seen   map[string]bool
	moods  map[string]*mood
}

// mood is how the people behind one number take texts. It has its own chance,
// so that one text more does not change what others do.
type mood struct {
	rng    *rand.Rand
	style  style
	texts  int
	stopAt int // the text at which they have had enough
	over   bool
}

type style int

const (
	quiet style = iota
	confirms
	thanks
	asks
	moves
	stops
	stopsInWords
)

const (
	glance = 30 * time.Second // how often phones are looked at, at most
	idle   = 15 * time.Minute // and at least, by day
)

// look reads the phones and plans the answers.
func (s *Shop) look() (worked bool) {
	if !s.texts.looked.IsZero() && s.now.Sub(s.texts.looked) < glance {
		return false
	}
	s.texts.looked = s.now
	for _, m := range s.opts.Twilio.Messages() {
		if m.Direction != "outbound-api" || m.Arrived.IsZero() || s.texts.seen[m.Sid] {
			continue
		}
		s.texts.seen[m.Sid] = true
		if n := s.story.numbers[m.To]; n != nil {
			worked = true
			s.react(n, m)
		}
	}
	return worked
}

// nextLook is when phones are looked at without another reason; nobody does
// so at night.
func (s *Shop) nextLook() time.Time {
	t := s.now.Add(idle).In(s.opts.Zone)
	switch {
	case t.Hour() >= 22:
		return time.Date(t.Year(), t.Month(), t.Day()+1, 7, 0, 0, 0, s.opts.Zone)
	case t.Hour() < 7:
		return time.Date(t.Year(), t.Month(), t.Day(), 7, 0, 0, 0, s.opts.Zone)
	}
	return t
}

func (s *Shop) mood(phone string) *mood {
	if s.texts.moods[phone] == nil {
		h := fnv.New64a()
		_, _ = h.Write([]byte(phone)) // a hash never fails
		r := rand.New(rand.NewPCG(s.opts.Seed, h.Sum64()))
		m := &mood{rng: r, stopAt: 1 + r.IntN(3)}
		switch n := r.IntN(100); {
		case n < 10:
			m.style = stops
		case n < 16:
			m.style = stopsInWords
		case n < 26:
			m.style = thanks
		case n < 34:
			m.style = asks
		case n < 42:
			m.style = moves
		case n < 75:
			m.style = confirms
		}
		s.texts.moods[phone] = m
	}
	return s.texts.moods[phone]
}

// react decides what the people behind a number do about a text.
func (s *Shop) react(n *Number, text twilio.Message) {
	m := s.mood(n.Phone)
	m.texts++
	stranger := len(n.People) > 0 && s.story.people[n.People[0]].Role == Stranger
	switch {
	case m.over:
	case stranger:
		m.over = true
		s.say(m, text, some(m.rng, wrongWords), NumberEvent{What: WrongNumber})
	case m.style == stops && m.texts >= m.stopAt:
		s.stop(m, text, some(m.rng, stopKeywords), true)
	case m.style == stopsInWords && m.texts >= m.stopAt:
		s.stop(m, text, some(m.rng, stopPhrases), false)
	case m.style == thanks && often(m.rng, 50):
		s.say(m, text, some(m.rng, thanksWords), NumberEvent{})
	case m.style == asks && often(m.rng, 60):
		s.say(m, text, some(m.rng, askWords), NumberEvent{})
	case m.style == moves && offers(text.Body, "R for ", "R para "):
		m.style = quiet
		s.say(m, text, some(m.rng, []string{"R", "r", "R."}), NumberEvent{})
		s.after(between(m.rng, 30*time.Minute, 70*time.Minute), func() error { return s.otherDay(n) })
	case m.style == confirms && offers(text.Body, "Reply C", "Responda C"):
		s.say(m, text, some(m.rng, []string{"C", "c", "C ", "Confirm", "Yes"}), NumberEvent{})
	}
}

// offers says whether a text offers one of the answers.
func offers(body string, answers ...string) bool {
	return slices.ContainsFunc(answers, func(a string) bool { return strings.Contains(body, a) })
}

// say sends an answer after a while. An answer that changes what may be
// texted is in force from the instant at which it is sent.
func (s *Shop) say(m *mood, to twilio.Message, words string, e NumberEvent) {
	s.after(between(m.rng, 20*time.Second, 20*time.Minute), func() error { return s.send(to, words, e) })
}

func (s *Shop) send(to twilio.Message, words string, e NumberEvent) error {
	if e.What != "" {
		e.Words = words
		s.numberEvent(to.To, e)
		s.tally("text/" + string(e.What))
	} else {
		s.tally("text/other")
	}
	_, err := s.opts.Twilio.Receive(to.To, to.From, words)
	return err
}

// stop opts out; some want the texts back after all.
func (s *Shop) stop(m *mood, text twilio.Message, words string, keyword bool) {
	m.over = true
	s.say(m, text, words, NumberEvent{What: OptOut, Keyword: keyword})
	if often(m.rng, 30) {
		s.after(between(m.rng, 2*time.Hour, 20*time.Hour), func() error {
			m.over, m.style = false, quiet
			return s.send(text, some(m.rng, []string{"START", "start", "UNSTOP"}), NumberEvent{What: OptIn, Keyword: true})
		})
	}
}

// otherDay is the office that moves a visit because the homeowner asked.
func (s *Shop) otherDay(n *Number) error {
	for _, k := range s.clients {
		if k.mobile != n.Phone {
			continue
		}
		for _, j := range k.jobs {
			for _, v := range j.trips {
				if start := v.window().Start; j.Kind != Install && v.untouched() && start.After(s.now) {
					s.tally("visit/moved by reply")
					return v.move(start.Add(24 * time.Hour))
				}
			}
		}
	}
	return nil
}
