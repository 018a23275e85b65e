package notify

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/advance"
	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/playbook"
	"plumbline.dev/plumbline/internal/record"
	"plumbline.dev/plumbline/internal/stage"
)

// A scene is a job as rules, and the texts about it, see it.
type scene struct {
	id       plumbline.GoldenID
	job      *plumbline.JobView
	history  stage.History
	trips    map[string]stage.History
	property *plumbline.PropertyView
	zone     *time.Location
	parts    []record.Part
	people   map[plumbline.GoldenID]*plumbline.PersonView
	sources  []string // field tools that speak of the job

	// only while it is followed
	moves       []record.Move
	windowKnown map[string]time.Time
}

// sceneOf is the scene of a job that was just derived, without its people.
func sceneOf(j *advance.Job) *scene {
	return &scene{id: j.ID, job: &j.View, history: j.History, trips: j.Visits, property: j.Property, zone: j.Zone, parts: j.Parts,
		sources: j.Sources, moves: j.Moves, windowKnown: j.WindowKnown}
}

// loadPeople gives scenes their people as they are now. Those that were just derived
// are at hand.
func loadPeople(tx *db.Tx, location string, fresh []*advance.Person, scenes ...*scene) error {
	people := map[plumbline.GoldenID]*plumbline.PersonView{}
	for _, p := range fresh {
		if !p.Gone {
			people[p.ID] = &p.View
		}
	}
	var ids []string
	for _, s := range scenes {
		for _, p := range s.parts {
			if people[p.Person] == nil {
				ids = append(ids, string(p.Person))
			}
		}
	}
	slices.Sort(ids)
	list, err := record.LoadGolden(tx, location, slices.Compact(ids))
	if err != nil {
		return err
	}
	for id, g := range list {
		if g.Doc == "" {
			continue // named, and not known
		}
		people[id] = &plumbline.PersonView{}
		if err := g.Read(people[id]); err != nil {
			return err
		}
	}
	for _, s := range scenes {
		s.people = people
	}
	return nil
}

// loadScene reads a job as it stands; nil if there is none any more.
func loadScene(tx *db.Tx, location, job, zoneName string) (*scene, error) {
	scenes, err := loadScenes(tx, location, zoneName, job)
	return scenes[job], err
}

// loadScenes reads jobs as they stand, by the names they are asked for; those that are
// no more are left out.
func loadScenes(tx *db.Tx, location, zoneName string, jobs ...string) (map[string]*scene, error) {
	golden, err := record.Resolve(tx, location, jobs)
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, id := range golden {
		ids = append(ids, string(id))
	}
	slices.Sort(ids)
	ids = slices.Compact(ids)
	list, err := record.LoadGolden(tx, location, ids)
	if err != nil {
		return nil, err
	}
	places, err := record.PlacesOf(tx, location, ids)
	if err != nil {
		return nil, err
	}
	scenes := map[plumbline.GoldenID]*scene{}
	for id, g := range list {
		if g.Kind != plumbline.Job {
			continue
		}
		stored, err := advance.ReadJob(g)
		if err != nil {
			return nil, err
		}
		s := &scene{id: id, job: &stored.JobView, history: stored.History, trips: stored.Trips, zone: zoneNamed(zoneName)}
		if place, ok := places[id]; ok {
			s.property = &plumbline.PropertyView{}
			if err := place.Read(s.property); err != nil {
				return nil, err
			}
			if s.property.Zone != "" {
				s.zone = zoneNamed(s.property.Zone)
			}
		}
		scenes[id] = s
	}
	if err := loadRoles(tx, location, ids, scenes); err != nil {
		return nil, err
	}
	named := map[string]*scene{}
	for _, job := range jobs {
		if s := scenes[golden[plumbline.SourceID(job)]]; s != nil {
			named[job] = s
		}
	}
	return named, loadPeople(tx, location, nil, slices.Collect(maps.Values(scenes))...)
}

// loadRoles reads who is who in scenes, and which tools speak of them.
func loadRoles(tx *db.Tx, location string, ids []string, scenes map[plumbline.GoldenID]*scene) error {
	parts, err := record.Parts(tx, location, ids)
	if err != nil {
		return err
	}
	for _, p := range parts {
		if s := scenes[p.Job]; s != nil {
			s.parts = append(s.parts, p)
		}
	}
	rows, err := record.Load(tx, location, ids)
	for _, r := range rows {
		if s := scenes[plumbline.GoldenID(r.ID)]; s != nil {
			s.sources = append(s.sources, r.Connection)
		}
	}
	return err
}

func zoneNamed(name string) *time.Location {
	if z, err := plumbline.Zone(name); err == nil && name != "" {
		return z
	}
	return time.UTC
}

// happened is when what a move tells happened. Where a visit is on its way or under way
// once more, because what came after was taken back, that is as old as it was.
func (s *scene) happened(m record.Move) time.Time {
	v := s.visit(visitOf(m))
	if v == nil || m.What != "reached" {
		return m.Happened
	}
	at := map[string]time.Time{"en_route": v.EnRoute, "on_site": v.OnSite}[m.Stage]
	if at.IsZero() || at.After(m.Happened) {
		return m.Happened
	}
	return at
}

// visit returns a visit of the job, nil if it has none of that id.
func (s *scene) visit(id string) *plumbline.VisitView {
	for i := range s.job.Visits {
		if s.job.Visits[i].ID == id {
			return &s.job.Visits[i]
		}
	}
	return nil
}

// env is what a rule's expressions see.
func (s *scene) env(visit *plumbline.VisitView, person plumbline.GoldenID, now time.Time) playbook.Env {
	return playbook.Env{Job: s.job, Visit: visit, Customer: s.people[cmp.Or(person, s.role(plumbline.Booker))], Property: s.property,
		Since: s.history.Since(), Now: now}
}

// role returns who is in a role, "" if nobody is. Without a membership of its own the
// plan is the booker's.
func (s *scene) role(role plumbline.Role) plumbline.GoldenID {
	for _, p := range s.parts {
		if p.Role == role {
			return p.Person
		}
	}
	if role == plumbline.Member {
		return s.role(plumbline.Booker)
	}
	return ""
}

// A hearer is somebody who hears a rule, at one number.
type hearer struct {
	person  plumbline.GoldenID
	role    plumbline.Role
	address string // E.164, "" if they have none
}

// hearers lists who hears what is said to roles, each number once.
func (s *scene) hearers(roles []plumbline.Role) (list []hearer) {
	for _, r := range roles {
		who := s.role(r)
		if who == "" {
			continue
		}
		h := hearer{person: who, role: r}
		if p := s.people[who]; p != nil {
			h.address = p.Mobile
		}
		same := func(o hearer) bool { return o.address == h.address && (h.address != "" || o.person == h.person) }
		if !slices.ContainsFunc(list, same) {
			list = append(list, h)
		}
	}
	return list
}

// pays says whether a number is the payer's.
func (s *scene) pays(address string) bool {
	p := s.people[s.role(plumbline.Payer)]
	return p != nil && slices.Contains(p.Phones, address)
}

func (s *scene) household() string {
	if s.property != nil {
		return s.property.ID
	}
	return string(s.role(plumbline.Booker))
}

// subject is what an occasion happens to once.
func (s *scene) subject(r *playbook.Rule, visit string) string {
	switch {
	case r.Per == "household":
		return s.household()
	case r.Per == "visit" && visit != "":
		return visit
	}
	return string(s.id)
}

// stands says whether what a rule waits for is so: its stage holds, its clock has
// rung and counts, what was withdrawn is not back.
func (s *scene) stands(r *playbook.Rule, pb *playbook.Playbook, visit string) bool {
	on, withdrawn := strings.CutPrefix(r.On, "withdrawn:")
	subject, what, _ := strings.Cut(on, ".")
	switch subject {
	case "job":
		return s.job.Holds(what) != withdrawn
	case "visit":
		v := s.visit(visit)
		return v != nil && (v.Stage == what) != withdrawn
	case "clock":
		return s.rang(pb.Clocks[what], visit)
	}
	return true
}

func (s *scene) rang(c *playbook.Clock, visit string) bool {
	if c == nil {
		return false
	}
	if c.For == plumbline.Visit {
		v := s.visit(visit)
		return v != nil && (slices.Contains(s.job.Rings, c.Name+"@"+visit) || c.Name == "day_begun" && v.DayBegun)
	}
	return slices.Contains(s.job.Rings, c.Name)
}

// while says whether what a rule would say is still so, and if not, why.
func (s *scene) while(r *playbook.Rule, pb *playbook.Playbook, visit string, person plumbline.GoldenID, now time.Time) (bool, string, error) {
	if !s.stands(r, pb, visit) {
		return false, "what it is about has been withdrawn", nil
	}
	if r.News != "" && r.While == nil {
		if v := s.visit(visit); v != nil && v.Stage != map[string]string{"visit.window": "scheduled", "visit.eta": "en_route"}[r.News] {
			return false, "the visit is " + strings.ReplaceAll(v.Stage, "_", " "), nil
		}
	}
	ok, err := r.While.Eval(s.env(s.visit(visit), person, now))
	if err != nil || ok {
		return ok, "", err
	}
	return false, "it is no longer so: " + r.While.Source(), nil
}

// technicians names who is sent on a visit.
func technicians(v *plumbline.VisitView) string {
	if v == nil {
		return ""
	}
	var ids []string
	for _, a := range v.Assignments {
		ids = append(ids, a.Technician)
	}
	slices.Sort(ids)
	return strings.Join(ids, " ")
}

// about is the visit of that id, else the last one.
func (s *scene) about(id string) *plumbline.VisitView {
	if v := s.visit(id); v != nil {
		return v
	}
	return s.soonest()
}
