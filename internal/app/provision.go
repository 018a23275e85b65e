package app

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"plumbline.dev/plumbline/internal/connect"
)

// Provision creates what the mapping writes at a target and the target lacks: the
// fields that the mapping gives a label, the others being the target's own. It says
// what it did or, when dry, would do; done again, it does nothing. A tool that can
// create nothing says nothing.
func (n *Node) Provision(ctx context.Context, location, connection string, dry bool) ([]string, error) {
	bound, tool, err := Tool[any](n, location, connection)
	if err != nil {
		return nil, err
	}
	p, ok := tool.(connect.Provisioner)
	if !ok {
		return nil, nil
	}
	pb, _, err := n.policyOf(location)
	if err != nil {
		return nil, err
	}
	var specs []connect.FieldSpec
	for _, typ := range slices.Sorted(maps.Keys(pb.Mapping[bound.Tool])) {
		for _, f := range pb.Mapping[bound.Tool][typ].Fields {
			if f.Label != "" {
				specs = append(specs, connect.FieldSpec{Type: typ, Name: f.Name, Label: f.Label, Value: f.Value, Options: f.Options, Unique: f.Unique})
			}
		}
	}
	lines, err := p.Provision(ctx, specs, dry)
	if err != nil {
		err = fmt.Errorf("set up %s: %w", connection, err)
	}
	return lines, err
}
