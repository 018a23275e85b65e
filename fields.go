package plumbline

import (
	"encoding/json"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"
)

// A FieldType says how a field's Value is written.
type FieldType string

// Types of fields.
const (
	Text    FieldType = "text"    // JSON string
	Texts   FieldType = "texts"   // JSON array of strings
	Bool    FieldType = "bool"    // true, false
	Number  FieldType = "number"  // JSON number, whole
	Decimal FieldType = "decimal" // JSON string holding a decimal, for coordinates
	Money   FieldType = "money"   // JSON string holding decimal text in major units, "412.50"
	Instant FieldType = "instant" // JSON string, RFC 3339 in UTC with milliseconds
	Ref     FieldType = "ref"     // JSON string: the same source's id of another object
	Refs    FieldType = "refs"    // JSON array of such ids
	List    FieldType = "list"    // JSON array of objects, described beside the field
	Date    FieldType = "date"    // JSON string, a day written 2006-01-02
	Record  FieldType = "record"  // JSON string: the id of a source record, whoever's
)

// A Field describes one field of a kind of record.
type Field struct {
	Type FieldType
	To   Kind // what a Ref or Record points to
	// Milestone marks an instant at which something happened to the object (it
	// arrived, it was completed): the statement happened then, not when it was made.
	Milestone bool
	About     string
}

// Asked is the field in which a provider's source holds the words that a look-up was asked
// with: its answer counts as long as it would be asked with the same.
const Asked = "asked"

// Fields is the language in which tools tell what they know. Decoders use these
// names and no others; `Decode` of an unknown field is an error of the tool.
var Fields = map[Kind]map[string]Field{
	Customer: {
		"first_name":    {Type: Text},
		"last_name":     {Type: Text},
		"organization":  {Type: Text, About: "the firm that the customer is or speaks for"},
		"email":         {Type: Text},
		"mobile_phone":  {Type: Text, About: "as the source writes it"},
		"home_phone":    {Type: Text},
		"work_phone":    {Type: Text},
		"texts_allowed": {Type: Bool, About: "false: the tool says that this customer wants no notifications"},
		"language":      {Type: Text, About: "BCP 47, en or es"},
		"tags":          {Type: Texts},
		"lead_source":   {Type: Text},
		"notes":         {Type: Text},
		"street":        {Type: Text, About: "the person's own mail or billing address, where the source keeps one on the person"},
		"city":          {Type: Text},
		"state":         {Type: Text},
		"postal_code":   {Type: Text},
		"key":           {Type: Text, About: "our key as a target's record bears it"},
		"stage":         {Type: Text, About: "a target's life cycle stage"},
		"texts_service": {Type: Text, About: "yes, no or unknown, as a target says"},
		"texts_offers":  {Type: Text, About: "yes, no or unknown, as a target says"},
		"email_opt_out": {Type: Bool},
	},
	Property: {
		"customer":    {Type: Ref, To: Customer, About: "who the source lists it under"},
		"street":      {Type: Text},
		"unit":        {Type: Text},
		"city":        {Type: Text},
		"state":       {Type: Text, About: "two letters"},
		"postal_code": {Type: Text},
		"country":     {Type: Text},
		"use":         {Type: Text, About: "service or billing"},
		"latitude":    {Type: Decimal},
		"longitude":   {Type: Decimal},
		"zone":        {Type: Text, About: "IANA zone stated by a person"},
	},
	Job: {
		"number":       {Type: Text},
		"description":  {Type: Text},
		"customer":     {Type: Ref, To: Customer},
		"payer":        {Type: Ref, To: Customer, About: "bill-to, where it is not the customer"},
		"site_contact": {Type: Ref, To: Customer},
		"property":     {Type: Ref, To: Property},
		"type":         {Type: Text, About: "the tool's job type"},
		"estimate":     {Type: Bool, About: "an estimate's own visit"},
		"tags":         {Type: Texts},
		"notes":        {Type: List, About: `{"id","text"}`},
		"attachments":  {Type: Number},
		"lead_source":  {Type: Text},

		"status":         {Type: Text, About: "unscheduled, scheduled, in_progress, complete or canceled"},
		"starts":         {Type: Instant, About: "of the only visit, where the tool knows no visits"},
		"ends":           {Type: Instant},
		"window_minutes": {Type: Number, About: "the customer was promised arrival between starts and this much later; 0: until ends"},
		"technicians":    {Type: Refs, To: Technician},
		"released":       {Type: Bool, About: "dispatched in the tool"},
		"visits":         {Type: Refs, To: Visit, About: "all visits that the job has now"},
		"en_route_at":    {Type: Instant, Milestone: true, About: "goes to the visit on whose day it falls"},
		"on_site_at":     {Type: Instant, Milestone: true},
		"completed_at":   {Type: Instant, Milestone: true},
		"canceled_at":    {Type: Instant, Milestone: true},

		"total":   {Type: Money},
		"balance": {Type: Money},
		"options": {Type: List, About: `an estimate's options: {"id","name","total","status"}, status open, approved, declined or expired`},
		"source":  {Type: Text, About: "address of the record in the tool"},

		// said by the office and by clocks
		"kind":           {Type: Text, About: "the office's word on what kind of job it is"},
		"no_charge":      {Type: Bool},
		"qa":             {Type: Text, About: "passed, waived, unproven or pending"},
		"dispute":        {Type: Bool},
		"promised":       {Type: Instant, About: "the payer promised to pay by then"},
		"outcome":        {Type: Text, About: "what an estimate visit came to: sold, no_sale"},
		"outcome_reason": {Type: Text},
	},
	Visit: {
		"job":            {Type: Ref, To: Job},
		"starts":         {Type: Instant},
		"ends":           {Type: Instant},
		"window_minutes": {Type: Number},
		"any_time":       {Type: Bool},
		"technicians":    {Type: Refs, To: Technician},
		"released":       {Type: Bool},
		"en_route_at":    {Type: Instant, Milestone: true},
		"on_site_at":     {Type: Instant, Milestone: true},
		"paused_at":      {Type: Instant, Milestone: true},
		"completed_at":   {Type: Instant, Milestone: true},
		"canceled_at":    {Type: Instant, Milestone: true},
		"outcome":        {Type: Text},
		"undone":         {Type: Texts, About: "items and parts left by outcome partial"},
		"eta":            {Type: List, About: `one object: {"low","likely","high" instants,"basis","from","asked"}`},
	},
	Technician: {
		"first_name":   {Type: Text},
		"last_name":    {Type: Text},
		"email":        {Type: Text},
		"mobile_phone": {Type: Text},
		"role":         {Type: Text},
	},
	Invoice: {
		"number":    {Type: Text},
		"job":       {Type: Ref, To: Job},
		"jobs":      {Type: Refs, To: Job, About: "where it bills several"},
		"customer":  {Type: Ref, To: Customer, About: "bill-to"},
		"status":    {Type: Text, About: "open, pending, paid, void or uncollectible"},
		"amount":    {Type: Money},
		"balance":   {Type: Money, About: "as the source says"},
		"issued_at": {Type: Instant, Milestone: true},
		"paid_at":   {Type: Instant, Milestone: true},
		"due_at":    {Type: Instant},
		"lines":     {Type: List, About: `{"id","name","description","quantity","amount","job","kind"}`},
	},
	Payment: {
		"invoice":  {Type: Ref, To: Invoice},
		"job":      {Type: Ref, To: Job},
		"customer": {Type: Ref, To: Customer},
		"amount":   {Type: Money, About: "negative: a refund"},
		"tip":      {Type: Money},
		"method":   {Type: Text, About: "cash, check, card, ach, financing or other"},
		"status":   {Type: Text, About: "pending, settled, failed, returned or disputed"},
		"at":       {Type: Instant, Milestone: true},
	},
	Asset: {
		"type":            {Type: Text, About: "furnace, water heater, as the source says"},
		"maker":           {Type: Text},
		"model":           {Type: Text},
		"serial":          {Type: Text},
		"installed":       {Type: Date},
		"warranty_until":  {Type: Date},
		"next_due":        {Type: Date, About: "when it is to be serviced next"},
		"place":           {Type: Text, About: "where on the property it stands"},
		"retired":         {Type: Date, About: "since when it is out of use"},
		"notes":           {Type: Text},
		"property":        {Type: Ref, To: Property},
		"customer":        {Type: Ref, To: Customer, About: "who the source lists it under"},
		"property_record": {Type: Record, To: Property, About: "the property's record, where another source has it"},
		"customer_record": {Type: Record, To: Customer},
		"job_record":      {Type: Record, To: Job, About: "the job whose bill says that it was installed"},
	},
	Membership: {
		"plan":            {Type: Text, About: "what the plan is called"},
		"status":          {Type: Text, About: "active or ended"},
		"started":         {Type: Date},
		"renews":          {Type: Date, About: "when it ends, or is renewed"},
		"months":          {Type: Number, About: "between two visits of the plan"},
		"next_due":        {Type: Date, About: "when the next visit of the plan is due"},
		"price":           {Type: Money},
		"retired":         {Type: Date, About: "since when it counts no more"},
		"notes":           {Type: Text},
		"property":        {Type: Ref, To: Property},
		"customer":        {Type: Ref, To: Customer},
		"property_record": {Type: Record, To: Property, About: "the property's record, where another source has it"},
		"customer_record": {Type: Record, To: Customer},
	},
	// An Address holds one field per thing that was said at it or about it, so
	// that none replaces another: see the patterns in FieldOf.
	Address: {},
	Account: {},
}

// FieldOf returns the description of a field of a kind, Asked included. Fields of an Address are
// open: "text:ID" an inbound text (its body), "ring:RULE/DUE" and "consent:ID" on
// any kind, "receipt:ID" what a carrier said of a message, all of type Text or List.
func FieldOf(kind Kind, name string) (Field, bool) {
	if f, ok := Fields[kind][name]; ok {
		return f, true
	}
	if name == Asked && (kind == Customer || kind == Property || kind == Asset) {
		return Field{Type: Text}, true
	}
	for _, prefix := range []string{"ring:", "consent:", "text:", "receipt:", "refused:"} {
		if len(name) > len(prefix) && name[:len(prefix)] == prefix {
			return Field{Type: List}, true
		}
	}
	return Field{}, false
}

var (
	decimalText = regexp.MustCompile(`^-?\d+(\.\d+)?$`)
	moneyText   = regexp.MustCompile(`^-?\d+\.\d{2}$`)
)

// Fits says whether v is written as values of the type are, in text that both engines
// can hold. Null fits every type.
func (t FieldType) Fits(v Value) bool {
	var x any
	if !utf8.ValidString(string(v)) || json.Unmarshal([]byte(v), &x) != nil || holdsNUL(x) {
		return false
	}
	read := func(to any) bool { return json.Unmarshal([]byte(v), to) == nil }
	switch {
	case v == Null:
		return true
	case t == Text || t == Ref || t == Record:
		return read(new(string))
	case t == Texts || t == Refs:
		return read(new([]string))
	case t == Bool:
		_, ok := v.Bool()
		return ok
	case t == Number:
		return read(new(int64))
	case t == Decimal:
		return decimalText.MatchString(v.Text())
	case t == Money:
		return moneyText.MatchString(v.Text())
	case t == Instant:
		return !v.Time().IsZero()
	case t == Date:
		_, err := time.Parse(time.DateOnly, v.Text())
		return err == nil
	}
	return read(new([]map[string]any))
}

func holdsNUL(x any) bool {
	switch x := x.(type) {
	case string:
		return strings.IndexByte(x, 0) >= 0
	case []any:
		for _, e := range x {
			if holdsNUL(e) {
				return true
			}
		}
	case map[string]any:
		for k, e := range x {
			if holdsNUL(k) || holdsNUL(e) {
				return true
			}
		}
	}
	return false
}
