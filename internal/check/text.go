package check

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"plumbline.dev/plumbline/internal/playbook"
	"plumbline.dev/plumbline/internal/wording"
)

// Variables are those that texts and tasks may use.
var Variables = wording.Vars{
	"brand": wording.Name, "name": wording.Name, "tech": wording.Name,
	"link": wording.Link, "phone": wording.Phone, "amount": wording.Amount,
	"service": wording.Words, "day": wording.Words, "window": wording.Words, "old": wording.Words, "street": wording.Words,
	"eta": wording.Words, "time": wording.Words, "number": wording.Words, "due": wording.Words, "until": wording.Words,
	"what": wording.Words, "site": wording.Words, "reason": wording.Words, "by": wording.Words,
}

// longest are long values of them, of which a text must still keep to its segments.
var longest = map[string]string{
	"name": "Maximiliana Featherstonehaugh", "tech": "Maximiliana", "link": "https://example.com/v/Zk3f9QpXw81LrT0a",
	"amount": "$12,345.67", "service": "water heater installation", "day": "Wed 30 Sep", "window": "10:30 AM-12:30 PM", "old": "Tue 29 Sep 10:30 AM-12:30 PM",
	"street": "14180 W Larkspur Canyon Ln", "eta": "10:40-11:20 AM", "time": "10:40 AM", "number": "INV-2026-10418", "due": "Wed 30 Sep", "until": "Wed 30 Sep",
	"what": "water heater maintenance", "reason": "our earlier job needs more time", "by": "Wed 30 Sep",
}

// texts parses every text with the variables there are and lints it as the rules
// that use it demand.
func (c *checker) texts() {
	used := map[string][]*playbook.Rule{}
	for _, r := range c.p.Rules {
		for _, id := range []string{r.Text, r.First, r.Then} {
			used[id] = append(used[id], r)
		}
		used[r.Mail] = append(used[r.Mail], r)
		c.task(r)
	}
	for _, id := range sorted(c.p.Texts) {
		if len(used[id]) == 0 {
			c.at(Warning, "texts."+id, "name it in a rule, or take it out", "no rule uses this text")
		}
		for _, lang := range sorted(c.p.Texts[id]) {
			c.text(id, lang, used[id])
		}
	}
}

func (c *checker) text(id, lang string, rules []*playbook.Rule) {
	path := "texts." + id + "." + lang
	t, err := wording.Parse(id, lang, c.p.Texts[id][lang], Variables)
	if err != nil {
		c.at(Error, path, "the variables are "+strings.Join(slices.Sorted(maps.Keys(Variables)), ", "), err.Error())
		return
	}
	want := wording.Rules{Segments: c.p.Settings.Segments}
	for _, r := range rules {
		asks := r.Class == "asking" || r.Class == "marketing"
		want.Stop = want.Stop || asks
		want.Service = want.Service || !asks
	}
	// FOOT comes only now and then, so what asks or sells must say by itself how to
	// stop; and what says it needs no foot.
	want.Foot = !want.Stop && !strings.Contains(c.p.Texts[id][lang], "STOP")
	for _, f := range wording.Lint(t, c.longest(), want) {
		c.at(Error, path, cures[f.Rule], f.Text)
	}
}

var cures = map[string]string{
	"segments": "make it shorter",
	"alphabet": "choose words without these letters",
	"stop":     "end it with: Reply STOP to opt out.",
	"sales":    "say that in a text of class marketing",
	"code":     "use another word for the answer, such as C or R",
	"link":     "use a link of your own domain, at most 50 characters long",
	"name":     "begin with {{.brand}}",
	"value":    "put an if around what may be empty",
}

// longest are the longest values, those of this shop among them.
func (c *checker) longest() map[string]string {
	out := maps.Clone(longest)
	s := c.p.Settings
	out["brand"], out["phone"], out["site"] = s.Brand, s.Phone, s.Site
	return out
}

// task checks the words of a rule's task.
func (c *checker) task(r *playbook.Rule) {
	if r.Task == nil {
		return
	}
	path := "rules." + r.ID + ".task"
	for key, text := range map[string]string{"subject": r.Task.Subject, "body": r.Task.Body} {
		if _, err := wording.Parse(r.ID, "en", text, Variables); err != nil {
			c.at(Error, path+"."+key, "the variables are "+strings.Join(slices.Sorted(maps.Keys(Variables)), ", "), err.Error())
		}
	}
	if r.Task.Subject == "" {
		c.at(Error, path, "add subject:", "the task has no subject")
	}
	if r.Task.Ends == nil {
		c.at(Warning, path, "add ends:", fmt.Sprintf("nothing but a person ends the task of %s", r.ID))
	}
}
