package kernelcmp

import (
	"bytes"
	"encoding/gob"
	"errors"
	"fmt"
	"time"
)

// session is a conversation with an executor over a Link.
type session struct {
	link    Link
	out     bytes.Buffer
	enc     *gob.Encoder
	answers chan *answer // closed when the executor is gone
	hello   hello
}

// ErrNotPermitted is in the chain of Open's error when the executor runs but bpf(2)
// is refused. The text says what is missing.
var ErrNotPermitted = errors.New("kernel target")

// startTimeout is how long an executor may take for its first word: a guest has to
// boot, on a busy machine.
const startTimeout = 2 * time.Minute

// open starts an executor and hears its hello.
func openSession(start Starter) (*session, error) {
	link, err := start()
	if err != nil {
		return nil, err
	}
	s := &session{link: link, answers: make(chan *answer, batchSize)}
	s.enc = gob.NewEncoder(&s.out)
	hellos := make(chan hello, 1)
	go s.listen(hellos)
	return s, s.greet(hellos)
}

// listen passes on what the executor says until its end. The hello is a stream of its
// own, because a guest that was saved after it goes on with the next.
func (s *session) listen(hellos chan<- hello) {
	defer close(s.answers)
	defer close(hellos)
	first, err := s.link.Recv()
	var h hello
	if err != nil || gob.NewDecoder(bytes.NewReader(first)).Decode(&h) != nil {
		return
	}
	hellos <- h
	dec := gob.NewDecoder(&joined{recv: s.link.Recv})
	for {
		a := &answer{}
		if dec.Decode(a) != nil {
			return
		}
		s.answers <- a
	}
}

func (s *session) greet(hellos <-chan hello) error {
	select {
	case h, ok := <-hellos:
		switch {
		case !ok:
			s.link.Kill()
			return fmt.Errorf("kernel executor: it ended before it said anything (%s); does the program call kernelcmp.ExecutorMain first?", s.link.Cause())
		case h.Problem != "":
			s.link.Kill()
			return fmt.Errorf("%w: %s", ErrNotPermitted, h.Problem)
		}
		s.hello = h
		return nil
	case <-time.After(startTimeout):
		s.link.Kill()
		return fmt.Errorf("kernel executor: no word from it in %s (%s); does the program call kernelcmp.ExecutorMain first?", startTimeout, s.link.Cause())
	}
}

// encode makes a frame of jobs. The encoder is one for the session: it describes the
// types once.
func (s *session) encode(jobs []*job) ([]byte, error) {
	s.out.Reset()
	for _, j := range jobs {
		if err := s.enc.Encode(j); err != nil {
			return nil, err
		}
	}
	return bytes.Clone(s.out.Bytes()), nil
}
