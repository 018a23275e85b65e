package families

import (
	"math/bits"
	"math/rand/v2"
)

// dice draw from a seed, alike on every machine. They take whole 64-bit words
// from the generator, since rand.Rand takes half as many on 32-bit machines.
type dice struct{ pcg *rand.PCG }

func newDice(seed, stream uint64) *dice { return &dice{rand.NewPCG(seed, stream)} }

// below draws from 0 to n-1.
func (d *dice) below(n int) int {
	hi, _ := bits.Mul64(d.pcg.Uint64(), uint64(n))
	return int(hi)
}

// between draws from lo to hi, both included.
func (d *dice) between(lo, hi int) int { return lo + d.below(hi-lo+1) }

// chance is true with probability p, always where p is 1 or more.
func (d *dice) chance(p float64) bool {
	return float64(d.pcg.Uint64()>>11)/(1<<53) < p
}

func pick[T any](d *dice, list []T) T { return list[d.below(len(list))] }

// shares draws an index with these weights.
func (d *dice) shares(weights []int) int {
	sum := 0
	for _, w := range weights {
		sum += w
	}
	at := d.below(sum)
	for i, w := range weights {
		if at < w {
			return i
		}
		at -= w
	}
	return len(weights) - 1
}

// mix maps 64 bits to 64 bits one to one (the end of splitmix64).
func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
