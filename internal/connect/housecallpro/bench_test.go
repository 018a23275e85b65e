package housecallpro

import (
	_ "embed"
	"testing"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/connect"
)

//go:embed testdata/job-completed.json
var jobCompleted []byte

func BenchmarkDecode(b *testing.B) {
	d := plumbline.Delivery{Tool: "housecallpro", Event: "job.completed", Received: received, Body: jobCompleted}
	tool := newTool()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := tool.Decode(d); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkSplit(b *testing.B) {
	tool := newTool()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := tool.Split(connect.Request{Body: jobCompleted}); err != nil {
			b.Fatal(err)
		}
	}
}
