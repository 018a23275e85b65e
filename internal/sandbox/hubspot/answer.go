package hubspot

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strings"
)

// A document is a JSON object of an answer.
type document = map[string]any

// An apiError is an answer that is not 2xx, as its status and body. A body of
// nil is an empty answer.
type apiError struct {
	status  int
	body    document
	headers map[string]string
}

func (e *apiError) Error() string {
	return fmt.Sprintf("answer %d: %v", e.status, e.body["message"])
}

// A detail is one entry of "errors" in an error body.
type detail struct {
	message, code, in string
	context           map[string][]string
}

func (d detail) document() document {
	out := document{"message": d.message}
	if d.code != "" {
		out["code"] = d.code
	}
	if d.in != "" {
		out["in"] = d.in
	}
	if d.context != nil {
		out["context"] = d.context
	}
	return out
}

// plainError has neither category nor errors, as the vendor's oldest checks answer.
func plainError(status int, message string) *apiError {
	return &apiError{status: status, body: document{"status": "error", "message": message}}
}

func categoryError(status int, category, message string, details ...detail) *apiError {
	e := plainError(status, message)
	e.body["category"] = category
	if len(details) > 0 {
		list := make([]document, len(details))
		for i, d := range details {
			list[i] = d.document()
		}
		e.body["errors"] = list
	}
	return e
}

func (e *apiError) with(key string, value any) *apiError {
	e.body[key] = value
	return e
}

func invalid(message string, details ...detail) *apiError {
	return categoryError(400, "VALIDATION_ERROR", message, details...)
}

func notFound() *apiError {
	return categoryError(404, "OBJECT_NOT_FOUND", "resource not found")
}

// notFoundIDs names the records that a batch could not find (shape seen in
// several public integrations).
func notFoundIDs(t *objectType, ids []string) *apiError {
	message := "Could not get some " + t.message() + " objects, they may be deleted or not exist. Check that ids are valid."
	return categoryError(404, "OBJECT_NOT_FOUND", message).with("context", map[string][]string{"ids": ids})
}

func contactExists(id string) *apiError {
	return categoryError(409, "CONFLICT", "Contact already exists. Existing ID: "+id)
}

// A badValue is one property value that was refused.
type badValue struct{ name, code, message string }

// badValues packs the refused values as the vendor does: JSON inside the
// message, and again in errors.
func badValues(bad []badValue) *apiError {
	details := make([]detail, len(bad))
	inner := make([]string, len(bad))
	for i, b := range bad {
		details[i] = detail{message: b.message, code: b.code, context: map[string][]string{"propertyName": {b.name}}}
		inner[i] = fmt.Sprintf(`{"isValid":false,"message":%s,"error":%s,"name":%s}`, quote(b.message), quote(b.code), quote(b.name))
	}
	return invalid("Property values were not valid: ["+strings.Join(inner, ",")+"]", details...)
}

// missingOnCreate is the answer to a create that lacks required properties.
func missingOnCreate(t *objectType, names []string) *apiError {
	details := make([]detail, len(names))
	for i, n := range names {
		details[i] = detail{message: n + " is required", context: map[string][]string{"propertyName": {n}}}
	}
	return invalid("Error creating "+t.message()+". Some required properties were not set.", details...).
		with("context", map[string][]string{"properties": names})
}

// quote is JSON text without HTML escaping, as the vendor's Java writes it.
func quote(s string) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(s); err != nil {
		return `""`
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// itemError is a refusal as an entry in a batch's "errors".
func itemError(err error, context map[string][]string) document {
	out := document{"status": "error", "errors": []document{}, "links": map[string]string{}, "context": map[string][]string{}}
	var e *apiError
	if errors.As(err, &e) {
		maps.Copy(out, e.body)
	}
	if context != nil {
		out["context"] = context
	}
	return out
}
