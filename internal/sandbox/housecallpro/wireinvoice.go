package housecallpro

type wireInvoice struct {
	ID             string         `json:"id"`
	Status         string         `json:"status"`
	Number         string         `json:"invoice_number"`
	Amount         int64          `json:"amount"`
	Subtotal       int64          `json:"subtotal"`
	Due            int64          `json:"due_amount"`
	DueAt          *string        `json:"due_at"`
	DisplayConcept string         `json:"display_due_concept"`
	Concept        string         `json:"due_concept"`
	PaidAt         *string        `json:"paid_at"`
	SentAt         *string        `json:"sent_at"`
	ServiceDate    *string        `json:"service_date"`
	InvoiceDate    string         `json:"invoice_date"`
	Items          []wireItem     `json:"items"`
	Taxes          []wireTax      `json:"taxes"`
	Discounts      []wireDiscount `json:"discounts"`
	Payments       []wirePayment  `json:"payments"`
	JobID          string         `json:"job_id"`
}

type wireItem struct {
	ID          string `json:"id"`
	Name        string `json:"name"`
	UnitCost    int64  `json:"unit_cost"`
	UnitPrice   int64  `json:"unit_price"`
	Quantity    int64  `json:"qty_in_hundredths"`
	Amount      int64  `json:"amount"`
	Description string `json:"description"`
	Kind        string `json:"type"`
}

type wireTax struct {
	ID     string `json:"id"`
	Rate   int64  `json:"rate"`
	Amount int64  `json:"amount"`
	Name   string `json:"name"`
}

type wireDiscount struct {
	ID          string `json:"id"`
	Amount      int64  `json:"amount"`
	Name        string `json:"name"`
	Description string `json:"description"`
}

type wirePayment struct {
	ID       string  `json:"id"`
	Status   string  `json:"status"`
	Method   string  `json:"payment_method"`
	Amount   int64   `json:"amount"`
	Note     string  `json:"note"`
	PaidAt   *string `json:"paid_at"`
	Category string  `json:"category"`
}

// wireLineItem is a line of GET /jobs/{id}/line_items.
type wireLineItem struct {
	ID          string  `json:"id"`
	Name        string  `json:"name"`
	Description string  `json:"description"`
	UnitPrice   int64   `json:"unit_price"`
	UnitCost    int64   `json:"unit_cost"`
	Quantity    float64 `json:"quantity"`
	Kind        string  `json:"kind"`
	Taxable     bool    `json:"taxable"`
	Amount      int64   `json:"amount"`
	Order       int     `json:"order_index"`
}

type wireLead struct {
	ID          string           `json:"id"`
	Number      int              `json:"number"`
	Customer    wireLeadCustomer `json:"customer"`
	Address     wireLeadAddress  `json:"address"`
	Source      *string          `json:"lead_source"`
	Tags        []string         `json:"tags"`
	Assigned    *wireEmployee    `json:"assigned_employee"`
	Status      string           `json:"status"`
	Pipeline    string           `json:"pipeline_status"`
	CompanyName string           `json:"company_name"`
	CompanyID   string           `json:"company_id"`
	LostAt      *string          `json:"lost_at"`
}

type wireLeadCustomer struct {
	ID                   string   `json:"id"`
	FirstName            *string  `json:"first_name"`
	LastName             *string  `json:"last_name"`
	Email                *string  `json:"email"`
	Company              *string  `json:"company"`
	NotificationsEnabled bool     `json:"notifications_enabled"`
	Mobile               *string  `json:"mobile_number"`
	Home                 *string  `json:"home_number"`
	Work                 *string  `json:"work_number"`
	Tags                 []string `json:"tags"`
	LeadSource           *string  `json:"lead_source"`
}

type wireLeadAddress struct {
	ID     string  `json:"id"`
	City   *string `json:"city"`
	State  *string `json:"state"`
	Street *string `json:"street"`
	Line2  *string `json:"street_line_2"`
	Zip    *string `json:"zip"`
}

// wireInvoice leaves out when the invoice was created and changed, as the
// vendor does.
func (s *Sandbox) wireInvoice(i *Invoice) wireInvoice {
	w := wireInvoice{
		ID: i.ID, Status: i.Status, Number: i.Number, Amount: i.Amount, Subtotal: i.Subtotal, Due: i.Due,
		DueAt: instant(i.DueAt), DisplayConcept: "upon receipt", Concept: "upon", PaidAt: instant(i.PaidAt),
		SentAt: instant(i.SentAt), ServiceDate: instant(i.ServiceDate), InvoiceDate: wireTime(i.Created),
		Items: []wireItem{}, Taxes: []wireTax{}, Discounts: []wireDiscount{}, JobID: i.JobID,
		Payments: each(i.Payments, func(p Payment) wirePayment {
			return wirePayment{ID: p.ID, Status: p.Status, Method: p.Method, Amount: p.Amount, Note: p.Note, PaidAt: instant(p.PaidAt), Category: p.Category}
		}),
	}
	for _, l := range i.Lines {
		if l.Kind == fixedDiscount {
			w.Discounts = append(w.Discounts, wireDiscount{ID: l.ID, Amount: l.UnitPrice, Name: l.Name, Description: l.Description})
			continue
		}
		w.Items = append(w.Items, wireItem{ID: l.ID, Name: l.Name, UnitCost: l.UnitCost, UnitPrice: l.UnitPrice, Quantity: l.Quantity, Amount: l.amount(), Description: l.Description, Kind: l.Kind})
	}
	if i.Tax > 0 {
		w.Taxes = append(w.Taxes, wireTax{ID: "tax_" + i.ID, Rate: i.TaxPercent, Amount: i.Tax, Name: "Sales tax"})
	}
	return w
}

func wireLineItemOf(n int, l Line) wireLineItem {
	return wireLineItem{
		ID: l.ID, Name: l.Name, Description: l.Description, UnitPrice: l.UnitPrice, UnitCost: l.UnitCost,
		Quantity: float64(l.Quantity) / 100, Kind: l.Kind, Taxable: l.Taxable, Amount: l.amount(), Order: n,
	}
}

// wireLead leaves out its times of creation and change, as the vendor does.
func (s *Sandbox) wireLead(l *Lead) wireLead {
	c, a := s.customers.byID[l.CustomerID], wireAddr(l.Address)
	w := wireLead{
		ID: l.ID, Number: l.Number, Source: text(l.Source), Tags: list(l.Tags), Status: l.Status, Pipeline: l.Status,
		CompanyName: s.opts.CompanyName, CompanyID: s.opts.CompanyID, LostAt: instant(l.LostAt),
		Address: wireLeadAddress{ID: a.ID, City: a.City, State: a.State, Street: a.Street, Line2: a.Line2, Zip: a.Zip},
		Customer: wireLeadCustomer{
			ID: c.ID, FirstName: text(c.FirstName), LastName: text(c.LastName), Email: text(c.Email), Company: text(c.Company),
			NotificationsEnabled: c.NotificationsEnabled, Mobile: text(c.Mobile), Home: text(c.Home), Work: text(c.Work),
			Tags: list(c.Tags), LeadSource: text(c.LeadSource),
		},
	}
	if e := s.employees.byID[l.Employee]; e != nil {
		we := s.wireEmployee(e)
		w.Assigned = &we
	}
	return w
}
