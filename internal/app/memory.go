package app

import (
	"os"
	"runtime/debug"
	"sync"
)

// A node is small and makes much garbage: it collects when the heap is five times
// what lives on it, and earlier near its limit. SQLite's caches, about 100 MB when
// full, are not on that heap. GOGC and GOMEMLIMIT say otherwise.
const (
	garbage = 400       // percent
	heap    = 128 << 20 // bytes
)

var memory = sync.OnceFunc(func() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(garbage)
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(heap)
	}
})
