package simulate

import (
	"fmt"
	"os"
	"strconv"
	"testing"
)

func TestTry(t *testing.T) {
	seed, _ := strconv.ParseUint(os.Getenv("SEED"), 10, 64)
	r, err := Run(t.Context(), Options{Seed: seed, Faults: os.Getenv("FAULTS")})
	fmt.Printf("%+v\n", r)
	for _, v := range r.Violations {
		fmt.Println(v)
	}
	if err != nil {
		t.Fatal(err)
	}
}
