package tenant

const (
	insertLocation = `INSERT INTO location (location_id) VALUES ($1) ON CONFLICT (location_id) DO NOTHING`

	upsertConnection = `
		INSERT INTO connection (location_id, name, tool, account, quota, speaks) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (location_id, name) DO UPDATE SET tool = excluded.tool, account = excluded.account,
			quota = excluded.quota, speaks = excluded.speaks`

	updateMode = `UPDATE connection SET on_since = CASE WHEN $3 = 'on' AND mode <> 'on' THEN $4 ELSE on_since END, mode = $3
		WHERE location_id = $1 AND name = $2`

	selectConnections = `SELECT location_id, name, tool, account, mode, on_since, quota, speaks FROM connection
		WHERE location_id = $1 OR $1 = '' ORDER BY location_id, name`

	insertActivation  = `INSERT INTO activation (location_id, name, since) VALUES ($1, $2, $3) ON CONFLICT (location_id, name) DO NOTHING`
	selectActivation  = `SELECT since FROM activation WHERE location_id = $1 AND name = $2`
	selectActivations = `SELECT name, since FROM activation WHERE location_id = $1`

	insertHolder  = `INSERT INTO holder (quota) VALUES ($1) ON CONFLICT (quota) DO NOTHING`
	selectHolder  = `SELECT node, epoch, expires FROM holder WHERE quota = $1`
	updateHolder  = `UPDATE holder SET node = $2, epoch = $3, expires = $4 WHERE quota = $1`
	releaseHolder = `UPDATE holder SET expires = 0 WHERE quota = $1 AND node = $2`

	selectGrant = `SELECT n, tokens, expires, refreshing FROM granted WHERE location_id = $1 AND connection = $2`
	upsertGrant = `
		INSERT INTO granted (location_id, connection, n, tokens, expires) VALUES ($1, $2, 1, $3, $4)
		ON CONFLICT (location_id, connection) DO UPDATE SET n = granted.n + 1, tokens = excluded.tokens, expires = excluded.expires, refreshing = 0`
	updateRefreshing = `UPDATE granted SET refreshing = $4 WHERE location_id = $1 AND connection = $2 AND n = $3 AND refreshing < $5`
	updateRefreshed  = `UPDATE granted SET refreshing = 0 WHERE location_id = $1 AND connection = $2 AND n = $3`

	insertToken = `INSERT INTO token (hash, location_id, name, created) VALUES ($1, $2, $3, $4) ON CONFLICT (hash) DO NOTHING`
	selectToken = `SELECT location_id, name FROM token WHERE hash = $1`
)
