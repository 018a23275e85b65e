package shop

// What names and places are made of. Phones are from the block that is kept
// for fiction, e-mails from the domains that are.

var firstNames = []string{
	"Robert", "William", "Katherine", "Margaret", "Elizabeth", "James", "Michael", "Jennifer", "Daniel", "Susan",
	"Thomas", "Patricia", "Richard", "Deborah", "Joseph", "Samantha", "Anthony", "Rebecca", "Benjamin", "Christine",
	"Edward", "Theresa", "Nicholas", "Andrea", "Gregory", "Alice", "Walter", "Irene", "Howard", "Lucille",
}

var spanishNames = []string{"María", "José", "Guadalupe", "Luis", "Carmen", "Javier", "Rosa", "Ramón"}

var nicknames = map[string]string{
	"Robert": "Bob", "William": "Bill", "Katherine": "Kathy", "Margaret": "Peggy", "Elizabeth": "Liz", "James": "Jim",
	"Michael": "Mike", "Jennifer": "Jen", "Daniel": "Dan", "Susan": "Sue", "Thomas": "Tom", "Patricia": "Pat",
	"Richard": "Dick", "Deborah": "Deb", "Joseph": "Joe", "Samantha": "Sam", "Anthony": "Tony", "Rebecca": "Becky",
	"Benjamin": "Ben", "Christine": "Chris", "Edward": "Ed", "Theresa": "Terry", "Nicholas": "Nick", "Andrea": "Andy", "Gregory": "Greg",
}

var lastNames = []string{
	"Abernathy", "Barlow", "Castellan", "Dunmore", "Ellery", "Fairbank", "Garrity", "Hollis", "Ingram", "Jessup",
	"Kessler", "Lindqvist", "Marchetti", "Norwood", "Ostrander", "Pemberton", "Quarles", "Radcliff", "Stockwell", "Thackeray",
	"Underhill", "Vandermeer", "Whitlock", "Yarborough", "Zeller", "Ashcombe", "Brightman", "Coldwell", "Devereux", "Easterly",
	"Forsyth", "Greenlaw", "Hathaway", "Iverson", "Jamison", "Kirkland", "Lockhart", "Merriweather", "Nakamura", "Okafor",
}

var spanishLastNames = []string{"Ortega", "Villalobos", "Cárdenas", "Munguía", "Sepúlveda", "Ybarra"}

var streets = []string{
	"W Larkspur Ln", "E Palo Verde Dr", "N Ocotillo Rd", "S Mesquite St", "W Saguaro Way", "E Camino Alto", "N Quail Run Ct",
	"S Ironwood Ave", "W Desert Rose Ln", "E Cactus Wren Dr", "N Juniper St", "S Cottonwood Blvd", "W Agave Pl", "E Sunridge Cir",
}

// longForms are how somebody else writes the ends of streets.
var longForms = map[string]string{
	"Ln": "Lane", "Dr": "Drive", "Rd": "Road", "St": "Street", "Ct": "Court", "Ave": "Avenue", "Blvd": "Boulevard", "Pl": "Place", "Cir": "Circle",
	"W": "West", "E": "East", "N": "North", "S": "South",
}

var cities = []struct{ name, zip string }{{"Mesa", "85201"}, {"Gilbert", "85233"}, {"Chandler", "85224"}, {"Tempe", "85281"}, {"Phoenix", "85016"}}

var areaCodes = []string{"480", "602", "623", "520", "928", "505", "575", "702", "725", "775", "801", "385", "435", "303", "720", "970", "719"}

var troubles = map[Kind][]string{
	Repair:      {"AC not cooling", "No hot water", "Kitchen sink leaks", "Main drain backs up", "Furnace short cycles", "Toilet runs", "Thermostat blank"},
	Maintenance: {"Spring AC tune-up", "Furnace tune-up", "Water heater flush", "Plan visit, 2 systems"},
	Install:     {"Replace 4 ton heat pump", "Install tankless water heater", "Repipe upstairs bath", "New furnace and coil"},
	Emergency:   {"Burst pipe in the wall", "No heat, infant at home", "Sewage in the basement", "Water heater pours"},
	Warranty:    {"Compressor under maker's warranty", "Igniter failed again, under warranty"},
}

var technicians = []struct{ first, last string }{
	{"Marcus", "Bell"}, {"Dana", "Whitfield"}, {"Oscar", "Lund"}, {"Priya", "Raman"}, {"Hector", "Salas"}, {"Tess", "Corrigan"},
	{"Wade", "Hutchins"}, {"Noor", "Haddad"}, {"Felix", "Baum"}, {"Gwen", "Tate"}, {"Ike", "Morrow"}, {"Lena", "Fisk"},
}

// What homeowners write.
var (
	stopKeywords = []string{"STOP", "stop", "Stop ", "UNSUBSCRIBE", "End", "quit", "CANCEL", "STOPALL"}
	stopPhrases  = []string{"please stop texting me", "Take me off your list", "no more texts!!", "STOP texting this number", "do not text me again", "ya no me manden mensajes"}
	wrongWords   = []string{"wrong number", "You have the wrong number", "Who is this? Wrong person.", "número equivocado"}
	thanksWords  = []string{"Thanks!", "thank you", "Ok great", "👍", "gracias", "See you then"}
	askWords     = []string{"What time will you get here?", "gate code is 4417", "dog is in the yard, call first", "Can you come earlier", "HELP"}
)

// The wordings of consent.
const (
	accountOnPhone   = "Customer agreed on the phone to texts about jobs, estimates and bills at this number."
	accountOnForm    = "[x] Text me about my jobs, estimates and bills."
	marketingOnForm  = "[x] Text me feedback requests, reminders and offers. Message frequency varies. Msg and data rates may apply. Reply STOP to end, HELP for help. Not a condition of purchase."
	marketingOnPaper = "Signed at the door: yes to feedback requests, reminders and offers by text. Not a condition of purchase."
)
