// Command plumbline keeps a home-services company's records true.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"plumbline.dev/plumbline/internal/command"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := command.Main(ctx, os.Args[1:], command.World{In: os.Stdin, Out: os.Stdout, Err: os.Stderr})
	stop()
	os.Exit(code)
}
