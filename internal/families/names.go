package families

import (
	"sort"
	"strings"
)

// The lists stand in order of frequency: the first is the most common. They
// are common US names, written from general knowledge.
var (
	women = names(`Mary Jennifer Linda Patricia Elizabeth Susan Barbara Jessica Sarah Karen Lisa Nancy Ashley
		Margaret Sandra Kimberly Emily Donna Michelle Carol Amanda Melissa Deborah Stephanie Rebecca Laura Sharon
		Cynthia Kathleen Amy Angela Shirley Anna Brenda Pamela Emma Nicole Helen Samantha Katherine Christine
		Debra Rachel Carolyn Janet Catherine Maria Heather Diane Ruth Julie Olivia Joyce Virginia Victoria Kelly
		Lauren Christina Joan Evelyn Judith Megan Andrea Cheryl Hannah Jacqueline Martha Gloria Teresa Ann Sara
		Madison Frances Kathryn Janice Jean Abigail Alice Julia Judy Sophia Grace Denise Amber Doris Marilyn
		Danielle Beverly Isabella Theresa Diana Natalie Brittany Charlotte Marie Kayla Alexis Lori Rosa Carmen
		Guadalupe Mei Priya Fatima Aaliyah Latoya Ingrid Yolanda Bonnie Wendy Tracy Paula Anne Ellen Sally Vivian
		Claire Naomi Esther Leah Audrey Josephine Rosemary Hazel Ebony Tamika Xiomara Soo Linh Anjali`)
	men = names(`James Robert John Michael David William Richard Joseph Thomas Christopher Charles Daniel Matthew
		Anthony Mark Donald Steven Andrew Paul Joshua Kenneth Kevin Brian George Timothy Ronald Jason Edward
		Jeffrey Ryan Jacob Gary Nicholas Eric Jonathan Stephen Larry Justin Scott Brandon Benjamin Samuel Gregory
		Alexander Patrick Frank Raymond Jack Dennis Jerry Tyler Aaron Jose Nathan Adam Henry Zachary Douglas Peter
		Kyle Noah Ethan Jeremy Walter Christian Keith Roger Terry Austin Sean Gerald Carl Dylan Harold Jordan Jesse
		Bryan Lawrence Arthur Gabriel Bruce Logan Billy Joe Alan Juan Elijah Willie Albert Wayne Randy Vincent Mason
		Roy Ralph Bobby Russell Bradley Philip Eugene Luis Carlos Miguel Antonio Wei Raj Omar Hassan Dmitri Tyrone
		Darnell Clarence Leonard Stanley Howard Curtis Norman Marvin Glenn Victor Theodore Oscar Leon Ruben Hector
		Sergio Minh Arjun Kofi Isaac Simon Ivan`)
	familyNames = names(`Smith Johnson Williams Brown Jones Garcia Miller Davis Rodriguez Martinez Hernandez Lopez
		Gonzalez Wilson Anderson Thomas Taylor Moore Jackson Martin Lee Perez Thompson White Harris Sanchez Clark
		Ramirez Lewis Robinson Walker Young Allen King Wright Scott Torres Nguyen Hill Flores Green Adams Nelson
		Baker Hall Rivera Campbell Mitchell Carter Roberts Gomez Phillips Evans Turner Diaz Parker Cruz Edwards
		Collins Reyes Stewart Morris Morales Murphy Cook Rogers Gutierrez Ortiz Morgan Cooper Peterson Bailey Reed
		Kelly Howard Ramos Kim Cox Ward Richardson Watson Brooks Chavez Wood James Bennett Gray Mendoza Ruiz Hughes
		Price Alvarez Castillo Sanders Patel Myers Long Ross Foster Jimenez Powell Jenkins Perry Russell Sullivan
		Bell Coleman Butler Henderson Barnes Gonzales Fisher Vasquez Simmons Romero Jordan Patterson Alexander
		Hamilton Graham Reynolds Griffin Wallace Moreno West Cole Hayes Bryant Herrera Gibson Ellis Tran Medina
		Aguilar Stevens Murray Ford Castro Marshall Owens Harrison Fernandez McDonald Woods Washington Kennedy Wells
		Vargas Henry Chen Freeman Webb Tucker Guzman Burns Crawford Olson Simpson Porter Hunter Gordon Mendez Silva
		Shaw Snyder Mason Dixon Munoz Hunt Hicks Holmes Palmer Wagner Black Robertson Boyd Rose Stone Salazar Fox
		Warren Mills Meyer Rice Schmidt Garza Daniels Ferguson Nichols Stephens Soto Weaver Ryan Gardner Payne Grant
		Dunn Kelley Spencer Hawkins Arnold Pierce Hansen Peters Santos Hart Bradley Knight Elliott Cunningham Duncan
		Armstrong Hudson Carroll Lane Riley Andrews Alvarado Ray Delgado Berry Perkins Hoffman Johnston Matthews
		Pena Richards Contreras Willis Carpenter Lawrence Sandoval Guerrero George Chapman Rios Estrada Ortega
		Watkins Greene Nunez Wheeler Valdez Harper Burke Larson Santiago Maldonado Morrison Franklin Carlson Austin
		Dominguez Carr Lawson Jacobs Obrien Lynch Singh Vega Bishop Montgomery Oliver Jensen Harvey Williamson
		Gilbert Dean Sims Espinoza Howell Li Wong Reid Hanson Le McCoy Garrett Burton Fuller Wang Weber Welch Rojas
		O'Connor O'Neill D'Angelo DeLuca VanDyke McAllister Kowalski Nakamura Okafor Haddad Petrov Lindqvist`)
	// Rare family names are put together from two parts.
	nameStarts = names(`Ash Black Bran Brent Bux Cal Car Chat Clay Cran Crom Dal Den Eck Ell Fair Far Glad Gold
		Gran Hale Hart Hay Hern Hol Kes Kings Lang Lin Lock Mar Mel Nor Oak Pem Quin Red Rock Rosen Shel Stan Stein
		Strat Thorn Wal Wel Whit Win Wood Zim`)
	nameEnds = names(`worth ford ley ton berg well wood man field son ster burn bury ham croft den dale er bach
		stein baum more shaw stad wick land gate hurst kamp ridge`)
	// Twins are often given names that sound alike.
	twinNames = pairs(`Mary/Marie Anna/Anne Julia/Julie Christine/Christina Kayla/Kaylee Ella/Emma Hannah/Anna
		Carol/Caroline Joan/Joanne Jean/Jeanne Sara/Clara Erin/Karen Taylor/Tyler Madison/Addison Eric/Erica
		Carl/Carla Daniel/Danielle Michael/Michelle Paul/Paula Brandon/Brendan Donald/Ronald Terry/Jerry John/Joan
		Aidan/Jaden Marcus/Mark Gerald/Harold Larry/Barry Tim/Tom Ann/Amy Jayden/Hayden`)
)

// nicknames are the short forms under which people are known.
var nicknames = listed(`William:Bill,Will,Billy Robert:Bob,Rob,Bobby James:Jim,Jimmy John:Jack,Johnny Michael:Mike
	David:Dave Richard:Rick,Dick,Rich Joseph:Joe Thomas:Tom Christopher:Chris Charles:Charlie,Chuck Daniel:Dan,Danny
	Matthew:Matt Anthony:Tony Donald:Don Steven:Steve Stephen:Steve Andrew:Andy,Drew Joshua:Josh Kenneth:Ken
	Timothy:Tim Ronald:Ron Edward:Ed,Ted,Eddie Jeffrey:Jeff Jacob:Jake Nicholas:Nick Jonathan:Jon Benjamin:Ben
	Samuel:Sam Gregory:Greg Alexander:Alex Patrick:Pat Raymond:Ray Nathan:Nate Zachary:Zach Douglas:Doug Peter:Pete
	Walter:Walt Lawrence:Larry Arthur:Art Gabriel:Gabe Albert:Al Vincent:Vince Bradley:Brad Philip:Phil Eugene:Gene
	Leonard:Len Stanley:Stan Theodore:Ted,Theo Victor:Vic Gerald:Jerry Francisco:Paco Jose:Pepe Elizabeth:Liz,Beth,Betty
	Jennifer:Jen,Jenny Patricia:Pat,Patty,Trish Susan:Sue,Susie Barbara:Barb Jessica:Jess Margaret:Peggy,Maggie,Meg
	Sandra:Sandy Kimberly:Kim Deborah:Deb,Debbie Debra:Deb,Debbie Stephanie:Steph Rebecca:Becky Cynthia:Cindy
	Kathleen:Kathy Katherine:Kate,Kathy Catherine:Cathy Kathryn:Kathy Angela:Angie Pamela:Pam Samantha:Sam
	Christine:Chris Christina:Tina,Chris Rachel:Rae Victoria:Vicki,Tori Jacqueline:Jackie Teresa:Terry Theresa:Terry
	Frances:Fran Judith:Judy Abigail:Abby Danielle:Dani Natalie:Nat Amanda:Mandy Virginia:Ginny Nancy:Nan
	Josephine:Jo Rosemary:Rose Guadalupe:Lupe Melissa:Missy Michelle:Shelly Dorothy:Dot Martha:Marty`)

// A ranked list is drawn from with the skew of names: the weight of a rank is
// 1/(rank+8), in whole numbers, so that every machine draws alike.
type ranked struct {
	values     []string
	cumulative []int
}

func names(list string) ranked {
	r := ranked{values: strings.Fields(list)}
	sum := 0
	for i := range r.values {
		sum += 1_000_000 / (i + 8)
		r.cumulative = append(r.cumulative, sum)
	}
	return r
}

func (r ranked) draw(d *dice) string {
	at := d.below(r.cumulative[len(r.cumulative)-1])
	return r.values[sort.SearchInts(r.cumulative, at+1)]
}

func pairs(list string) [][2]string {
	var out [][2]string
	for w := range strings.FieldsSeq(list) {
		a, b, _ := strings.Cut(w, "/")
		out = append(out, [2]string{a, b})
	}
	return out
}

func listed(list string) map[string][]string {
	out := map[string][]string{}
	for w := range strings.FieldsSeq(list) {
		name, short, _ := strings.Cut(w, ":")
		out[name] = strings.Split(short, ",")
	}
	return out
}

// rareFamilyName is the share of family names outside the list of common ones,
// and doubleFamilyName that of names of two words or with a hyphen. In the US
// some two thirds bear a name outside the first thousand; here fewer, so that
// namesakes meet often.
const (
	rareFamilyName   = 0.45
	doubleFamilyName = 0.04
)

func (d *dice) familyName() string {
	name := d.oneFamilyName()
	if !d.chance(doubleFamilyName) {
		return name
	}
	other := familyNames.draw(d)
	if other == name {
		return name
	}
	if d.chance(0.5) {
		return name + "-" + other
	}
	return name + " " + other
}

func (d *dice) oneFamilyName() string {
	if d.chance(rareFamilyName) {
		return pick(d, nameStarts.values) + pick(d, nameEnds.values)
	}
	return familyNames.draw(d)
}

func (d *dice) givenName(woman bool) string {
	if woman {
		return women.draw(d)
	}
	return men.draw(d)
}
