package fleet

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"time"

	"github.com/ombak-sim/ombak/study/simulation"
)

// StudyRole is the role of agents that play replications of studies.
const StudyRole = "study"

// What an agent hears of a study. The place of the run in the subject holds the study's name.
const (
	jobWhat   = "job"   // a jobQuestion; the answer comes when the job is done, or after jobWait
	modelWhat = "model" // chunks of an Envelope with the text of a model, whose key is the incarnation
	leaveWhat = "leave" // the study has ended
)

// jobWait is how long an agent waits with its answer for the end of a job.
const jobWait = time.Second

// jobQuestion asks for the result of an order, from an offset on. An agent that does not play it yet begins.
type jobQuestion struct {
	Order  simulation.Order `json:"order"`
	Offset int              `json:"offset,omitempty"`
	Had    string           `json:"had,omitempty"` // key of an order whose result has come, and is needed no longer
}

// jobAnswer is what an agent says of a job, as a line of JSON, and then a chunk of the result. If neither an error nor the
// result is known, the job is being played, unless it says otherwise.
type jobAnswer struct {
	answer
	Busy   bool          `json:"busy,omitempty"`   // ask later, or another agent
	Model  bool          `json:"model,omitempty"`  // the model is missing: send it, and ask again
	Passed time.Duration `json:"passed,omitempty"` // simulated time so far
	Done   bool          `json:"done,omitempty"`   // the chunk is of the result
	Size   int           `json:"size,omitempty"`   // of the result, in bytes
	CRC32C uint32        `json:"crc32c,omitempty"` // of the result
	Chunk  []byte        `json:"-"`
}

// encode writes the answer as it is sent.
func (a jobAnswer) encode() ([]byte, error) {
	header, err := json.Marshal(a)
	return append(append(header, '\n'), a.Chunk...), err
}

// decodeAnswer reads what an agent says of a job.
func decodeAnswer(text []byte) (a jobAnswer, err error) {
	header, chunk, found := bytes.Cut(text, []byte{'\n'})
	if !found {
		return a, errors.New("an answer has no header")
	}
	if err := json.Unmarshal(header, &a); err != nil {
		return a, fmt.Errorf("the header of an answer: %w", err)
	}
	if a.Size < 0 || a.Size > maxMessage || len(chunk) > a.Size {
		return a, fmt.Errorf("an answer holds %d bytes of %d", len(chunk), a.Size)
	}
	a.Chunk = chunk
	return a, nil
}

// decodeJob reads a question strictly.
func decodeJob(text []byte) (q jobQuestion, key string, err error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&q); err != nil {
		return q, "", fmt.Errorf("the job cannot be read: %w", err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return q, "", errors.New("the job has something behind its end")
	}
	if !isName(q.Order.Model) || q.Offset < 0 {
		return q, "", errors.New("the job names no model")
	}
	key, err = q.Order.Key()
	return q, key, err
}

// chunkOf returns the part of a result from an offset on.
func chunkOf(result []byte, offset int) jobAnswer {
	from := min(offset, len(result))
	return jobAnswer{Done: true, Size: len(result), CRC32C: crc32.Checksum(result, castagnoli), Chunk: result[from:min(from+chunkBytes, len(result))]}
}
