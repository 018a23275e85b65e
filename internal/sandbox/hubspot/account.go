package hubspot

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// An Owner is a user of the account to whom records can be assigned. Records
// hold its ID; UserID is another number.
type Owner struct {
	ID, Email, FirstName, LastName string
	UserID                         int64
	Archived                       bool
}

func (p *portal) owner(id string) *Owner {
	for i := range p.owners {
		if p.owners[i].ID == id && !p.owners[i].Archived {
			return &p.owners[i]
		}
	}
	return nil
}

func (p *portal) ownerDocument(o Owner) document {
	at := formatInstant(time.Unix(1_700_000_000, 0))
	d := document{
		"id": o.ID, "email": o.Email, "firstName": o.FirstName, "lastName": o.LastName, "type": "PERSON",
		"archived": o.Archived, "createdAt": at, "updatedAt": at, "userIdIncludingInactive": o.UserID,
	}
	if !o.Archived {
		d["userId"] = o.UserID
	}
	return d
}

func (c *call) listOwners() (int, any, error) {
	limit, err := c.pageLimit(100, 500)
	if err != nil {
		return 0, nil, err
	}
	q := c.request.URL.Query()
	email := q.Get("email")
	passed := q.Get("after") == ""
	results, body := []document{}, document{}
	for _, o := range c.owners {
		if o.Archived != c.wantsArchived() || (email != "" && !strings.EqualFold(email, o.Email)) {
			continue
		}
		if !passed {
			passed = o.ID == q.Get("after")
			continue
		}
		if len(results) == limit {
			body["paging"] = c.nextPage(results[limit-1]["id"].(string))
			break
		}
		results = append(results, c.ownerDocument(o))
	}
	body["results"] = results
	return http.StatusOK, body, nil
}

func (c *call) readOwner() (int, any, error) {
	id := c.request.PathValue("ownerId")
	byUser := c.request.URL.Query().Get("idProperty") == "userId"
	for _, o := range c.owners {
		if o.Archived == c.wantsArchived() && (!byUser && o.ID == id || byUser && strconv.FormatInt(o.UserID, 10) == id) {
			return http.StatusOK, c.ownerDocument(o), nil
		}
	}
	return 0, nil, notFound()
}

func (c *call) details() (int, any, error) {
	_, seconds := c.clock().In(c.zone).Zone()
	sign, minutes := "+", seconds/60
	if minutes < 0 {
		sign, minutes = "-", -minutes
	}
	return http.StatusOK, document{
		"portalId": c.id, "accountType": "STANDARD", "timeZone": c.zone.String(), "companyCurrency": "USD",
		"additionalCurrencies": []string{}, "utcOffset": fmt.Sprintf("%s%02d:%02d", sign, minutes/60, minutes%60),
		"utcOffsetMilliseconds": seconds * 1000, "uiDomain": "app.hubspot.com", "dataHostingLocation": "na1",
	}, nil
}

func (c *call) enablements() (int, any, error) {
	all := map[string]bool{}
	for _, t := range c.types {
		all[t.id] = c.enabled[t.id]
	}
	return http.StatusOK, document{"enablementByObjectTypeId": all}, nil
}

func (c *call) enablement() (int, any, error) {
	enabled, known := c.enabled[c.request.PathValue("objectTypeId")]
	if !known {
		return 0, nil, notFound()
	}
	return http.StatusOK, document{"enablement": enabled}, nil
}

func (t *objectType) usage(used, limit int) document {
	return document{
		"objectTypeId": t.id, "singularLabel": t.singular, "pluralLabel": t.name,
		"usage": used, "limit": limit, "percentage": percentage(used, limit),
	}
}

func percentage(used, limit int) float64 { return float64(used) * 100 / float64(max(limit, 1)) }

func (c *call) propertyLimits() (int, any, error) {
	list, all, limit := []document{}, 0, 0
	for _, t := range c.types {
		if c.enabled[t.id] {
			n := c.schemas[t.id].custom()
			list = append(list, t.usage(n, customMost))
			all, limit = all+n, limit+customMost
		}
	}
	return http.StatusOK, document{
		"byObjectType": list, "overallLimit": limit, "overallUsage": all, "overallPercentage": percentage(all, limit),
	}, nil
}

func (c *call) pipelineLimits() (int, any, error) {
	list := []document{}
	for _, t := range c.types {
		if t.pipeline != "" && c.enabled[t.id] {
			list = append(list, t.usage(len(c.lines[t.id]), c.pipelineMost(t)))
		}
	}
	return http.StatusOK, document{
		"hubspotDefinedObjectTypes": list,
		"customObjectTypes":         document{"byObjectType": []document{}, "overallLimit": 0, "overallUsage": 0, "overallPercentage": 0},
	}, nil
}
