package wording

import (
	"strings"
	"unicode"
	"unicode/utf16"

	"golang.org/x/text/unicode/norm"
)

// The default alphabet of text messages (3GPP TS 23.038). Letters of the
// extension cost two septets.
const (
	basic = "\n\r !\"#$%&'()*+,-./0123456789:;<=>?@" +
		"ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz" +
		"¡£¤¥§¿ÄÅÆÇÉÑÖØÜßàäåæèéìñòöøùüΓΔΘΛΞΠΣΦΨΩ"
	extension = "\f[\\]^{|}~€"
)

// How much fits: one segment alone, and each of several, which lose room to
// the header that joins them. Septets for GSM-7, UTF-16 units for UCS-2.
const (
	oneGSM, manyGSM         = 160, 153
	oneUnicode, manyUnicode = 70, 67
)

var septets = func() map[rune]int {
	m := map[rune]int{}
	for _, r := range basic {
		m[r] = 1
	}
	for _, r := range extension {
		m[r] = 2
	}
	return m
}()

// Segments counts what a text costs: the number of segments, and whether one
// letter outside GSM-7 makes the whole of it unicode. An empty text is one.
func Segments(text string) (n int, unicode bool) {
	costs := make([]int, 0, len(text))
	for _, r := range text {
		c, ok := septets[r]
		if !ok {
			return pack(unicodeCosts(text), oneUnicode, manyUnicode), true
		}
		costs = append(costs, c)
	}
	return pack(costs, oneGSM, manyGSM), false
}

// pack fills segments with characters that may not be cut.
func pack(costs []int, one, many int) int {
	total := 0
	for _, c := range costs {
		total += c
	}
	if total <= one {
		return 1
	}
	segments, room := 1, many
	for _, c := range costs {
		if c > room {
			segments, room = segments+1, many
		}
		room -= c
	}
	return segments
}

// unicodeCosts measures the characters of a text in UTF-16 units. What a
// reader sees as one character (a flag, a letter with its accents, a family of
// emoji) stays together unless it is longer than a segment.
func unicodeCosts(text string) []int {
	var costs []int
	joined, flags := false, 0
	for _, r := range text {
		units := utf16.RuneLen(r)
		if units < 0 {
			units = 1
		}
		flag := r >= 0x1F1E6 && r <= 0x1F1FF
		glue := joined || extends(r) || flag && flags%2 == 1
		if last := len(costs) - 1; last >= 0 && glue && costs[last]+units <= manyUnicode {
			costs[last] += units
		} else {
			costs = append(costs, units)
		}
		joined = r == 0x200D
		if flag {
			flags++
		} else {
			flags = 0
		}
	}
	return costs
}

// extends reports whether r belongs to the character before it: accents,
// variation marks, skin tones, the joiner.
func extends(r rune) bool {
	return unicode.In(r, unicode.Mn, unicode.Me) || r == 0x200D || r >= 0x1F3FB && r <= 0x1F3FF
}

// replaced holds what is written for characters outside the alphabet, where
// taking off accents does not help. Quotes, dashes and bullets as in Twilio's
// smart encoding; letters as they are commonly written in passports.
var replaced = func() map[rune]string {
	m := map[rune]string{
		'…': "...", '‼': "!!", '¼': "1/4", '½': "1/2", '¾': "3/4", '⁄': "/", '÷': "/", '×': "x",
		'œ': "oe", 'Œ': "OE", 'þ': "th", 'Þ': "Th", '™': "TM", '©': "(c)", '®': "(R)", '°': " deg", '№': "No.", '₱': "P",
	}
	for to, from := range map[string]string{
		`"`: "«»“”„‟ʺˮ❝❞〝〞", "'": "‘’‚‛ʻˈʼʽʹ´ˊ`ˋ❛❜‗′", "-": "‐‑‒–—―−⁃•·⎼⎽", "/": "⧸∕̸̷", `\`: "⧹⧵⃥",
		"|": "∣⎸⎹⏐⎜⎟⃒⃓", "_": "̲", "!": "ǃ", "*": "⁎∗⊛✢✣✤✥✱✲✳✺✻✼✽❃❉❊❋⧆", "+": "˖", ".": "。｡", ":": "ː˸⦂꞉",
		";": "⁏", ",": "、､", "(": "❨❪⟮⦅", ")": "❩❫⟯⦆", "{": "❴", "}": "❵", "<": "‹", ">": "›", "=": "꞊", "~": "˜˷∼", "^": "ˆ",
		" ": "\t\u00a0\u2028\u2029\u0080\u008d\u0090\u009b\u009f",
		"d": "đð", "D": "ĐÐ", "l": "ł", "L": "Ł", "h": "ħ", "H": "Ħ", "t": "ŧ", "T": "Ŧ", "i": "ı", "n": "ŋ", "N": "Ŋ",
		"k": "ĸ", "e": "ə", "E": "Ə", "f": "ƒ",
	} {
		for _, r := range from {
			m[r] = to
		}
	}
	cyrillic := "а a б b в v г g д d е e ё e ж zh з z и i й i к k л l м m н n о o п p р r с s т t у u ф f х kh ц ts ч ch ш sh " +
		"щ shch ы y э e ю iu я ia є ie і i ї i ґ g"
	words := strings.Fields(cyrillic)
	for i := 0; i < len(words); i += 2 {
		lower := []rune(words[i])[0]
		m[lower] = words[i+1]
		m[unicode.ToUpper(lower)] = strings.ToUpper(words[i+1][:1]) + words[i+1][1:]
	}
	return m
}()

// GSM writes a text with the letters of the GSM-7 alphabet alone. Letters that
// cost nothing stay (é, ñ, ü); others lose their accent or are transliterated;
// what has no likeness (emoji, other scripts) is left out.
func GSM(text string) string {
	var out strings.Builder
	for _, r := range norm.NFC.String(text) {
		out.WriteString(gsmOf(r))
	}
	return out.String()
}

func gsmOf(r rune) string {
	if septets[r] > 0 {
		return string(r)
	}
	if to, ok := replaced[r]; ok {
		return to
	}
	var out strings.Builder
	for _, part := range norm.NFKD.String(string(r)) {
		if septets[part] > 0 {
			out.WriteRune(part)
		} else {
			out.WriteString(replaced[part])
		}
	}
	return out.String()
}
