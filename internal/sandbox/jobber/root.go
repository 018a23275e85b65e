package jobber

// queryRoot is what can be asked for. The defaults of order are the vendor's:
// what changed last comes first, visits by their start.
func (s *Sandbox) queryRoot() *object {
	return &object{"Query", map[string]any{
		"account":        s.wireAccount(),
		"client":         one(s, &s.clients, "Client", s.wireClient),
		"clients":        resolver(s.listClients),
		"property":       one(s, &s.properties, "Property", s.wireProperty),
		"properties":     many("Property", func() []*Property { return listed[Property](s, &s.properties, nil) }, s.wireProperty),
		"request":        one(s, &s.requests, "Request", s.wireRequest),
		"requests":       resolver(s.listRequests),
		"quote":          one(s, &s.quotes, "Quote", s.wireQuote),
		"quotes":         resolver(s.listQuotes),
		"job":            one(s, &s.jobs, "Job", s.wireJob),
		"jobs":           resolver(s.listJobs),
		"visit":          one(s, &s.visits, "Visit", s.wireVisit),
		"visits":         resolver(func(a arguments) any { return s.listVisits(listed[Visit](s, &s.visits, nil), a) }),
		"invoice":        one(s, &s.invoices, "Invoice", s.wireInvoice),
		"invoices":       resolver(s.listInvoices),
		"paymentRecord":  one(s, &s.payments, "Payment record", s.wirePayment),
		"paymentRecords": resolver(s.listPayments),
		"user":           one(s, &s.users, "User", s.wireUser),
		"users":          many("User", func() []*User { return listed[User](s, &s.users, nil) }, s.wireUser),
	}}
}

// one answers with the row of an id. One that is not there, or not any more,
// is null; some see an error NOT_FOUND with it.
func one[T any, P stamped[T]](s *Sandbox, t *table[T], kind string, wire func(P) *object) resolver {
	return func(a arguments) any {
		id, _ := a["id"].(string)
		row, err := find[T, P](t, kind, id)
		switch {
		case err == nil:
			return wire(row)
		case s.opts.NotFoundErrors:
			return &refusal{"NOT_FOUND", kind + " not found"}
		}
		return nil
	}
}
