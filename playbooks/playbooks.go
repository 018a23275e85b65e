// Package playbooks holds the built-in playbook, which every office starts from. It
// is data and knows nothing of who reads it.
package playbooks

import _ "embed"

// BuiltIn is the built-in playbook, YAML.
//
//go:embed builtin.yaml
var BuiltIn []byte
