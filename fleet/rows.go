package fleet

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
)

// rows is the append-only file of a part's envelopes. Each is preceded by its length, 4 bytes, the highest first. One
// goroutine appends; others may read what is there.
type rows struct {
	file *os.File
	ends []int64 // of each entry; the entry of number n ends at ends[n-1]
}

// createRows makes a new file of rows, which only its owner may read.
func createRows(name string) (*rows, error) {
	file, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	return &rows{file: file}, err
}

// append writes an envelope behind the others. After an error the file ends with the last whole entry.
func (r *rows) append(e Envelope) error {
	text, err := e.encode()
	if err != nil {
		return err
	}
	entry := append(binary.BigEndian.AppendUint32(make([]byte, 0, len(text)+4), uint32(len(text))), text...)
	begin := r.size()
	if _, err := r.file.WriteAt(entry, begin); err != nil {
		return errors.Join(err, r.file.Truncate(begin))
	}
	r.ends = append(r.ends, begin+int64(len(entry)))
	return nil
}

// size returns where the last entry ends.
func (r *rows) size() int64 {
	if len(r.ends) == 0 {
		return 0
	}
	return r.ends[len(r.ends)-1]
}

// entry reads an envelope from a file of rows.
func entry(file io.ReaderAt, begin, end int64) (Envelope, error) {
	text := make([]byte, end-begin)
	if _, err := file.ReadAt(text, begin); err != nil {
		return Envelope{}, err
	}
	e, err := decode(text[4:])
	if err == nil {
		err = e.intact()
	}
	return e, err
}

// openRows reads a file of rows that is not written any more. A tail that was cut off is the end of the file.
func openRows(name string) (*rows, error) {
	file, err := os.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	r := &rows{file: file}
	err = readRows(bufio.NewReader(file), func(_ Envelope, end int64) error {
		r.ends = append(r.ends, end)
		return nil
	})
	if err != nil {
		return r, fmt.Errorf("the rows of %s: %w", name, err)
	}
	return r, nil
}

// readRows reads envelopes until the end, a tail that was cut off, or an entry that is not what was written, which is an
// error. The numbers must count from 1.
func readRows(in io.Reader, each func(e Envelope, end int64) error) error {
	var at int64
	for number := uint64(1); ; number++ {
		var length [4]byte
		if _, err := io.ReadFull(in, length[:]); err != nil {
			return cutTail(err)
		}
		size := int64(binary.BigEndian.Uint32(length[:]))
		if size > maxMessage+maxHeader+1 {
			return fmt.Errorf("entry %d says that it has %d bytes; the file is damaged", number, size)
		}
		text, err := io.ReadAll(io.LimitReader(in, size)) // grows with what is there, not with what is said
		if err != nil {
			return err
		}
		if int64(len(text)) < size {
			return nil // the tail was cut off
		}
		e, err := decode(text)
		if err == nil {
			err = e.intact()
		}
		if err == nil && e.Seq != number {
			err = fmt.Errorf("it has the number %d", e.Seq)
		}
		if err != nil {
			return fmt.Errorf("entry %d: %w; the file is damaged, and the entries before it are whole", number, err)
		}
		at += 4 + size
		if err := each(e, at); err != nil {
			return err
		}
	}
}

func cutTail(err error) error {
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return nil
	}
	return err
}
