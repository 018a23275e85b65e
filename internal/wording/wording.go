// Package wording holds the texts of messages: templates whose variables are
// checked when they are loaded, the alphabet of text messages, what a text
// costs in segments, and a lint. It must not know who is written to, whether
// that is allowed, or what time it is.
package wording

import (
	"fmt"
	"strings"
	"text/template"
)

// A Kind says what a variable holds. It decides which functions may be applied
// to it and how its value is cleaned before it is put into a text.
type Kind int

const (
	Words  Kind = iota // a few words of ours: a day, a window, a reason, a street
	Name               // a person's or the company's name
	Link               // an https address, put in unchanged
	Phone              // a telephone number to call
	Amount             // money as text, with its sign
)

// MaxLink is the longest link allowed in a text, in characters.
const MaxLink = 50

// Vars names the variables that a template may use.
type Vars map[string]Kind

// A Text is one message template in one language.
type Text struct {
	ID   string // the message, such as "reminder"
	Lang string // "en" or "es"

	tmpl   *template.Template
	vars   Vars
	used   map[string]bool // true: must not be empty
	static string          // the text around the variables
}

// functions are all that a template may call; text/template's others are
// refused when it is loaded.
var functions = template.FuncMap{
	"first": func(s string) string { head, _, _ := strings.Cut(s, " "); return head },
	"upper": strings.ToUpper,
	"lower": strings.ToLower,
}

// Parse loads a template in the syntax of text/template. Only fields named in
// allowed, if and else, and the functions first, upper, lower, and, or, not
// and eq may be used. Errors name the message, line and column.
func Parse(id, lang, text string, allowed Vars) (*Text, error) {
	tmpl, err := template.New(id + "." + lang).Option("missingkey=error").Funcs(functions).Parse(text)
	if err != nil {
		return nil, fmt.Errorf("load message %s: %w", id, err)
	}
	t := &Text{ID: id, Lang: lang, tmpl: tmpl, vars: allowed, used: map[string]bool{}}
	if err := t.check(); err != nil {
		return nil, fmt.Errorf("load message %s: %w", id, err)
	}
	return t, nil
}

// Uses lists the variables of the template, each with whether it may be empty
// (it is only used behind an if, or has a fallback).
func (t *Text) Uses() map[string]bool {
	optional := make(map[string]bool, len(t.used))
	for name, must := range t.used {
		optional[name] = !must
	}
	return optional
}

// Render fills in the variables. Values other than links are put on one line
// and transliterated to letters that cost nothing (see GSM). A variable that is
// missing, or empty where nothing catches that, is an error: half a sentence is
// never sent.
func (t *Text) Render(vars map[string]string) (string, error) {
	clean := make(map[string]string, len(t.used))
	for name, must := range t.used {
		raw, ok := vars[name]
		if !ok {
			return "", fmt.Errorf("render message %s: no value for %s", t.ID, name)
		}
		value, err := t.vars[name].clean(raw)
		if err != nil {
			return "", fmt.Errorf("render message %s: %s %w", t.ID, name, err)
		}
		if value == "" && must {
			return "", fmt.Errorf("render message %s: %s is empty", t.ID, name)
		}
		clean[name] = value
	}
	var out strings.Builder
	if err := t.tmpl.Execute(&out, clean); err != nil {
		return "", fmt.Errorf("render message %s: %w", t.ID, err)
	}
	return strings.TrimSpace(out.String()), nil
}

// clean makes a value fit for a text, or says why it cannot be.
func (k Kind) clean(value string) (string, error) {
	value = strings.Join(strings.Fields(value), " ")
	if k != Link {
		return strings.Join(strings.Fields(GSM(value)), " "), nil
	}
	if value != "" && (!strings.HasPrefix(value, "https://") || strings.Contains(value, " ")) {
		return "", fmt.Errorf("is not an https link")
	}
	return value, nil
}

// Foot is what the first text to a number, one a month, and every marketing
// text carries: how to stop and how to get help. It begins with a space.
func Foot(lang string) string {
	if strings.HasPrefix(lang, "es") {
		return " Responda STOP para no recibir mensajes, HELP para ayuda."
	}
	return " Reply STOP to opt out, HELP for help."
}
