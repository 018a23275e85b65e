package stage

import (
	"fmt"
	"testing"
	"time"

	"plumbline.dev/plumbline"
)

// told is a job of one visit, of which its tool has told so many steps.
func told(steps int) Input {
	booked := at(1, 8, 0)
	job := &plumbline.SourceRecord{ID: plumbline.NewSourceID(location, "hcp", plumbline.Job, "job_1"), Kind: plumbline.Job, Connection: "hcp", External: "job_1", Created: booked.UnixMilli()}
	visit := &plumbline.SourceRecord{ID: plumbline.NewSourceID(location, "hcp", plumbline.Visit, "appt_1"), Kind: plumbline.Visit, Connection: "hcp", External: "appt_1"}
	since := func(step, reached int, when time.Time) any {
		if step < reached {
			return nil
		}
		return when
	}
	start := at(2, 9, 0)
	for step := range steps {
		when := booked.Add(time.Duration(step) * time.Minute)
		if step >= 3 {
			when = start.Add(time.Duration(step-4) * 20 * time.Minute)
		}
		status, money := []string{"unscheduled", "scheduled", "scheduled", "scheduled", "in_progress", "in_progress"}[min(step, 5)], "0.00"
		if step >= 6 {
			status, money = "complete", "412.50"
		}
		said := fields{"number": "1042", "description": "No cooling upstairs; the unit in the attic was replaced in 2019 and has been serviced twice since",
			"estimate": false, "lead_source": "Website", "tags": []string{}, "total": money, "balance": money, "attachments": 3,
			"notes": []any{map[string]string{"id": "nte_1", "text": fmt.Sprintf("Gate code 4411. Call %d.", step)}}, "type": nil, "status": status,
			"en_route_at": since(step, 3, start.Add(-20*time.Minute)), "on_site_at": since(step, 4, start), "completed_at": since(step, 6, start.Add(40*time.Minute)),
			"canceled_at": nil, "customer": "cus_1", "property": "adr_1", "technicians": []string{"pro_1"},
			"starts": since(step, 1, start), "ends": since(step, 1, start.Add(2*time.Hour)), "window_minutes": 60, "visits": []string{}}
		if step > 0 {
			said["visits"] = []string{"appt_1"}
			visit.Add(plumbline.Reading{Kind: plumbline.Visit, ID: "appt_1", At: when, Fields: values(fields{"job": "job_1", "starts": start, "ends": start.Add(2 * time.Hour),
				"any_time": false, "window_minutes": 60, "technicians": []string{"pro_1"}})}, when.Add(time.Second), nil)
		}
		job.Add(plumbline.Reading{Kind: plumbline.Job, ID: "job_1", At: when, Fields: values(said)}, when.Add(time.Second), nil)
	}
	ring := start.Add(-3 * time.Hour)
	about := &plumbline.SourceRecord{ID: "about", Kind: plumbline.Visit, Connection: plumbline.Clock, About: visit.ID}
	about.Add(plumbline.Reading{Kind: plumbline.Visit, About: visit.ID, At: ring, Fields: map[string]plumbline.Value{
		"ring:day_begun/" + ring.Format(time.RFC3339Nano): "[]"}}, ring.Add(time.Second), nil)
	return Input{ID: job.ID, Location: location, Job: []*plumbline.SourceRecord{job}, Visits: []Trip{{ID: visit.ID, Records: []*plumbline.SourceRecord{visit, about}}},
		Zone: boise, Playbook: policy, Open: weekdays{}, Property: &plumbline.PropertyView{Street: "101 Larkspur Ln", Zone: "America/Boise"},
		Technician: func(id plumbline.SourceID) plumbline.AssignmentView {
			return plumbline.AssignmentView{Technician: string(id), FirstName: "Rafael"}
		}}
}

// BenchmarkFold folds what is known of a job after so many deliveries.
func BenchmarkFold(b *testing.B) {
	for _, steps := range []int{3, 6, 9} {
		in := told(steps)
		b.Run(fmt.Sprint(steps), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Fold(in); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
