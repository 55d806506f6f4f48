package guest

import (
	"encoding/json"
	"fmt"
	"net"
	"time"
)

// qmp is a connection to qemu's machine protocol: JSON objects, commands answered in
// order, events in between.
type qmp struct {
	conn net.Conn
	dec  *json.Decoder
}

// newQMP hears the greeting and opens the way for commands.
func newQMP(conn net.Conn) (*qmp, error) {
	q := &qmp{conn, json.NewDecoder(conn)}
	var greeting struct {
		QMP *json.RawMessage `json:"QMP"`
	}
	_ = conn.SetDeadline(time.Now().Add(startTimeout))
	if err := q.dec.Decode(&greeting); err != nil || greeting.QMP == nil {
		return nil, fmt.Errorf("qemu's machine protocol: no greeting: %w", err)
	}
	return q, q.do("qmp_capabilities", nil, nil)
}

// do carries out a command; result may be nil.
func (q *qmp) do(command string, arguments, result any) error {
	_ = q.conn.SetDeadline(time.Now().Add(startTimeout))
	request := map[string]any{"execute": command}
	if arguments != nil {
		request["arguments"] = arguments
	}
	if err := json.NewEncoder(q.conn).Encode(request); err != nil {
		return fmt.Errorf("qemu: %s: %w", command, err)
	}
	for {
		var reply struct {
			Return json.RawMessage `json:"return"`
			Error  *struct {
				Desc string `json:"desc"`
			} `json:"error"`
		}
		if err := q.dec.Decode(&reply); err != nil {
			return fmt.Errorf("qemu: %s: %w", command, err)
		}
		switch {
		case reply.Error != nil:
			return fmt.Errorf("qemu: %s: %s", command, reply.Error.Desc)
		case reply.Return == nil: // an event
			continue
		case result != nil:
			return json.Unmarshal(reply.Return, result)
		}
		return nil
	}
}
