package money

import (
	"errors"
	"math/big"
	"slices"
)

// weigh sums weights and refuses negative ones.
func weigh(weights []int64) (total int64, err error) {
	if len(weights) == 0 {
		return 0, errors.New("no parts")
	}
	for _, w := range weights {
		if w < 0 {
			return 0, errors.New("negative weight")
		}
	}
	return Add(weights...)
}

func split(amount int64, weights []int64, total int64) []int64 {
	if total == 0 {
		weights, total = slices.Repeat([]int64{1}, len(weights)), int64(len(weights))
	}
	sign := int64(1)
	if amount < 0 {
		sign = -1
	}
	parts, remainders, order := make([]int64, len(weights)), make([]*big.Int, len(weights)), make([]int, len(weights))
	left := amount
	for i, w := range weights {
		// The product may need 128 bits. Quo truncates towards zero.
		product := new(big.Int).Mul(big.NewInt(amount), big.NewInt(w))
		quotient, remainder := product.QuoRem(product, big.NewInt(total), new(big.Int))
		parts[i], remainders[i], order[i] = quotient.Int64(), remainder.Abs(remainder), i
		left -= parts[i]
	}
	slices.SortStableFunc(order, func(i, j int) int { return remainders[j].Cmp(remainders[i]) })
	for _, i := range order {
		if left == 0 {
			break
		}
		parts[i] += sign
		left -= sign
	}
	return parts
}
