package kernelcmp

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
)

// Link carries frames, which are byte strings, to an executor and back: to a child
// process by pipes, to a guest by a serial line or by files.
type Link interface {
	// Send passes a frame on. It may block while the executor is busy.
	Send(frame []byte) error
	// Recv waits for the next frame. Its error means that nothing more will come.
	Recv() ([]byte, error)
	// Kill ends the process or machine that the executor runs in. It waits a second at
	// most.
	Kill()
	// Cause says how that ended, in words for a finding. It may wait some seconds.
	Cause() string
}

// A Starter brings up a new executor. The first frame that comes from it is its hello.
type Starter func() (Link, error)

// maxFrame bounds what a broken peer can make us allocate: a batch of the largest
// programs with their inputs is far below.
const maxFrame = 1 << 30

// Frames are what a stream of bytes carries: each a length of 4 bytes, little-endian,
// and so many bytes.
type Frames struct {
	r *bufio.Reader
	w io.Writer
}

// NewFrames reads frames from r and writes them to w.
func NewFrames(r io.Reader, w io.Writer) *Frames { return &Frames{bufio.NewReaderSize(r, 1<<16), w} }

// Send writes a frame in one piece.
func (f *Frames) Send(frame []byte) error {
	if len(frame) > maxFrame {
		return fmt.Errorf("a frame of %d bytes: at most %d", len(frame), maxFrame)
	}
	_, err := f.w.Write(append(binary.LittleEndian.AppendUint32(make([]byte, 0, 4+len(frame)), uint32(len(frame))), frame...))
	return err
}

// Recv reads a frame.
func (f *Frames) Recv() ([]byte, error) {
	var head [4]byte
	if _, err := io.ReadFull(f.r, head[:]); err != nil {
		return nil, err
	}
	n := binary.LittleEndian.Uint32(head[:])
	if n > maxFrame {
		return nil, fmt.Errorf("a frame of %d bytes: at most %d", n, maxFrame)
	}
	frame := make([]byte, n)
	_, err := io.ReadFull(f.r, frame)
	return frame, err
}

// joined is the contents of frames as one stream, for a decoder that goes on from
// frame to frame.
type joined struct {
	recv func() ([]byte, error)
	rest []byte
}

func (j *joined) fill() (err error) {
	for len(j.rest) == 0 && err == nil {
		j.rest, err = j.recv()
	}
	return err
}

func (j *joined) Read(p []byte) (int, error) {
	if err := j.fill(); err != nil {
		return 0, err
	}
	n := copy(p, j.rest)
	j.rest = j.rest[n:]
	return n, nil
}

// ReadByte makes a gob.Decoder read no further than it has to.
func (j *joined) ReadByte() (byte, error) {
	if err := j.fill(); err != nil {
		return 0, err
	}
	b := j.rest[0]
	j.rest = j.rest[1:]
	return b, nil
}
