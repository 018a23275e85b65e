package bench

import (
	"fmt"
	"strings"
	"time"

	"plumbline.dev/plumbline"
)

const location = "bench"

// epoch is about when deliveries are measured, and opened well before it.
var (
	epoch  = time.Date(2026, 5, 5, 17, 0, 0, 0, time.UTC)
	opened = epoch.AddDate(0, 0, -7)
	late   = epoch.Add(2 * time.Hour)
)

// offsets of the steps of a job's story from its booking: it is done a day later.
// Whatever comes after comes every 20 minutes.
func offset(step int) time.Duration {
	if step < 3 {
		return time.Duration(step) * time.Minute
	}
	return 23*time.Hour + time.Duration(step-4)*20*time.Minute
}

// kinds is how many jobs there are that differ in more than their names: the others
// are like one of these.
const kinds = 56

// first is the step to which a job has come before it is measured. Jobs stand at all
// steps of their stories at once, each on its own day, so that what is measured
// happens at one time.
func first(job int) int { return job % kinds % (steps - 1) }

// A calendar says when jobs happen, and when their visits are planned to begin.
type calendar struct {
	happens func(job, step int) time.Time
	starts  func(job int) time.Time
}

// days are jobs that are booked on one day and done on the next.
var days = calendar{happens, func(job int) time.Time { return happens(job, 4) }}

func happens(job, step int) time.Time {
	return epoch.Add(time.Duration(job%kinds)*time.Minute + offset(step) - offset(first(job)+1))
}

// jobBody is a Housecall Pro webhook about a job in the shape of the vendor's, about
// 4 KB. Step is how far the job has come.
func jobBody(c calendar, job, step int) []byte {
	at := c.happens(job, step)
	ts := func(t time.Time) string { return t.UTC().Format(time.RFC3339) }
	since := func(reached int) string {
		if step < reached {
			return "null"
		}
		return `"` + ts(c.happens(job, reached)) + `"`
	}
	event := "job.updated" // what comes after the story
	if events := []string{"job.created", "job.scheduled", "job.updated", "job.on_my_way", "job.started", "job.updated", "job.completed", "job.updated", "job.updated", "job.paid"}; step < len(events) {
		event = events[step]
	}
	status := "scheduled"
	switch {
	case step >= 6:
		status = "complete unrated"
	case step >= 4:
		status = "in progress"
	case step == 0:
		status = "needs scheduling"
	}
	start := c.starts(job)
	// One customer in eight has changed since the last delivery, and is matched anew.
	changed, edits := at, step
	if job%8 != 0 {
		changed, edits = c.happens(job, 0), 0
	}
	schedule := fmt.Sprintf(`"scheduled_start":"%s","scheduled_end":"%s","arrival_window":60,"appointments":[{"id":"appt_%032d","start_date":"%s","start_time":"%s","end_time":"%s","anytime":false,"arrival_window_minutes":60,"dispatched_employees_ids":["pro_%032d"]}]`,
		ts(start), ts(start.Add(2*time.Hour)), job, start.Format(time.DateOnly), ts(start), ts(start.Add(2*time.Hour)), job%7)
	if step == 0 {
		schedule = `"scheduled_start":null,"scheduled_end":null,"arrival_window":0,"appointments":[]`
	}
	return fmt.Appendf(nil, `{"event":"%s","event_occurred_at":"%s","company_id":"3f6a1d20-0000-4000-8000-00000000c0de","job":{"id":"job_%032d","invoice_number":"%d","description":"No cooling upstairs; the unit in the attic was replaced in 2019 and has been serviced twice since",
"customer":{"id":"cus_%032d","first_name":"%s","last_name":"%s","email":"customer%d.%d@example.com","mobile_number":"208%03d%04d","home_number":null,"work_number":null,"company":null,"notifications_enabled":true,"lead_source":"Website","notes":null,"created_at":"%s","updated_at":"%s","company_name":"Examplaire Plumbing","company_id":"3f6a1d20-0000-4000-8000-00000000c0de","tags":["vip"]},
"address":{"id":"adr_%032d","type":"service","street":"%d Larkspur Ln","street_line_2":null,"city":"Boise","state":"ID","zip":"83702","country":"US"},
"notes":[{"id":"nte_%032d","content":"Gate code 4411. Please ring the bell at the side door; the dog is friendly but loud. The shut-off is behind the washer. Call %d."}],
"work_status":"%s","work_timestamps":{"on_my_way_at":%s,"started_at":%s,"completed_at":%s},
"schedule":{%s},"total_amount":%d,"outstanding_balance":%d,
"assigned_employees":[{"id":"pro_%032d","first_name":"Rafael","last_name":"Ortiz","email":"rafael@example.com","mobile_number":"2085550177","color_hex":"3B7DD8","avatar_url":"https://assets.example.com/avatar.png","role":"field tech","tags":[],"permissions":{%s},"created_at":"2026-02-11T16:20:00Z","company_name":"Examplaire Plumbing","company_id":"3f6a1d20-0000-4000-8000-00000000c0de"}],
"tags":[],"original_estimate_id":null,"original_estimate_uuids":[],"subtotal":39000,"lead_source":"Website","job_fields":{"job_type":null,"business_unit":null},"locked_at":null,"created_at":"%s","updated_at":"%s","canceled_at":null,"deleted_at":null,"company_name":"Examplaire Plumbing","company_id":"3f6a1d20-0000-4000-8000-00000000c0de","recurrence_number":null,"recurrence_rule":null,"attachments":[%s]}}`,
		event, ts(at), job, 1000+job%kinds, job, firstNames[job%kinds%len(firstNames)], lastName(job), job, edits, 230+job/10_000, job%10_000, ts(c.happens(job, 0)), ts(changed), job, 100+job, job, step, status,
		since(3), since(4), since(6), schedule, 41250*b2i(step >= 6), 41250*b2i(step >= 6 && step < 9), job%7, permissions, ts(c.happens(job, 0)), ts(at), attachments)
}

var (
	firstNames = []string{"Dana", "Rosa", "Miguel", "Priya", "Tom", "Aiko", "Lena", "Omar", "Grace", "Ivan", "Nora", "Felix", "Ruth", "Sam", "Elif", "Hugo", "Maya", "Carl", "Jin", "Vera", "Otto", "Zoe", "Amir"}
	syllables  = []string{"whit", "lock", "lar", "spur", "ash", "ford", "mere", "dell", "kin", "row", "hal", "ston", "ber", "wick", "tor", "ling", "gar", "vey", "nor", "man"}
)

// lastName is one of 112,000. One person in nine has a name that, of a hundred thousand
// people, ten have.
func lastName(job int) string {
	n := job % kinds * 7919
	pick := func(n int) string { return syllables[n%len(syllables)] }
	house := job / kinds
	branch := house / 200 % 10
	if house%9 == 0 {
		branch = 0
	}
	name := pick(n) + string(rune('a'+house%200/14)) + string(rune('a'+house%200%14)) + string(rune('a'+branch)) + pick(n/20) + pick(n/400)
	return strings.ToUpper(name[:1]) + name[1:]
}

const attachments = `{"id":"att_00000000000000000000000000000001","file_name":"attic-unit-before.jpg","file_type":"image/jpeg","url":"https://assets.example.com/attachments/5f0c1d2e-7a3b-4c4d-8e5f-000000000001/attic-unit-before.jpg?signature=3b0c44298fc1c149afbf4c8996fb92427ae41e46"},{"id":"att_00000000000000000000000000000002","file_name":"attic-unit-after.jpg","file_type":"image/jpeg","url":"https://assets.example.com/attachments/5f0c1d2e-7a3b-4c4d-8e5f-000000000002/attic-unit-after.jpg?signature=98fc1c149afbf4c8996fb92427ae41e4649b934c"},{"id":"att_00000000000000000000000000000003","file_name":"label.jpg","file_type":"image/jpeg","url":"https://assets.example.com/attachments/5f0c1d2e-7a3b-4c4d-8e5f-000000000003/label.jpg?signature=a495991b7852b855e3b0c44298fc1c149afbf4c8"}`

const permissions = `"can_add_and_edit_job":true,"can_be_booked_online":true,"can_call_and_text_with_customers":true,"can_chat_with_customers":true,"can_delete_and_cancel_job":true,"can_edit_message_on_invoice":true,"can_see_street_view_data":true,"can_take_payment_see_prices":true,"can_see_customers":true,"can_see_full_schedule":true,"can_see_future_jobs":true,"can_see_marketing_campaigns":true,"can_see_reporting":true,"can_edit_settings":true,"can_share_job":false,"is_point_of_contact":false,"is_admin":false`

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

// steps is how many deliveries tell the story of a job.
const steps = 10

// deliveryOf makes the delivery of a job's step.
func deliveryOf(c calendar, job, step int) plumbline.Delivery {
	return plumbline.Delivery{Location: location, Connection: "hcp", Tool: "housecallpro", Event: "job.updated",
		Object: fmt.Sprintf("job_%032d", job), Received: c.happens(job, step).Add(time.Second), Body: jobBody(c, job, step)}
}

// smallBody is a Housecall Pro webhook of 1 KB, of which no two are alike.
func smallBody(turn, i int) []byte {
	return fmt.Appendf(nil, `{"event":"customer.updated","event_occurred_at":"2026-05-04T14:10:00Z","company_id":"3f6a1d20-0000-4000-8000-00000000c0de","customer":{"id":"cus_%010d%022d","first_name":"%s","last_name":"%s","email":"customer%d@example.com","mobile_number":"208%03d%04d","home_number":null,"work_number":null,"company":null,"notifications_enabled":true,"lead_source":"Website","notes":"Gate code 4411. Please ring the bell at the side door; the dog is friendly but loud. The shut-off is behind the washer, and the attic is reached from the hall.","created_at":"2026-05-04T12:00:01Z","updated_at":"2026-05-04T14:10:00Z","company_name":"Examplaire Plumbing","company_id":"3f6a1d20-0000-4000-8000-00000000c0de","tags":["vip"],"addresses":[{"id":"adr_%032d","type":"service","street":"%d Larkspur Ln","street_line_2":null,"city":"Boise","state":"ID","zip":"83702","country":"US"}]}}`,
		turn, i, firstNames[i%len(firstNames)], lastName(i), i, 230+i/10_000, i%10_000, i, 100+i)
}
