package dbtest

import (
	"bufio"
	"errors"
	"io"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
)

// private starts a server for this process, once.
var private = sync.OnceValues(startServer)

// A server belongs to this process.
type server struct {
	url string

	// lifeline stays open as long as the process lives. The shell that runs the
	// server reads from its other end and stops the server when it closes,
	// however the process ends.
	lifeline io.WriteCloser
}

// script runs a server in the folder $1 with the programs in $2 until standard
// input ends, and removes the folder. It prints "ready", or why it is not.
const script = `
trap '' INT TERM HUP PIPE
dir=$1 bin=$2
{
	"$bin/initdb" -D "$dir/data" -U postgres -A trust -E UTF8 --locale=C.UTF-8 --no-sync >"$dir/log" 2>&1 ||
	"$bin/initdb" -D "$dir/data" -U postgres -A trust -E UTF8 --no-sync >>"$dir/log" 2>&1
} && "$bin/pg_ctl" -D "$dir/data" -w -t 60 -l "$dir/server.log" -o "-k '$dir' \
	-p 5432 -c listen_addresses='' -c fsync=off -c synchronous_commit=off -c full_page_writes=off \
	-c max_connections=200 -c shared_buffers=64MB" start >>"$dir/log" 2>&1 && echo ready || {
	cat "$dir/log" "$dir/server.log" 2>/dev/null | tail -n 5 | tr '\n' ' '
	echo
}
cat >/dev/null
"$bin/pg_ctl" -D "$dir/data" -m immediate -w stop >/dev/null 2>&1
rm -rf "$dir"
`

func startServer() (*server, error) {
	bin, err := programs()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("/tmp", "plumbline-pg-") // a socket's path must be short
	if err != nil {
		return nil, err
	}
	cmd := exec.Command("/bin/sh", "-c", script, "sh", dir, bin)
	cmd.Dir = dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} // a Ctrl-C is for the tests
	if os.Geteuid() == 0 {
		if err := demote(cmd, dir); err != nil {
			return nil, errors.Join(err, os.RemoveAll(dir))
		}
	}
	return launch(cmd, dir)
}

func launch(cmd *exec.Cmd, dir string) (*server, error) {
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if line = strings.TrimSpace(line); line != "ready" {
		_ = in.Close() // the shell cleans up
		return nil, errors.Join(errors.New("start PostgreSQL: "+line), err)
	}
	return &server{
		url:      "postgres://postgres@/postgres?host=" + url.QueryEscape(dir) + "&port=5432",
		lifeline: in,
	}, nil
}

// programs finds the folder that has the server's programs.
func programs() (string, error) {
	var folders []string
	if path, err := exec.LookPath("initdb"); err == nil {
		if path, err = filepath.EvalSymlinks(path); err == nil {
			folders = append(folders, filepath.Dir(path))
		}
	}
	installed, err := filepath.Glob("/usr/lib/postgresql/*/bin")
	if err != nil {
		return "", err
	}
	slices.Reverse(installed) // newest first
	for _, folder := range append(folders, installed...) {
		if has(folder, "initdb") && has(folder, "postgres") && has(folder, "pg_ctl") {
			return folder, nil
		}
	}
	return "", errors.New("initdb, postgres and pg_ctl are neither in PATH nor in /usr/lib/postgresql")
}

func has(folder, program string) bool {
	_, err := os.Stat(filepath.Join(folder, program))
	return err == nil
}

// demote makes the command run as somebody who is not root, which PostgreSQL
// insists on.
func demote(cmd *exec.Cmd, dir string) error {
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err := strconv.ParseUint(u.Uid, 10, 32)
		if err != nil {
			return err
		}
		gid, err := strconv.ParseUint(u.Gid, 10, 32)
		if err != nil {
			return err
		}
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
		return os.Chown(dir, int(uid), int(gid))
	}
	return errors.New("running as root, and there is no user postgres or nobody to run PostgreSQL as")
}
