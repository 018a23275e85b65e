package kill

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// program builds the program once for all tests of this binary.
var program = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "plumbline-kill-")
	if err != nil {
		return "", err
	}
	bin := filepath.Join(dir, "plumbline")
	out, err := exec.Command("go", "build", "-o", bin, "plumbline.dev/plumbline/cmd/plumbline").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("build the program: %w\n%s", err, out)
	}
	return bin, nil
})

func TestMain(m *testing.M) {
	code := m.Run()
	if bin, err := program(); built.Load() && err == nil {
		_ = os.RemoveAll(filepath.Dir(bin)) // the machine's to clean up otherwise
	}
	os.Exit(code)
}

var built atomic.Bool

func binary(t *testing.T) string {
	t.Helper()
	built.Store(true)
	bin, err := program()
	if err != nil {
		t.Fatal(err)
	}
	return bin
}

// A process is one node: the program, serving, as a child of the test.
type process struct {
	t      *testing.T
	config string

	mu      sync.Mutex
	cmd     *exec.Cmd
	address string // empty while it does not listen
	trouble []string
	said    sync.WaitGroup
}

// start begins the program and returns once it listens.
func (p *process) start() {
	p.t.Helper()
	cmd := exec.Command(binary(p.t), "serve", "--config", p.config)
	out, err := cmd.StderrPipe()
	if err != nil {
		p.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	p.mu.Lock()
	p.cmd = cmd
	p.mu.Unlock()
	listens := make(chan string, 1)
	p.said.Go(func() { p.listen(out, listens) })
	select {
	case address, ok := <-listens:
		if !ok {
			p.t.Fatalf("the program ended before it listened: %s", strings.Join(p.troubles(), "\n"))
		}
		p.mu.Lock()
		p.address = address
		p.mu.Unlock()
	case <-time.After(60 * time.Second):
		p.t.Fatal("the program does not listen after a minute")
	}
}

// listen reads what the program logs: where it listens, and what went wrong.
func (p *process) listen(out io.Reader, listens chan<- string) {
	defer close(listens)
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var line struct{ Level, Msg, Address string }
		if err := json.Unmarshal(lines.Bytes(), &line); err == nil && line.Msg == "serving" {
			listens <- line.Address
		} else if err != nil || line.Level == "ERROR" {
			p.mu.Lock()
			p.trouble = append(p.trouble, lines.Text())
			p.mu.Unlock()
		}
	}
}

func (p *process) troubles() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.trouble
}

func (p *process) at() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.address
}

// kill ends the program as a machine that loses its power does.
func (p *process) kill() { p.end(os.Kill) }

// stop tells the program to end, and waits until it has.
func (p *process) stop() { p.end(os.Interrupt) }

func (p *process) end(how os.Signal) {
	p.t.Helper()
	p.mu.Lock()
	cmd := p.cmd
	p.cmd, p.address = nil, ""
	p.mu.Unlock()
	if cmd == nil {
		return
	}
	if err := cmd.Process.Signal(how); err != nil {
		p.t.Errorf("signal the program: %v", err)
	}
	p.said.Wait()
	if err := cmd.Wait(); err != nil && how != os.Kill {
		p.t.Errorf("told to stop, the program ended with %v: %s", err, strings.Join(p.troubles(), "\n"))
	}
}
