package plumbline

import (
	"strconv"
	"testing"
	"time"
)

// toldJob is a job of which a field tool has told so many steps.
func toldJob(steps int) *SourceRecord {
	s := &SourceRecord{ID: "0123456789abcdef01234567", Kind: Job, Connection: "hcp", External: "job_1", Created: 1777900000000}
	at := time.UnixMilli(s.Created)
	for i := range steps {
		at = at.Add(20 * time.Minute)
		s.Add(Reading{Kind: Job, ID: "job_1", At: at, Fields: map[string]Value{
			"number": `"1042"`, "description": `"No cooling upstairs; the unit in the attic was replaced in 2019 and has been serviced twice since"`,
			"estimate": "false", "lead_source": `"Website"`, "tags": "[]", "total": TextValue(strconv.Itoa(i) + ".00"), "balance": `"0.00"`, "attachments": "3",
			"notes": JSONValue([]map[string]string{{"id": "nte_1", "text": "Gate code 4411. Please ring the bell at the side door. Call " + strconv.Itoa(i)}}),
			"type":  Null, "status": `"scheduled"`, "en_route_at": Null, "on_site_at": Null, "completed_at": TimeValue(at), "canceled_at": Null,
			"customer": `"cus_00000000000000000000000000000001"`, "property": `"adr_00000000000000000000000000000001"`, "technicians": `["pro_00000000000000000000000000000001"]`,
			"starts": TimeValue(at), "ends": TimeValue(at), "window_minutes": "60", "visits": `["appt_00000000000000000000000000000001"]`}}, at.Add(time.Second), nil)
	}
	return s
}

func BenchmarkDocument(b *testing.B) {
	s := toldJob(6)
	b.ReportAllocs()
	for b.Loop() {
		s.Document()
	}
}

func BenchmarkReadDocument(b *testing.B) {
	doc := toldJob(6).Document()
	b.ReportAllocs()
	for b.Loop() {
		if err := new(SourceRecord).ReadDocument(doc); err != nil {
			b.Fatal(err)
		}
	}
}
