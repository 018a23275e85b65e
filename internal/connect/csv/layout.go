package csv

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode"

	"plumbline.dev/plumbline"
)

// A Consent is what holds for all rows whose columns do not say it: a yes needs the
// wording that was agreed to, when, and how it was given.
type Consent struct {
	Wording string `json:"wording,omitempty"`
	Source  string `json:"source,omitempty"` // form, phone or paper
	Date    string `json:"date,omitempty"`
}

// A Layout says how the rows of a file are read. It is the run's, and stays as it was
// when the run began.
type Layout struct {
	Kind    plumbline.Kind    `json:"kind"`    // customer or asset
	Columns map[string]string `json:"columns"` // field -> heading
	Dates   string            `json:"dates,omitempty"`
	Rank    string            `json:"rank,omitempty"` // looked_up, or "" for typed by a person
	AsOf    time.Time         `json:"as_of,omitzero"` // when the file was written; zero: when each row is kept
	Source  string            `json:"source,omitempty"`
	Consent Consent           `json:"consent,omitzero"`
}

// A field is something that a column can hold, with headings that are known to mean it.
type field struct {
	name    string
	aliases string // separated by commas, without case, spaces and signs
}

// fieldsOf lists what columns can hold, by kind.
var fieldsOf = map[plumbline.Kind][]field{
	plumbline.Customer: slices.Concat([]field{
		{"id", "customerid,clientid,contactid,accountid,accountnumber,customernumber,recordid,externalid"},
	}, nameFields, []field{
		{"home_phone", "homephonenumber,phone,phonenumber,telephone,tel,primaryphone,mainphone,landline,phone1"},
		{"work_phone", "workphonenumber,businessphone,officephone,companyphone,otherphone,phone2,secondaryphone"},
	}, placeFields, []field{
		{"tags", "tag,labels,label,groups,groupmembership,customertags"},
		{"notes", "note,comments,comment,customernotes,internalnotes,description"},
		{"lead_source", "source,leadsourcename,referralsource,howdidyouhear,marketingsource,originalsource"},
		{"language", "preferredlanguage,lang"},
		{"created", "createdat,createdate,datecreated,createdon,customersince,dateadded,createdtime"},
		{"updated", "updatedat,lastmodified,lastmodifieddate,modified,modifiedat,dateupdated,lastupdated"},
		{"texts_service", "smsconsent,textconsent,servicetexts,textsservice,smsoptin,textoptin,transactionalsms"},
		{"texts_offers", "marketingconsent,smsmarketing,marketingtexts,textsmarketing,marketingsms,marketingoptin,smsmarketingconsent"},
		{"consent_wording", "consenttext,optinwording,optintext,wording"},
		{"consent_date", "consentat,optindate,optinat,consenttime,consenttimestamp,dateofconsent"},
		{"consent_source", "consentvia,optinsource,optinmethod,consentmethod"},
	}),
	plumbline.Asset: slices.Concat([]field{
		{"id", "assetid,equipmentid,unitid,assetnumber,equipmentnumber,externalid,recordid"},
		{"type", "equipmenttype,assettype,category,equipment,kind,systemtype"},
		{"maker", "make,manufacturer,brand,mfr"},
		{"model", "modelnumber,modelno,model#"},
		{"serial", "serialnumber,serialno,sn,serial#"},
		{"installed", "installdate,installedon,dateinstalled,installationdate,installedat"},
		{"warranty_until", "warrantyend,warrantyexpires,warrantyexpiration,warrantyexpirationdate,warrantyenddate,warranty,warrantythrough"},
		{"next_due", "nextservice,nextservicedate,nextmaintenance,nextduedate,nextmaintenancedate,servicedue"},
		{"place", "locationatproperty,equipmentlocation,room,area,position,locationonsite,location"},
		{"notes", "note,comments,comment,description,equipmentnotes"},
		{"property_id", "locationid,siteid,addressid,serviceaddressid,propertynumber"},
		{"customer_id", "clientid,contactid,accountid,accountnumber,customernumber"},
	}, ownerFields),
	plumbline.Membership: slices.Concat([]field{
		{"id", "membershipid,planid,agreementid,contractid,agreementnumber,contractnumber,externalid,recordid"},
		{"plan", "planname,membership,membershiptype,agreement,agreementtype,serviceplan,contract,plantype"},
		{"status", "planstatus,membershipstatus,agreementstatus,active"},
		{"started", "startdate,start,from,begins,membersince,activated,effectivedate"},
		{"renews", "renewson,renewaldate,renewal,enddate,end,expires,expirationdate,until,through"},
		{"months", "interval,intervalmonths,everymonths,visiteverymonths"},
		{"next_due", "nextvisit,nextservice,nextservicedate,nextmaintenance,nextduedate,servicedue"},
		{"price", "amount,fee,cost,planprice"},
		{"notes", "note,comments,comment,description"},
		{"property_id", "locationid,siteid,addressid,serviceaddressid,propertynumber"},
		{"customer_id", "clientid,contactid,accountid,accountnumber,customernumber"},
	}, ownerFields),
}

// ownerFields say whose something is, and where, in the words of a customer's row.
var ownerFields = slices.Concat(nameFields, []field{
	{"home_phone", "homephonenumber,phone,phonenumber,telephone,customerphone,primaryphone"},
}, placeFields)

// owned says whether rows of a kind are about something that is somebody's.
func owned(kind plumbline.Kind) bool { return kind == plumbline.Asset || kind == plumbline.Membership }

var nameFields = []field{
	{"first_name", "first,firstname,givenname,fname,customerfirstname"},
	{"last_name", "last,lastname,surname,familyname,lname,customerlastname"},
	{"name", "fullname,customer,customername,clientname,displayname,contactname,contact,customerfullname"},
	{"organization", "company,companyname,business,businessname,organisation,organizationname,accountname"},
	{"email", "emailaddress,mail,primaryemail,emails,customeremail,email1"},
	{"mobile_phone", "mobile,cell,cellphone,mobilenumber,cellnumber,mobilephonenumber,cellphonenumber,textnumber,sms"},
}

var placeFields = []field{
	{"street", "address,address1,addressline1,streetaddress,serviceaddress,street1,servicestreet,propertyaddress,streetline1"},
	{"unit", "address2,addressline2,apt,apartment,suite,street2,streetline2,unitnumber"},
	{"city", "town,servicecity,addresscity,locality"},
	{"state", "province,stateprovince,servicestate,addressstate,region,st"},
	{"postal_code", "zip,zipcode,postcode,postal,servicezip,addresszip,zippostalcode"},
	{"country", "countryregion,addresscountry"},
}

// Fields lists what a column of a kind can hold.
func Fields(kind plumbline.Kind) []string {
	var names []string
	for _, f := range fieldsOf[kind] {
		names = append(names, f.name)
	}
	return names
}

// bare is a heading without what programs write differently.
func bare(s string) string {
	return strings.Map(func(c rune) rune {
		if unicode.IsLetter(c) || unicode.IsDigit(c) {
			return unicode.ToLower(c)
		}
		return -1
	}, s)
}

// Map finds which column holds which field: those that were said, then columns of the
// field's own name, then those of well-known names.
func (l *Layout) Map(f *File, said map[string]string) error {
	known := Fields(l.Kind)
	l.Columns = map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(said)) {
		if !slices.Contains(known, name) {
			return plumbline.Invalidf("one of "+strings.Join(known, ", "), "a row of a file of %ss has no field %q", l.Kind, name)
		}
		if said[name] == "" {
			continue // left out on purpose, see below
		}
		i := slices.IndexFunc(f.Headings, func(h string) bool { return h == said[name] })
		if i < 0 {
			i = slices.IndexFunc(f.Headings, func(h string) bool { return bare(h) == bare(said[name]) })
		}
		if i < 0 {
			return plumbline.Invalidf("one of "+strings.Join(f.Headings, ", "), "%s has no column %q", f.Name, said[name])
		}
		if other := l.fieldOf(f.Headings[i]); other != "" {
			return plumbline.Invalidf("give each column one field", "the column %q is mapped to %s and to %s", f.Headings[i], other, name)
		}
		l.Columns[name] = f.Headings[i]
	}
	find := func(name string, is func(string) bool) {
		if _, have := said[name]; have || l.Columns[name] != "" {
			return
		}
		for _, h := range f.Headings {
			if is(bare(h)) && l.fieldOf(h) == "" {
				l.Columns[name] = h
				return
			}
		}
	}
	for _, name := range known {
		find(name, func(h string) bool { return h == bare(name) })
	}
	for _, x := range fieldsOf[l.Kind] {
		for alias := range strings.SplitSeq(x.aliases, ",") {
			find(x.name, func(h string) bool { return h == bare(alias) })
		}
	}
	return nil
}

func (l *Layout) fieldOf(heading string) string {
	for _, name := range slices.Sorted(maps.Keys(l.Columns)) {
		if l.Columns[name] == heading {
			return name
		}
	}
	return ""
}

// Problems lists what is wrong with a mapping, so that most rows would be refused.
func (l *Layout) Problems() (list []string) {
	has := func(names ...string) bool {
		return slices.ContainsFunc(names, func(n string) bool { return l.Columns[n] != "" })
	}
	switch {
	case l.Kind == plumbline.Customer && !has("first_name", "last_name", "name", "organization", "email", "mobile_phone", "home_phone", "work_phone"):
		list = append(list, "no column holds a name, an organization, an e-mail or a phone: say --map name=COLUMN")
	case l.Kind == plumbline.Asset && !has("type", "maker", "model", "serial"):
		list = append(list, "no column holds a type, a maker, a model or a serial number: say --map type=COLUMN")
	case l.Kind == plumbline.Asset && !has("property_id", "customer_id", "street", "mobile_phone", "home_phone", "email"):
		list = append(list, "no column says whose the equipment is or where it stands: say --map street=COLUMN, or --map customer_id=COLUMN with --source")
	case l.Kind == plumbline.Membership && !has("plan"):
		list = append(list, "no column says which plan it is: say --map plan=COLUMN")
	case l.Kind == plumbline.Membership && !has("property_id", "customer_id", "name", "last_name", "organization", "street", "mobile_phone", "home_phone", "email"):
		list = append(list, "no column says who holds the plan: say --map name=COLUMN, or --map customer_id=COLUMN with --source")
	}
	if has("property_id", "customer_id") && owned(l.Kind) && l.Source == "" {
		list = append(list, "ids of customers and properties are some source's own: say --source CONNECTION, such as hcp or import:RUN")
	}
	if has("texts_service", "texts_offers") {
		for _, need := range []struct{ field, option, flag string }{
			{"consent_wording", l.Consent.Wording, "--consent-wording"},
			{"consent_date", l.Consent.Date, "--consent-date"},
			{"consent_source", l.Consent.Source, "--consent-source"},
		} {
			if need.option == "" && !has(need.field) {
				list = append(list, fmt.Sprintf("a yes to texts counts with its wording, time and source only: say --map %s=COLUMN or %s", need.field, need.flag))
			}
		}
	}
	return list
}

// A Column is what a preview says of one column.
type Column struct {
	Heading  string   `json:"heading"`
	Field    string   `json:"field,omitempty"` // "": it is left out
	Examples []string `json:"examples"`        // the first three that differ
	Filled   int      `json:"filled"`          // rows that have a value
}

// A Preview is how a file would be read.
type Preview struct {
	Rows     int      `json:"rows"`
	Columns  []Column `json:"columns"`
	Problems []string `json:"problems"`
}

// Preview reads the whole file and says of each column what becomes of it.
func (l *Layout) Preview(f *File) Preview {
	p := Preview{Columns: make([]Column, len(f.Headings)), Problems: l.Problems()}
	for i, h := range f.Headings {
		p.Columns[i] = Column{Heading: h, Field: l.fieldOf(h)}
	}
	for r := range f.Rows() {
		p.Rows++
		for i, cell := range r.Cells {
			cell = strings.TrimSpace(cell)
			if cell == "" || i >= len(p.Columns) {
				continue
			}
			c := &p.Columns[i]
			c.Filled++
			if len(c.Examples) < 3 && !slices.Contains(c.Examples, short(cell)) {
				c.Examples = append(c.Examples, short(cell))
			}
		}
	}
	for _, c := range p.Columns {
		if c.Field != "" && c.Filled == 0 {
			p.Problems = append(p.Problems, fmt.Sprintf("the column %q is empty in every row", c.Heading))
		}
	}
	return p
}

// short cuts a value to what fits beside others.
func short(s string) string {
	const most = 32
	r := []rune(strings.Join(strings.Fields(s), " "))
	if len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return string(r)
}
