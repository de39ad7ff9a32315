package simulation

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Campaign is a Runner that keeps every result in a folder, and plays only what is missing there. A result is found only by
// the program that made it, on machines of the same kind: its file is named by the order and the program.
type Campaign struct {
	Folder  string // it is made if it does not exist
	Program string // names the program, if its build does not: programs without a commit are all called the same
	Next    Runner // plays what is missing; nil means this process
	Found   func() // called for each result that was found; may be nil
}

var _ Runner = Campaign{}

// campaignMark begins every file of a campaign. It is followed by the SHA-256 of the result, and the result.
const campaignMark = "ombak.result/v1\n"

// Play implements Runner.
func (c Campaign) Play(ctx context.Context, jobs []*Job, settings Settings) error {
	if err := os.MkdirAll(c.Folder, 0o777); err != nil {
		return fmt.Errorf("the folder of the campaign: %w; name another with --campaign", err)
	}
	var missing []*Job
	for _, job := range jobs {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		file, err := c.file(job, settings)
		if err != nil {
			return err
		}
		if result, known := readKept(file); known && job.Settle(result) == nil {
			c.tell(job, settings)
			continue
		}
		job.keep = func(result []byte) error { return keep(file, result) }
		missing = append(missing, job)
	}
	if len(missing) == 0 {
		return nil
	}
	var next Runner = here{}
	if c.Next != nil {
		next = c.Next
	}
	return next.Play(ctx, missing, settings)
}

// tell counts a job whose result was found.
func (c Campaign) tell(job *Job, settings Settings) {
	if settings.Passed != nil {
		settings.Passed(job.Until())
	}
	if settings.Done != nil {
		settings.Done()
	}
	if c.Found != nil {
		c.Found()
	}
}

// file returns where the result of a job is kept.
func (c Campaign) file(job *Job, settings Settings) (string, error) {
	order, err := job.Order(settings)
	if err != nil {
		return "", err
	}
	key, err := order.Key()
	if c.Program != "" {
		key = keyOf([]byte(key + " " + c.Program))
	}
	return filepath.Join(c.Folder, key), err
}

// readKept returns the result in a file, or false if there is none or if it is damaged.
func readKept(file string) ([]byte, bool) {
	text, err := os.ReadFile(file)
	if err != nil || !bytes.HasPrefix(text, []byte(campaignMark)) {
		return nil, false
	}
	text = text[len(campaignMark):]
	if len(text) < sha256.Size {
		return nil, false
	}
	result := text[sha256.Size:]
	sum := sha256.Sum256(result)
	return result, bytes.Equal(sum[:], text[:sha256.Size])
}

// keep writes a result beside its place and then moves it there, so that no half of one is ever found.
func keep(file string, result []byte) error {
	sum := sha256.Sum256(result)
	made, err := os.CreateTemp(filepath.Dir(file), ".writing-*")
	if err != nil {
		return fmt.Errorf("cannot keep a result of the campaign: %w", err)
	}
	_, err = made.Write(bytes.Join([][]byte{[]byte(campaignMark), sum[:], result}, nil))
	if err = errors.Join(err, made.Close()); err == nil {
		err = os.Rename(made.Name(), file)
	}
	if err != nil {
		if gone := os.Remove(made.Name()); gone != nil && !errors.Is(gone, fs.ErrNotExist) {
			err = errors.Join(err, gone)
		}
		return fmt.Errorf("cannot keep a result of the campaign: %w; name another folder with --campaign", err)
	}
	return nil
}
