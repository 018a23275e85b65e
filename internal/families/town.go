package families

import (
	"fmt"
	"strconv"
	"strings"
)

// A city has streets and area codes. The ZIPs begin with its three digits.
type city struct {
	name, state, zip3 string
	areas             []string
	streets           []street
	built             int // properties so far
}

type street struct {
	direction, name, suffix string // "N", "Main", "St"
	zip                     string
	shift                   int // where the house numbers begin
}

// A place is a property as it is: nothing is missing and nothing misspelt.
type place struct {
	id     string // truth
	number int
	street *street
	unit   string
	city   *city
}

// cityList is in order of how many customers live there: a shop with branches
// in a few states.
const cityList = `Phoenix/AZ/850/602,480 Denver/CO/802/303,720 Columbus/OH/432/614,380 Charlotte/NC/282/704,980
	Portland/OR/972/503,971 Boise/ID/837/208,986 Omaha/NE/681/402,531 Madison/WI/537/608 Spokane/WA/992/509
	Tulsa/OK/741/918,539 Raleigh/NC/276/919,984 Reno/NV/895/775 Des_Moines/IA/503/515 Saint_Paul/MN/551/651
	Salt_Lake_City/UT/841/801,385 Fort_Collins/CO/805/970 Eugene/OR/974/541,458 Mesa/AZ/852/480 Dayton/OH/454/937
	Lincoln/NE/685/402,531 Nampa/ID/836/208,986 Green_Bay/WI/543/920 Yakima/WA/989/509 Saint_George/UT/847/435
	Cedar_Rapids/IA/524/319 Rochester/MN/559/507 Asheville/NC/288/828 Flagstaff/AZ/860/928 Twin_Falls/ID/833/208,986
	North_Platte/NE/691/308`

var (
	streetNames = names(`Main Oak Maple Park Second Third Cedar Pine Elm Washington Lake Hill Walnut Spring North
		Ridge Church Willow Mill Sunset Jackson River Highland Lincoln Jefferson Meadow Franklin Forest Chestnut
		Birch Center Broadway Madison Fifth Sixth Hickory Cherry Adams Valley Dogwood Spruce Garfield Aspen Juniper
		Monroe Prairie Locust Cottonwood Sycamore Magnolia Orchard Canyon Pleasant Fairview Clover Heron Quail
		Fox_Run Stone_Creek Mountain_View Martin_Luther_King Deer_Park Eagle_Point Summit Harrison Grant Poplar
		Laurel Division Railroad Water Bridge Court_House Liberty Union Union_Grove Wilson Taylor Tyler Bellview
		Bellevue Hawthorne Hathaway Ash Ashton Alder Elder Vista Buena_Vista 3rd 4th 10th 11th 12th 21st 22nd 42nd`)
	streetSuffixes = names(`St Ave Dr Rd Ln Ct Way Blvd Pl Cir Ter Pkwy Trl`)
)

const (
	streetsPerCity  = 240
	directionShare  = 0.25 // of streets
	zipsPerCity     = 20
	housesPerStreet = 9973 // a prime, so that steps of any size meet every number once
	housesStep      = 3571
)

// newCities lays out the streets of every city by seed.
func newCities(d *dice) []*city {
	var out []*city
	for line := range strings.FieldsSeq(cityList) {
		f := strings.Split(line, "/")
		c := &city{name: spaced(f[0]), state: f[1], zip3: f[2], areas: strings.Split(f[3], ",")}
		seen := map[string]bool{}
		for len(c.streets) < streetsPerCity {
			s := street{name: spaced(streetNames.draw(d)), suffix: streetSuffixes.draw(d), shift: d.below(housesPerStreet)}
			if d.chance(directionShare) {
				s.direction = pick(d, []string{"N", "S", "E", "W"})
			}
			s.zip = fmt.Sprintf("%s%02d", c.zip3, 1+d.below(zipsPerCity))
			if key := s.direction + s.name + s.suffix; !seen[key] {
				seen[key] = true
				c.streets = append(c.streets, s)
			}
		}
		out = append(out, c)
	}
	return out
}

func spaced(s string) string { return strings.ReplaceAll(s, "_", " ") }

// build makes the next property of a city: no other has its address.
func (c *city) build(id string) place {
	s := &c.streets[c.built%streetsPerCity]
	n := c.built / streetsPerCity
	c.built++
	number := 1 + (n%housesPerStreet*housesStep+s.shift)%housesPerStreet + n/housesPerStreet*10_000
	return place{id: id, number: number, street: s, city: c}
}

// Numbers of one area code are 8 million; steps of any size meet every one of
// a prime number of them once.
const (
	phonesPerArea = 7_999_993
	phonesStep    = 3_141_593
)

// phones hands out numbers that nobody else has.
type phones struct{ next map[string]uint64 } // by area code

func newPhones(d *dice, cities []*city) phones {
	p := phones{map[string]uint64{}}
	for _, c := range cities {
		for _, area := range c.areas {
			p.next[area] = uint64(d.below(phonesPerArea))
		}
	}
	return p
}

func (p phones) take(area string) string {
	n := p.next[area] % phonesPerArea
	p.next[area]++
	return area + strconv.FormatUint(2_000_000+n*phonesStep%phonesPerArea, 10)
}
