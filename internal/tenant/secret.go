package tenant

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"strings"

	"filippo.io/age"

	"plumbline.dev/plumbline"
)

// A Vault encrypts secrets at rest with an age identity that comes from a file or
// the environment and is never stored beside them.
type Vault struct{ identity *age.X25519Identity }

// NewVault reads the key, an age identity ("AGE-SECRET-KEY-1...").
func NewVault(key string) (*Vault, error) {
	id, err := age.ParseX25519Identity(strings.TrimSpace(key))
	if err != nil {
		return nil, plumbline.Invalidf("make one with plumbline key", "the key for secrets is not an age identity")
	}
	return &Vault{id}, nil
}

// NewKey makes a key for a Vault.
func NewKey() (string, error) {
	id, err := age.GenerateX25519Identity()
	if err != nil {
		return "", fmt.Errorf("make a key: %w", err)
	}
	return id.String(), nil
}

// sealed leads a secret that is encrypted.
const sealed = "sealed:"

// Sealed says whether a text is what Seal returns.
func Sealed(text string) bool { return strings.HasPrefix(text, sealed) }

// Seal encrypts a secret into one word that may stand in a file.
func (v *Vault) Seal(secret []byte) (text string, err error) {
	defer plumbline.Wrap(&err, "seal a secret")

	var b bytes.Buffer
	w, err := age.Encrypt(&b, v.identity.Recipient())
	if err != nil {
		return "", err
	}
	if _, err := w.Write(secret); err != nil {
		return "", err
	}
	if err := w.Close(); err != nil {
		return "", err
	}
	return sealed + base64.StdEncoding.EncodeToString(b.Bytes()), nil
}

// Open returns what Seal was given.
func (v *Vault) Open(text string) ([]byte, error) {
	b, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(text, sealed))
	if err != nil {
		return nil, plumbline.Invalidf("seal the secret anew with plumbline seal", "a sealed secret is damaged")
	}
	r, err := age.Decrypt(bytes.NewReader(b), v.identity)
	if err != nil {
		return nil, plumbline.Invalidf("name the key with which it was sealed, or seal it anew with plumbline seal", "the key does not open a sealed secret")
	}
	secret, err := io.ReadAll(r)
	if err != nil {
		return nil, plumbline.Invalidf("seal the secret anew with plumbline seal", "a sealed secret is damaged")
	}
	return secret, nil
}
