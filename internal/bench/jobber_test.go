package bench

import (
	"log/slog"
	"testing"
)

func TestAVisitAtJobberCostsLessThanAQuestionForEachWebhook(t *testing.T) {
	f, err := jobberCostOf(t.Context(), Options{Dir: t.TempDir(), Log: slog.New(slog.DiscardHandler)}, 5, 1)
	if err != nil {
		t.Fatal(err)
	}
	if f.Value <= 0.2 || f.Value >= 0.9 || f.Ceiling < 200 {
		t.Errorf("%.2f of %.0f points a visit: %s", f.Value, f.Ceiling, f.Note)
	}
}

func TestTheFirstReadingUsesWhatJobberGives(t *testing.T) {
	f, err := backfillOf(t.Context(), Options{Dir: t.TempDir(), Log: slog.New(slog.DiscardHandler)}, 300)
	if err != nil {
		t.Fatal(err)
	}
	// Of an account that is read within half a minute the bucket is still full at the end.
	if f.Value < 0.5 || f.Value > 1 {
		t.Errorf("%.2f of what there was: %s", f.Value, f.Note)
	}
}
