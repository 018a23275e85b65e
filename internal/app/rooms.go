package app

import (
	"plumbline.dev/plumbline/internal/advance"
	"plumbline.dev/plumbline/internal/outbox"
)

// rooms are the rooms that owe and perform.
type rooms struct {
	follow  []advance.Follower
	perform map[string]outbox.Performer
}

func (r rooms) followers() []advance.Follower           { return r.follow }
func (r rooms) performers() map[string]outbox.Performer { return r.perform }

func (n *Node) makeRooms() rooms {
	return rooms{perform: map[string]outbox.Performer{}}
}

// router estimates drives; a real one takes its place here and nowhere else.
func router() any { return nil }
