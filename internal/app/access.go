package app

import (
	"context"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/connect"
	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/tenant"
)

const (
	// freshFor is how long an access must last for a call to leave with it.
	freshFor = 5 * time.Minute
	// refreshWithin is how long the asking for a new access may take. What was asked for
	// longer ago, and is not stored, was lost with whoever asked.
	refreshWithin = time.Minute
	// agreeWithin is how long an administrator may take to agree.
	agreeWithin = time.Hour
)

// An access keeps what one connection has been granted fresh, and its tool supplied
// with it. It is used under the hold of the quota: nobody else asks meanwhile.
type access struct {
	node       *Node
	connection tenant.Connection
	tool       connect.Authorizer
	n          int64 // the grant that the tool uses
}

// freshen lets the tool use the grant that is stored, and asks for the next one if that
// expires soon. Where it cannot be had, the calls say what a person must do.
func (a *access) freshen(ctx context.Context, now time.Time) error {
	g, ok, err := a.stored(ctx, now)
	if err != nil || !ok {
		return err
	}
	grant, err := a.node.unseal(g.Tokens)
	if err != nil {
		return fmt.Errorf("read what %s was granted: %w", a.connection.Name, err)
	}
	if a.n != g.N {
		a.tool.Use(grant)
		a.n = g.N
	}
	if g.Expires.After(now.Add(freshFor)) {
		return nil
	}
	var mine bool
	err = a.node.DB.Do(ctx, now, func(tx *db.Tx) (err error) {
		mine, err = tenant.BeginRefresh(tx, a.connection.Location, a.connection.Name, g.N, refreshWithin)
		return err
	})
	if err != nil || !mine {
		return err
	}
	return a.refresh(ctx, now, g.N, grant)
}

func (a *access) stored(ctx context.Context, now time.Time) (g tenant.Granted, ok bool, err error) {
	err = a.node.DB.View(ctx, now, func(tx *db.Tx) (err error) {
		g, ok, err = tenant.GrantOf(tx, a.connection.Location, a.connection.Name)
		return err
	})
	return g, ok, err
}

// refresh asks for the next grant and stores it before it is used: the one before may
// be void from then on. Cut off between the two, the account has to be connected anew.
func (a *access) refresh(ctx context.Context, now time.Time, n int64, old connect.Grant) error {
	next, err := a.tool.Refresh(ctx, old)
	kept := context.WithoutCancel(ctx) // what was given must not be lost
	if err != nil {
		a.node.Log.Warn("access was not renewed", "connection", a.connection.Location+"/"+a.connection.Name, "error", err)
		return a.node.DB.Do(kept, now, func(tx *db.Tx) error { return tenant.EndRefresh(tx, a.connection.Location, a.connection.Name, n) })
	}
	if err := a.node.putGrant(kept, now, a.connection, next); err != nil {
		return err
	}
	a.tool.Use(next)
	a.n = n + 1
	return nil
}

// putGrant stores a grant, sealed.
func (n *Node) putGrant(ctx context.Context, now time.Time, c tenant.Connection, g connect.Grant) error {
	vault, err := n.vault()
	if err != nil {
		return err
	}
	text, err := json.Marshal(map[string]string{"access": string(g.Access), "refresh": string(g.Refresh)})
	if err != nil {
		return err
	}
	sealed, err := vault.Seal(text)
	if err != nil {
		return err
	}
	return n.DB.Do(ctx, now, func(tx *db.Tx) error { return tenant.PutGrant(tx, c.Location, c.Name, sealed, g.Expires) })
}

func (n *Node) unseal(tokens string) (g connect.Grant, err error) {
	vault, err := n.vault()
	if err != nil {
		return g, err
	}
	text, err := vault.Open(tokens)
	if err != nil {
		return g, err
	}
	var pair struct{ Access, Refresh string }
	err = json.Unmarshal(text, &pair)
	return connect.Grant{Access: connect.Secret(pair.Access), Refresh: connect.Secret(pair.Refresh)}, err
}

// vault is what secrets of the database are sealed with.
func (n *Node) vault() (*tenant.Vault, error) {
	if n.Config.Key == "" {
		return nil, plumbline.Invalidf("make one with plumbline key, and name it under key", "the configuration has no key to seal with what accounts grant us")
	}
	return tenant.NewVault(n.Config.Key)
}

// redirect is the address to which a vendor sends an administrator who has agreed.
func (n *Node) redirect(c tenant.Connection) string {
	return strings.TrimSuffix(n.Config.PublicURL, "/") + "/oauth/" + c.Location + "/" + c.Name
}

// AuthorizeURL is where the administrator of a connection's account agrees that we
// have access to it, within an hour.
func (n *Node) AuthorizeURL(location, connection string) (string, error) {
	c, tool, err := Tool[connect.Authorizer](n, location, connection)
	if err != nil {
		return "", err
	}
	if _, err := n.vault(); err != nil {
		return "", err
	}
	until := strconv.FormatInt(n.Now().Add(agreeWithin).Unix(), 10)
	mac, err := n.stateOf(c, until)
	return tool.AuthorizeURL(n.redirect(c), until+"."+mac), err
}

// Redeem takes the code with which an administrator comes back, and the state that
// AuthorizeURL gave him, and stores what was granted.
func (n *Node) Redeem(ctx context.Context, location, connection, code, state string) error {
	c, tool, err := Tool[connect.Authorizer](n, location, connection)
	if err != nil {
		return err
	}
	until, mac, _ := strings.Cut(state, ".")
	want, err := n.stateOf(c, until)
	if err != nil {
		return err
	}
	sec, err := strconv.ParseInt(until, 10, 64)
	if err != nil || !hmac.Equal([]byte(mac), []byte(want)) || n.Now().After(time.Unix(sec, 0)) {
		return plumbline.Invalidf("begin again with plumbline connect "+connection, "nobody here asked for this, or longer than an hour ago")
	}
	grant, err := tool.Redeem(ctx, n.redirect(c), code)
	if err != nil {
		return fmt.Errorf("redeem the code of %s: %w", connection, err)
	}
	if err := n.putGrant(ctx, n.Now(), c, grant); err != nil {
		return err
	}
	n.Nudge(location)
	return nil
}

func (n *Node) stateOf(c tenant.Connection, until string) (string, error) {
	key, err := hkdf.Key(sha256.New, []byte(n.Config.Key), nil, "states of authorizations", 32)
	if err != nil {
		return "", fmt.Errorf("derive the key of states: %w", err)
	}
	mac := hmac.New(sha256.New, key)
	fmt.Fprintf(mac, "%s\x00%s\x00%s", c.Location, c.Name, until)
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil)), nil
}

// before supplies the tools of a quota with what they need for a call.
func (n *Node) before(quota string) func(context.Context, time.Time) error {
	var list []*access
	for _, name := range n.names() {
		b := n.bindings[name]
		if t, ok := b.tool.(connect.Authorizer); ok && b.Quota == quota {
			list = append(list, &access{node: n, connection: b.Connection, tool: t})
		}
	}
	if len(list) == 0 {
		return nil
	}
	return func(ctx context.Context, now time.Time) error {
		for _, a := range list {
			if err := a.freshen(ctx, now); err != nil {
				return err
			}
		}
		return nil
	}
}
