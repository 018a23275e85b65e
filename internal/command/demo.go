package command

import (
	"os"

	"plumbline.dev/plumbline/internal/demo"
)

type demonstration struct {
	Dir    string  `help:"Where everything is kept. It is wiped at the start if a demo made it." default:"demo"`
	Listen string  `help:"Where the API and the webhooks are served; another port if this one is taken." default:"127.0.0.1:8080"`
	Speed  float64 `help:"Simulated seconds in a second." default:"600"`
	Seed   uint64  `help:"What everything that happens follows from." default:"1"`
	Stay   bool    `help:"Go on serving after the day."`
}

// Run shows a day.
func (c *demonstration) Run(s *shell) error {
	return demo.Run(s.ctx, demo.Options{Dir: c.Dir, Listen: c.Listen, Speed: c.Speed, Seed: c.Seed, Stay: c.Stay, Program: os.Args[0],
		Out: s.Out, Log: logger, Now: s.Now()})
}
