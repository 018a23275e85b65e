package db

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
)

// A volatile database that is new begins as a copy of a file of the shipped tables without
// rows, made once in a process: that costs a fraction of the migrations.
var template struct {
	sync.Mutex
	file []byte
}

// copyTemplate makes the file at path where there is none, and says whether it has.
func copyTemplate(path string, o Options) (made bool, err error) {
	template.Lock()
	defer template.Unlock()
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) || path == "" {
		return false, err
	}
	if template.file == nil {
		file, err := newTemplate(o)
		if err != nil {
			return false, err
		}
		template.file = file
	}
	return true, os.WriteFile(path, template.file, 0o600)
}

func newTemplate(o Options) ([]byte, error) {
	dir, err := os.MkdirTemp("", "plumbline-template-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "template.db")
	s, err := openSQLite(context.Background(), path, o)
	if err != nil {
		return nil, err
	}
	if err := s.close(); err != nil {
		return nil, err
	}
	if _, err := os.Stat(path + "-wal"); !errors.Is(err, fs.ErrNotExist) {
		return nil, errors.New("the log of the template was not moved into its file")
	}
	return os.ReadFile(path)
}
