package hubspot

import (
	"net/http"
	"slices"
	"strings"
)

// A route is one of the vendor's calls.
type route struct {
	pattern string
	family  family
	write   bool
	area    string // what the scopes are about: objects, schemas, owners or none
	handle  handler
}

// routes are the calls of version 2026-09 that a mirror of records needs.
var routes = []route{
	{"GET /crm/objects/2026-09/{objectType}", general, false, "objects", (*call).list},
	{"POST /crm/objects/2026-09/{objectType}", general, true, "objects", (*call).createOne},
	{"GET /crm/objects/2026-09/{objectType}/{objectId}", general, false, "objects", (*call).readOne},
	{"PATCH /crm/objects/2026-09/{objectType}/{objectId}", general, true, "objects", (*call).updateOne},
	{"DELETE /crm/objects/2026-09/{objectType}/{objectId}", general, true, "objects", (*call).archiveOne},
	{"POST /crm/objects/2026-09/{objectType}/batch/read", general, false, "objects", (*call).batchRead},
	{"POST /crm/objects/2026-09/{objectType}/batch/create", general, true, "objects", (*call).batchCreate},
	{"POST /crm/objects/2026-09/{objectType}/batch/update", general, true, "objects", (*call).batchUpdate},
	{"POST /crm/objects/2026-09/{objectType}/batch/upsert", general, true, "objects", (*call).batchUpsert},
	{"POST /crm/objects/2026-09/{objectType}/batch/archive", general, true, "objects", (*call).batchArchive},
	{"POST /crm/objects/2026-09/{objectType}/search", searches, false, "objects", (*call).search},
	{"POST /crm/objects/2026-09/{objectType}/merge", general, true, "objects", (*call).merge},
	{"POST /crm/objects/2026-09/{objectType}/gdpr-delete", general, true, "objects", (*call).erase},

	{"PUT /crm/objects/2026-09/{objectType}/{objectId}/associations/default/{toObjectType}/{toObjectId}", associationCalls, true, "objects", (*call).associateDefaultOne},
	{"PUT /crm/objects/2026-09/{objectType}/{objectId}/associations/{toObjectType}/{toObjectId}", associationCalls, true, "objects", (*call).associateOne},
	{"DELETE /crm/objects/2026-09/{objectType}/{objectId}/associations/{toObjectType}/{toObjectId}", associationCalls, true, "objects", (*call).disassociateOne},
	{"POST /crm/associations/2026-09/{objectType}/{toObjectType}/batch/associate/default", associationCalls, true, "objects", (*call).associateDefault},
	{"POST /crm/associations/2026-09/{objectType}/{toObjectType}/batch/create", associationCalls, true, "objects", (*call).associateBatch},
	{"POST /crm/associations/2026-09/{objectType}/{toObjectType}/batch/read", associationCalls, false, "objects", (*call).readAssociations},
	{"POST /crm/associations/2026-09/{objectType}/{toObjectType}/batch/archive", associationCalls, true, "objects", (*call).disassociateBatch},
	{"POST /crm/associations/2026-09/{objectType}/{toObjectType}/batch/labels/archive", associationCalls, true, "objects", (*call).unlabelBatch},
	{"GET /crm/associations/2026-09/{objectType}/{toObjectType}/labels", associationCalls, false, "schemas", (*call).listLabels},
	{"POST /crm/associations/2026-09/{objectType}/{toObjectType}/labels", associationCalls, true, "schemas", (*call).createLabel},

	{"GET /crm/properties/2026-09/{objectType}", general, false, "schemas", (*call).listProperties},
	{"POST /crm/properties/2026-09/{objectType}", general, true, "schemas", (*call).createProperty},
	{"POST /crm/properties/2026-09/{objectType}/batch/create", general, true, "schemas", (*call).createProperties},
	{"GET /crm/properties/2026-09/{objectType}/groups", general, false, "schemas", (*call).listGroups},
	{"POST /crm/properties/2026-09/{objectType}/groups", general, true, "schemas", (*call).createGroup},
	{"GET /crm/properties/2026-09/{objectType}/{propertyName}", general, false, "schemas", (*call).readProperty},
	{"PATCH /crm/properties/2026-09/{objectType}/{propertyName}", general, true, "schemas", (*call).updateProperty},
	{"DELETE /crm/properties/2026-09/{objectType}/{propertyName}", general, true, "schemas", (*call).archiveProperty},

	{"GET /crm/pipelines/2026-09/{objectType}", general, false, "schemas", (*call).listPipelines},
	{"POST /crm/pipelines/2026-09/{objectType}", general, true, "schemas", (*call).createPipeline},
	{"GET /crm/pipelines/2026-09/{objectType}/{pipelineId}", general, false, "schemas", (*call).readPipeline},
	{"GET /crm/pipelines/2026-09/{objectType}/{pipelineId}/stages", general, false, "schemas", (*call).listStages},
	{"POST /crm/pipelines/2026-09/{objectType}/{pipelineId}/stages", general, true, "schemas", (*call).createStage},

	{"GET /crm/owners/2026-09", general, false, "owners", (*call).listOwners},
	{"GET /crm/owners/2026-09/{ownerId}", general, false, "owners", (*call).readOwner},
	{"GET /account-info/2026-09/details", general, false, "", (*call).details},
	{"GET /crm/object-library/2026-09/enablement", general, false, "", (*call).enablements},
	{"GET /crm/object-library/2026-09/enablement/{objectTypeId}", general, false, "", (*call).enablement},
	{"GET /crm/limits/2026-09/custom-properties", general, false, "", (*call).propertyLimits},
	{"GET /crm/limits/2026-09/pipelines", general, false, "", (*call).pipelineLimits},
}

// needs lists the scopes of which any one lets the call pass.
func (r route) needs(c *call) []string {
	verb := ".read"
	if r.write {
		verb = ".write"
	}
	scope := c.request.PathValue("objectType")
	if t, err := c.typeNamed(scope); err == nil {
		scope = t.scope
	}
	switch {
	case r.area == "owners":
		return []string{"crm.objects.owners.read"}
	case r.area == "" || c.request.PathValue("objectType") == "":
		return nil
	case scope == "tickets":
		return []string{"tickets"}
	case r.area == "schemas":
		return []string{"crm.schemas." + scope + verb}
	default:
		return []string{"crm.objects." + scope + verb}
	}
}

func (p *portal) granted(needed []string) bool {
	return p.scopes == nil || len(needed) == 0 ||
		slices.ContainsFunc(needed, func(s string) bool { return slices.Contains(p.scopes, s) })
}

// kind names a request for counting: its method and path with the type's name
// and without ids.
func (p *portal) kind(r *http.Request, route route) string {
	kind := route.pattern
	for _, key := range []string{"objectType", "toObjectType"} {
		name := r.PathValue(key)
		if t, err := p.typeNamed(name); err == nil {
			name = t.name
		} else if name != "" {
			name = "unknown"
		}
		kind = strings.Replace(kind, "{"+key+"}", name, 1)
	}
	return kind
}
