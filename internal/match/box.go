package match

import (
	"regexp"
	"slices"
	"strings"
)

var (
	military   = regexp.MustCompile(`(?:^| )(psc|cmr|unit|omc) (\d+) box (?:# )?(\w+)( |$)`)
	routeNamed = regexp.MustCompile(`(?:^| )((?:north|south|east|west) (?:route|rte|rt) box (?:north|south|east|west)(?: #)? \d+\b|(?:(?:route|rte|rt) \d+ )?(?:rr|route|rte|rt) \d+ box)(?: [^\d#n]|$)`)
	routeOnly  = regexp.MustCompile(`^(?:.* )?(rr|r r|rfd|rural route)(?: #)? (\d+)$`)
	postBox    = regexp.MustCompile(`(?:^| )(?:(?:p ?o|post office|postal) ?(?:lock ?)?(?:box|drawer|drw)|pob|po)(?: (?:no|#|box))* (\w*\d\w*(?:-\w+)?|[a-z](?: ?\d+)?)( |$)`)
	looseBox   = regexp.MustCompile(`(?:^| )(?:call?er|(?:lock ?)?box|drawer|lb #)(?: (?:no|#|box))* (\w*\d\w*(?:-\w+)?)( |$)`)
	ruralBox   = regexp.MustCompile(`(?:^| )(r ?r|rfd|r ?f ?d|rural (?:route|rte|rt)|rt|rte|route|(?:hc|hcr|(?:highway|hwy) contract|star)(?: (?:route|rte|rt))?)(?: #)?( \d+\w?)? (?:po )?box(?: (?:no|#))* (\w*\d\w*(?:-\w+)?|[a-z])((?: [a-z])?)( |$)`)
	ruralKind  = regexp.MustCompile(`^(hc|highway|hwy|star)`)
)

// cutBox takes a PO box or a box on a rural route out of the words, wherever it
// stands.
func (p *parser) cutBox() {
	if p.a.Box != "" {
		return
	}
	line := text(p.words)
	if strings.HasPrefix(line, "rd ") && strings.Contains(line, " box ") {
		line = "rr" + line[2:] // rural delivery
	}
	if p.cutNamedBox(line) || p.cutRoute(line) {
		return
	}
	p.cutPostBox(line)
}

// cutNamedBox takes a box out that says so, on a rural route or of the military.
func (p *parser) cutNamedBox(line string) bool {
	if !strings.Contains(line, "box") { // as in most lines
		return false
	}
	if m := routeNamed.FindStringSubmatchIndex(line); m != nil {
		p.a.Box = strings.ReplaceAll(strings.TrimSpace(line[m[2]:m[3]]), " #", "")
		p.cut(len(strings.Fields(line[:m[2]])), len(strings.Fields(line[:m[3]])))
		return true
	}
	if m := ruralBox.FindStringSubmatchIndex(line); m != nil {
		kind := "rr"
		if ruralKind.MatchString(line[m[2]:m[3]]) {
			kind = "hc"
		}
		end, id := m[7], line[m[6]:m[7]]
		if p.boxLetter(line[:m[7]], line[m[8]:m[9]]) {
			end, id = m[9], id+strings.TrimSpace(line[m[8]:m[9]])
		}
		p.a.Box = join(kind, strings.TrimSpace(line[max(0, m[4]):max(0, m[5])]), "box", id)
		p.cut(len(strings.Fields(line[:m[2]])), len(strings.Fields(line[:end])))
		return true
	}
	if m := military.FindStringSubmatchIndex(line); m != nil {
		p.a.Box = line[m[2]:m[3]] + " " + line[m[4]:m[5]] + " box " + line[m[6]:m[7]]
		p.cut(len(strings.Fields(line[:m[2]])), len(strings.Fields(line[:m[7]])))
		return true
	}
	return false
}

// cutRoute takes a rural route out that names no box.
func (p *parser) cutRoute(line string) bool {
	if line == "" || line[len(line)-1] < '0' || line[len(line)-1] > '9' {
		return false
	}
	m := routeOnly.FindStringSubmatchIndex(line)
	if m == nil {
		return false
	}
	p.a.Box = "rr " + line[m[4]:m[5]]
	p.cut(len(strings.Fields(line[:m[2]])), len(strings.Fields(line[:m[5]])))
	return true
}

// postWords stand in every line with a box at a post office.
var postWords = []string{"box", "drawer", "drw", "po", "cal", "lb #"}

func (p *parser) cutPostBox(line string) {
	if !slices.ContainsFunc(postWords, func(w string) bool { return strings.Contains(line, w) }) {
		return
	}
	kind, m := "po box ", postBox.FindStringSubmatchIndex(line)
	if m == nil {
		m = looseBox.FindStringSubmatchIndex(line)
		if houseNumber.MatchString(p.word(0)) {
			kind = "box "
		}
	}
	if m == nil {
		return
	}
	from, to := len(strings.Fields(line[:m[0]])), len(strings.Fields(line[:m[3]]))
	if w := p.word(from); w == "po" && to-from == 2 && !hasDigit(line[m[2]:m[3]]) {
		return
	}
	p.a.Box = kind + strings.ReplaceAll(line[m[2]:m[3]], " ", "")
	p.cut(from, to)
}

// boxLetter tells "Box 103 A" from "Box 103 N Main St": nothing of the street
// follows.
func (p *parser) boxLetter(before, letter string) bool {
	i := len(strings.Fields(before))
	return letter != "" && !p.words[i-1].comma && (p.ends(i) || directions[strings.TrimSpace(letter)] == "")
}

// cut takes words out; what stood around them stays apart.
func (p *parser) cut(from, to int) {
	rest := append([]token{}, p.words[:from]...)
	if from > 0 {
		rest[from-1].comma = true
	}
	p.words = append(rest, p.words[to:]...)
}
