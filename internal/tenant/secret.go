package tenant

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"filippo.io/age"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/db"
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

// Seal stores a connection's secrets, encrypted.
func (v *Vault) Seal(tx *db.Tx, location, connection string, secret []byte) (err error) {
	defer plumbline.Wrap(&err, "seal the secrets of %s", connection)

	var b bytes.Buffer
	w, err := age.Encrypt(&b, v.identity.Recipient())
	if err != nil {
		return err
	}
	if _, err := w.Write(secret); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	n, err := tx.Exec(`UPDATE connection SET secret = $3 WHERE location_id = $1 AND name = $2`, location, connection, b.Bytes())
	if err == nil && n == 0 {
		err = plumbline.NotFoundf("location %s has no connection %s", location, connection)
	}
	return err
}

// Open returns what Seal stored, nil if nothing was.
func (v *Vault) Open(tx *db.Tx, location, connection string) (secret []byte, err error) {
	defer plumbline.Wrap(&err, "open the secrets of %s", connection)

	var sealed []byte
	if err := tx.QueryRow(`SELECT secret FROM connection WHERE location_id = $1 AND name = $2`, location, connection).Scan(&sealed); err != nil {
		return nil, err
	}
	if len(sealed) == 0 {
		return nil, nil
	}
	r, err := age.Decrypt(bytes.NewReader(sealed), v.identity)
	if err != nil {
		return nil, err
	}
	return io.ReadAll(r)
}
