package hubspot

// A pair is an unlabeled association in both directions, with the type ids that
// the vendor gives them (HubSpot developer documentation, "Associations",
// association type id values, 2026-06). Pairs of which only one direction is
// published are left out.
type pair struct {
	from, to       string // singular names
	there, andBack int
}

var pairs = []pair{
	{"company", "company", 450, 450}, {"company", "contact", 280, 279}, {"company", "deal", 342, 341}, {"company", "ticket", 340, 339},
	{"company", "call", 181, 182}, {"company", "meeting", 187, 188}, {"company", "note", 189, 190}, {"company", "task", 191, 192},
	{"company", "invoice", 180, 179}, {"company", "appointment", 909, 908}, {"company", "course", 939, 938}, {"company", "listing", 885, 884},
	{"company", "service", 793, 792}, {"contact", "contact", 449, 449}, {"contact", "deal", 4, 3}, {"contact", "ticket", 15, 16},
	{"contact", "call", 193, 194}, {"contact", "meeting", 199, 200}, {"contact", "note", 201, 202}, {"contact", "task", 203, 204},
	{"contact", "invoice", 178, 177}, {"contact", "appointment", 907, 906}, {"contact", "course", 861, 860}, {"contact", "listing", 883, 882},
	{"contact", "service", 799, 798}, {"deal", "deal", 451, 451}, {"deal", "ticket", 27, 28}, {"deal", "call", 205, 206},
	{"deal", "meeting", 211, 212}, {"deal", "note", 213, 214}, {"deal", "task", 215, 216}, {"deal", "line item", 19, 20},
	{"deal", "invoice", 176, 175}, {"deal", "appointment", 945, 944}, {"deal", "course", 863, 862}, {"deal", "listing", 887, 886},
	{"deal", "service", 795, 794}, {"ticket", "ticket", 452, 452}, {"ticket", "call", 219, 220}, {"ticket", "meeting", 225, 226},
	{"ticket", "note", 227, 228}, {"ticket", "task", 229, 230}, {"ticket", "appointment", 947, 946}, {"ticket", "course", 941, 940},
	{"ticket", "listing", 943, 942}, {"ticket", "service", 797, 796}, {"appointment", "call", 912, 913}, {"appointment", "meeting", 918, 919},
	{"appointment", "note", 920, 921}, {"appointment", "task", 922, 923}, {"course", "call", 866, 867}, {"course", "meeting", 872, 873},
	{"course", "note", 874, 875}, {"course", "task", 876, 877}, {"listing", "call", 890, 891}, {"listing", "meeting", 896, 897},
	{"listing", "note", 898, 899}, {"listing", "task", 900, 901}, {"service", "call", 840, 841}, {"service", "meeting", 838, 839},
	{"service", "note", 836, 837}, {"service", "task", 852, 853}, {"invoice", "line item", 409, 410},
}

// labeled are the vendor's own labels. Of those marked one, a record on the
// from side has at most one.
var labeled = []struct {
	pair
	label, backLabel string
	one              bool
}{
	{pair{"contact", "company", 1, 2}, "Primary", "Primary", true},
	{pair{"deal", "company", 5, 6}, "Primary", "Primary", true},
	{pair{"ticket", "company", 26, 25}, "Primary", "Primary", true},
	{pair{"contact", "company", 931, 930}, "Billing contact", "Billing contact", false},
	{pair{"company", "company", 13, 14}, "Child Company", "Parent Company", false},
}
