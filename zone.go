package plumbline

import (
	"sync"
	"time"
)

// zones are those that were asked for; time.LoadLocation reads its tables each time.
var zones sync.Map // name -> *time.Location

// Zone returns the zone of an IANA name such as "America/Boise".
func Zone(name string) (*time.Location, error) {
	if z, ok := zones.Load(name); ok {
		return z.(*time.Location), nil
	}
	z, err := time.LoadLocation(name)
	if err == nil {
		zones.Store(name, z)
	}
	return z, err
}
